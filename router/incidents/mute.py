# SPDX-License-Identifier: Apache-2.0
"""Of which incidents nobody is told, by rules: those that are muted, and those that follow from another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from router.incidents.settings import IncidentLabel, IncidentWhen, InhibitRule, MuteRule
from router.incidents.signs import word_of

__all__ = ["Profile", "holds", "silences"]

_NEARLY_ALL = 0.9  # of the cases: a few that were read wrongly do not undo a rule
_SOME = 0.1  # of the cases: what fewer have is no value of the incident


@dataclass(frozen=True)
class Profile:
    """One open incident as rules look at it. ``values``: of each label, the values and how many cases have them."""

    id: str
    opened_at: datetime
    keys: tuple[str, ...]
    cases: int = 0
    values: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    tags: tuple[tuple[frozenset[str], int], ...] = ()  # sets of tags and how many cases have just these

    def share(self, label: str, wanted: Iterable[str]) -> float:
        """The share of its cases that have one of these values."""
        names = set(wanted)
        if label == "tag":
            count = sum(cases for tags, cases in self.tags if tags & names)
        else:
            count = sum(cases for value, cases in self.values.get(label, {}).items() if value in names)
        return count / self.cases if self.cases else 0.0

    def named(self, label: IncidentLabel) -> frozenset[str]:
        """The values of a label that count."""
        if label == "shares":
            return frozenset(self.keys)
        known = {tag for tags, _ in self.tags for tag in tags} if label == "tag" else set(self.values.get(label, {}))
        return frozenset(value for value in known if self.share(label, (value,)) >= _SOME)


def holds(when: IncidentWhen, one: Profile) -> bool:
    """Whether every key that is given holds for the incident."""
    for label in IncidentWhen.model_fields:
        wanted = getattr(when, label)
        if not wanted:
            continue
        found = _shares(one.keys, wanted) if label == "shares" else one.share(label, wanted) >= _NEARLY_ALL
        if not found:
            return False
    return True


def _shares(keys: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether one of these words or values is what joins the cases."""
    values = {key.split(":", 2)[2] for key in keys if key[:2] in ("e:", "f:")}
    words = {key[2:] for key in keys if key.startswith("w:")}
    return any(value.casefold()[:60] in values or (" " not in value and word_of(value) in words) for value in wanted)


def silences(open_: Sequence[Profile], mute: Sequence[MuteRule], inhibit: Sequence[InhibitRule]) -> dict[str, str]:
    """Why nobody is told, in words, of those open incidents of which that is so.

    Of incidents that would silence each other, in a ring of any length, the one that opened first is told of.
    """
    found: dict[str, str] = {}
    by: dict[str, str] = {}  # inhibited -> the one that inhibits it
    oldest_first = sorted(open_, key=lambda profile: (profile.opened_at, profile.id))
    for one in reversed(oldest_first):
        for rule in mute:
            if holds(rule.when, one):
                found.setdefault(one.id, f"muted by the rule '{rule.name}'")
        for inhibits, other in ((rule, other) for rule in inhibit for other in oldest_first):
            if one.id not in by and _inhibits(inhibits, other, one) and not _leads_to(by, other.id, one.id):
                by[one.id] = other.id
                found.setdefault(one.id, f"inhibited by {other.id}, rule '{inhibits.name}'")
    return found


def _inhibits(rule: InhibitRule, source: Profile, target: Profile) -> bool:
    if source.id == target.id or not (holds(rule.source, source) and holds(rule.target, target)):
        return False
    if holds(rule.source, target) and holds(rule.target, source):
        return False  # both are both: neither follows from the other
    return all(source.named(label) & target.named(label) for label in rule.equal)


def _leads_to(by: Mapping[str, str], start: str, end: str) -> bool:
    while start in by:
        start = by[start]
        if start == end:
            return True
    return False
