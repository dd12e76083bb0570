# SPDX-License-Identifier: Apache-2.0
"""Checks ``members`` of teams against the names there are: languages, types, channels, calendars, each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from router.assign.settings import MemberSettings
from router.config.models import TeamSettings
from router.config.problems import Problems, unknown

__all__ = ["ALL", "check_members"]

ALL = "all"  # of a capacity: open cases whatever their channel


def check_members(
    problems: Problems,
    teams: Mapping[int, TeamSettings],
    *,
    languages: Sequence[str],
    types: Sequence[str],
    channels: Sequence[str],
    calendars: Sequence[str],
) -> None:
    """Note every name that does not exist, and whoever is listed twice. ``teams`` by their place in the file."""
    for i, team in teams.items():
        names = [member.name for member in team.members]
        for n, member in enumerate(team.members):
            at = ("teams", i, "members", n)
            if member.name in names[:n]:
                problems.add((*at, "name"), f"'{member.name}' is listed twice")
            _known(problems, (*at, "languages"), "language", member.languages, languages)
            _known(problems, (*at, "types"), "type", member.types, types)
            _known(problems, (*at, "capacity"), "channel", member.capacity, (ALL, *channels))
            if member.calendar is not None and member.calendar not in calendars:
                problems.add((*at, "calendar"), unknown("calendar", member.calendar, calendars))
            _deputies(problems, at, member, names)


def _known(
    problems: Problems, at: tuple[str | int, ...], what: str, written: Iterable[str], known: Sequence[str]
) -> None:
    for name in written:
        if name not in known:
            problems.add((*at, name), unknown(what, name, known), key=True)


def _deputies(problems: Problems, at: tuple[str | int, ...], member: MemberSettings, names: Sequence[str]) -> None:
    for n, absence in enumerate(member.absences):
        if absence.deputy is not None and absence.deputy not in names:
            problems.add((*at, "absences", n, "deputy"), unknown("member", absence.deputy, names))
