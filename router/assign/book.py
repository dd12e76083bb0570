# SPDX-License-Identifier: Apache-2.0
"""Teams and their members, made from the settings: with calendars to ask instead of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from router.assign.settings import AssignmentSettings, Drop, MemberSettings, Strategy, moment_of
from router.deadlines.book import ALWAYS
from router.deadlines.calendar import Calendar
from router.deadlines.duration import Duration, parse_duration
from router.records import User

__all__ = ["Assignments", "Away", "Hostile", "Member", "Step", "Team", "TeamLike", "make_assignments"]


class TeamLike(Protocol):
    """What is read of ``router.config.models.TeamSettings``."""

    @property
    def name(self) -> str: ...
    @property
    def calendar(self) -> str | None: ...
    @property
    def members(self) -> tuple[MemberSettings, ...]: ...
    @property
    def assign(self) -> AssignmentSettings: ...


@dataclass(frozen=True)
class Away:
    """An absence, from an instant until before another."""

    start: datetime
    end: datetime
    deputy: str | None


@dataclass(frozen=True)
class Member:
    """Somebody of a team. Empty languages or types mean all of them."""

    name: str
    calendar: Calendar
    languages: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, int] = field(default_factory=dict)
    skills: Mapping[str, int] = field(default_factory=dict)
    capacity: Mapping[str, int] = field(default_factory=dict)
    weight: float = 1.0
    absences: tuple[Away, ...] = ()

    def away(self, at: datetime) -> Away | None:
        """The absence that covers this instant, if one does."""
        return next((absence for absence in self.absences if absence.start <= at < absence.end), None)


@dataclass(frozen=True)
class Step:
    """A step of relaxation: once a case has waited so long, this is not asked for any more."""

    after: timedelta
    drop: Drop


@dataclass(frozen=True)
class Hostile:
    """What makes a case hostile, and how long somebody rests from such cases."""

    tags: frozenset[str] = frozenset({"hostile"})
    rest: timedelta = timedelta(hours=2)


@dataclass(frozen=True)
class Team:
    """How cases of a team find somebody. Without members everybody who is in the team is one, without limits."""

    name: str
    calendar: Calendar
    strategy: Strategy = "manual"
    level: int = 1
    steps: tuple[Step, ...] = ()
    keep_for: Duration | None = None
    take_back: Duration | None = None
    hostile: Hostile = Hostile()
    members: Mapping[str, Member] = field(default_factory=dict)

    def staff(self, users: Iterable[User]) -> tuple[Member, ...]:
        """Members that can log in and are in the team, by name."""
        present = sorted(u.name for u in users if not u.disabled and u.role != "admin" and self.name in u.teams)
        if not self.members:
            return tuple(Member(name, self.calendar) for name in present)
        return tuple(self.members[name] for name in present if name in self.members)

    def is_hostile(self, tags: Iterable[str]) -> bool:
        return not self.hostile.tags.isdisjoint(tags)


@dataclass(frozen=True)
class Assignments:
    """All teams by name. ``by_route``: some route says how its cases are assigned."""

    teams: Mapping[str, Team] = field(default_factory=dict)
    by_route: bool = False

    @property
    def watched(self) -> tuple[str, ...]:
        """Teams in which something may happen by itself."""
        return tuple(
            name for name, team in self.teams.items() if self.by_route or team.strategy != "manual" or team.take_back
        )


def make_assignments(
    teams: Sequence[TeamLike], calendars: Mapping[str, Calendar], *, by_route: bool = False
) -> Assignments:
    """Put it all together; names were checked before."""
    return Assignments({team.name: _team(team, calendars) for team in teams}, by_route)


def _team(settings: TeamLike, calendars: Mapping[str, Calendar]) -> Team:
    calendar = calendars[settings.calendar or ALWAYS]
    how = settings.assign
    return Team(
        name=settings.name,
        calendar=calendar,
        strategy=how.strategy,
        level=how.level,
        steps=tuple(Step(timedelta(seconds=parse_duration(step.after).amount), step.drop) for step in how.relax),
        keep_for=None if how.keep_for is None else parse_duration(how.keep_for),
        take_back=None if how.take_back is None else parse_duration(how.take_back.after),
        hostile=Hostile(
            frozenset(how.hostile.tags), timedelta(seconds=parse_duration(how.hostile.rest).amount)
        ),
        members={
            one.name: _member(one, calendar if one.calendar is None else calendars[one.calendar])
            for one in settings.members
        },
    )  # fmt: skip


def _member(one: MemberSettings, calendar: Calendar) -> Member:
    absences = tuple(
        Away(
            moment_of(absence.start, calendar.zone, is_end=False).astimezone(UTC),
            moment_of(absence.end, calendar.zone, is_end=True).astimezone(UTC),
            absence.deputy,
        )
        for absence in one.absences
    )
    return Member(
        name=one.name,
        calendar=calendar,
        languages=one.languages,
        types=one.types,
        skills=one.skills,
        capacity=one.capacity,
        weight=one.weight,
        absences=absences,
    )
