# SPDX-License-Identifier: Apache-2.0
"""A candidate: a model that learned corrections too, judged against the one in force before anybody relies on it.

Three things judge it. The messages of the corpus, every one by a model that has not seen it (folds by hash of the
words), once with the corrections and once as the model in force was. The gold set, which no model has seen, by the two
models as they are. And corrections newer than the model in force, by models that learned everything but them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from classifiers.archive import save
from classifiers.corpus import CorpusRow, corpus_digest, corpus_files, gold_files, read_corpus
from classifiers.evaluation import Report, Scores
from classifiers.lessons import Admitted, Lesson
from classifiers.model import LinearClassifier
from classifiers.training import Progress, TrainingSettings, train
from router.classifier import Classifier, ClassifierInput
from router.schema import Classification, Frozen

__all__ = ["Candidate", "Check", "Tolerance", "Verdict", "make_candidate"]

_Told = tuple[CorpusRow | Lesson, Classification, Classification]
"""The truth, and what the model in force and the candidate say."""

_BY_CHANCE = 1.64  # standard deviations that one in twenty falls exceeds by chance
_SHOWN = 12


class Tolerance(Frozen):
    """By how much a figure may fall before a candidate is refused; shares from 0 to 1."""

    f1: float = Field(default=0.02, ge=0, le=1)  # of kind and type, per language and channel of the corpus
    critical_recall: float = Field(default=0.05, ge=0, le=1)
    corrections: float = Field(default=0.05, ge=0, le=1)  # right answers among new corrections, and in the gold set
    least: int = Field(default=20, ge=1)  # messages of a group below which a figure is chance


class Check(Frozen):
    """One figure before and after. ``where`` is "corpus, language fi", "gold, all" or "corrections, channel email"."""

    where: str
    figure: str
    messages: int
    before: float
    after: float
    allowed: float  # fall

    @property
    def is_good(self) -> bool:
        return self.before - self.after <= self.allowed + 1e-9

    def __str__(self) -> str:
        return f"{self.where}: {self.figure} {self.before:.3f} -> {self.after:.3f} ({self.messages} messages)"


class Verdict(Frozen):
    """Whether the candidate may take over, and every figure that decided it. ``failed`` holds those that fell."""

    good: bool
    reason: str
    checks: tuple[Check, ...]
    failed: tuple[Check, ...]


@dataclass(frozen=True)
class Candidate:
    """The model for use, how it did, and what was decided of it."""

    model: LinearClassifier
    report: Report
    verdict: Verdict

    def save(self, path: Path) -> str:
        return save(self.model.parameters, path)

    def with_card(self, more: Mapping[str, Any]) -> Candidate:
        """The same with further lines on its card."""
        parameters = self.model.parameters
        return replace(self, model=LinearClassifier(replace(parameters, card={**parameters.card, **more})))


def make_candidate(
    admitted: Admitted,
    *,
    incumbent: Classifier,
    corpus: Sequence[Path] = (),
    gold: Sequence[Path] | None = None,
    learned_until: int = 0,
    tolerance: Tolerance | None = None,
    seed: int = 0,
    settings: TrainingSettings | None = None,
    progress: Progress = lambda what, done: None,
) -> Candidate:
    """Train on the corpus and the admitted corrections, and judge.

    Args:
        incumbent: The model in force. Its figures on the corpus are those of its card if it was trained on the same
            files, else those of a model trained the same way without corrections.
        corpus: Labelled files; the corpus that ships by default.
        gold: Labelled files that no model learns from; those that ship by default.
        learned_until: The newest correction that the incumbent has learned from; only newer ones compare fairly.
    """
    tolerance, corpus = tolerance or Tolerance(), tuple(corpus) or tuple(corpus_files())
    before = _known_of(incumbent, corpus)
    share = 1.0 if before is not None else 0.5
    if before is None:
        plain = train(corpus, seed=seed, settings=settings, progress=_part(progress, "before: ", 0.0, 0.5))
        before = {"language": plain.report.by_language, "channel": plain.report.by_channel}
    made = train(
        corpus, seed=seed, settings=settings, more=admitted.rows, progress=_part(progress, "", 1 - share, share)
    )
    after = {"language": made.report.by_language, "channel": made.report.by_channel}
    checks = [
        *_corpus_checks(before, after, tolerance),
        *_gold_checks(gold_files() if gold is None else gold, made.model, incumbent, tolerance),
        *_correction_checks(admitted.lessons, made.judged, incumbent, learned_until, tolerance),
    ]
    return Candidate(made.model, made.report, _verdict(checks))


def _part(progress: Progress, prefix: str, start: float, share: float) -> Progress:
    return lambda what, done: progress(prefix + what, start + share * done)


def _known_of(incumbent: Classifier, corpus: Sequence[Path]) -> dict[str, dict[str, Scores]] | None:
    """The figures on a model's card, if they are of these files and complete."""
    card = incumbent.parameters.card if isinstance(incumbent, LinearClassifier) else {}
    if card.get("training_data") != {path.name: corpus_digest(path) for path in corpus}:
        return None
    try:
        return {
            group: {name: Scores.model_validate(scores) for name, scores in card[f"by_{group}"].items()}
            for group in ("language", "channel")
        }
    except (KeyError, AttributeError, ValidationError):  # a card of another version
        return None


def _corpus_checks(
    before: Mapping[str, Mapping[str, Scores]], after: Mapping[str, Mapping[str, Scores]], tolerance: Tolerance
) -> Iterator[Check]:
    for group, groups in before.items():
        for name, then in groups.items():
            now = after[group].get(name)
            if now is None or then.messages < tolerance.least:
                continue
            for figure, attribute, allowed in (
                ("kind F1", "kind_f1", tolerance.f1),
                ("type F1", "type_f1", tolerance.f1),
                ("recall of critical", "critical_recall", tolerance.critical_recall),
            ):
                old, new = getattr(then, attribute), getattr(now, attribute)
                if old is not None:
                    yield Check(
                        where=f"corpus, {group} {name or 'unknown'}", figure=figure, messages=then.messages,
                        before=old, after=new or 0.0, allowed=allowed,
                    )  # fmt: skip


def _gold_checks(
    gold: Sequence[Path], made: LinearClassifier, incumbent: Classifier, tolerance: Tolerance
) -> Iterator[Check]:
    """Both models on messages that neither has seen, in the labels of the model whatever an installation calls them."""
    if not gold:
        return
    rows = read_corpus(gold)
    batch = [ClassifierInput(text=row.text, channel=row.channel) for row in rows]
    plain = LinearClassifier(incumbent.parameters) if isinstance(incumbent, LinearClassifier) else incumbent
    told = (model.classify(batch, explain=False) for model in (plain, made))
    yield from _group_checks("gold", list(zip(rows, *told, strict=True)), tolerance)


def _correction_checks(
    lessons: Sequence[Lesson],
    judged: Sequence[Classification | None],
    incumbent: Classifier,
    learned_until: int,
    tolerance: Tolerance,
) -> Iterator[Check]:
    fresh = [(one, now) for one, now in zip(lessons, judged, strict=True) if one.id > learned_until and now is not None]
    if not fresh:
        return
    batch = [ClassifierInput(text=one.text, channel=one.channel) for one, _ in fresh]
    told = incumbent.classify(batch, explain=False)
    every: list[_Told] = [(one, then, now) for (one, now), then in zip(fresh, told, strict=True)]
    yield from _group_checks("corrections", every, tolerance)


def _group_checks(what: str, told: Sequence[_Told], tolerance: Tolerance) -> Iterator[Check]:
    """Right answers and recall of critical, in all and by language and channel."""
    groups: dict[str, list[_Told]] = {}
    for row in told:
        for name in ("all", f"language {row[0].language}", f"channel {row[0].channel}"):
            groups.setdefault(name, []).append(row)
    for name, rows in sorted(groups.items()):
        for head in ("kind", "type", "urgency"):
            yield from _share_right(f"{what}, {name}", head, rows, tolerance)


def _share_right(where: str, head: str, rows: Sequence[_Told], tolerance: Tolerance) -> Iterator[Check]:
    said = [(getattr(one, head), getattr(then, head), getattr(now, head)) for one, then, now in rows]
    for figure, spoken in (
        (f"right {head}", [row for row in said if row[0] is not None]),
        ("recall of critical", [row for row in said if head == "urgency" and row[0] == "critical"]),
    ):
        if len(spoken) >= tolerance.least:
            changed = sum((true == then) != (true == now) for true, then, now in spoken)
            yield Check(
                where=where, figure=figure, messages=len(spoken),
                before=round(sum(true == then for true, then, _ in spoken) / len(spoken), 4),
                after=round(sum(true == now for true, _, now in spoken) / len(spoken), 4),
                # Of a few messages some turn wrong by chance; only more than that is a fall.
                allowed=round(max(tolerance.corrections, _BY_CHANCE * math.sqrt(changed) / len(spoken)), 4),
            )  # fmt: skip


def _verdict(checks: Sequence[Check]) -> Verdict:
    failed = tuple(check for check in checks if not check.is_good)
    if not checks:
        return Verdict(good=False, reason="there was nothing to judge it by", checks=(), failed=())
    if failed:
        shown = "; ".join(map(str, failed[:_SHOWN]))
        more = f" and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
        return Verdict(good=False, reason=f"worse than allowed: {shown}{more}", checks=tuple(checks), failed=failed)
    return Verdict(
        good=True, reason=f"none of {len(checks)} figures fell further than allowed", checks=tuple(checks), failed=()
    )
