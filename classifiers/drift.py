# SPDX-License-Identifier: Apache-2.0
"""Whether messages are still like those a model was made for: shares of labels, of doubt and of scores, then and now.

The measure is the population stability index: the sum over all values of (now - then) * ln(now / then). Up to 0.1
is called stable in practice, above 0.25 shifted. Chance alone gives few messages an index above 0, about (values - 1) *
(1 / messages then + 1 / messages now), which is added to the limit.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, Protocol, TypeAlias

from pydantic import Field

from router.learning.records import LabelSummary
from router.schema import KINDS, URGENCIES, Classification, Frozen

__all__ = ["Cell", "CellDrift", "DriftLimits", "Origin", "Reference", "drift_of", "psi", "reference_of", "seen_of"]

Origin: TypeAlias = Literal["corpus", "messages"]  # of a reference: written examples, or an installation's own messages
_BINS = 10
_SMALLEST = 0.005  # a share below counts as this, else one value never seen before makes the index infinite
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CERTAIN = 2.58  # standard errors; 1 of 100 by chance


class Cell(Frozen):
    """One channel, one language or all: shares from 0 to 1. ``confidence`` is of the kind, in ten equal bins."""

    messages: int
    unsure: float
    kind: dict[str, float]
    type: dict[str, float]
    urgency: dict[str, float]
    confidence: dict[str, float]


class Reference(Frozen):
    """Shares by cell: "all", "channel:email", "language:fi"."""

    origin: Origin
    cells: dict[str, Cell]


class DriftLimits(Frozen):
    """From where on it is an alarm."""

    least: int = Field(default=50, ge=10)  # messages in a cell, then and now
    psi: float = Field(default=0.25, gt=0)
    unsure: float = Field(default=0.1, gt=0, le=1)  # rise of the share of unsure


class CellDrift(Frozen):
    """One cell compared. ``psi`` is by kind, type, urgency and confidence; ``alarms`` is beyond its limit."""

    cell: str
    messages: int
    messages_then: int
    unsure: float
    unsure_then: float
    psi: dict[str, float]
    alarms: tuple[str, ...]


class _Placed(Protocol):
    @property
    def channel(self) -> str: ...


def seen_of(said: Classification, message: _Placed, at: datetime = _EPOCH) -> LabelSummary:
    """What counts of one classified message."""
    return LabelSummary(
        at=at,
        channel=message.channel,
        language=said.language,
        kind=said.kind,
        type=said.type,
        urgency=said.urgency,
        unsure=said.unsure,
        confidence=said.confidence("kind"),
    )


def reference_of(seen: Iterable[LabelSummary], *, origin: Origin) -> Reference:
    """Shares of all messages, and of each channel and language."""
    groups: dict[str, list[LabelSummary]] = {}
    for one in seen:
        for cell in ("all", f"channel:{one.channel}", f"language:{one.language}"):
            groups.setdefault(cell, []).append(one)
    return Reference(origin=origin, cells={name: _cell(group) for name, group in sorted(groups.items())})


def _cell(group: Sequence[LabelSummary]) -> Cell:
    def shares(values: Iterable[str], known: Sequence[str] = ()) -> dict[str, float]:
        counts = Counter(dict.fromkeys(known, 0))
        counts.update(values)
        return {name: round(count / len(group), 4) for name, count in sorted(counts.items())}

    bins = [f"{n / _BINS:.1f}" for n in range(_BINS)]
    return Cell(
        messages=len(group),
        unsure=round(sum(one.unsure for one in group) / len(group), 4),
        kind=shares((one.kind for one in group), KINDS),
        type=shares(one.type or "none" for one in group),
        urgency=shares((one.urgency for one in group), URGENCIES),
        confidence=shares((bins[min(_BINS - 1, max(0, int(one.confidence * _BINS)))] for one in group), bins),
    )


def psi(now: Mapping[str, float], then: Mapping[str, float]) -> float:
    """The population stability index of two distributions; 0 where they are the same."""
    total = 0.0
    for name in {*now, *then}:
        a, b = max(now.get(name, 0.0), _SMALLEST), max(then.get(name, 0.0), _SMALLEST)
        total += (a - b) * math.log(a / b)
    return total


def drift_of(now: Reference, then: Reference, limits: DriftLimits | None = None) -> tuple[CellDrift, ...]:
    """Compare the cells that have enough messages on both sides.

    Written examples hold every label about as often, which no installation's messages do: against them the mix of
    labels is told and raises no alarm; doubt and scores do.
    """
    limits = limits or DriftLimits()
    found = []
    for name, cell in now.cells.items():
        before = then.cells.get(name)
        if before is not None and min(cell.messages, before.messages) >= limits.least:
            found.append(_compare(name, cell, before, limits, mix=then.origin == "messages"))
    return tuple(found)


def _compare(name: str, now: Cell, then: Cell, limits: DriftLimits, *, mix: bool) -> CellDrift:
    chance = 1 / now.messages + 1 / then.messages
    index, alarms = {}, []
    for what in ("kind", "type", "urgency", "confidence"):
        a, b = getattr(now, what), getattr(then, what)
        index[what] = round(psi(a, b), 4)
        if index[what] > limits.psi + (len({*a, *b}) - 1) * chance and (mix or what == "confidence"):
            alarms.append(what)
    share = (now.unsure * now.messages + then.unsure * then.messages) / (now.messages + then.messages)
    error = math.sqrt(share * (1 - share) * chance)
    if now.unsure - then.unsure > max(limits.unsure, _CERTAIN * error):
        alarms.append("unsure")
    return CellDrift(
        cell=name,
        messages=now.messages,
        messages_then=then.messages,
        unsure=now.unsure,
        unsure_then=then.unsure,
        psi=index,
        alarms=tuple(alarms),
    )
