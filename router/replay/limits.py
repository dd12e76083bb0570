# SPDX-License-Identifier: Apache-2.0
"""``--fail-if 'moved > 5%'``: what must not come of a replay, for CI. A name, a comparison, a number."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from router.config.problems import unknown
from router.replay.tally import Tally

__all__ = ["METRICS", "Limit", "parse_limit"]

_SHAPE = re.compile(
    r"\s*([a-z_]+)(?:\.([a-z0-9][a-z0-9_-]{0,62}))?\s*(>=|<=|==|>|<)\s*(\d{1,9}(?:\.\d{1,6})?)\s*(%?)\s*"
)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq,
}  # fmt: skip

METRICS: dict[str, str] = {
    "moved": "cases that would be in another queue",
    "moved_to.QUEUE": "cases that would come to this queue",
    "moved_from.QUEUE": "cases that would leave this queue",
    "load.TEAM": "cases that the team would get",
    "unrouted": "cases that no route would place",
    "urgency_raised": "messages that would be more urgent",
    "urgency_lowered": "messages that would be less urgent",
    "changed": "messages of which anything else would be done otherwise: tags, templates, sinks ...",
    "alarms_changed": "warnings and misses of deadlines at which anything would be done otherwise",
    "cases": "cases that were looked at",
    "messages": "messages that were looked at",
    "unreadable": "messages that could not be read",
}
_OF_MESSAGES = ("urgency_raised", "urgency_lowered", "changed", "messages", "unreadable")


@dataclass(frozen=True)
class Limit:
    """One limit as written, and whether a replay is beyond it."""

    text: str
    metric: str
    name: str
    comparison: str
    bound: float
    percent: bool

    def value(self, tally: Tally) -> float:
        """The number compared: a count, or a share in percent of the cases, messages or alarms looked at."""
        count = _count(self.metric, self.name, tally)
        if not self.percent:
            return count
        whole = tally.messages if self.metric in _OF_MESSAGES else tally.cases
        whole = tally.alarms if self.metric == "alarms_changed" else whole
        return 100 * count / whole if whole else 0.0

    def is_broken(self, tally: Tally) -> bool:
        return _COMPARE[self.comparison](self.value(tally), self.bound)


def parse_limit(text: str, *, queues: Iterable[str], teams: Iterable[str]) -> Limit:
    """What is written, checked.

    Raises:
        ValueError: It is none; the sentence says what to write.
    """
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text[:60]}' is no limit; write a name, a comparison and a number, such as 'moved > 5%'")
    metric, name, comparison, number, percent = found.groups()
    known = {one.partition(".")[0]: one for one in METRICS}
    if metric not in known:
        raise ValueError(unknown("number", metric, METRICS))
    wanted = known[metric].partition(".")[2]
    if bool(name) != bool(wanted):
        raise ValueError(f"write {known[metric]}" if wanted else f"'{metric}' takes no name after a dot")
    if wanted and name not in (names := list(queues if wanted == "QUEUE" else teams)):
        raise ValueError(unknown(wanted.lower(), name, names))
    return Limit(text.strip(), metric, name or "", comparison, float(number), percent=bool(percent))


def _count(metric: str, name: str, tally: Tally) -> float:
    if metric == "moved_to":
        return sum(count for (_, after), count in tally.moves.items() if after == name)
    if metric == "moved_from":
        return sum(count for (before, _), count in tally.moves.items() if before == name)
    if metric == "load":
        return tally.teams_after[name]
    attribute = {"unrouted": "unrouted_after", "urgency_raised": "raised", "urgency_lowered": "lowered"}.get(
        metric, metric
    )
    return float(getattr(tally, attribute))
