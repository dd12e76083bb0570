# SPDX-License-Identifier: Apache-2.0
"""What follows from questions about a message. Every answer "yes" is certain; "no" may only mean "cannot tell".

For a field with one value, questions are tried on every value that could make a difference: those that are named,
those between, none at all. Words are compared with words, and lists of values as sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from router.rules.facts import MAX_CONTACTS, Facts
from router.rules.fields import Field, View
from router.rules.lint_atoms import TIED, Atom, Row
from router.schema import URGENCIES, InboundMessage

__all__ = ["Logic", "always", "clash", "follows"]

_SEARCH = ("contains", "matches")
_COUNTS = ("attachments.count", "length", "history.messages", "history.unanswered", "history.contacts.")
_PROBABILITIES = ("confidence.", "scores.")
_ALWAYS_THERE = ("attachments.count", "length")
_NOBODY = "\0"  # a text that no condition names
_FACTS = Facts(message=InboundMessage(channel="", account="", native_id=""))


class Logic:
    """Compares rows; what was found out of two questions is kept, since the same stand in many routes."""

    def __init__(self) -> None:
        self._known: dict[Any, bool] = {}
        self._subjects: dict[Row, dict[str, tuple[Any, list[Atom]]]] = {}

    def row_follows(self, row: Row, other: Row) -> bool:
        """Whether a message that fits the one certainly fits the other."""
        if other.partial:
            return False
        subjects = self._subjects_of(row)
        if any(atom.subject not in subjects for atom in other.atoms):
            return False
        for atom in other.atoms:
            key, atoms = subjects[atom.subject]
            answer = self._known.get((key, atom.key))
            if answer is None:
                answer = self._known[key, atom.key] = follows(atoms, atom)
            if not answer:
                return False
        return True

    def _subjects_of(self, row: Row) -> dict[str, tuple[Any, list[Atom]]]:
        found = self._subjects.get(row)
        if found is None:
            atoms: dict[str, list[Atom]] = {}
            for atom in row.atoms:
                atoms.setdefault(atom.subject, []).append(atom)
            found = {name: (tuple(atom.key for atom in some), some) for name, some in atoms.items()}
            self._subjects[row] = found
        return found


def follows(known: Sequence[Atom], atom: Atom) -> bool:
    """Whether a question certainly holds where all that are known do."""
    if any(atom.key == one.key for one in known):
        return True
    if atom.field is None:
        return False
    same = [one for one in known if one.name == atom.name]
    if len(known) == len(same) == 1 and _is_plain(same[0]) and _is_plain(atom):
        return _within(same[0], atom)  # by far the most, and quicker so
    if atom.operator in _SEARCH or atom.field.type == "list" or any(_is_search(one) for one in same):
        if any(_leads_to(one, atom) for one in same):
            return True
        if atom.operator in _SEARCH or atom.field.type == "list":
            return False
    related = _related(known, atom.name)
    return bool(related) and _holds_wherever(related, atom)


def clash(atoms: Sequence[Atom]) -> tuple[Atom, ...]:
    """Questions that cannot all hold: those of the first field where no value would do; () where none is found."""
    for name in dict.fromkeys(atom.name for atom in atoms):
        related = _related(atoms, name)
        own = [atom for atom in related if atom.name == name]
        if own and own[0].field is not None and own[0].field.type != "list" and not _values_that_fit(related, name):
            return tuple(related)
        searched = [atom for atom in atoms if atom.name == name]
        for atom in searched:
            opposite = _opposite(atom)
            if any(_leads_to(one, opposite) for one in searched if one is not atom):
                return tuple(one for one in searched if one is atom or _leads_to(one, opposite))
    return ()


def always(atom: Atom) -> bool:
    """Whether a question holds for every message there can be."""
    if atom.field is None or atom.field.type == "list" or _is_search(atom):
        return False
    return all(atom.holds(_view(atom.name, value)) for value in _values([atom], atom.field))


# --- fields with one value ---


def _is_plain(atom: Atom) -> bool:
    return atom.operator == "is" and not atom.negated


def _is_search(atom: Atom) -> bool:
    return atom.operator in _SEARCH or atom.test is None


def _related(atoms: Iterable[Atom], name: str) -> list[Atom]:
    """Questions about a field that values can be tried on. What a label is taken for also is what is suggested."""
    found = [atom for atom in atoms if atom.name == name and not _is_search(atom)]
    stem = name.removeprefix("suggested.")
    if stem in TIED:
        other = stem if name != stem else f"suggested.{stem}"
        found += [atom for atom in atoms if atom.name == other and not _is_search(atom)]
    return found


def _holds_wherever(known: Sequence[Atom], atom: Atom) -> bool:
    assert atom.field is not None
    fitting = _values_that_fit(known, atom.name, more=[atom])
    return all(atom.holds(_view(atom.name, value)) for value in fitting)


def _values_that_fit(atoms: Sequence[Atom], name: str, more: Sequence[Atom] = ()) -> list[Any]:
    """The values of a field with which all questions hold."""
    field = next(atom.field for atom in (*atoms, *more) if atom.name == name and atom.field is not None)
    return [value for value in _values([*atoms, *more], field) if all(_could_hold(atom, name, value) for atom in atoms)]


def _could_hold(atom: Atom, name: str, value: Any) -> bool:
    if atom.name == name:
        return atom.holds(_view(name, value))
    if name in TIED:  # acted on, so it is what is suggested; hidden, the suggested one may be anything
        return value is None or atom.holds(_view(atom.name, value))
    # The label itself is the suggested one, or hidden.
    return atom.holds(_view(atom.name, value)) or atom.holds(_view(atom.name, None))


def _values(atoms: Sequence[Atom], field: Field) -> list[Any]:
    if field.type == "yes/no":
        return [True, False]
    if field.type == "urgency":
        return [*URGENCIES, None]
    named = [value for atom in atoms for value in atom.words]
    if field.type == "number":
        return _numbers([value for value in named if isinstance(value, int | float)], field.name)
    return [*dict.fromkeys(value.casefold() for value in named if isinstance(value, str)), _NOBODY, "", None]


def _numbers(named: Sequence[float], name: str) -> list[Any]:
    """The bounds themselves, what lies between and beyond, as far as the field can be so."""
    bounds = sorted({float(value) for value in named if not isinstance(value, bool)})
    some = [bounds[0] - 1, bounds[-1] + 1, *bounds] if bounds else [0.0]
    some += [(one + other) / 2 for one, other in pairwise(bounds)]
    if name.startswith(_COUNTS):
        whole = {int(value + step) for value in some for step in (-1, 0, 1)}
        least, most = (1, MAX_CONTACTS + 1) if name.startswith("history.contacts.") else (0, 1 << 62)
        some = [value for value in whole if least <= value <= most] or [least]
    elif name.startswith(_PROBABILITIES):
        some = [value for value in (*some, 0.0, 1.0) if 0 <= value <= 1]
    return some if name in _ALWAYS_THERE else [*some, None]


def _view(name: str, value: Any) -> View:
    view = View(_FACTS)
    view[name] = value
    return view


# --- words, patterns and lists ---


def _opposite(atom: Atom) -> Atom:
    return replace(atom, negated=not atom.negated)


def _leads_to(one: Atom, other: Atom) -> bool:
    """Whether the second certainly holds where the first does; both are about the same field."""
    if one.negated and other.negated:
        return _leads_to(_opposite(other), _opposite(one))
    if one.negated:
        return False
    if other.operator == "exists":
        found = bool(one.value) if one.operator == "exists" else True  # what is found is there
        return (found == bool(other.value)) != other.negated
    return not other.negated and one.operator == other.operator and _within(one, other)


def _within(one: Atom, other: Atom) -> bool:
    """The same operator, both positive: whether what the first wants is part of what the second wants."""
    if one.operator == "matches":
        return bool(one.value == other.value)
    if one.operator == "contains":
        return all(any(_covers(wide, narrow) for wide in other.words) for narrow in one.words)
    wanted = {str(value).casefold() for value in other.words}
    return one.operator == "is" and all(str(value).casefold() in wanted for value in one.words)


def _covers(wide: Any, narrow: Any) -> bool:
    """Whether a text in which the narrow word is found also holds the wide one; ``*`` stands for more letters."""
    broad, close = (" ".join(str(word).casefold().split()) for word in (wide, narrow))
    bare, inside = broad.strip("*").strip(), close.strip("*").strip()
    if broad.startswith("*") and broad.endswith("*"):
        return bare in inside
    if broad.endswith("*") and not close.startswith("*"):
        return inside.startswith(bare)
    if broad.startswith("*") and not close.endswith("*"):
        return inside.endswith(bare)
    return broad == close
