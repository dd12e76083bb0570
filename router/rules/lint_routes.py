# SPDX-License-Identifier: Apache-2.0
"""Routes that can never be taken, because of one before them or of their own conditions, and those written twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from router.config.document import Document
from router.config.problems import Problems
from router.rules.lint_atoms import MAX_ROWS, Atom, Reader, Row
from router.rules.lint_logic import Logic, clash
from router.rules.matchers import Path
from router.rules.model import AlarmRoute, RouteSettings, RulesFile
from router.rules.ruleset import ALARMS

__all__ = ["Line", "Lines", "check_routes", "up_from"]

Routes: TypeAlias = Sequence[RouteSettings | AlarmRoute]

MAX_COMPARED = 500_000  # rows compared with rows; a larger file is not looked at to the end


@dataclass(frozen=True, eq=False)
class Line:
    """One route in its place. ``rows`` are its own conditions, ``reached`` those together with its parents'."""

    path: str
    at: Path
    settings: RouteSettings | AlarmRoute
    rows: tuple[Row, ...]
    reached: tuple[Row, ...]
    parent: Line | None
    beside: list[Line]  # all routes of its list
    number: int  # its own place there

    @cached_property
    def fingerprint(self) -> frozenset[Any] | None:
        """The same for routes that ask the same; None where that cannot be told."""
        if any(row.partial for row in self.rows):
            return None
        return frozenset(frozenset(atom.key for atom in row.atoms) for row in self.rows)


class Lines:
    """All routes but the root, in the order of the file, with their conditions taken apart once.

    ``alarms``: instead those of ``on_deadline``, which have no root with a queue.
    """

    def __init__(self, file: RulesFile, document: Document, *, alarms: bool = False) -> None:
        self.queue = None if alarms else file.root.queue
        self._reader = Reader(document)
        top: tuple[Routes, Path] = (file.on_deadline, (ALARMS,)) if alarms else (file.root.routes, ("root", "routes"))
        self.all = tuple(self._inside(*top, ALARMS if alarms else "root", None))

    def _inside(self, routes: Routes, at: Path, path: str, parent: Line | None) -> Iterator[Line]:
        beside: list[Line] = []
        for index, route in enumerate(routes):
            place = (*at, index)
            rows = self._reader.rows(route.when, (*place, "when"))
            line = Line(f"{path}/{route.name}", place, route, rows, _together(parent, rows), parent, beside, index)
            beside.append(line)
            yield line
            yield from self._inside(route.routes, (*place, "routes"), line.path, line)


def up_from(line: Line) -> Iterator[Line]:
    """The route itself, and those around it up to below the root."""
    at: Line | None = line
    while at is not None:
        yield at
        at = at.parent


def _together(parent: Line | None, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """What must hold for the route to be taken. Where that makes too many rows, only the own conditions."""
    if parent is None or len(parent.reached) * len(rows) > MAX_ROWS:
        return rows
    return tuple(row + one for row in parent.reached for one in rows)


def check_routes(lines: Lines, problems: Problems) -> None:
    """Note every route that can never be taken, each once: what is inside it is not named again."""
    logic = Logic()
    never: set[Line] = set()
    asked: dict[Any, Line] = {}
    compared = 0
    for line in lines.all:
        if line.parent in never:
            never.add(line)
            continue
        if together := _impossible(line):
            problems.add((*line.at, "when"), f"'{line.path}' {_clash_sentence(line, together)}", key=True)
            never.add(line)
            continue
        blockers = list(_blockers(line, never))
        compared += sum(len(blocker.rows) for blocker in blockers) * len(line.reached)
        if compared > MAX_COMPARED:
            return
        if found := _covered(line, blockers, logic):
            problems.add((*line.at, "name"), f"'{line.path}' {_covered_sentence(found, problems.document)}")
            never.add(line)
        elif line.fingerprint is not None:
            twin = asked.setdefault((line.parent, line.fingerprint), line)
            if twin is not line:
                sentence = f"'{line.path}' asks the same as '{twin.path}' {_place(twin, problems.document)}"
                problems.add((*line.at, "when"), f"{sentence}; say both in one route", key=True)


def _impossible(line: Line) -> tuple[Atom, ...]:
    """Questions that exclude each other, where that is so in every row."""
    found: tuple[Atom, ...] = ()
    for row in line.reached:
        found = clash(row.atoms)
        if not found:
            return ()
    return found


def _clash_sentence(line: Line, atoms: Sequence[Atom]) -> str:
    said = []
    for atom in atoms:
        own = atom.at[: len(line.at)] == line.at
        words = f"{atom.name} {_words(atom)}"
        said.append(words if own else f"{words} (of a route around it)")
    return f"can never hold: {' and '.join(dict.fromkeys(said))}"


def _words(atom: Atom) -> str:
    operator = f"{'not ' if atom.negated else ''}{atom.operator.replace('_', ' ')}"
    value = ", ".join(map(str, atom.words))
    return f"{operator} {value.lower() if isinstance(atom.value, bool) else value[:80]}"


def _blockers(line: Line, never: set[Line]) -> Iterator[Line]:
    """Routes that end the walk before it comes here, nearest first."""
    at: Line | None = line
    while at is not None:
        yield from (one for one in reversed(at.beside[: at.number]) if not one.settings.continue_ and one not in never)
        at = at.parent


def _covered(line: Line, blockers: Sequence[Line], logic: Logic) -> list[Line]:
    """The routes that take every message that would come here; [] where some message may come through."""
    taken: list[Line] = []
    for row in line.reached:
        if clash(row.atoms):
            continue
        by = next((one for one in blockers if any(logic.row_follows(row, other) for other in one.rows)), None)
        if by is None:
            return []
        taken.append(by)
    return list(dict.fromkeys(taken))


def _covered_sentence(by: Sequence[Line], document: Document) -> str:
    names = " and ".join(f"'{one.path}' {_place(one, document)}" for one in by[:3])
    more = f" and {len(by) - 3} more" if len(by) > 3 else ""
    takes = "takes" if len(by) == 1 else "take"
    return f"is never reached: {names}{more} before it {takes} all that fits; put this one first, or remove it"


def _place(line: Line, document: Document) -> str:
    return f"(line {document.at((*line.at, 'name'))[1]})"
