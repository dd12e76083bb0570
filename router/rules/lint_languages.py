# SPDX-License-Identifier: Apache-2.0
"""Languages that lead to people who do not speak them, by what teams and their members say that they speak."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.config.loader import Configuration
from router.config.models import TeamSettings
from router.config.problems import Problems
from router.rules.lint_atoms import Atom, Row
from router.rules.lint_routes import Line, Lines, up_from

__all__ = ["check_members_speak", "check_routed_languages"]

_FIELDS = ("language", "suggested.language")


def check_routed_languages(lines: Lines, configuration: Configuration, problems: Problems) -> None:
    """A route that sends a language to a queue whose team, or of whose team no member, speaks it."""
    teams = _teams(configuration)
    for line in lines.all:
        asked = _asked(line.reached)
        own = [atom for atom in asked if atom.at[: len(line.at)] == line.at]
        if not asked or line.settings.continue_ or not (own or line.settings.queue):
            continue
        team = teams.get(_queue(line, lines))
        spoken = _spoken(team) if team is not None else None
        if team is None or spoken is None:
            continue
        words = dict.fromkeys(str(word).casefold() for atom in asked for word in atom.words)
        strange = [word for word in words if word not in (*spoken, "und")]
        if strange:
            sentence = f"nobody of the team '{team.name}', which gets it, speaks {', '.join(strange)}"
            place = own[0].at if own else (*line.at, "queue")
            problems.add(place, f"{sentence}; it speaks {', '.join(spoken) or 'nothing that members speak'}")


def check_members_speak(lines: Lines | None, configuration: Configuration, problems: Problems) -> None:
    """Languages in which cases reach a team although no member speaks them, at the team in ``teams.yaml``."""
    led = None if lines is None else _led(lines, configuration)
    for index, team in enumerate(configuration.teams.teams):
        members = _members(team)
        if members is None or (led is not None and not led & set(team.all_queues)):
            continue
        written = team.languages or configuration.settings.languages
        missing = [language for language in written if language.casefold() not in members]
        if missing:
            why = (
                "which the team says it speaks" if team.languages else "which router.yaml lists as customers' languages"
            )
            queues = ", ".join(f"'{queue}'" for queue in team.all_queues)
            problems.add(
                ("teams", index, "members"),
                f"no member speaks {', '.join(missing)}, {why} and routes bring to {queues}; members speak "
                f"{', '.join(members)}",
                key=True,
            )


def _teams(configuration: Configuration) -> dict[str, TeamSettings]:
    """The team of each queue."""
    return {queue: team for team in configuration.teams.teams for queue in team.all_queues}


def _members(team: TeamSettings) -> tuple[str, ...] | None:
    """What members speak between them; None where they, or one of them, speak everything."""
    if not team.members or any(not member.languages for member in team.members):
        return None
    return tuple(dict.fromkeys(language.casefold() for member in team.members for language in member.languages))


def _spoken(team: TeamSettings) -> tuple[str, ...] | None:
    """What the team speaks, as it says itself and as its members do; None for everything."""
    own, members = tuple(language.casefold() for language in team.languages), _members(team)
    if members is None:
        return own or None
    return tuple(language for language in members if language in own) if own else members


def _asked(rows: Sequence[Row]) -> list[Atom]:
    """The languages asked for, where every way into the route asks for some."""
    found: list[Atom] = []
    for row in rows:
        atoms = [atom for atom in row.atoms if atom.name in _FIELDS and atom.operator == "is" and not atom.negated]
        if not atoms:
            return []
        found += atoms
    return found


def _queue(line: Line, lines: Lines) -> str:
    return next((one.settings.queue for one in up_from(line) if one.settings.queue), None) or lines.queue or ""


def _led(lines: Lines, configuration: Configuration) -> set[str]:
    """Queues to which cases in any language come."""
    found = {does.queue for one in configuration.deadlines.entries for does in (one.at_warning, one.at_breach)}
    found |= {route.queue for route in configuration.rules.alarms.routes}
    return {queue for queue in (*found, *_open(lines)) if queue}


def _open(lines: Lines) -> Iterator[str]:
    yield lines.queue or ""
    yield from (_queue(line, lines) for line in lines.all if line.settings.queue and not _asked(line.reached))
