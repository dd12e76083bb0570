# SPDX-License-Identifier: Apache-2.0
"""Labelled messages as JSON Lines: read with every mistake named, split by hash, and checked for what hurts training.

The labels are explained in ``classifiers/data/README.md``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from pydantic import ValidationError, model_validator

from classifiers.features import HashedNgrams
from router.errors import ConfigError, Mistake
from router.schema import TYPES, Frozen, Kind, Urgency

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = [
    "CLAUSE", "CORPUS", "GOLD", "CorpusRow", "Finding", "as_labels", "corpus_digest", "corpus_files", "fold_of",
    "gold_files", "label_counts", "lint", "near_duplicates", "read_corpus",
]  # fmt: skip

CORPUS = Path(__file__).parent / "data" / "corpus"
GOLD = Path(__file__).parent / "data" / "gold"
CLAUSE = "clause"
"""``source`` of a clause cut out of a review. Out of its context only the kind is told by it; its type and urgency are
a guess, so it teaches the kind and is not judged."""
_MAX_LINE = 100_000
_SHOWN_MISTAKES = 50
_COMMON = 0.75  # how much of the cosine asked for the most common n-grams may make up
_ROUNDING = 1e-5  # of sums of 32 bits

Channel = Literal["email", "chat", "social", "review", "form", "sms", "call_note"]


class CorpusRow(Frozen):
    """One labelled message. ``type`` is None for praise and for what is none of the other kinds."""

    text: str
    language: str
    channel: str = ""
    kind: Kind
    type: str | None = None
    also: tuple[str, ...] = ()
    urgency: Urgency
    source: str = ""

    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, values: Any) -> Any:
        if isinstance(values, dict):
            return {**values, "type": values.get("type") or None, "also": values.get("also") or ()}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> CorpusRow:
        if not self.text.strip():
            raise ValueError("text: is empty")
        if self.kind in {"complaint", "request"} and self.type is None:
            raise ValueError(f"type: a {self.kind} needs one")
        if self.kind in {"praise", "other"} and (self.type is not None or self.also):
            raise ValueError(f"type: kind '{self.kind}' has none")
        if self.type in self.also:
            raise ValueError(f"also: repeats the type '{self.type}'")
        return self


@dataclass(frozen=True)
class Finding:
    """Something the linter does not like; ``line`` counts from 1, 0 is the whole file."""

    file: str
    line: int
    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.sentence}"


def corpus_files(folder: Path = CORPUS) -> list[Path]:
    """The corpus that ships with the source, one file a language, in a fixed order."""
    return sorted(folder.glob("*.jsonl"))


def gold_files(folder: Path = GOLD) -> list[Path]:
    """The messages kept apart to judge by, one file a language: no model is trained on them."""
    return sorted(folder.glob("*.jsonl"))


def corpus_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fold_of(text: str, folds: int) -> int:
    """Which fold a text belongs to, decided by its words alone: the same words never stand on both sides."""
    words = " ".join(re.findall(r"\w+", text.casefold()))
    return int.from_bytes(hashlib.sha256(words.encode("utf-8", "replace")).digest()[:4]) % folds


def _mistakes_of(line: str, known: frozenset[str] | None) -> tuple[CorpusRow | None, list[tuple[int, str, str]]]:
    """Read one line. Mistakes are (column in the line, name of the value, sentence)."""
    if len(line) > _MAX_LINE:
        return None, [(1, "", f"the line has {len(line)} characters; at most {_MAX_LINE}")]
    try:
        row = CorpusRow.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        return None, [(error.colno, "", f"is not JSON: {error.msg}")]
    except ValidationError as error:
        found = []
        for detail in error.errors(include_url=False):
            name = str(detail["loc"][0]) if detail["loc"] else ""
            sentence = detail["msg"].removeprefix("Value error, ")
            if not name and ": " in sentence:
                name, sentence = sentence.split(": ", 1)
            elif detail["type"] != "missing" and not isinstance(detail["input"], dict):
                sentence = f"{sentence}, not {detail['input']!r:.60}"
            found.append((max(1, line.find(f'"{name}"') + 1), name, sentence))
        return None, found
    unknown = [] if known is None else [t for t in (row.type, *row.also) if t is not None and t not in known]
    names = ", ".join(sorted(known or ()))
    return row, [
        (line.find(f'"{t}"') + 1, "type" if t == row.type else "also", f"unknown type '{t}'; known: {names}")
        for t in unknown
    ]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line.rstrip("\n")


def read_corpus(paths: Sequence[Path], *, types: Sequence[str] | None = TYPES) -> list[CorpusRow]:
    """Read labelled messages.

    Args:
        paths: JSON Lines files in UTF-8.
        types: The types that exist; None accepts any.

    Raises:
        ConfigError: Every mistake in every file with file, line, column and the name of the value; nothing is skipped.
    """
    known = frozenset(types) if types is not None else None
    rows: list[CorpusRow] = []
    mistakes: list[Mistake] = []
    for path in paths:
        try:
            for number, line in _lines(path):
                row, found = _mistakes_of(line, known)
                mistakes += [Mistake(str(path), number, column, name, sentence) for column, name, sentence in found]
                if row is not None and not found:
                    rows.append(row)
        except (OSError, UnicodeDecodeError) as error:
            mistakes.append(Mistake(str(path), 0, 0, "", f"cannot be read: {error}"))
    if not rows and not mistakes:
        mistakes.append(Mistake(", ".join(map(str, paths)) or "(no file)", 0, 0, "", "holds no labelled message"))
    if mistakes:
        raise ConfigError(mistakes[:_SHOWN_MISTAKES])
    return rows


# --- the linter ------------------------------------------------------------------------------------------------------

_SAFE_DOMAIN = re.compile(r"(?:^|\.)example(?:\.(?:org|com|net))?$|\.(?:test|invalid|example)$", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
_PHONE = re.compile(r"(?<![\w.,/-])(?:\+|00)\d{1,3}[ ()-]?\d(?:[ ()/-]?\d){6,12}(?!\w)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<!\d)(?:\d{4}[ -]){3}\d{4}(?!\d)")


def _personal_data(text: str) -> Iterator[str]:
    for found in _MAIL.finditer(text):
        if not _SAFE_DOMAIN.search(found[1]):
            yield "a mail address outside example.org"
    for pattern, what in ((_PHONE, "an international phone number"), (_IBAN, "an IBAN"), (_CARD, "a card number")):
        if pattern.search(text):
            yield what


def near_duplicates(
    texts: Sequence[str], others: Sequence[str] | None = None, *, cosine: float = 0.8
) -> list[tuple[int, int, float]]:
    """Pairs of texts whose character 5-grams are nearly the same: (earlier, later, cosine), by position.

    Args:
        others: The later ones; by default the texts themselves.
    """
    ngrams = HashedNgrams(char_min=5, char_max=5, word_weight=1e-6)
    grams = ngrams.transform(texts)
    beside = grams if others is None else ngrams.transform(others)
    left_out = _COMMON * cosine  # the length of what is left out of a text, so no cosine can be less by more
    rare, across = _without_common(grams, beside, left_out), beside.T.tocsr()
    pairs: list[tuple[int, int, float]] = []
    for first in range(0, len(texts), 1000):
        close = (rare[first : first + 1000] @ across).tocoo()
        left, right = close.coords[0] + first, close.coords[1]
        keep = close.data >= cosine - left_out - _ROUNDING
        if others is None:
            keep &= left < right
        left, right = left[keep], right[keep]
        cosines = grams[left].multiply(beside[right]).sum(axis=1)
        near = cosines >= cosine
        pairs += zip(left[near].tolist(), right[near].tolist(), cosines[near].tolist(), strict=True)
    return sorted(pairs)


def _without_common(grams: csr_array, beside: csr_array, length: float) -> csr_array:
    """Each text without those of its n-grams that most others have, as many as together have a length.

    Nearly all of what texts share is common to very many; what they share besides is counted in a fifth of the time.
    """
    from scipy.sparse import csr_array

    sizes = np.diff(grams.indptr)
    row = np.arange(grams.shape[0]).repeat(sizes)
    texts_with = np.bincount(beside.indices, minlength=grams.shape[1])[grams.indices]
    order = np.lexsort((-texts_with, row))
    squares = np.concatenate(([0], np.square(grams.data[order], dtype=np.float64).cumsum()))
    kept = order[squares[1:] - squares[grams.indptr[:-1]].repeat(sizes) > length * length]
    bounds = np.concatenate(([0], np.bincount(row[kept], minlength=grams.shape[0]).cumsum()))
    return csr_array((grams.data[kept], grams.indices[kept], bounds), shape=grams.shape)


def _balance(file: str, rows: Sequence[CorpusRow]) -> Iterator[Finding]:
    """A language whose corpus lacks a label cannot learn it."""
    if len(rows) < 100:
        yield Finding(file, 0, "balance", f"only {len(rows)} messages; at least 100")
    kinds = Counter(row.kind for row in rows)
    for kind in get_args(Kind):
        if kinds[kind] < max(1, len(rows) // 50):
            yield Finding(
                file, 0, "balance", f"{kinds[kind]} of {len(rows)} messages are of kind '{kind}'; at least 2 %"
            )
    urgencies = Counter(row.urgency for row in rows)
    for urgency in get_args(Urgency):
        if urgencies[urgency] < max(1, len(rows) // 25):
            yield Finding(
                file, 0, "balance", f"{urgencies[urgency]} of {len(rows)} have urgency '{urgency}'; at least 4 %"
            )
    types = Counter(row.type for row in rows if row.type)
    for label in TYPES:
        if not types[label]:
            yield Finding(file, 0, "balance", f"no message of type '{label}'")


def lint(paths: Sequence[Path]) -> list[Finding]:
    """What is wrong with labelled files beyond single values: language, channel, repeats, balance, personal data."""
    findings: list[Finding] = []
    for path in paths:
        numbers = [number for number, _ in _lines(path)]
        rows = read_corpus([path])
        for number, row in zip(numbers, rows, strict=True):
            if row.language != path.stem:
                findings.append(
                    Finding(path.name, number, "language", f"'{row.language}' in the file of '{path.stem}'")
                )
            if row.channel not in get_args(Channel):
                findings.append(Finding(path.name, number, "channel", f"unknown channel '{row.channel}'"))
            findings += [
                Finding(path.name, number, "personal data", f"holds {what}") for what in _personal_data(row.text)
            ]
        for left, right, cosine in near_duplicates([row.text for row in rows]):
            sentence = f"nearly repeats line {numbers[left]} (cosine {cosine:.2f})"
            findings.append(Finding(path.name, numbers[right], "near duplicate", sentence))
        findings += _balance(path.name, rows)
    return findings


def label_counts(rows: Sequence[object]) -> dict[str, dict[str, int]]:
    """How often each value of each label stands in the corpus."""
    return {
        name: dict(sorted(Counter(str(getattr(row, name)) for row in rows).items()))
        for name in ("language", "channel", "kind", "type", "urgency")
    }


def as_labels(values: Sequence[str | None], labels: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Positions of values in a list of labels; -1 for None."""
    place = {label: i for i, label in enumerate(labels)}
    return np.array([-1 if value is None else place[value] for value in values], np.int64)
