# SPDX-License-Identifier: Apache-2.0
"""Conditions of a route rewritten for the index: as rows, of which one must hold. A row is a set of plain questions.

``any: [{type: billing}, {also: billing}]`` makes two rows, ``not`` turns questions round. What would make too many
rows, and what is no question about one field, stays as it is and is asked when everything else of its row holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from router.rules.conditions import Condition, Leaf
from router.rules.fields import View

__all__ = ["Literal_", "Row", "rows_of"]

MAX_ROWS = 16  # of one route

Test: TypeAlias = Callable[[View], bool]


@dataclass(frozen=True, slots=True)
class Literal_:  # noqa: N801 - the word of logic; ``Literal`` is taken by typing
    """A question about one field, or its opposite."""

    leaf: Leaf
    test: Test
    negated: bool


@dataclass(frozen=True, slots=True)
class Row:
    """Holds if all of it does. ``tests`` are what the index cannot answer."""

    literals: tuple[Literal_, ...] = ()
    tests: tuple[Test, ...] = ()

    def __add__(self, other: Row) -> Row:
        return Row(self.literals + other.literals, self.tests + other.tests)


def rows_of(conditions: Sequence[Condition]) -> list[Row]:
    """Rows of which at least one holds exactly where all of the conditions do. At most ``MAX_ROWS``."""
    rows = [Row()]
    for condition in conditions:
        found = _expand(condition, negated=False)
        if found is None or len(found) * len(rows) > MAX_ROWS:
            found = [Row(tests=(condition.test,))]
        rows = [row + more for row in rows for more in found]
    return rows


def _expand(condition: Condition, *, negated: bool) -> list[Row] | None:
    """The rows of one condition or of its opposite; None where they are too many."""
    if condition.leaf is not None:
        return [Row(literals=(Literal_(condition.leaf, condition.test, negated),))]
    if not condition.group:
        test = condition.test
        return [Row(tests=((lambda view: not test(view)) if negated else test,))]
    inside = negated != (condition.group == "not")
    parts = (_expand(member, negated=inside) for member in condition.members)
    # By De Morgan: a "not" and a turned "all" hold if any opposite does.
    joined = (condition.group == "any") == negated if condition.group != "not" else negated
    return _all(parts) if joined else _any(parts)


def _all(parts: Iterable[list[Row] | None]) -> list[Row] | None:
    rows = [Row()]
    for part in parts:
        if part is None or len(rows) * len(part) > MAX_ROWS:
            return None
        rows = [row + more for row in rows for more in part]
    return rows


def _any(parts: Iterable[list[Row] | None]) -> list[Row] | None:
    rows: list[Row] = []
    for part in parts:
        if part is None or len(rows) + len(part) > MAX_ROWS:
            return None
        rows += part
    return rows
