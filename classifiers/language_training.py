# SPDX-License-Identifier: Apache-2.0
"""Training the model of languages: ``python -m classifiers.language_training``.

From the corpus and the word lists that come along; sentences of more languages may be added, so that the neighbours
of the twelve (Danish, Galician, Slovene, ...) are known for what they are. Judged on texts not trained on, cut into
pieces of 20 and 40 characters.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from classifiers.corpus import corpus_files, fold_of, read_corpus
from classifiers.features import cut_blocks
from classifiers.language import LanguageFinder
from classifiers.language_head import SHIPPED_HEAD, LanguageHead, save_head
from classifiers.letters import LetterSettings, find_letters
from classifiers.normalize import read_block
from router.schema import LANGUAGES

__all__ = ["Sample", "read_samples", "train_head"]

WORDS = Path(__file__).parent / "data" / "language"
_LENGTHS = (10, 15, 20, 20, 25, 30, 40, 60, 100)  # of the pieces trained on, in characters
_FOLDS = 6
_ROUNDS = {"corpus": 2, "sentences": 6, "words": 30}  # how often each text is cut anew
_SAME = {"bs": "hr", "sr": "hr", "no": "nb"}  # cannot be told apart in short texts, or are one language
_BARE = {ord("ł"): "l", ord("đ"): "d", ord("ß"): "ss", ord("ø"): "o", ord("æ"): "ae"}
_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """A text of known language. Translations of one text share a key, and stay on one side of a split."""

    text: str
    language: str
    source: str
    key: str


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield from lines


def read_samples(sentences: Sequence[Path] = ()) -> list[Sample]:
    """The corpus, the word lists, and files of sentences (JSON Lines with text, lang and id)."""
    found = [Sample(row.text, row.language, "corpus", row.text) for row in read_corpus(corpus_files())]
    for path in sorted(WORDS.glob("*.txt")):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        found += [Sample(line, path.stem, "words", line) for line in lines]
    for path in sentences:
        for row in map(json.loads, _lines(path)):
            key = str(row.get("id", row["text"])).rsplit("-", 1)[-1]
            found.append(Sample(row["text"], _SAME.get(row["lang"], row["lang"]), "sentences", key))
    return found


def _stripped(text: str) -> str:
    """As people write who have no accents on their keyboard."""
    bare = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return bare.translate(_BARE)


def _cut(samples: Iterable[Sample], rng: random.Random) -> Iterator[tuple[str, str]]:
    """Pieces of many lengths, some of them without accents; a list of words is shuffled before each cut."""
    for sample in samples:
        for _ in range(_ROUNDS[sample.source]):
            words = sample.text.split()
            if sample.source == "words":
                rng.shuffle(words)
            while words:
                size, taken = rng.choice(_LENGTHS), 1
                while taken < len(words) and sum(map(len, words[:taken])) + taken < size:
                    taken += 1
                piece = " ".join(words[:taken])
                words = words[taken:]
                yield (_stripped(piece) if rng.random() < 0.12 else piece), sample.language


def pieces(text: str, size: int) -> list[str]:
    """A text cut between words into pieces of about ``size`` characters; others are left out."""
    found, rest = [], text.split()
    while rest:
        ends = np.cumsum([len(word) + 1 for word in rest]) - 1
        taken = int(np.abs(ends - size).argmin()) + 1
        piece = " ".join(rest[:taken])
        if abs(len(piece) - size) <= max(3, size // 5):
            found.append(piece)
        rest = rest[taken:]
    return found


def _matrix(texts: Sequence[str], settings: LetterSettings) -> csr_array:
    """Counts of letter n-grams; shape (texts, buckets)."""
    columns, rows, first = [], [], 0
    for block in cut_blocks(texts):
        found = find_letters(read_block(block), settings)
        owner = np.repeat(np.arange(len(found.indptr) - 1) % len(block), np.diff(found.indptr))
        columns.append(found.buckets)
        rows.append(owner + first)
        first += len(block)
    column, row = np.concatenate(columns), np.concatenate(rows)
    matrix = csr_array((np.ones(len(column), np.float32), (row, column)), shape=(len(texts), 1 << settings.bits))
    matrix.sum_duplicates()
    return matrix


def _fit(matrix: csr_array, truth: npt.NDArray[np.int64], size: int, *, seed: int, epochs: int) -> _Floats:
    """Multinomial logistic regression by AdaGrad on shuffled parts; shape (buckets, size)."""
    weights = np.zeros((matrix.shape[1], size), np.float32)
    seen = np.full_like(weights, 1e-2)
    balance = np.sqrt(len(truth) / size / np.maximum(np.bincount(truth, minlength=size), 1)).astype(np.float32)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(truth))
        for at in range(0, len(order), 512):
            part = order[at : at + 512]
            features, wanted = matrix[part], truth[part]
            columns, inverse = np.unique(features.indices, return_inverse=True)
            small = csr_array((features.data, inverse, features.indptr), shape=(len(part), len(columns)))
            off = _softmax(small @ weights[columns])
            off[np.arange(len(part)), wanted] -= 1
            slope = small.T @ (off * (balance[wanted] / len(part))[:, None])
            seen[columns] += slope * slope
            weights[columns] -= 0.3 * slope / np.sqrt(seen[columns])
    return weights


def _softmax(scores: _Floats) -> _Floats:
    powers: _Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


def _fit_scale(scores: _Floats, truth: npt.NDArray[np.int64]) -> float:
    """The factor that makes probabilities of texts not trained on the likeliest."""
    factors = np.linspace(0.3, 1.5, 25)
    rows = np.arange(len(truth))
    losses = [-np.log(_softmax(scores * np.float32(f))[rows, truth] + 1e-9).mean() for f in factors]
    return float(factors[int(np.argmin(losses))])


def train_head(
    samples: Sequence[Sample], *, seed: int = 0, epochs: int = 3, settings: LetterSettings | None = None
) -> LanguageHead:
    """Train on all samples; scale and the figures of the card come from a model that has not seen a sixth of them."""
    settings = settings or LetterSettings()
    languages = tuple(sorted({sample.language for sample in samples}))
    place = {language: i for i, language in enumerate(languages)}

    def fit(chosen: Sequence[Sample]) -> LanguageHead:
        cut = list(_cut(chosen, random.Random(seed)))  # noqa: S311 - repeatable, not secret
        truth = np.array([place[language] for _, language in cut])
        matrix = _matrix([text for text, _ in cut], settings)
        return LanguageHead(languages, settings, _fit(matrix, truth, len(languages), seed=seed, epochs=epochs))

    held = [s for s in samples if s.source != "words" and fold_of(s.key, _FOLDS) == 0]
    judge = fit([s for s in samples if s.source == "words" or fold_of(s.key, _FOLDS) != 0])
    tests = [(piece, place[s.language]) for s in held for size in (20, 40) for piece in pieces(s.text, size)]
    scores = _matrix([text for text, _ in tests], settings) @ judge.weights
    scale = np.float32(_fit_scale(scores, np.array([language for _, language in tests])))
    judge = replace(judge, weights=judge.weights * scale)
    card = {
        "method": "hashed letter n-grams of the beginning of a text; multinomial logistic regression",
        "texts": dict(sorted(Counter(f"{s.source} {s.language}" for s in samples).items())),
        "held_out": figures(judge, held),
        "seed": seed,
    }
    final = fit(samples)
    return replace(final, weights=final.weights * scale, card=card)


def figures(head: LanguageHead, samples: Sequence[Sample], *, limit: int = 20_000) -> dict[str, dict[str, float]]:
    """Shares of pieces right, wrong and undecided, by source and length; those of other languages by themselves."""
    finder = LanguageFinder(LANGUAGES, head=head)
    found: dict[str, dict[str, float]] = {}
    for source in sorted({sample.source for sample in samples}):
        for size in (20, 40):
            for ours in (True, False):
                some = [s for s in samples if s.source == source and (s.language in LANGUAGES) is ours]
                every = [(piece, s.language) for s in some for piece in pieces(s.text, size)][:limit]
                guesses = [guess.language for guess in finder.find_many([piece for piece, _ in every])]
                counts = Counter(
                    "right" if guess == truth else "undecided" if guess == "und" else
                    "of the twelve" if guess in LANGUAGES and not ours else "wrong"
                    for guess, (_, truth) in zip(guesses, every, strict=True)
                )  # fmt: skip
                name = f"{source}, {size} characters" + ("" if ours else ", other languages")
                if every:
                    found[name] = {what: round(count / len(every), 4) for what, count in sorted(counts.items())}
                    found[name]["pieces"] = len(every)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the model of languages, write it, and print how a model like it did on texts unseen."""
    parser = argparse.ArgumentParser(prog="python -m classifiers.language_training", description=main.__doc__)
    parser.add_argument("sentences", nargs="*", type=Path, help="JSON Lines with text, lang and id; .gz or plain")
    parser.add_argument("--out", type=Path, default=SHIPPED_HEAD)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    head = train_head(read_samples(given.sentences), seed=given.seed)
    names = [re.sub(r"\..*", "", path.name) for path in given.sentences]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in given.sentences]
    head = replace(head, card={**head.card, "sentences": dict(zip(names, digests, strict=True))})
    digest = save_head(head, given.out)
    sys.stdout.write(json.dumps(head.card["held_out"], indent=1) + f"\n{given.out}: sha256 {digest}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
