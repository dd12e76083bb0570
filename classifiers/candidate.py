# SPDX-License-Identifier: Apache-2.0
"""A candidate: a model that learned corrections too, judged against the one in force before anybody relies on it.

Gold are the written examples: every one is judged by a model that has not seen it (folds by hash of the words), once
with the corrections and once as the model in force was. Corrections that are newer than the model in force are judged
the same way, by models that learned everything but them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from classifiers.archive import save
from classifiers.corpus import corpus_digest, corpus_files
from classifiers.evaluation import Report, Scores
from classifiers.lessons import Admitted, Lesson
from classifiers.model import LinearClassifier
from classifiers.training import Progress, TrainingSettings, train
from router.classifier import Classifier, ClassifierInput
from router.schema import Classification, Frozen

__all__ = ["Candidate", "Check", "Tolerance", "Verdict", "make_candidate"]

_BY_CHANCE = 1.64  # standard deviations that one in twenty falls exceeds by chance
_SHOWN = 12


class Tolerance(Frozen):
    """By how much a figure may fall before a candidate is refused; shares from 0 to 1."""

    f1: float = Field(default=0.02, ge=0, le=1)  # of kind and type, per language and channel of the gold
    critical_recall: float = Field(default=0.05, ge=0, le=1)
    corrections: float = Field(default=0.05, ge=0, le=1)  # right answers among new corrections
    least: int = Field(default=20, ge=1)  # messages of a group below which a figure is chance


class Check(Frozen):
    """One figure before and after. ``where`` is "gold, language fi" or "corrections, channel email"."""

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
        learned_until: The newest correction that the incumbent has learned from; only newer ones compare fairly.
    """
    tolerance, corpus = tolerance or Tolerance(), tuple(corpus) or tuple(corpus_files())
    before = _gold_of(incumbent, corpus)
    share = 1.0 if before is not None else 0.5
    if before is None:
        plain = train(corpus, seed=seed, settings=settings, progress=_part(progress, "before: ", 0.0, 0.5))
        before = {"language": plain.report.by_language, "channel": plain.report.by_channel}
    made = train(
        corpus, seed=seed, settings=settings, more=admitted.rows, progress=_part(progress, "", 1 - share, share)
    )
    after = {"language": made.report.by_language, "channel": made.report.by_channel}
    checks = [
        *_gold_checks(before, after, tolerance),
        *_correction_checks(admitted.lessons, made.judged, incumbent, learned_until, tolerance),
    ]
    return Candidate(made.model, made.report, _verdict(checks))


def _part(progress: Progress, prefix: str, start: float, share: float) -> Progress:
    return lambda what, done: progress(prefix + what, start + share * done)


def _gold_of(incumbent: Classifier, corpus: Sequence[Path]) -> dict[str, dict[str, Scores]] | None:
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


def _gold_checks(
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
                        where=f"gold, {group} {name or 'unknown'}", figure=figure, messages=then.messages,
                        before=old, after=new or 0.0, allowed=allowed,
                    )  # fmt: skip


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
    every = [(one, then, now) for (one, now), then in zip(fresh, told, strict=True)]
    groups: dict[str, list[tuple[Lesson, Classification, Classification]]] = {}
    for row in every:
        for name in ("all", f"language {row[0].language}", f"channel {row[0].channel}"):
            groups.setdefault(name, []).append(row)
    for name, rows in sorted(groups.items()):
        for head in ("kind", "type", "urgency"):
            yield from _share_right(f"corrections, {name}", head, rows, tolerance)


def _share_right(
    where: str, head: str, rows: Sequence[tuple[Lesson, Classification, Classification]], tolerance: Tolerance
) -> Iterator[Check]:
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
