# SPDX-License-Identifier: Apache-2.0
"""Training on an installation's own labelled files: alone, or beside the corpus that ships.

What is judged, calibrated and reported is what the own rows say, as far as there are enough of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from classifiers.archive import read_parameters
from classifiers.corpus import CLAUSE, CorpusRow, corpus_digest, corpus_files, read_corpus
from classifiers.default import SHIPPED
from classifiers.evaluation import Report, report_of
from classifiers.own_rows import OwnRow, OwnRows
from classifiers.parameters import HEADS
from classifiers.start import StartFrom
from classifiers.training import TrainingResult, TrainingSettings, train_rows
from router.schema import TYPES, Classification

__all__ = ["Curve", "OwnResult", "corpus_as_own", "learning_curve", "own_settings", "train_own", "tune"]

Aim = Literal["macro-f1", "accuracy"]
Progress = Callable[[str, float], None]

_OWN_WEIGHT = 3.0  # of an own message beside 1 of the corpus
_MANY = 20  # labels; for more, fewer folds will do
_TELLING = 0.3
_TUNING_FOLDS = 3
# Penalty, least of telling and whether rarity counts, as tried: the first suits noisy labels, the last clear ones. What
# starts from the model that ships counts rarity as that does.
_TRIED: Mapping[Aim, tuple[tuple[float, float, bool], ...]] = {
    "macro-f1": ((0.05, 0.3, True), (0.1, 0.3, True), (0.3, 0.6, True)),
    "accuracy": ((0.1, 0.6, True), (0.3, 0.3, True), (0.3, 0.1, True)),
}
_START = 5.0  # by the root of the number of own messages: how large the scores of the model that ships stand
_START_BETWEEN = (0.05, 0.2)
_TRIED_OF_MANY = ((1.0, 0.3, False), (1.0, 0.0, True))
_CURVE = (0.125, 0.25, 0.5, 1.0)
Curve = tuple[tuple[int, float], ...]
"""Messages learned from, and macro-F1 of the label most rows have."""


@dataclass(frozen=True)
class OwnResult:
    """The model, and how models like it did on own messages they had not seen."""

    result: TrainingResult
    report: Report
    rows: Sequence[OwnRow]
    answers: Sequence[Classification]
    settings: TrainingSettings


def _for_all(value: float) -> tuple[tuple[str, float], ...]:
    return tuple((head, value) for head in HEADS)


def own_settings(rows: OwnRows, *, aim: Aim = "macro-f1") -> TrainingSettings:
    """What has proved best over foreign sets from 2,000 to 20,000 rows and from 2 to 150 labels.

    The n-grams of one vocabulary of labels tell better by how they are spread over the labels than by how rare they
    are; see ``docs/decisions/classifier-features.md``.
    """
    many = len(rows.types) > _MANY
    penalty = 1.0 if many else 0.3
    usual = TrainingSettings()
    signals = _for_all(0.01) if many else (("kind", 0.08), ("type", 0.04), ("urgency", 0.04))
    return TrainingSettings(
        signal_size=signals, shape_size=0.05 if many else usual.shape_size,  # intents are told by their words alone
        penalty=_for_all(penalty), use_idf=False,
        telling=_for_all(_TELLING), aim=aim,
        least_texts=1 if many else 2, folds=3 if many else 5,
    )  # fmt: skip


def _start_of(own: OwnRows, *, own_only: bool) -> StartFrom | None:
    """What the model that ships may say for own messages, of labels that are not learned from its own corpus as well;
    None for many labels, which it says nothing of and whose table would be large."""
    heads = HEADS if own_only else ("type",) if own.own_types else ()
    if not heads or len(own.types) > _MANY:
        return None
    least, most = _START_BETWEEN
    size = min(max(_START / max(1, len(own.rows)) ** 0.5, least), most)
    return StartFrom(read_parameters(SHIPPED)[0], heads, size)


def corpus_as_own(types: Mapping[str, Sequence[str]] | None, *, teach_types: bool) -> list[OwnRow]:
    """The corpus that ships, in an installation's types; a message of a dropped one teaches no type.

    Args:
        types: Own types and the shipped ones that count for each; None for those that ship.
        teach_types: Whether its types mean anything to this installation.
    """
    sources = types or {name: (name,) for name in TYPES}
    own = {part: name for name, parts in sources.items() for part in parts}

    def turned(row: CorpusRow) -> OwnRow:
        is_whole = row.source != CLAUSE
        type_ = own.get(row.type) if teach_types and row.type and is_whole else None
        also = tuple(dict.fromkeys(own[t] for t in row.also if t in own and own[t] != type_)) if type_ else ()
        return OwnRow(
            text=row.text, language=row.language, channel=row.channel, kind=row.kind, type=type_, also=also,
            urgency=row.urgency if is_whole else None,
        )  # fmt: skip

    return [turned(row) for row in read_corpus(corpus_files())]


def train_own(
    own: OwnRows,
    files: Sequence[Path],
    *,
    own_only: bool = False,
    types: Mapping[str, Sequence[str]] | None = None,
    settings: TrainingSettings | None = None,
    seed: int = 0,
    name: str = "linear",
    progress: Progress = lambda what, done: None,
) -> OwnResult:
    """Train on own rows.

    Args:
        own: What was read from ``files``.
        own_only: Leave the corpus out, though not what the model that ships says of own messages. A label that no row
            has is then always the same: complaint, normal, other.
        types: The installation's types as in ``corpus_as_own``.

    Raises:
        ConfigError: The corpus is damaged.
    """
    settings = settings or own_settings(own)
    rows = list(own.rows)
    if not own_only:
        rows = [row.model_copy(update={"weight": _OWN_WEIGHT}) for row in rows]
        rows += corpus_as_own(types, teach_types=not own.own_types)
    labels = own.types if own.own_types or types is None else tuple(types)
    result = train_rows(
        rows, seed=seed, progress=progress, settings=settings, types=labels, name=name,
        training_data={path.name: corpus_digest(path) for path in files}, start=_start_of(own, own_only=own_only),
    )  # fmt: skip
    answers = result.answers[: len(own.rows)]
    report = report_of(own.rows, answers, model=f"{name}, cross-validated, own messages")
    return OwnResult(result, report, own.rows, answers, settings)


def tune(own: OwnRows, *, aim: Aim, progress: Progress = lambda what, done: None, seed: int = 0) -> TrainingSettings:
    """The best of a few settings for the label most rows have, by cross-validation of the own rows alone."""
    start = own_settings(own, aim=aim)
    tried = _TRIED_OF_MANY if len(own.types) > _MANY else _TRIED[aim]
    begin = _start_of(own, own_only=True)
    best: tuple[float, TrainingSettings] = (-1.0, start)
    for place, (penalty, telling, rarity) in enumerate(tried):
        progress(f"trying settings {place + 1} of {len(tried)}", place / len(tried))
        candidate = replace(
            start, folds=_TUNING_FOLDS, penalty=_for_all(penalty), telling=_for_all(telling), use_idf=rarity
        )
        result = train_rows(own.rows, settings=candidate, types=own.types, seed=seed, start=begin)
        figure = _figure(own.rows, result.report, aim)
        if figure > best[0] + 0.001:
            best = (figure, replace(candidate, folds=start.folds))
    return best[1]


def _figure(rows: Sequence[OwnRow], report: Report, aim: Aim = "macro-f1") -> float:
    """Of the label that most rows have."""
    total = report.total
    kinds, types = sum(row.kind is not None for row in rows), sum(row.type is not None for row in rows)
    if aim == "accuracy":
        return (total.type_accuracy if types >= kinds else total.kind_accuracy) or 0.0
    return (total.type_f1 if types >= kinds else total.kind_f1) or 0.0


def learning_curve(
    own: OwnRows, settings: TrainingSettings, *, seed: int = 0, progress: Progress = lambda what, done: None
) -> Curve:
    """How the macro-F1 of own rows grows with their number; each point is cross-validated by itself."""
    order = np.random.default_rng(seed).permutation(len(own.rows))
    points, begin = [], _start_of(own, own_only=True)
    for place, share in enumerate(_CURVE):
        progress(f"learning curve, {share:.0%}", place / len(_CURVE))
        part = [own.rows[i] for i in order[: max(1, round(share * len(own.rows)))].tolist()]
        result = train_rows(part, settings=replace(settings, folds=3), types=own.types, seed=seed, start=begin)
        points.append((len(part), _figure(part, result.report)))
    return tuple(points)
