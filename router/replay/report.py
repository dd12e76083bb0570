# SPDX-License-Identifier: Apache-2.0
"""What a replay found, as one value for machines; the terminal and the page show the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.replay.limits import Limit
from router.replay.tally import Tally

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """A tally and what it is about. ``before`` and ``after`` name the rules compared."""

    tally: Tally
    before: str
    after: str
    since: datetime | None
    zone: str
    seconds: float
    limits: tuple[Limit, ...] = ()

    @property
    def broken(self) -> tuple[Limit, ...]:
        return tuple(limit for limit in self.limits if limit.is_broken(self.tally))

    @property
    def moves(self) -> list[tuple[str, str, int]]:
        """Queue before, queue after, cases; the most first."""
        counted = self.tally.moves.items()
        return [(*move, count) for move, count in sorted(counted, key=lambda item: (-item[1], item[0]))]

    @property
    def teams(self) -> list[tuple[str, int, int]]:
        """Team, cases before, cases after; those that change most first."""
        tally = self.tally
        names = sorted({*tally.teams_before, *tally.teams_after})
        found = [(name, tally.teams_before[name], tally.teams_after[name]) for name in names]
        return sorted(found, key=lambda one: (-abs(one[2] - one[1]), -one[2], one[0]))

    def share(self, count: int, *, of_messages: bool = False) -> float:
        """In percent of the cases, or of the messages."""
        whole = self.tally.messages if of_messages else self.tally.cases
        return 100 * count / whole if whole else 0.0

    def json(self) -> dict[str, Any]:
        """For ``--json``. Times are ISO 8601, shares are in percent."""
        tally = self.tally
        return {
            "ok": not self.broken,
            "before": self.before, "after": self.after, "since": self.since, "seconds": round(self.seconds, 2),
            "messages": tally.messages, "cases": tally.cases, "unreadable": tally.unreadable,
            "moved": tally.moved, "moved_percent": round(self.share(tally.moved), 3),
            "unrouted": {"before": tally.unrouted_before, "after": tally.unrouted_after},
            "urgency": {
                "raised": tally.raised, "lowered": tally.lowered,
                "changes": _pairs([(*key, count) for key, count in sorted(tally.urgency.items())]),
            },
            "changed": {"messages": tally.changed, "actions": dict(sorted(tally.other.items()))},
            "alarms": {
                "count": tally.alarms, "changed": tally.alarms_changed,
                "actions": dict(sorted(tally.alarm_other.items())),
                "moves": [
                    {"before": before, "after": after, "alarms": count}
                    for (before, after), count in sorted(tally.alarm_moves.items())
                ],
            },
            "moves": [
                {
                    "before": before, "after": after, "cases": count,
                    "examples": [
                        {"case": one.case_id, "at": one.at.isoformat(), "subject": one.subject,
                         "route_before": one.route_before, "route_after": one.route_after}
                        for one in tally.examples.get((before, after), ())
                    ],
                }
                for before, after, count in self.moves
            ],
            "teams": [
                {"team": name, "before": was, "after": will,
                 "hours_before": _hours(tally.hours_before, name), "hours_after": _hours(tally.hours_after, name),
                 "hours_moved_here": _hours(tally.moved_hours, name)}
                for name, was, will in self.teams
            ],
            "zone": self.zone,
            "limits": [
                {"limit": limit.text, "value": round(limit.value(tally), 3), "broken": limit.is_broken(tally)}
                for limit in self.limits
            ],
        }  # fmt: skip


def _pairs(found: Sequence[tuple[str, str, int]]) -> list[dict[str, Any]]:
    return [{"before": before, "after": after, "messages": count} for before, after, count in found]


def _hours(counted: Any, team: str) -> list[int]:
    return [counted[team, hour] for hour in range(24)]
