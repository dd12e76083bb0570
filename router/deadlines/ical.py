# SPDX-License-Identifier: Apache-2.0
"""Closed days and hours from an iCalendar file (RFC 5545): every event that is not cancelled closes.

Read are all-day and timed events, DURATION, RRULE (daily to yearly), RDATE, EXDATE and changed single occurrences.
A file is text that an operator exported or mirrors; nothing is ever fetched from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from router.deadlines.zone import micros

__all__ = ["Feed", "parse_feed"]

_MOST_EVENTS = 5000
_MOST_RULES = 500
_LENGTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}  # of months that have no 31 days, at the most
_FIRST_YEAR, _LAST = 1900, "21000101T000000"  # a rule is laid out between these
_LONGEST_DAYS = 400
_LENGTH = re.compile(r"\+?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?")
_OFTEN = re.compile(r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;|$)")


@dataclass(frozen=True)
class _Line:
    name: str
    params: dict[str, str]
    value: str
    number: int


@dataclass
class _Event:
    """One VEVENT; times are naive wall times of ``zone``, midnight of the date for all-day ones."""

    start: datetime
    length: timedelta
    zone: ZoneInfo
    all_day: bool
    rule: str = ""
    more: list[datetime] = field(default_factory=list)
    without: set[datetime] = field(default_factory=set)

    def starts(self, low: datetime, high: datetime) -> Iterator[datetime]:
        """Occurrences that may touch the time from ``low`` to ``high``, on the wall."""
        low -= self.length
        if self.rule:
            from dateutil.rrule import rrulestr  # type: ignore[import-untyped]  # comes without types

            found = [] if _never(self.rule) else rrulestr(self.rule, dtstart=self.start).between(low, high, inc=True)
        else:
            found = [self.start]
        for start in [*found, *self.more]:
            if low <= start <= high and start not in self.without:
                yield start


class Feed:
    """The events of one file, ready to be asked year by year."""

    def __init__(self, events: Sequence[_Event]) -> None:
        self._events = tuple(events)

    def days(self, year: int) -> frozenset[date]:
        """Dates of the year that all-day events close."""
        low, high = datetime(year, 1, 1), datetime(year, 12, 31)  # noqa: DTZ001 - the wall's time
        found = set()
        for event in self._events:
            if event.all_day:
                for start in event.starts(low, high):
                    found |= {start.date() + timedelta(days=n) for n in range(event.length.days)}
        return frozenset(day for day in found if day.year == year)

    def closures(self, year: int) -> tuple[tuple[int, int], ...]:
        """Stretches that timed events close and that touch the UTC year, in microseconds."""
        low, high = datetime(year - 1, 12, 30), datetime(year + 1, 1, 2)  # noqa: DTZ001 - the wall's time
        found = []
        for event in self._events:
            if not event.all_day:
                for start in event.starts(low, high):
                    begin = micros(start.replace(tzinfo=event.zone).astimezone(UTC))
                    found.append((begin, begin + event.length // timedelta(microseconds=1)))
        return tuple(found)


def parse_feed(text: str, *, zone: ZoneInfo) -> Feed:
    """Read a file. ``zone`` is that of times that name none.

    Raises:
        ValueError: It is no iCalendar file or holds what is not understood; the sentence names the line.
    """
    lines = list(_lines(text))
    if not lines or lines[0].name != "BEGIN" or lines[0].value.upper() != "VCALENDAR":
        raise ValueError("is no iCalendar file: it must begin with BEGIN:VCALENDAR")
    events: list[_Event] = []
    rules = 0
    overrides: list[tuple[str, datetime]] = []
    uids: dict[str, list[_Event]] = {}
    for block in _blocks(lines):
        event, uid, replaces = _event(block, zone)
        if replaces is not None:
            overrides.append((uid, replaces))
        if event is not None:
            events.append(event)
            if replaces is None:
                uids.setdefault(uid, []).append(event)
        rules += event is not None and bool(event.rule)
        if len(events) > _MOST_EVENTS or rules > _MOST_RULES:
            raise ValueError(f"holds more than {_MOST_EVENTS:,} events, or {_MOST_RULES} that repeat")
    for uid, when in overrides:
        for event in uids.get(uid, ()):
            event.without.add(when)
    return Feed(events)


def _lines(text: str) -> Iterator[_Line]:
    """Content lines, unfolded (RFC 5545 section 3.1)."""
    whole: list[tuple[int, str]] = []
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if raw[:1] in {" ", "\t"} and whole:
            whole[-1] = (whole[-1][0], whole[-1][1] + raw[1:])
        elif raw.strip():
            whole.append((number, raw))
    for number, line in whole:
        head, quoted = "", False
        for sign in line:
            if sign == ":" and not quoted:
                break
            quoted ^= sign == '"'
            head += sign
        name, *params = head.split(";")
        pairs = (param.partition("=") for param in params)
        given = {key.upper(): value.strip('"') for key, _, value in pairs}
        yield _Line(name.strip().upper(), given, line[len(head) + 1 :], number)


def _blocks(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """The lines of each VEVENT, without those of what is inside it."""
    path: list[str] = []
    block: list[_Line] = []
    for line in lines:
        if line.name == "BEGIN":
            path.append(line.value.strip().upper())
            if path[-1] == "VEVENT":
                block = [line]
        elif line.name == "END":
            if not path or path.pop() != line.value.strip().upper():
                raise ValueError(f"line {line.number}: END:{line.value[:30]} ends nothing")
            if line.value.strip().upper() == "VEVENT":
                yield block
        elif path and path[-1] == "VEVENT":
            block.append(line)
    if path:
        raise ValueError(f"ends in the middle of a {path[-1][:30]}")


def _event(block: Sequence[_Line], zone: ZoneInfo) -> tuple[_Event | None, str, datetime | None]:
    """The event (None: cancelled), its UID, and which occurrence of another it replaces."""
    by_name = {line.name: line for line in block}
    first = block[0].number
    uid = by_name["UID"].value if "UID" in by_name else ""
    if "DTSTART" not in by_name:
        raise ValueError(f"line {first}: the event has no DTSTART")
    start, where, all_day = _time(by_name["DTSTART"], zone)
    replaces = None
    if "RECURRENCE-ID" in by_name:
        replaces = _same_wall(by_name["RECURRENCE-ID"], zone, where)
    if by_name.get("STATUS") is not None and by_name["STATUS"].value.strip().upper() == "CANCELLED":
        return None, uid, replaces
    event = _Event(start, _length(by_name, start, where, all_day, zone), where, all_day)
    for line in block:
        if line.name == "RRULE":
            event.rule = _rule(line, start, where)
        elif line.name == "EXDATE":
            event.without |= {_same_wall(line, zone, where, value) for value in line.value.split(",")}
        elif line.name == "RDATE":
            event.more += [_same_wall(line, zone, where, value.partition("/")[0]) for value in line.value.split(",")]
        elif line.name == "EXRULE":
            raise ValueError(f"line {line.number}: EXRULE is not understood; use EXDATE")
    return event, uid, replaces


def _time(line: _Line, zone: ZoneInfo, value: str | None = None) -> tuple[datetime, ZoneInfo, bool]:
    """A date or time: on the wall, of which zone, and whether it is a whole day."""
    word = (line.value if value is None else value).strip()
    try:
        if len(word) == 8:
            return datetime.strptime(word, "%Y%m%d"), zone, True  # noqa: DTZ007 - the wall's time
        naive = datetime.strptime(word.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
    except ValueError as error:
        raise ValueError(f"line {line.number}: '{word[:30]}' is no date or time") from error
    if word.endswith("Z"):
        return naive, ZoneInfo("UTC"), False
    return naive, _zone(line.params["TZID"], line) if "TZID" in line.params else zone, False


def _same_wall(line: _Line, zone: ZoneInfo, where: ZoneInfo, value: str | None = None) -> datetime:
    """A time of the line on the wall of the event's own zone."""
    naive, given, all_day = _time(line, zone, value)
    if all_day or given.key == where.key:
        return naive
    return naive.replace(tzinfo=given).astimezone(where).replace(tzinfo=None)


@lru_cache(maxsize=256)
def _known_zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return None


def _zone(name: str, line: _Line) -> ZoneInfo:
    parts = name.strip("/").split("/")
    for n in range(len(parts)):  # some programs put their own name before: /example.org/Europe/Berlin
        if (found := _known_zone("/".join(parts[n:]))) is not None:
            return found
    raise ValueError(f"line {line.number}: the time zone '{name[:40]}' is not known; use names like Europe/Helsinki")


def _length(by_name: dict[str, _Line], start: datetime, where: ZoneInfo, all_day: bool, zone: ZoneInfo) -> timedelta:
    length = timedelta(days=1) if all_day else timedelta(0)
    line = by_name.get("DTEND") or by_name.get("DURATION")
    if line is not None and line.name == "DTEND":
        end = _same_wall(line, zone, where)
        length = end - start
        if not all_day:
            length = end.replace(tzinfo=where).astimezone(UTC) - start.replace(tzinfo=where).astimezone(UTC)
    elif line is not None:
        found = _LENGTH.fullmatch(line.value.strip())
        if found is None or not any(found.groups()):
            raise ValueError(f"line {line.number}: '{line.value[:30]}' is no DURATION")
        weeks, days, hours, minutes, seconds = (int(n or 0) for n in found.groups())
        length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    if length < timedelta(0) or length > timedelta(days=_LONGEST_DAYS):
        number = line.number if line is not None else 0
        raise ValueError(f"line {number}: an event must not end before it starts, nor last over {_LONGEST_DAYS} days")
    return max(length, timedelta(days=1)) if all_day else length


def _never(rule: str) -> bool:
    """Whether a rule asks for days that none of its months has; the library would look for one until the year 9999."""
    months, days = (re.search(rf"\b{part}=([\d,]+)(?:;|$)", rule) for part in ("BYMONTH", "BYMONTHDAY"))
    if months is None or days is None:
        return False
    lengths = [_LENGTHS.get(int(month), 31) for month in months[1].split(",")]
    return all(int(day) > max(lengths) for day in days[1].split(","))


def _rule(line: _Line, start: datetime, where: ZoneInfo) -> str:
    """The rule with UNTIL on the wall of the event, checked by laying out its beginning."""
    from dateutil.rrule import rrulestr

    rule = line.value.strip().upper()
    if _OFTEN.search(rule) is None:
        raise ValueError(f"line {line.number}: RRULE must have FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
    if start.year < _FIRST_YEAR:
        raise ValueError(f"line {line.number}: a rule may begin in {_FIRST_YEAR} at the earliest")
    if "UNTIL=" not in rule and "COUNT=" not in rule:
        rule += f";UNTIL={_LAST}"
    if re.search(r"BY(HOUR|MINUTE|SECOND)=", rule):
        raise ValueError(f"line {line.number}: RRULE may not say at which hours; DTSTART does")
    if (until := re.search(r"UNTIL=(\d{8}T\d{6})Z", rule)) is not None:
        at = datetime.strptime(until[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).astimezone(where)
        rule = rule.replace(until[0], f"UNTIL={at:%Y%m%dT%H%M%S}")
    try:
        rrulestr(rule, dtstart=start)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"line {line.number}: the RRULE is not understood ({str(error)[:80]})") from error
    return rule
