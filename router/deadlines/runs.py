# SPDX-License-Identifier: Apache-2.0
"""From a case's life to the runs of a clock: when it started, when it stood still, when it stopped. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from router.deadlines.records import CaseHistory, ClockKind, Happening
from router.schema import Case, CaseState

__all__ = ["Life", "Run", "life_of", "runs_of"]

_STOPS: dict[ClockKind, tuple[str, ...]] = {
    "acknowledgement": ("acknowledgement", "reply", "resolved"),
    "first_response": ("reply", "resolved"),
    "next_response": ("reply", "resolved"),
    "resolution": ("resolved",),
}


@dataclass(frozen=True)
class Life:
    """What happened, oldest first, beginning with the opening, and the states it went through."""

    opened_at: datetime
    happenings: tuple[Happening, ...]
    states: tuple[tuple[datetime, CaseState], ...]

    def in_states(self, wanted: tuple[CaseState, ...]) -> Iterator[tuple[datetime, datetime | None]]:
        """Stretches spent in these states; the last may be open-ended."""
        begin: datetime | None = None
        for at, state in self.states:
            if state in wanted:
                begin = begin or at
            elif begin is not None:
                yield begin, at
                begin = None
        if begin is not None:
            yield begin, None


@dataclass(frozen=True)
class Run:
    """One round of a clock. ``pauses`` lie within it; the last has no end while the clock stands still."""

    round: int
    start: datetime
    stop: datetime | None
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()


def life_of(case: Case, history: CaseHistory) -> Life:
    """Order what happened, and follow the case's state; where the story misses a change, the case itself is right."""
    opened = case.created_at
    later = [one for one in history.happenings if one.at > opened or one.what != "customer"]
    ordered = sorted((one.model_copy(update={"at": max(one.at, opened)}) for one in later), key=lambda one: one.at)
    states: list[tuple[datetime, CaseState]] = [(opened, "open")]
    for one in ordered:
        now = states[-1][1]
        match one.what:
            case "customer":
                state: CaseState = "open"
            case "reply":
                state = "waiting" if now == "open" else now
            case "acknowledgement":
                state = now
            case told:
                state = told
        if state != now:
            states.append((one.at, state))
    if states[-1][1] != case.state:
        at = max(case.updated_at, states[-1][0])
        states.append((at, case.state))
        ordered.append(Happening(at=at, what=case.state))
    return Life(opened_at=opened, happenings=tuple(ordered), states=tuple(states))


def runs_of(kind: ClockKind, life: Life, *, pauses: bool) -> list[Run]:
    """Every round of a clock of this kind, oldest first; at most one has no stop, the last."""
    still: tuple[CaseState, ...] = ("waiting", "resolved") if kind == "resolution" else ("waiting",)
    stretches = list(life.in_states(still)) if pauses else []
    runs: list[Run] = []
    for start, stop in _rounds(kind, life):
        inside = tuple(
            (max(begin, start), end if stop is None or (end is not None and end <= stop) else stop)
            for begin, end in stretches
            if (end is None or end > start) and (stop is None or begin < stop)
        )
        runs.append(Run(round=len(runs) + 1, start=start, stop=stop, pauses=inside))
    return runs


def _rounds(kind: ClockKind, life: Life) -> Iterator[tuple[datetime, datetime | None]]:
    if kind == "next_response":
        yield from _answers(life)
    elif kind == "resolution":
        # Opened again, it goes on where it stood; only the state at the end can stop it.
        at, state = life.states[-1]
        yield life.opened_at, at if state == "resolved" else None
    else:
        yield life.opened_at, next((one.at for one in life.happenings if one.what in _STOPS[kind]), None)


def _answers(life: Life) -> Iterator[tuple[datetime, datetime | None]]:
    """From the first unanswered message after an answer to the next answer, again and again."""
    answered, start = False, None
    for one in life.happenings:
        if one.what in _STOPS["next_response"]:
            if start is not None:
                yield start, one.at
            answered, start = answered or one.what == "reply", None
        elif one.what == "customer" and answered and start is None:
            start = one.at
    if start is not None:
        yield start, None
