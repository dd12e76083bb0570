# SPDX-License-Identifier: Apache-2.0
"""From what people said of messages to rows a model may learn from: bounded, without contradictions, and with the
reason for everything that is left out. Nobody, staff or customer, can turn a model alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Literal, NamedTuple, TypeAlias

from pydantic import Field

from classifiers.corpus import near_duplicates
from classifiers.public import PartRow
from router.schema import TYPES, Classification, Frozen, Kind, Urgency

__all__ = ["Admitted", "Lesson", "LessonLimits", "Refusal", "Restraint", "admit", "label_counts_of"]

_HEADS = ("kind", "type", "urgency")
_NEVER_SURE = 0.6  # what a model said with less is no certainty that somebody overturns


class Lesson(Frozen):
    """What one person said of one message, and what the model had said. A label that is None was not spoken of."""

    id: int
    key: str  # of the message
    at: datetime
    corrector: str
    sender: str  # "" if unknown
    text: str
    language: str
    channel: str
    kind: Kind | None = None
    type: str | None = None
    urgency: Urgency | None = None
    said: Classification


class LessonLimits(Frozen):
    """What a model may learn from whom. Weights are in messages of the corpus."""

    per_corrector: float = Field(default=300.0, gt=0)
    per_sender: float = Field(default=5.0, gt=0)
    per_text: float = Field(default=2.0, gt=0)  # of all near repeats of one text together
    flips: int = Field(default=20, ge=2)  # from this many on, one who always turns one label into one other is refused
    flip_share: float = Field(default=0.8, gt=0.5, le=1)  # of all that this person said of messages with that label
    agreeing: int = Field(default=3, ge=1)  # messages by others with the same turn, after which it is believed
    agreeing_share: float = Field(default=1 / 3, ge=0, le=1)  # as many of those as this share of one's own, at least
    trusted: tuple[str, ...] = ()  # who is believed at any rate


Reason: TypeAlias = Literal["nothing said", "no text", "unknown type", "one-sided", "conflict"]


class Refusal(Frozen):
    """Corrections left out, and why; ``ids`` are theirs."""

    reason: Reason
    sentence: str
    corrector: str = ""
    ids: tuple[int, ...]


class Restraint(Frozen):
    """A group of corrections that counts less than it has messages. Senders and texts are not named."""

    group: Literal["corrector", "sender", "text", "all"]
    corrector: str = ""
    messages: int
    weight: float


class Admitted(Frozen):
    """What may be learned: one row and one lesson a message, in the same order."""

    rows: tuple[PartRow, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    restraints: tuple[Restraint, ...] = ()

    @property
    def weight(self) -> float:
        return sum(row.weight for row in self.rows)


def admit(
    lessons: Sequence[Lesson],
    *,
    limits: LessonLimits | None = None,
    types: Sequence[str] = TYPES,
    most_weight: float = float("inf"),
) -> Admitted:
    """Decide what of the corrections may be learned.

    Args:
        lessons: Any order; several of one message are told apart by ``id``, the newest counts for each label.
        most_weight: Of all rows together.
    """
    limits = limits or LessonLimits()
    usable, refusals = _usable(lessons, types)
    honest, found = _without_one_sided(usable, limits)
    refusals += found
    merged = _newest(honest)
    clusters = _clusters([lesson.text for lesson in merged])
    kept, found = _without_conflicts(merged, clusters)
    refusals += found
    rows, restraints = _weighed(kept, limits, most_weight)
    return Admitted(
        rows=rows,
        lessons=tuple(lesson for lesson, _ in kept),
        refusals=tuple(refusals),
        restraints=tuple(restraints),
    )


def _usable(lessons: Sequence[Lesson], types: Sequence[str]) -> tuple[list[Lesson], list[Refusal]]:
    odd: dict[tuple[Reason, str], list[int]] = {}
    good = []
    for lesson in lessons:
        if lesson.kind is None and lesson.type is None and lesson.urgency is None:
            odd.setdefault(("nothing said", "neither kind nor type nor urgency was said"), []).append(lesson.id)
        elif not lesson.text.strip():
            odd.setdefault(("no text", "the message has no words"), []).append(lesson.id)
        elif lesson.type is not None and lesson.type not in types:
            odd.setdefault(("unknown type", f"the model has no type '{lesson.type}'"), []).append(lesson.id)
            if lesson.kind is not None or lesson.urgency is not None:  # that much it can be told
                good.append(lesson.model_copy(update={"type": None}))
        else:
            good.append(lesson)
    return good, [Refusal(reason=reason, sentence=says, ids=tuple(ids)) for (reason, says), ids in odd.items()]


# --- one who turns one label into another, over and over -----------------------------------------------------------


class _Turn(NamedTuple):
    head: str
    before: str
    after: str


def _turn(lesson: Lesson, head: str) -> _Turn | None:
    """What a lesson does to one label; None where it says nothing of it."""
    after, before = getattr(lesson, head), getattr(lesson.said, head)
    return None if after is None else _Turn(head, str(before), str(after))


def _without_one_sided(lessons: Sequence[Lesson], limits: LessonLimits) -> tuple[list[Lesson], list[Refusal]]:
    by: dict[tuple[str, _Turn], dict[str, Lesson]] = defaultdict(dict)  # by message: saying it twice is saying it once
    spoken: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for lesson in lessons:
        for head in _HEADS:
            if (turn := _turn(lesson, head)) is not None:
                by[lesson.corrector, turn][lesson.key] = lesson
                spoken[lesson.corrector, head, turn.before].add(lesson.key)
    bad: set[int] = set()
    refusals = []
    for (who, turn), mine in by.items():
        share = len(mine) / len(spoken[who, turn.head, turn.before])
        others = {key for (name, other), theirs in by.items() if name != who and other == turn for key in theirs}
        sure = [score for one in mine.values() if (score := one.said.confidence(turn.head)) > 0]
        if (
            turn.before == turn.after
            or who in limits.trusted
            or len(mine) < limits.flips
            or share < limits.flip_share
            or len(others - set(mine)) >= max(limits.agreeing, limits.agreeing_share * len(mine))
            or (
                turn.head != "urgency" and sure and median(sure) < _NEVER_SURE
            )  # urgent is said long before it is likely
        ):
            continue
        ids = tuple(lesson.id for lesson in lessons if lesson.corrector == who and _turn(lesson, turn.head) == turn)
        bad |= set(ids)
        says = f"{who} turned {turn.head} '{turn.before}' into '{turn.after}' in {len(mine)} messages"
        says += f", {share:.0%} of those the model called so; others did in {len(others - set(mine)) or 'none'}"
        refusals.append(Refusal(reason="one-sided", sentence=says, corrector=who, ids=ids))
    return [lesson for lesson in lessons if lesson.id not in bad], refusals


# --- one message, one truth ----------------------------------------------------------------------------------------


def _newest(lessons: Sequence[Lesson]) -> list[Lesson]:
    """One lesson a message: each label as it was said last. A later kind without a type takes an earlier type along
    only if it has one."""
    found: dict[str, Lesson] = {}
    for lesson in sorted(lessons, key=lambda one: (one.at, one.id)):
        before = found.pop(lesson.key, None)
        if before is not None:
            earlier = {head: getattr(before, head) for head in _HEADS if getattr(lesson, head) is None}
            if lesson.type is not None and lesson.kind is None and before.kind in {"praise", "other"}:
                earlier["kind"] = None
            lesson = lesson.model_copy(update=earlier)  # noqa: PLW2901 - what follows is about the merged one
        if lesson.kind in {"praise", "other"}:
            lesson = lesson.model_copy(update={"type": None})  # noqa: PLW2901 - as above
        found[lesson.key] = lesson
    return list(found.values())


def _clusters(texts: Sequence[str]) -> list[int]:
    """For each text the position of the first one it nearly repeats, directly or over others. Texts too short to be
    compared by their pieces are compared whole."""
    same: dict[str, int] = {}
    first = [same.setdefault(" ".join(text.casefold().split()), at) for at, text in enumerate(texts)]

    def root(at: int) -> int:
        while first[at] != at:
            at = first[at]
        return at

    for left, right, _ in near_duplicates(texts) if texts else ():
        one, other = sorted((root(left), root(right)))
        first[other] = one
    return [root(at) for at in range(len(texts))]


def _without_conflicts(
    lessons: Sequence[Lesson], clusters: Sequence[int]
) -> tuple[list[tuple[Lesson, int]], list[Refusal]]:
    """Lessons with their cluster; a label on which near repeats differ is taken from all of them."""
    said: dict[tuple[int, str], set[str]] = defaultdict(set)
    for lesson, cluster in zip(lessons, clusters, strict=True):
        for head in _HEADS:
            if (value := getattr(lesson, head)) is not None:
                said[cluster, head].add(value)
    kept, lost = [], defaultdict(list)
    for lesson, cluster in zip(lessons, clusters, strict=True):
        dropped = [h for h in _HEADS if getattr(lesson, h) is not None and len(said[cluster, h]) > 1]
        for head in dropped:
            lost[cluster, head].append(lesson.id)
        rest = lesson.model_copy(update=dict.fromkeys(dropped))
        if any(getattr(rest, head) is not None for head in _HEADS):
            kept.append((rest, cluster))
    refusals = []
    for (cluster, head), ids in lost.items():
        values = " and ".join(f"'{value}'" for value in sorted(said[cluster, head]))
        says = f"{len(ids)} messages with nearly the same words were called {values} ({head})"
        refusals.append(Refusal(reason="conflict", sentence=says, ids=tuple(ids)))
    return kept, refusals


# --- how much each counts ------------------------------------------------------------------------------------------


def _weighed(
    kept: Sequence[tuple[Lesson, int]], limits: LessonLimits, most_weight: float
) -> tuple[tuple[PartRow, ...], list[Restraint]]:
    weights = [1.0] * len(kept)
    restraints: list[Restraint] = []

    def hold(group: Literal["corrector", "sender", "text", "all"], of: Callable[[int], str], most: float) -> None:
        members: dict[str, list[int]] = defaultdict(list)
        for at in range(len(kept)):
            if name := of(at):
                members[name].append(at)
        for name, those in members.items():
            total = sum(weights[at] for at in those)
            if total <= most * (1 + 1e-9):
                continue
            for at in those:
                weights[at] *= most / total
            who = name if group == "corrector" else ""
            restraints.append(Restraint(group=group, corrector=who, messages=len(those), weight=round(most, 3)))

    hold("text", lambda at: str(kept[at][1] + 1), limits.per_text)
    hold("sender", lambda at: kept[at][0].sender, limits.per_sender)
    hold("corrector", lambda at: kept[at][0].corrector, limits.per_corrector)
    hold("all", lambda _: "all", most_weight)
    # judged in the fold of the cluster's first text, so that near repeats never stand on both sides
    texts = _first_texts(kept)
    rows = tuple(
        PartRow(
            text=lesson.text, channel=lesson.channel, kind=lesson.kind, type=lesson.type, urgency=lesson.urgency,
            weight=weight, source="corrections", judged_as=texts[cluster],
        )
        for (lesson, cluster), weight in zip(kept, weights, strict=True)
    )  # fmt: skip
    return rows, restraints


def _first_texts(kept: Iterable[tuple[Lesson, int]]) -> dict[int, str]:
    texts: dict[int, str] = {}
    for lesson, cluster in kept:
        texts.setdefault(cluster, lesson.text)
    return texts


def label_counts_of(lessons: Sequence[Lesson]) -> dict[str, dict[str, int]]:
    """How often each label was said, for reports."""
    return {
        head: dict(sorted(Counter(str(v) for one in lessons if (v := getattr(one, head)) is not None).items()))
        for head in _HEADS
    }
