# SPDX-License-Identifier: Apache-2.0
"""Conditions as written, taken apart for the lint: rows of single questions of which one row must hold.

Unlike the rows of the index these know what was written, so that words can be compared with words. What would make
too many rows is left out of a row; a row then says less than the route asks, which the lint takes into account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from router.config.document import Document
from router.config.problems import Problems
from router.rules.fields import LABELS, Field, View, find_field
from router.rules.matchers import Compiler, KnownNames, Path, Test

__all__ = ["TIED", "Atom", "Reader", "Row", "all_atoms"]

MAX_ROWS = 64
TIED = ("kind", "type", "urgency")


@dataclass(frozen=True, eq=False)
class Atom:
    """One question about one field, or its opposite. An expression has no field; ``value`` is what was written."""

    name: str  # of the field; "cel" for an expression
    operator: str
    value: Any
    at: Path  # where it stands
    field: Field | None = None
    test: Test | None = None
    negated: bool = False

    def holds(self, view: View) -> bool:
        assert self.test is not None  # asked of fields only
        return self.test(view) != self.negated

    @cached_property
    def subject(self) -> str:
        """What it is about: a label is also what is suggested, except the language, which a channel can claim."""
        stem = self.name.removeprefix("suggested.")
        return stem if stem in TIED else self.name

    @cached_property
    def key(self) -> tuple[str, str, str, bool]:
        """What makes two questions the same."""
        return (self.name, self.operator, repr(self.value).casefold(), self.negated)

    @property
    def words(self) -> tuple[Any, ...]:
        return tuple(self.value) if isinstance(self.value, list) else (self.value,)


@dataclass(frozen=True, eq=False)
class Row:
    """Holds if all of it does. ``partial``: the route asks for more than stands here."""

    atoms: tuple[Atom, ...] = ()
    partial: bool = False

    def __add__(self, other: Row) -> Row:
        return Row(self.atoms + other.atoms, self.partial or other.partial)


_ANYTHING = (Row(partial=True),)


class Reader:
    """Takes conditions of one file apart. They were checked before, so nothing in them is wrong."""

    def __init__(self, document: Document) -> None:
        self._compiler = Compiler(Problems(document), KnownNames())

    def rows(self, when: Mapping[str, Any], at: Path) -> tuple[Row, ...]:
        """Rows of which one must hold for all of ``when`` to hold; at most ``MAX_ROWS``."""
        return self._mapping(when, at, negated=False)

    def _mapping(self, when: Mapping[str, Any], at: Path, *, negated: bool) -> tuple[Row, ...]:
        parts = [self._entry(name, wanted, (*at, name), negated=negated) for name, wanted in when.items()]
        return _any(parts) if negated else _all(parts)

    def _entry(self, name: str, wanted: Any, at: Path, *, negated: bool) -> tuple[Row, ...]:
        if name == "not":
            return self._mapping(wanted, at, negated=not negated)
        if name in ("any", "all"):
            parts = [self._mapping(one, (*at, index), negated=negated) for index, one in enumerate(wanted)]
            return _all(parts) if (name == "all") != negated else _any(parts)
        atoms = [replace(atom, negated=negated) for atom in self._atoms(name, wanted, at)]
        if negated:
            return _any([(Row((atom,)),) for atom in atoms])
        return _all([tuple(Row((one,)) for one in _split(atom)) for atom in atoms])

    def _atoms(self, name: str, wanted: Any, at: Path) -> Iterator[Atom]:
        if name == "cel":
            for text in wanted if isinstance(wanted, list) else [wanted]:
                yield Atom("cel", "cel", " ".join(str(text).split()), at)
            return
        operators = wanted if isinstance(wanted, Mapping) else {"is": wanted}
        own = "confidence" in operators and name in LABELS
        for operator, value in operators.items():
            place = (*at, operator) if isinstance(wanted, Mapping) else at
            if own and operator == "confidence":
                yield from self._atom(f"confidence.{name}", "at_least", value, place)
            else:
                yield from self._atom(f"suggested.{name}" if own else name, operator, value, place)

    def _atom(self, name: str, operator: str, value: Any, at: Path) -> Iterator[Atom]:
        found = find_field(name)
        assert found is not None  # the file was checked
        condition = self._compiler.operator(found, operator, value, at)
        if condition is None:  # nothing is known of it, but it is asked
            yield Atom("cel", "cel", f"{name} {operator} {value!r}", at)
        else:
            yield Atom(name, operator, value, at, found, condition.test)


def all_atoms(rows: Sequence[Row]) -> Iterator[Atom]:
    """Every question once."""
    seen = set()
    for row in rows:
        for atom in row.atoms:
            if (atom.at, atom.key) not in seen:
                seen.add((atom.at, atom.key))
                yield atom


def _split(atom: Atom) -> list[Atom]:
    """``[a, b]`` is a or b, each of which may be taken care of by another route."""
    if atom.operator in ("is", "contains") and isinstance(atom.value, list) and 1 < len(atom.value) <= MAX_ROWS // 4:
        return [replace(atom, value=one, test=_one_test(atom, one)) for one in atom.value]
    return [atom]


def _one_test(atom: Atom, value: Any) -> Test | None:
    if atom.operator == "contains":
        return None  # words are compared as words
    text, many = value if not isinstance(value, str) else value.casefold(), atom.field and atom.field.type == "list"
    key = f"~{atom.name}" if isinstance(value, str) else atom.name
    return (lambda view: text in view[key]) if many else (lambda view: bool(view[key] == text))


def _all(parts: Sequence[tuple[Row, ...]]) -> tuple[Row, ...]:
    rows: tuple[Row, ...] = (Row(),)
    for part in sorted(parts, key=len):
        more = part if len(rows) * len(part) <= MAX_ROWS else _ANYTHING
        rows = tuple(row + one for row in rows for one in more)
    return rows


def _any(parts: Sequence[tuple[Row, ...]]) -> tuple[Row, ...]:
    rows = tuple(row for part in parts for row in part)
    return rows if len(rows) <= MAX_ROWS else _ANYTHING
