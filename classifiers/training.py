# SPDX-License-Identifier: Apache-2.0
"""Training: labelled files in, a classifier and an honest report out.

The corpus is cut into folds by a hash of each text. Every message is scored by a model that has not seen it;
calibration, thresholds and the report come from those scores. What ships is then trained on all messages.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, hstack, vstack

from classifiers.archive import save
from classifiers.calibration import chances_of, fit_head, learn_also, learn_doubt, learn_lean, learn_urgency
from classifiers.corpus import CorpusRow, as_labels, corpus_digest, corpus_files, fold_of, label_counts, read_corpus
from classifiers.evaluation import Report, report_of
from classifiers.features import FeatureSettings, cut_blocks, find_ngrams, weigh
from classifiers.language import LanguageFinder
from classifiers.model import LinearClassifier
from classifiers.normalize import MAX_CHARS, read_block
from classifiers.parameters import HEADS, Head, Parameters, Thresholds
from classifiers.signals import SignalFile, SignalMatcher, read_signals
from router.errors import ComplaintRouterError
from router.interfaces import ClassifierInput
from router.schema import KINDS, LANGUAGES, TYPES, URGENCIES, Classification

__all__ = ["CHANNELS", "TrainingResult", "TrainingSettings", "train"]

CHANNELS = ("email", "chat", "social", "review", "form", "sms", "call_note")
Progress = Callable[[str, float], None]
"""Called with what is being done and how much of all is done, 0 to 1."""

_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TrainingSettings:
    """What may be tuned; the reasons are in ``docs/decisions/classifier-features.md``."""

    features: FeatureSettings = field(default_factory=FeatureSettings)
    penalty: tuple[tuple[str, float], ...] = (("kind", 0.5), ("type", 0.3), ("urgency", 0.5))  # larger: fits closer
    folds: int = 5
    least_texts: int = 2  # an n-gram that stands in fewer texts is not kept
    use_idf: bool = True
    signal_size: float = 1.0  # of a signal beside n-grams, whose characters and words have length 1 each
    channel_size: float = 0.3
    sure_kind: float = 0.95  # share of right answers wanted among the trusted
    sure_type: float = 0.92
    most_unsure: float = 0.4


@dataclass(frozen=True)
class TrainingResult:
    """The classifier for all messages, and how models like it did on messages they had not seen."""

    model: LinearClassifier
    report: Report

    def save(self, path: Path) -> str:
        """Write the archive; returns its SHA-256."""
        return save(self.model.parameters, path)


@dataclass(frozen=True)
class _Material:
    """The corpus as numbers."""

    rows: Sequence[CorpusRow]
    ngrams: csr_array  # counts are damped and normalised; idf included if used
    extra: csr_array  # signals, then channels
    truth: dict[str, npt.NDArray[np.int64]]  # head -> position of the label, -1 for none
    labels: dict[str, tuple[str, ...]]
    fold: npt.NDArray[np.int64]
    idf: _Floats


def _ngrams(texts: Sequence[str], settings: FeatureSettings, *, use_idf: bool) -> tuple[csr_array, _Floats]:
    """The n-grams of all texts, and the inverse document frequency of each column."""
    blocks = cut_blocks([text[:MAX_CHARS] for text in texts])
    found = [find_ngrams(read_block(block), settings) for block in blocks]
    sizes = [len(block) for block in blocks]

    def matrix(idf: _Floats | None) -> csr_array:
        parts = [weigh(f, n, settings, idf) for f, n in zip(found, sizes, strict=True)]
        return vstack(
            [
                csr_array((p.values, p.indices, p.indptr), shape=(n, settings.columns))
                for p, n in zip(parts, sizes, strict=True)
            ],
            format="csr",
        )

    plain = matrix(None)
    seen = np.bincount(plain.indices, minlength=settings.columns)
    idf = (np.log((1 + len(texts)) / (1 + np.maximum(seen, 1))) + 1).astype(np.float32)
    return (matrix(idf), idf) if use_idf else (plain, idf)


def _extra(rows: Sequence[CorpusRow], signals: SignalMatcher, settings: TrainingSettings) -> csr_array:
    """Signals that were hit and the channel, as columns."""
    finder = LanguageFinder()
    table = np.zeros((len(rows), len(signals.groups) + len(CHANNELS)), np.float32)
    first = 0
    for texts in cut_blocks([row.text[:MAX_CHARS] for row in rows]):
        block = read_block(texts)
        match = signals.find_block(block, [guess.spoken for guess in finder.find_block(block, texts)])
        table[first + match.row, match.group] = settings.signal_size
        first += len(texts)
    for i, row in enumerate(rows):
        if row.channel in CHANNELS:
            table[i, len(signals.groups) + CHANNELS.index(row.channel)] = settings.channel_size
    return csr_array(table)


def _material(
    rows: Sequence[CorpusRow], signals: SignalFile, settings: TrainingSettings, types: Sequence[str]
) -> _Material:
    labels = {"kind": KINDS, "type": tuple(types), "urgency": URGENCIES}
    ngrams, idf = _ngrams([row.text for row in rows], settings.features, use_idf=settings.use_idf)
    return _Material(
        rows=rows,
        ngrams=ngrams,
        extra=_extra(rows, SignalMatcher(signals), settings),
        truth={head: as_labels([getattr(row, head) for row in rows], labels[head]) for head in HEADS},
        labels=labels,
        fold=np.array([fold_of(row.text, settings.folds) for row in rows], np.int64),
        idf=idf,
    )


def _fit_label(
    features: csr_array, truth: npt.NDArray[np.int64], size: int, penalty: float, seed: int
) -> tuple[_Floats, _Floats]:
    """One-against-rest linear separators; shapes (columns, size) and (size,). A label nobody has stays far below 0."""
    from sklearn.svm import LinearSVC

    weights = np.zeros((features.shape[1], size), np.float32)
    bias = np.full(size, -2.0, np.float32)
    labelled = np.flatnonzero(truth >= 0)
    rows, labels = features[labelled], truth[labelled]
    for label in np.unique(labels):
        positive = labels == label
        if positive.all():
            bias[label] = 1.0
            continue
        fitted = LinearSVC(C=penalty, random_state=seed, class_weight="balanced", tol=1e-3).fit(rows, positive)
        weights[:, label] = fitted.coef_[0]
        bias[label] = fitted.intercept_[0]
    mean = weights.mean(axis=1, keepdims=True)  # what speaks for all labels alike explains none
    return weights - mean, bias - float(mean.mean())


def _fit(
    material: _Material, rows: npt.NDArray[np.int64], settings: TrainingSettings, seed: int
) -> tuple[npt.NDArray[np.int32], _Floats, _Floats]:
    """Kept columns, weights of all heads and bias, from some rows of the corpus."""
    ngrams = material.ngrams[rows]
    seen = np.bincount(ngrams.indices, minlength=ngrams.shape[1])
    columns = np.flatnonzero(seen >= settings.least_texts).astype(np.int32)
    features = hstack([ngrams[:, columns], material.extra[rows]], format="csr").astype(np.float32)
    features.indices, features.indptr = features.indices.astype(np.int32), features.indptr.astype(np.int32)
    weights, biases = [], []
    for head in HEADS:
        w, b = _fit_label(
            features, material.truth[head][rows], len(material.labels[head]), dict(settings.penalty)[head], seed
        )
        weights.append(w)
        biases.append(b)
    return columns, np.hstack(weights), np.concatenate(biases)


def _scores(
    material: _Material, rows: npt.NDArray[np.int64], fitted: tuple[npt.NDArray[np.int32], _Floats, _Floats]
) -> _Floats:
    columns, weights, bias = fitted
    features = hstack([material.ngrams[rows][:, columns], material.extra[rows]], format="csr")
    return np.asarray(features @ weights + bias, np.float32)


def _calibrated(
    material: _Material, held_out: _Floats, settings: TrainingSettings
) -> tuple[dict[str, Head], Thresholds]:
    heads, chances, truths, at = {}, {}, {}, 0
    for name in HEADS:
        size = len(material.labels[name])
        labelled = np.flatnonzero(material.truth[name] >= 0)
        scores = held_out[labelled, at : at + size]
        truths[name] = material.truth[name][labelled]
        heads[name] = fit_head(scores, truths[name], material.labels[name])
        chances[name] = chances_of(scores, heads[name])
        if name != "urgency":  # that has limits of its own
            heads[name] = replace(heads[name], lean=learn_lean(chances[name], truths[name]))
        at += size
    typed = np.flatnonzero(material.truth["type"] >= 0)
    further = [as_labels(material.rows[int(i)].also, material.labels["type"]).tolist() for i in typed]
    critical, high = learn_urgency(chances["urgency"], truths["urgency"])
    return heads, Thresholds(
        kind=learn_doubt(chances["kind"], truths["kind"], accuracy=settings.sure_kind, most=settings.most_unsure / 2),
        type=learn_doubt(chances["type"], truths["type"], accuracy=settings.sure_type, most=settings.most_unsure),
        also=learn_also(chances["type"], truths["type"], further),
        critical=critical,
        high=high,
    )


def _parameters(
    material: _Material,
    fitted: tuple[npt.NDArray[np.int32], _Floats, _Floats],
    base: Parameters,
    settings: TrainingSettings,
) -> Parameters:
    columns, weights, bias = fitted
    known, signals = len(columns), len(base.signals.groups)
    weights = weights.copy()
    weights[known : known + signals] *= settings.signal_size
    weights[known + signals :] *= settings.channel_size
    idf = material.idf[columns] if settings.use_idf else np.zeros(0, np.float32)
    return replace(base, columns=columns, weights=weights, bias=bias, idf=idf, idf_rest=float(material.idf.max()))


def train(
    corpus: Sequence[Path],
    *,
    seed: int = 0,
    progress: Progress = lambda what, done: None,
    settings: TrainingSettings | None = None,
    signals: SignalFile | None = None,
    types: Sequence[str] = TYPES,
    name: str = "linear",
) -> TrainingResult:
    """Train a classifier.

    Args:
        corpus: JSON Lines files of labelled messages.
        seed: The same seed and files give the same model, byte for byte.
        progress: Called as the work goes on.
        types: The types of this installation, in the order they are shown.

    Raises:
        ConfigError: Mistakes in the files, all of them, with file, line and column.
    """
    settings = settings or TrainingSettings()
    progress("reading the corpus", 0.0)
    rows = read_corpus(corpus, types=types)
    signals = signals or read_signals()
    progress("counting n-grams", 0.02)
    material = _material(rows, signals, settings, types)
    every = np.arange(len(rows))
    outputs = sum(len(labels) for labels in material.labels.values())
    held_out = np.zeros((len(rows), outputs), np.float32)
    parts, fits = [every[material.fold == fold] for fold in range(settings.folds)], []
    for fold, part in enumerate(parts):
        progress(f"fold {fold + 1} of {settings.folds}", 0.1 + 0.7 * fold / settings.folds)
        fits.append(_fit(material, np.setdiff1d(every, part), settings, seed))
        held_out[part] = _scores(material, part, fits[-1])
    progress("calibrating", 0.8)
    heads, thresholds = _calibrated(material, held_out, settings)
    base = Parameters(
        name=name, features=settings.features, heads=heads, columns=np.zeros(0, np.int32), idf=np.zeros(0, np.float32),
        idf_rest=1.0, weights=np.zeros((0, outputs), np.float32), bias=np.zeros(outputs, np.float32),
        thresholds=thresholds, signals=signals, channels=CHANNELS, languages=LANGUAGES,
    )  # fmt: skip
    said: list[Classification | None] = [None] * len(rows)
    for part, fit in zip(parts, fits, strict=True):
        judge = LinearClassifier(_parameters(material, fit, base, settings))
        batch = [ClassifierInput(text=rows[i].text, channel=rows[i].channel) for i in part]
        for i, guess in zip(part, judge.classify(batch, explain=False), strict=True):
            said[i] = guess
    report = report_of(rows, [guess for guess in said if guess is not None], model=f"{name}, cross-validated")
    progress("training on everything", 0.85)
    final = _parameters(material, _fit(material, every, settings, seed), base, settings)
    model = LinearClassifier(replace(final, card=_card(corpus, rows, report, settings, seed)))
    progress("done", 1.0)
    return TrainingResult(model, report)


def _card(
    corpus: Sequence[Path], rows: Sequence[CorpusRow], report: Report, settings: TrainingSettings, seed: int
) -> dict[str, Any]:
    """What a person should know of a model: from what it was made, and how it did."""
    import sklearn

    return {
        "method": "hashed character and word n-grams, signals, channel; one-against-rest linear SVM; calibrated",
        "training_data": {path.name: corpus_digest(path) for path in corpus},
        "messages": len(rows),
        "labels": label_counts(rows),
        "seed": seed,
        "settings": {"penalty": dict(settings.penalty), "folds": settings.folds, "least_texts": settings.least_texts},
        "metrics": {"how": "cross-validated by hash of the text", **report.total.model_dump()},
        "by_language": {language: scores.model_dump() for language, scores in report.by_language.items()},
        "by_label": {
            head: {value: score.model_dump() for value, score in values.items()}
            for head, values in report.labels.items()
        },
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scikit-learn": sklearn.__version__},
    }


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a model from labelled messages, write it, and print how models like it did on messages unseen."""
    parser = argparse.ArgumentParser(prog="python -m classifiers.training", description=main.__doc__)
    parser.add_argument("corpus", nargs="*", type=Path, help="JSON Lines files; by default the corpus that comes along")
    parser.add_argument("--out", type=Path, required=True, help="where the model goes")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    try:
        result = train(
            given.corpus or corpus_files(), seed=given.seed, progress=lambda what, done: _say(f"{done:4.0%} {what}")
        )
    except ComplaintRouterError as error:
        _say(str(error))
        return 2
    digest = result.save(given.out)
    sys.stdout.write(f"{result.report.to_text()}\n{given.out}: {given.out.stat().st_size} bytes, sha256 {digest}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
