# SPDX-License-Identifier: Apache-2.0
"""How a team stands at one moment: who is there, for whom they stand in, and how much each has. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from router.assign.book import Member
from router.assign.records import AssignmentState, Served

__all__ = ["Load", "Standing", "stand"]


@dataclass(frozen=True)
class Standing:
    """A member at one moment. ``languages`` and so on are those of whom the member stands in for as well."""

    member: Member
    missing: Literal["", "absent", "off hours"] = ""
    languages: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, int] = field(default_factory=dict)
    skills: Mapping[str, int] = field(default_factory=dict)
    deputy: str | None = None  # who has the cases meanwhile, where the member is absent

    @property
    def name(self) -> str:
        return self.member.name


def stand(staff: Sequence[Member], now: datetime) -> tuple[Standing, ...]:
    """Each member as of now. A deputy who is away too hands on to the next; a ring of deputies leads nowhere."""
    by_name = {member.name: member for member in staff}
    deputies = {member.name: _deputy(member, by_name, now) for member in staff if member.away(now) is not None}
    found = []
    for member in staff:
        stood_for = [by_name[name] for name, deputy in deputies.items() if deputy == member.name]
        languages, types = member.languages, member.types
        skills = dict(member.skills)
        for other in stood_for:
            languages, types = _joined(languages, other.languages), _joined(types, other.types)
            skills = {**skills, **{k: max(v, skills.get(k, 0)) for k, v in other.skills.items()}}
        if member.name in deputies:
            found.append(Standing(member, "absent", languages, types, skills, deputies[member.name]))
        else:
            closed = not member.calendar.is_open(now)
            found.append(Standing(member, "off hours" if closed else "", languages, types, skills))
    return tuple(found)


def _deputy(member: Member, by_name: Mapping[str, Member], now: datetime) -> str | None:
    seen = {member.name}
    absence = member.away(now)
    while absence is not None:
        name = absence.deputy
        if name is None or name in seen or name not in by_name:
            return None
        seen.add(name)
        absence = by_name[name].away(now)
        if absence is None:
            return name
    return None


def _joined(own: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    """The better of both; without any entry it is everything."""
    if not own or not other:
        return {}
    return {key: max(own.get(key, 0), other.get(key, 0)) for key in {*own, *other}}


class Load:
    """How much each has, and who of a team was served when. Counts on while a plan is made."""

    def __init__(
        self,
        team: str = "",
        state: AssignmentState | None = None,
        *,
        channels: Mapping[str, Mapping[str, int]] | None = None,
    ) -> None:
        """``channels``: open cases of each user by kind of channel, shared by all teams; left out: as in ``state``."""
        state = state or AssignmentState()
        given = state.load if channels is None else channels
        self.channels = {name: dict(counts) for name, counts in given.items()}
        self.served = dict(state.served.get(team, {}))
        self.turn = state.turns.get(team, 0)

    def open_cases(self, name: str, channel: str | None = None) -> int:
        counts = self.channels.get(name, {})
        return sum(counts.values()) if channel is None else counts.get(channel, 0)

    def last(self, name: str) -> Served:
        return self.served.get(name, Served())

    def last_hostile(self, names: Iterable[str]) -> str | None:
        """Who of these had the last hostile case."""
        turns = {name: self.last(name).hostile_turn for name in names}
        name = max(turns, key=turns.__getitem__, default=None)
        return name if name is not None and turns[name] else None

    def give(self, name: str, channel: str, *, hostile: bool, now: datetime) -> None:
        """Somebody got a case."""
        self.turn += 1
        counts = self.channels.setdefault(name, {})
        counts[channel] = counts.get(channel, 0) + 1
        before = self.last(name)
        self.served[name] = Served(
            turn=self.turn,
            hostile_turn=self.turn if hostile else before.hostile_turn,
            hostile_at=now if hostile else before.hostile_at,
        )

    def take(self, name: str, channel: str) -> None:
        """Somebody is rid of a case."""
        counts = self.channels.setdefault(name, {})
        counts[channel] = max(counts.get(channel, 0) - 1, 0)
