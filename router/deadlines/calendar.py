# SPDX-License-Identifier: Apache-2.0
"""Business time: when a calendar is open, how long it was open between two instants, when so much has passed.

The one definition: an instant is open when the clock on the wall of the calendar's zone shows a time within the hours
of the date it shows, and no closure covers it. So an hour that comes twice counts twice and one that is skipped not at
all. Pure, and exact to the microsecond; each year is laid out once, after which every answer is a binary search.
"""

from __future__ import annotations

import calendar as months
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from router.deadlines.duration import Duration, Ends
from router.deadlines.zone import DAY, SECOND, day_start, first_instant, last_instant, micros, moment, pieces
from router.errors import ComplaintRouterError

__all__ = ["Calendar", "NoHours", "Span", "week_of"]

Span = tuple[int, int]  # seconds of the day, the second after midnight where hours run past it
YEARS = (1971, 2199)  # what a calendar answers for
_FURTHEST_YEARS = 12  # without an open minute a calendar is taken to have none any more


class NoHours(ComplaintRouterError):
    """The calendar never opens, or not within twelve years."""


def week_of(hours: Mapping[int, tuple[Span, ...]]) -> tuple[tuple[Span, ...], ...]:
    """Hours by weekday, 0 for Monday, for all seven."""
    return tuple(tuple(sorted(hours.get(day, ()))) for day in range(7))


def _none(_: int) -> frozenset[date]:
    return frozenset()


def _no_closures(_: int) -> tuple[tuple[int, int], ...]:
    return ()


@dataclass(frozen=True)
class _Year:
    """Open stretches of one UTC year, in microseconds, in order and not touching; ``before`` is open time so far."""

    starts: list[int]
    ends: list[int]
    before: list[int]  # one longer: the last is the total

    @property
    def total(self) -> int:
        return self.before[-1]

    def open_until(self, at: int) -> int:
        """Open time of the year before ``at``."""
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return 0
        return self.before[index] + min(at, self.ends[index]) - self.starts[index]


@dataclass(frozen=True, eq=False)
class Calendar:
    """Hours of a week in a time zone, without holidays and closures, with days of other hours.

    ``closed`` gives the closed dates of a year, ``closures`` the closed stretches that touch a UTC year. A closed day
    is closed from midnight to midnight, also for hours that began the evening before; ``opened`` dates have exactly the
    hours given, closed or not.
    """

    name: str
    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    opened: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    closed: Callable[[int], frozenset[date]] = _none
    closures: Callable[[int], tuple[tuple[int, int], ...]] = _no_closures
    _years: dict[int, _Year] = field(default_factory=dict, init=False, repr=False)

    # --- questions about instants ---

    def is_open(self, at: datetime) -> bool:
        """Whether it is open at this instant; the closing second itself is closed."""
        value = micros(at)
        year = self._year(at.astimezone(_UTC).year)
        index = bisect_right(year.starts, value) - 1
        return index >= 0 and value < year.ends[index]

    def next_open(self, at: datetime) -> datetime:
        """``at`` itself where it is open, else the next opening. Raises NoHours."""
        value = micros(at)
        for year in self._onward(at):
            index = bisect_right(year.ends, value)
            if index < len(year.starts):
                return moment(max(value, year.starts[index]))
        raise NoHours(f"the calendar '{self.name}' has no hours after {at:%Y-%m-%d}")

    def add(self, start: datetime, length: timedelta) -> datetime:
        """When ``length`` of open time has passed; the moment of closing, not of the next opening, where it fits.

        Raises:
            NoHours: It never has passed.
        """
        left = length // _MICROSECOND
        if left <= 0:
            return start if left == 0 else self.back(start, -length)
        left += self._year(start.astimezone(_UTC).year).open_until(micros(start))
        for year in self._onward(start, least=left):
            if left <= year.total:
                index = bisect_left(year.before, left) - 1
                return moment(year.starts[index] + left - year.before[index])
            left -= year.total
        raise NoHours(f"the calendar '{self.name}' has not {length} of hours after {start:%Y-%m-%d}")

    def back(self, end: datetime, length: timedelta) -> datetime:
        """When, so that ``length`` of open time passes until ``end``: the latest such moment.

        Raises:
            NoHours: So much had not passed.
        """
        left = length // _MICROSECOND
        number = end.astimezone(_UTC).year
        have = self._year(number).open_until(micros(end))
        for _ in range(_FURTHEST_YEARS):
            year = self._year(number)
            if have >= left:
                wanted = have - left
                index = bisect_right(year.before, wanted) - 1
                if index < len(year.starts):
                    return moment(year.starts[index] + wanted - year.before[index])
                return moment(year.ends[-1])
            left -= have
            number -= 1
            have = self._year(number).total
        raise NoHours(f"the calendar '{self.name}' had not {length} of hours before {end:%Y-%m-%d}")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Open time from ``start`` to ``end``; negative where they are the other way round."""
        if end < start:
            return -self.between(end, start)
        first, last = (at.astimezone(_UTC).year for at in (start, end))
        total = sum(self._year(number).total for number in range(first, last))
        total += self._year(last).open_until(micros(end)) - self._year(first).open_until(micros(start))
        return timedelta(microseconds=total)

    # --- questions about days ---

    def is_business_day(self, day: date) -> bool:
        """Whether hours begin on this date."""
        return bool(self._own(day))

    def date_of(self, at: datetime) -> date:
        """The date on the wall."""
        return at.astimezone(self.zone).date()

    def business_day_after(self, day: date, count: int) -> date:
        """The ``count``-th business day after (before, where negative) a date. Raises NoHours."""
        step = timedelta(days=1 if count > 0 else -1)
        left, idle = abs(count), 0
        while left:
            day += step
            open_ = self.is_business_day(day)
            left -= open_
            idle = 0 if open_ else idle + 1
            if idle > _FURTHEST_YEARS * 366:
                raise NoHours(f"the calendar '{self.name}' has no business day near {day}")
        return day

    def due(self, start: datetime, duration: Duration, *, ends: Ends | None = None) -> datetime:
        """When a deadline of this length that starts now is over.

        Open time is added as by ``add``. For the others the day of ``start`` counts as day 0, business day or not.
        ``ends`` says when on the last day: at the close of its hours (the default for business days), at the end of
        the date (midnight; the default for the others), or at the time of day at which it started.
        """
        if duration.unit == "time":
            return self.add(start, timedelta(seconds=duration.amount))
        return self._on(self._day(self.date_of(start), duration, 1), start, ends or _default_end(duration))

    def before(self, end: datetime, duration: Duration) -> datetime:
        """So long before ``end``: for warnings. Days keep the time of day, open time is counted backwards."""
        if duration.unit == "time":
            return self.back(end, timedelta(seconds=duration.amount))
        return self._on(self._day(self.date_of(end), duration, -1), end, "same_time")

    def _day(self, day: date, duration: Duration, sign: int) -> date:
        match duration.unit:
            case "business_days":
                return self.business_day_after(day, sign * duration.amount)
            case "months":
                year, month = divmod(day.year * 12 + day.month - 1 + sign * duration.amount, 12)
                return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))
            case unit:
                return day + sign * timedelta(days=duration.amount * (7 if unit == "weeks" else 1))

    def _on(self, day: date, start: datetime, ends: Ends) -> datetime:
        wall = day_start(day)
        if ends == "same_time":
            local = start.astimezone(self.zone)
            passed = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
            return moment(first_instant(self.zone, wall + passed // _MICROSECOND + local.microsecond))
        own = self._own(day)
        if ends == "close" and own:
            return moment(last_instant(self.zone, wall + max(end for _, end in own) * SECOND))
        return moment(last_instant(self.zone, wall + DAY))

    # --- laying out ---

    def _own(self, day: date) -> tuple[Span, ...]:
        """The hours that begin on a date."""
        if day in self.opened:
            return self.opened[day]
        return () if day in self.closed(day.year) else self.week[day.weekday()]

    def _spans(self, day: date) -> list[Span]:
        """The hours of a date from midnight to midnight, with what runs into it from the evening before."""
        if day not in self.opened and day in self.closed(day.year):
            return []
        before = day - timedelta(days=1)
        if day in self.opened:
            late: tuple[Span, ...] = ()
        else:
            late = self.opened[before] if before in self.opened else self.week[before.weekday()]
        over = [(0, end - 86_400) for _, end in late if end > 86_400]
        return [*over, *((start, min(end, 86_400)) for start, end in self._own(day))]

    def _year(self, number: int) -> _Year:
        if (known := self._years.get(number)) is not None:
            return known
        if not YEARS[0] <= number <= YEARS[1]:
            raise NoHours(f"the calendar '{self.name}' says nothing of the year {number}")
        stretches = _without(_merged(sorted(self._stretches(number))), _merged(sorted(self.closures(number))))
        starts, ends = [start for start, _ in stretches], [end for _, end in stretches]
        before = [0, *accumulate(end - start for start, end in stretches)]
        made = self._years[number] = _Year(starts, ends, before)
        return made

    def _stretches(self, year: int) -> Iterator[tuple[int, int]]:
        spans: dict[date, list[Span]] = {}
        for piece in pieces(self.zone, year):
            day = moment(piece.start + piece.offset).date()
            last = moment(piece.end + piece.offset).date()
            while day <= last:
                base = day_start(day) - piece.offset
                if day not in spans:
                    spans[day] = self._spans(day)
                for start, end in spans[day]:
                    begin, stop = max(base + start * SECOND, piece.start), min(base + end * SECOND, piece.end)
                    if begin < stop:
                        yield begin, stop
                day += timedelta(days=1)

    def _onward(self, start: datetime, *, least: int = 0) -> Iterator[_Year]:
        """This year and those after it: twelve, or as many as so much open time may need."""
        first = start.astimezone(_UTC).year
        idle = 0
        for number in range(first, YEARS[1] + 1):
            year = self._year(number)
            yield year
            idle = 0 if year.total else idle + 1
            if idle > _FURTHEST_YEARS or (not least and number - first > _FURTHEST_YEARS):
                return


_UTC = ZoneInfo("UTC")
_MICROSECOND = timedelta(microseconds=1)


def _default_end(duration: Duration) -> Ends:
    return "close" if duration.unit == "business_days" else "midnight"


def _merged(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in stretches:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def _without(stretches: list[tuple[int, int]], closures: list[tuple[int, int]]) -> list[tuple[int, int]]:
    left: list[tuple[int, int]] = []
    for begin, end in stretches:
        start = begin
        for shut, again in closures:
            if shut < end and again > start:
                if shut > start:
                    left.append((start, shut))
                start = max(start, again)
        if start < end:
            left.append((start, end))
    return left
