# SPDX-License-Identifier: Apache-2.0
"""What operators write of members and assignment in ``teams.yaml``, as typed, frozen models."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from router.deadlines.duration import parse_duration
from router.deadlines.settings import Length
from router.schema import Frozen

__all__ = ["Absence", "AssignmentSettings", "Drop", "HostileSettings", "MemberSettings", "RelaxStep", "Strategy",
           "TakeBack", "moment_of"]  # fmt: skip

Strategy: TypeAlias = Literal["round-robin", "least-load", "skills", "manual"]
Drop: TypeAlias = Literal["level", "type", "language", "skills", "all"]


def moment_of(text: str, zone: ZoneInfo, *, is_end: bool) -> datetime:
    """``2026-12-21`` or ``2026-12-21 12:00`` on the wall of a zone; as an end, a date means the end of that day.

    Raises:
        ValueError: It is neither; the sentence says what to write.
    """
    word = text.strip().replace("T", " ")
    try:
        if " " in word:
            return datetime.strptime(word, "%Y-%m-%d %H:%M").replace(tzinfo=zone)
        day = date.fromisoformat(word) + timedelta(days=1 if is_end else 0)
        return datetime.combine(day, time(0), zone)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"'{text[:30]}' is no day; write 2026-12-21 or 2026-12-21 12:00, in quotes") from error


def _is_moment(text: str) -> str:
    moment_of(text, ZoneInfo("UTC"), is_end=False)
    return text


def _is_time(text: str) -> str:
    if parse_duration(text).unit != "time":
        raise ValueError(f"'{text[:40]}' must be hours and minutes: 5m, 1h 30m, 4h")
    return text


_User = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
_Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
_Moment = Annotated[str, AfterValidator(_is_moment)]
_Time = Annotated[str, AfterValidator(_is_time)]
_Level = Annotated[int, Field(ge=1, le=5)]
_Count = Annotated[int, Field(ge=0, le=10_000)]


class Absence(Frozen):
    """When a member is away, and who stands in."""

    start: _Moment = Field(alias="from")  # first day, 2026-12-21, or a time of it: 2026-12-21 12:00
    end: _Moment = Field(alias="to")  # last day, which still belongs to it, or a time
    deputy: _User | None = None  # gets the member's cases meanwhile, and is asked for the same skills

    @model_validator(mode="after")
    def _in_order(self) -> Absence:
        utc = ZoneInfo("UTC")
        if moment_of(self.end, utc, is_end=True) <= moment_of(self.start, utc, is_end=False):
            raise ValueError("'to' lies before 'from'")
        return self


class MemberSettings(Frozen):
    """Somebody of the team; who is not listed gets no case by itself."""

    name: _User  # as the person logs in
    languages: dict[str, _Level] = Field(default_factory=dict)  # with levels 1 to 5: {fi: 5, en: 3}; left out: all
    types: dict[str, _Level] = Field(default_factory=dict)  # of complaint, with levels; left out: all
    skills: dict[_Word, _Level] = Field(default_factory=dict)  # further ones that routes ask for
    calendar: _Word | None = None  # working hours; left out: those of the team
    capacity: dict[str, _Count] = Field(default_factory=dict)  # open cases at a time: {all: 12, telegram: 3}
    weight: float = Field(default=1.0, gt=0, le=100)  # share of the load: 0.5 for somebody who works half the time
    absences: tuple[Absence, ...] = ()  # when the member is away

    @model_validator(mode="after")
    def _not_the_own_deputy(self) -> MemberSettings:
        if any(absence.deputy == self.name for absence in self.absences):
            raise ValueError(f"{self.name} cannot stand in for the same person")
        return self


class RelaxStep(Frozen):
    """What is not asked for any more once a case has waited so long, in the team's working hours."""

    after: _Time  # since the case began to wait
    drop: Drop  # level, type, language, skills; all: anyone of the team


class TakeBack(Frozen):
    """Cases on which nothing happens go back to those that wait."""

    after: Length  # so long without anything done by whom it was given to, in working hours: 4h, 2 business days


class HostileSettings(Frozen):
    """Hard customers go round the team."""

    tags: tuple[str, ...] = ("hostile",)  # of cases that count as hostile
    rest: _Time = "2h"  # before the same member gets another; after so long of waiting, anyone gets it


class AssignmentSettings(Frozen):
    """How cases of the team find somebody, where the route does not say."""

    strategy: Strategy = "manual"  # manual: people take cases themselves
    level: int = Field(default=1, ge=1, le=5)  # that skills must have at least
    relax: tuple[RelaxStep, ...] = (
        RelaxStep(after="5m", drop="level"),
        RelaxStep(after="10m", drop="type"),
        RelaxStep(after="30m", drop="all"),
    )  # in order: {after: 10m, drop: type}; without drop: all at the end, a case may wait for ever
    keep_for: Length | None = None  # so long whoever knows the customer gets the next case too: 7d; left out: not
    take_back: TakeBack | None = None  # left out: never
    hostile: HostileSettings = HostileSettings()

    @model_validator(mode="after")
    def _ascending(self) -> AssignmentSettings:
        amounts = [parse_duration(step.after).amount for step in self.relax]
        if amounts != sorted(set(amounts)):
            raise ValueError("relax: each step comes later than the one before")
        return self
