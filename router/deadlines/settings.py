# SPDX-License-Identifier: Apache-2.0
"""What operators write of calendars and deadlines in ``teams.yaml``, as typed, frozen models."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from router.deadlines.duration import Ends, parse_duration
from router.deadlines.records import ClockKind, Consequences
from router.schema import Frozen, Kind, Type, Urgency, Visibility

__all__ = ["CalendarSettings", "Consequences", "DeadlineSettings", "DeadlineWhen", "days_of", "span_of"]

_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)")


def span_of(text: str) -> tuple[int, int]:
    """``08:00-16:30`` as seconds of the day; ``22:00-06:00`` runs into the next. Raises ValueError."""
    found = _SPAN.fullmatch(text.replace(" ", ""))
    if found is None:
        raise ValueError(f"'{text[:30]}' is not of the form 08:00-16:30")
    start, end = (int(found[n]) * 3600 + int(found[n + 1]) * 60 for n in (1, 3))
    if max(start, end) > 86_400 or start == 86_400:
        raise ValueError(f"'{text[:30]}': a day has 24 hours; it starts at 00:00 and ends at 24:00")
    if start == end:
        raise ValueError(f"'{text[:30]}' is empty; the whole day is 00:00-24:00")
    return (start, end) if end > start else (start, end + 86_400)


def days_of(text: str) -> tuple[int, ...]:
    """``mon``, ``mon-fri``, ``sat-sun``, ``daily`` as weekdays, 0 for Monday. Raises ValueError."""
    if text == "daily":
        return tuple(range(7))
    first, dash, last = text.partition("-")
    if first not in _DAYS or (dash and last not in _DAYS):
        raise ValueError(f"'{text[:30]}' is no weekday; write mon, mon-fri, sat-sun or daily")
    start = _DAYS.index(first)
    return tuple((start + n) % 7 for n in range((_DAYS.index(last) - start) % 7 + 1)) if dash else (start,)


def _is_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"'{text[:40]}' is no time zone; write names like Europe/Helsinki") from error
    return text


def _is_span(text: str) -> str:
    span_of(text)
    return text


def _is_days(text: str) -> str:
    days_of(text)
    return text


def _is_region(text: str) -> str:
    from router.deadlines.public import check_region

    return check_region(text)


def _is_duration(text: str) -> str:
    parse_duration(text)
    return text


Zone: TypeAlias = Annotated[str, AfterValidator(_is_zone)]
Span: TypeAlias = Annotated[str, AfterValidator(_is_span)]
Days: TypeAlias = Annotated[str, AfterValidator(_is_days)]
Region: TypeAlias = Annotated[str, AfterValidator(_is_region)]
Length: TypeAlias = Annotated[str, AfterValidator(_is_duration)]


class CalendarSettings(Frozen):
    """When somebody is there: a time zone, the hours of a week, and the days that differ."""

    zone: Zone  # whose wall clock the hours are read on: Europe/Helsinki
    hours: dict[Days, tuple[Span, ...]]  # by weekdays: {mon-fri: ["08:00-12:00", "12:30-16:30"], sat: ["22:00-06:00"]}
    holidays: tuple[Region, ...] = ()  # closed on the public holidays of these: FI, GB-ENG, ES-MD
    closed: tuple[date, ...] = ()  # further days without hours
    open: dict[date, tuple[Span, ...]] = Field(default_factory=dict)  # days with these hours, holiday or not
    ical: tuple[Path, ...] = ()  # iCalendar files whose events close; put them into the folder calendars/

    @model_validator(mode="after")
    def _each_day_once(self) -> CalendarSettings:
        seen: set[int] = set()
        for key in self.hours:
            if seen & set(days_of(key)):
                raise ValueError(f"hours: a day of '{key}' is given twice")
            seen |= set(days_of(key))
        return self


class DeadlineWhen(Frozen):
    """Which cases: every key that is given must hold; a list holds where one of its values does."""

    team: tuple[str, ...] = ()  # of the case now
    queue: tuple[str, ...] = ()  # of the case now
    kind: tuple[Kind, ...] = ()  # of the case
    type: tuple[Type, ...] = ()  # of complaint
    urgency: tuple[Urgency, ...] = ()  # of the case now
    language: tuple[str, ...] = ()  # of the case
    channel: tuple[str, ...] = ()  # kind of channel by which it came
    visibility: tuple[Visibility, ...] = ()  # public: complained where everybody reads
    tag: tuple[str, ...] = ()  # that the case has


class DeadlineSettings(Frozen):
    """One deadline. Of those with the same name the first that fits applies; a case has one for every name."""

    name: _Name  # shown beside the case
    preset: _Name | None = None  # a statutory one; its values stand in for what is not given here
    clock: ClockKind | None = None  # what must have happened in time
    within: Length | None = None  # 4h of open time; 2 business days; 15 calendar days; 8 weeks
    ends: Ends | None = None  # of days: at close of business, at midnight, or at the same time of day
    calendar: _Name | None = None  # left out: that of the case's team
    when: DeadlineWhen = DeadlineWhen()  # which cases; left out: all
    automatic: bool = True  # false: only where a route names it
    pause_while_waiting: bool | None = None  # left out: yes, and no for statutory ones
    warn_before: tuple[Length, ...] = ()  # so long before it is due: [2h, 30m]
    at_warning: Consequences = Consequences()  # what each warning does
    at_breach: Consequences = Consequences()  # what missing it does

    @model_validator(mode="after")
    def _complete(self) -> DeadlineSettings:
        if self.preset is None and (self.clock is None or self.within is None):
            raise ValueError("give 'clock' and 'within', or a 'preset'")
        return self
