# SPDX-License-Identifier: Apache-2.0
"""Routes of ``on_deadline`` that wait for a warning or a miss that never comes."""

from __future__ import annotations

from collections.abc import Iterator

from router.config.loader import Configuration
from router.config.problems import Problems
from router.rules.lint_atoms import Row
from router.rules.lint_logic import clash
from router.rules.lint_routes import Line, Lines

__all__ = ["check_alarms"]


def check_alarms(lines: Lines, configuration: Configuration, problems: Problems) -> None:
    """Note each route that no deadline of ``teams.yaml`` fits; what is inside it is not named again."""
    events = list(_events(configuration))
    never: set[Line] = set()
    for line in lines.all:
        if line.parent in never:
            never.add(line)
        elif all(clash(row.atoms) for row in line.reached):
            never.add(line)  # said already
        elif not any(_fits(row, event) for row in line.reached for event in events):
            problems.add((*line.at, "name"), f"'{line.path}' never acts: {_why(configuration, line)}")
            never.add(line)


_Event = dict[str, object]


def _events(configuration: Configuration) -> Iterator[_Event]:
    """What can happen, by the fields that tell it."""
    for one in configuration.deadlines.entries:
        common: _Event = {
            "deadline.name": one.name, "deadline.clock": one.kind, "deadline.statutory": one.statutory,
        }  # fmt: skip
        yield {**common, "deadline.state": "breached", "deadline.before": None}
        yield from ({**common, "deadline.state": "warning", "deadline.before": str(each)} for each in one.warnings)


def _fits(row: Row, event: _Event) -> bool:
    """Whether nothing that is asked of the deadline speaks against the event."""
    for atom in row.atoms:
        if atom.name not in event or atom.operator not in ("is", "exists"):
            continue
        value = event[atom.name]
        if atom.operator == "exists":
            held = (value is not None) == bool(atom.value)
        else:
            held = any(_same(word, value) for word in atom.words)
        if held == atom.negated:
            return False
    return True


def _same(word: object, value: object) -> bool:
    if isinstance(word, str) and isinstance(value, str):
        return word.casefold() == value.casefold()
    return word == value


def _why(configuration: Configuration, line: Line) -> str:
    if not configuration.deadlines.entries:
        return "teams.yaml has no deadlines"
    asked = [atom for row in line.reached for atom in row.atoms if atom.name.startswith("deadline.")]
    words = " and ".join(dict.fromkeys(f"{atom.name} {', '.join(map(str, atom.words))}" for atom in asked))
    warns = any(atom.name in ("deadline.state", "deadline.before") for atom in asked)
    hint = "; a deadline warns as its 'warn_before' says" if warns else ""
    return f"no deadline of teams.yaml has {words}{hint}"
