# SPDX-License-Identifier: Apache-2.0
"""What a replay counts. Tallies of parts of the messages add up to that of the whole, in any order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from router.schema import URGENCIES

__all__ = ["EXAMPLES", "Example", "Outcome", "Tally"]

EXAMPLES = 3  # of each move from one queue to another
_RANK = {urgency: rank for rank, urgency in enumerate(URGENCIES)}


@dataclass(frozen=True, order=True)
class Example:
    """One case that would move."""

    id: int  # of its message, so that the oldest come first
    case_id: str
    at: datetime
    subject: str
    route_before: str
    route_after: str


@dataclass(frozen=True)
class Outcome:
    """What one set of rules makes of a message. ``other`` are further actions as comparable text by name."""

    queue: str
    team: str
    route: str
    urgency: str
    other: tuple[tuple[str, str], ...] = ()


@dataclass
class Tally:
    """Counts. A case goes where the message that opened it goes; urgency is that of every message."""

    messages: int = 0
    cases: int = 0
    unreadable: int = 0
    unrouted_before: int = 0  # cases that no route placed
    unrouted_after: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)  # cases by queue before and after
    stays: Counter[str] = field(default_factory=Counter)  # cases by queue
    teams_before: Counter[str] = field(default_factory=Counter)
    teams_after: Counter[str] = field(default_factory=Counter)
    hours_before: Counter[tuple[str, int]] = field(default_factory=Counter)  # cases by team and hour of day
    hours_after: Counter[tuple[str, int]] = field(default_factory=Counter)
    moved_hours: Counter[tuple[str, int]] = field(
        default_factory=Counter
    )  # cases that move, by the team that gets them
    urgency: Counter[tuple[str, str]] = field(default_factory=Counter)  # messages by urgency before and after, changed
    changed: int = 0  # messages of which further actions differ
    other: Counter[str] = field(default_factory=Counter)  # the same, by action
    alarms: int = 0  # warnings and misses of deadlines
    alarms_changed: int = 0  # of which anything would be done otherwise
    alarm_other: Counter[str] = field(default_factory=Counter)  # the same, by action
    alarm_moves: Counter[tuple[str, str]] = field(default_factory=Counter)  # by queue the case would come to
    examples: dict[tuple[str, str], list[Example]] = field(default_factory=dict)

    @property
    def moved(self) -> int:
        return self.moves.total()

    @property
    def raised(self) -> int:
        """Messages that would be more urgent."""
        return sum(count for (before, after), count in self.urgency.items() if _RANK[after] < _RANK[before])

    @property
    def lowered(self) -> int:
        return self.urgency.total() - self.raised

    def count(self, before: Outcome, after: Outcome, *, opens: bool, hour: int) -> bool:
        """Take one message in; True where its case would move."""
        self.messages += 1
        if before.urgency != after.urgency:
            self.urgency[before.urgency, after.urgency] += 1
        if before.other != after.other:
            self.changed += 1
            was, is_now = dict(before.other), dict(after.other)
            self.other.update(name for name in {**was, **is_now} if was.get(name) != is_now.get(name))
        if not opens:
            return False
        self.cases += 1
        self.unrouted_before += before.route == "root"
        self.unrouted_after += after.route == "root"
        self.teams_before[before.team] += 1
        self.teams_after[after.team] += 1
        self.hours_before[before.team, hour] += 1
        self.hours_after[after.team, hour] += 1
        if before.queue == after.queue:
            self.stays[after.queue] += 1
            return False
        self.moves[before.queue, after.queue] += 1
        self.moved_hours[after.team, hour] += 1
        return True

    def wants_example(self, before: Outcome, after: Outcome) -> bool:
        return len(self.examples.get((before.queue, after.queue), ())) < EXAMPLES

    def add_example(self, before: Outcome, after: Outcome, example: Example) -> None:
        self.examples.setdefault((before.queue, after.queue), []).append(example)

    def __iadd__(self, other: Tally) -> Tally:
        for name, value in vars(other).items():
            if name == "examples":
                for move, found in other.examples.items():
                    self.examples[move] = sorted([*self.examples.get(move, ()), *found])[:EXAMPLES]
            elif isinstance(value, Counter):
                getattr(self, name).update(value)
            else:
                setattr(self, name, getattr(self, name) + value)
        return self
