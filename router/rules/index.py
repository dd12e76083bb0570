# SPDX-License-Identifier: Apache-2.0
"""Which of many routes beside each other can hold, found without asking each.

Rows (see ``rows.py``) are bits of an integer. Each part knows one field and gives, for the value it sees, the rows that
its questions allow; the rows of all parts together, in the order of the file, are those worth asking.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from router.rules.conditions import Condition
from router.rules.fields import View
from router.rules.patterns import PatternSet
from router.rules.rows import Literal_, Row, Test, rows_of

__all__ = ["FEW", "Index"]

FEW = 8  # fewer routes beside each other are quicker asked one by one
MAX_KEPT = 1_000  # answers kept by a part
_MIN_PATTERNS = 4  # fewer patterns of one field are quicker looked for one by one

Placed: TypeAlias = tuple[int, Literal_]  # row number and what it asks


class _Part(Protocol):
    """Questions about one field. ``asked`` are the rows that ask something here; all others are always allowed."""

    asked: int

    def allowed(self, view: View, among: int) -> int:
        """The rows allowed by what is seen. Only those ``among`` need be right."""


class Index:
    """The rows of routes beside each other."""

    __slots__ = ("_parts", "_wide", "all_rows", "ends", "routes", "tests")

    def __init__(self, conditions: Sequence[Sequence[Condition]]) -> None:
        """``conditions`` are those of each route, in order."""
        rows: list[Row] = []
        self.routes: list[int] = []  # number of the route of each row
        self.ends: list[int] = []  # of each row: the first row of the next route
        for number, wanted in enumerate(conditions):
            found = rows_of(wanted)
            rows += found
            self.routes += [number] * len(found)
            self.ends += [len(rows)] * len(found)
        self.all_rows = (1 << len(rows)) - 1
        self._parts, self.tests = _parts(rows, self.all_rows)
        by_width: dict[int, int] = {}
        for number, row in enumerate(rows):
            width = len(row.literals)
            by_width[width] = by_width.get(width, 0) | 1 << number
        self._wide = [by_width[width] for width in sorted(by_width, reverse=True) if width > 1]

    def candidates(self, view: View) -> int:
        """The rows whose indexed questions all hold, as bits; the first route has the lowest."""
        rows = self.all_rows
        for part in self._parts:
            if rows & part.asked:
                rows &= part.allowed(view, rows)
                if not rows:
                    break
        return rows

    def nearly(self, view: View, before: int, most: int) -> list[int]:
        """Routes before row number ``before`` that fail in one indexed field only, those with most questions first.

        Words and patterns, which cost most, come last and are looked for only where everything else held.
        """
        rows, near = (1 << before) - 1, 0
        for part in self._parts:
            if isinstance(part, _Search):
                seen = part.allowed(view, rows) if rows else 0
                near |= rows & ~seen
            else:
                seen = part.allowed(view, rows | near)
                near = near & seen | rows & ~seen
            rows &= seen
        found: dict[int, None] = {}
        for some in self._wide:
            left = near & some
            while left and len(found) < most:
                low = left & -left
                found[self.routes[low.bit_length() - 1]] = None
                left ^= low
        return list(found)


def _parts(rows: Sequence[Row], all_rows: int) -> tuple[list[_Part], list[tuple[Test, ...]]]:
    """The parts, the cheapest first, and for each row the tests that no part makes."""
    placed: dict[tuple[str, str], list[Placed]] = {}
    tests: list[list[Test]] = []
    for number, row in enumerate(rows):
        taken: set[tuple[str, str]] = set()
        own = list(row.tests)
        for literal in row.literals:
            place = (literal.leaf.kind, literal.leaf.key)
            if literal.leaf.kind in ("is", "search") and (place in taken or _is_late(literal)):
                own.insert(0, _turned(literal))
                continue
            taken.add(place)
            placed.setdefault(place, []).append((number, literal))
        tests.append(own)
    parts: list[_Part] = []
    for (kind, key), found in sorted(placed.items(), key=lambda item: (item[0][0] == "search", -len(item[1]))):
        if kind == "is":
            part: _Part = _Equal(key, found, all_rows, many=found[0][1].leaf.many)
        elif kind == "search" and len(found) < _MIN_PATTERNS:
            for number, literal in found:
                tests[number].insert(0, literal.test)
            continue
        elif kind == "search":
            part = _Search(key, found, all_rows)
        else:
            part = _Kept(_sorting(kind, key, [literal for _, literal in found]), found, all_rows)
        parts.append(part)
    return parts, [tuple(own) for own in tests]


def _is_late(literal: Literal_) -> bool:
    return literal.negated and literal.leaf.kind == "search"


def _turned(literal: Literal_) -> Test:
    test = literal.test
    return (lambda view: not test(view)) if literal.negated else test


def _bits(numbers: Iterable[int]) -> int:
    found = 0
    for number in numbers:
        found |= 1 << number
    return found


class _Equal:
    """``field: value`` and ``field: [one, of, these]``: a table from value to rows."""

    def __init__(self, key: str, placed: list[Placed], all_rows: int, *, many: bool) -> None:
        self._key = key
        self.asked = _bits(number for number, _ in placed)
        plain: dict[Any, int] = {}
        turned: dict[Any, int] = {}
        for number, literal in placed:
            table = turned if literal.negated else plain
            for value in literal.leaf.values:
                table[value] = table.get(value, 0) | 1 << number
        # A value that no rule names is equal to nothing: rows that ask for "not" hold, and those that ask nothing.
        self._else = all_rows & ~_bits(number for number, literal in placed if not literal.negated)
        self._plain, self._turned = plain, turned
        self._table = {value: (self._else | plain.get(value, 0)) & ~turned.get(value, 0) for value in {*plain, *turned}}
        self._get = self._of_list if many else self._of_value

    def allowed(self, view: View, among: int) -> int:
        return self._get(view[self._key])

    def _of_value(self, value: Any) -> int:
        return self._table.get(value, self._else)

    def _of_list(self, values: tuple[Any, ...]) -> int:
        rows, not_these = self._else, 0
        for value in values:
            rows |= self._plain.get(value, 0)
            not_these |= self._turned.get(value, 0)
        return rows & ~not_these


class _Kept:
    """Ranges, urgency and presence: each sort of value is asked about once, and the answer is kept."""

    def __init__(self, sort: Callable[[View], Hashable], placed: list[Placed], all_rows: int) -> None:
        self._sort = sort
        self._placed = [(1 << number, _turned(literal)) for number, literal in placed]
        self.asked = _bits(number for number, _ in placed)
        self._all = all_rows
        self._kept: dict[Hashable, int] = {}

    def allowed(self, view: View, among: int) -> int:
        sort = self._sort(view)
        rows = self._kept.get(sort)
        if rows is None:
            rows = self._all
            for bit, test in self._placed:
                if not test(view):
                    rows &= ~bit
            if len(self._kept) < MAX_KEPT:
                self._kept[sort] = rows
        return rows


def _sorting(kind: str, key: str, literals: Iterable[Literal_]) -> Callable[[View], Hashable]:
    """What tells values apart as far as these questions go."""
    if kind == "rank":
        return lambda view: view[key]
    if kind == "presence":
        return lambda view: view[key] not in (None, "", ())
    bounds = sorted({literal.leaf.bound for literal in literals})

    def region(view: View) -> Hashable:
        value = view[key]
        if value is None:
            return None
        place = bisect_left(bounds, value)
        is_bound = place < len(bounds) and bounds[place] == value
        return (place, is_bound) if value == value else "not a number"  # noqa: PLR0124 - so NaN shows

    return region


class _Search:
    """Words and patterns: one pass over the text finds those that can be there, and only they are asked."""

    def __init__(self, key: str, placed: list[Placed], all_rows: int) -> None:
        self._key = key
        self.asked = _bits(number for number, _ in placed)
        self._else = all_rows & ~self.asked
        self._tests = {number: literal.test for number, literal in placed}
        by_pattern: dict[int, tuple[Any, int]] = {}
        for number, literal in placed:
            pattern = literal.leaf.pattern
            _, rows = by_pattern.get(id(pattern), (pattern, 0))
            by_pattern[id(pattern)] = (pattern, rows | 1 << number)
        self._rows = [rows for _, rows in by_pattern.values()]
        self._set = PatternSet([pattern for pattern, _ in by_pattern.values()])

    def allowed(self, view: View, among: int) -> int:
        asked = among & self.asked
        if asked.bit_count() < _MIN_PATTERNS:
            found = self._else
            while asked:
                low = asked & -asked
                if self._tests[low.bit_length() - 1](view):
                    found |= low
                asked ^= low
            return found
        found = self._else
        for number in self._set.find(view[self._key]):
            found |= self._rows[number]
        return found
