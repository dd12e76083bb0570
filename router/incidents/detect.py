# SPDX-License-Identifier: Apache-2.0
"""Which keys come far more often than is usual, and which of those belong to one incident. Pure.

A key bursts when different senders name it in the window at least ``minimum`` times, ``factor`` times as often as at
this time of day before, as often again as its share of all other complaints would give, and so often that chance
alone would not explain it once in a million looks.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from router.incidents.settings import IncidentSettings

__all__ = ["Burst", "Group", "KeyCount", "Usual", "bursts", "groups", "is_strong", "joins"]

_CHANCE = 14.0  # natural logarithm; about one in a million
_FLOOR = 1.0  # cases that are always taken as usual
_OVERLAP = 0.3  # of the smaller set of cases, from which two keys are one matter
_MOST_KEYS = 16  # of one incident and language
_COLD_SHARE = 0.2  # of all cases in the window, while no history tells what is usual
_PLENTY = 4  # words of an incident, from which a case must share two of them


@dataclass(frozen=True)
class KeyCount:
    """How many different senders named a key in the window, by type and language of their cases."""

    key: str
    by: Mapping[tuple[str, str], int]

    @property
    def total(self) -> int:
        return sum(self.by.values())

    def most(self, place: int) -> str:
        """The most frequent type (0) or language (1)."""
        counts: Counter[str] = Counter()
        for pair, count in self.by.items():
            counts[pair[place]] += count
        return min(counts, key=lambda name: (-counts[name], name))


@dataclass(frozen=True)
class Usual:
    """What is known of this time of day on earlier days: cases a window, by day; ``keys`` alike for each key."""

    totals: tuple[float, ...] = ()  # one value a day on which anything was kept
    keys: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    ever: int = 0  # cases before the window, at any time of day
    named: Mapping[str, int] = field(default_factory=dict)  # how many of those named a key

    @property
    def is_known(self) -> bool:
        return bool(self.totals)

    def of(self, key: str) -> float:
        """What to expect of a key: the mean or the upper quarter of the days, whichever is more, so that a weekend
        makes no Monday strange and one bad day hides no storm."""
        values = sorted((*self.keys.get(key, ()), *(0.0,) * len(self.totals)), reverse=True)[: len(self.totals)]
        if not values:
            return 0.0
        return max(sum(values) / len(values), values[len(values) // 4])

    def share(self, key: str, others: int, total: int) -> float:
        """The share of complaints that name the key, among those of earlier days and other types now."""
        return (self.named.get(key, 0) + others + 0.5) / (self.ever + total + 1.0)


@dataclass(frozen=True)
class Burst:
    """A key that comes far too often."""

    key: str
    type: str
    language: str
    count: int
    expected: float

    @property
    def lift(self) -> float:
        return self.count / self.expected


@dataclass(frozen=True)
class Group:
    """Bursting keys that are one matter, and the cases that have them."""

    type: str
    keys: tuple[str, ...]  # the most telling first
    languages: tuple[str, ...]
    cases: tuple[str, ...]
    expected: float


def is_strong(key: str) -> bool:
    """Whether one such key is enough: numbers and fields, not words."""
    return not key.startswith("w:")


def bursts(
    counts: Sequence[KeyCount], by_type: Mapping[str, int], usual: Usual, settings: IncidentSettings
) -> list[Burst]:
    """The keys that burst, most telling first. ``by_type``: all cases of the window."""
    found = []
    everything = sum(by_type.values())
    for count in counts:
        if count.total < settings.minimum:
            continue
        kind = count.most(0)
        others = sum(n for (other, _), n in count.by.items() if other != kind)
        share = usual.share(count.key, others, everything - by_type.get(kind, 0))
        expected = max(_FLOOR, usual.of(count.key), share * everything)
        if count.total >= settings.factor * expected and _surprise(count.total, expected) >= _CHANCE:
            found.append(Burst(key=count.key, type=kind, language=count.most(1), count=count.total, expected=expected))
    return sorted(found, key=lambda burst: (-burst.lift, burst.key))


def _surprise(count: int, expected: float) -> float:
    """Minus the logarithm of Chernoff's bound on a Poisson count this high."""
    return expected - count + count * math.log(count / expected)


def groups(
    found: Sequence[Burst],
    cases: Mapping[str, frozenset[str]],
    senders: Mapping[str, str],
    everything: int,
    *,
    known: bool,
    settings: IncidentSettings,
) -> list[Group]:
    """Put bursts together that are one matter: those of one type, and those that the same cases name.

    Args:
        cases: bursting key to the cases that have it.
        senders: case to who wrote it.
        everything: number of cases in the window.
        known: whether any history tells what is usual. Without it words tell nothing: those of an ordinary matter
            look like those of a storm; numbers and fields do, and more cases are asked for.
    """
    found = [burst for burst in found if known or is_strong(burst.key)]
    least = settings.minimum if known else max(2 * settings.minimum, math.ceil(_COLD_SHARE * everything))
    made = []
    for members in _clusters(found, cases):
        keys = _telling(members)
        having: Counter[str] = Counter()
        strong: set[str] = set()
        for key in keys:
            having.update(cases[key])
            strong |= cases[key] if is_strong(key) else frozenset()
        need = 2 if sum(not is_strong(key) for key in keys) >= _PLENTY else 1
        inside = sorted(case for case, shared in having.items() if shared >= need or case in strong)
        if len({senders[case] for case in inside}) >= least:
            languages = tuple(dict.fromkeys(member.language for member in members))
            expected = max(member.expected for member in members)
            made.append(
                Group(type=members[0].type, keys=keys, languages=languages, cases=tuple(inside), expected=expected)
            )
    return made


def _clusters(found: Sequence[Burst], cases: Mapping[str, frozenset[str]]) -> list[list[Burst]]:
    """What bursts at one time and is of one type, in whatever words and language, or has the same cases."""
    made: list[list[Burst]] = []
    for burst in found:
        near = [group for group in made if group[0].type == burst.type or _overlaps(burst, group, cases)]
        merged = [one for group in near for one in group]
        made = [group for group in made if group not in near]
        made.append([*merged, burst])
    return made


def _overlaps(burst: Burst, group: Sequence[Burst], cases: Mapping[str, frozenset[str]]) -> bool:
    mine = cases[burst.key]
    return any(len(mine & cases[other.key]) >= _OVERLAP * min(len(mine), len(cases[other.key])) for other in group)


def _telling(members: Sequence[Burst]) -> tuple[str, ...]:
    """The keys with the highest lift, so many of each language."""
    taken: Counter[str] = Counter()
    keys = []
    for member in sorted(members, key=lambda burst: (-burst.lift, burst.key)):
        taken[member.language] += 1
        if taken[member.language] <= _MOST_KEYS:
            keys.append(member.key)
    return tuple(keys)


def joins(keys: Iterable[str], of: frozenset[str], *, same_type: bool) -> bool:
    """Whether a case with these keys belongs to an incident with those: a strong key is enough, else two words, or one
    of few where the case is of the incident's type."""
    shared = [key for key in keys if key in of]
    if any(is_strong(key) for key in shared):
        return True
    few = sum(not is_strong(key) for key in of) < _PLENTY
    return len(shared) >= (1 if few and same_type else 2)
