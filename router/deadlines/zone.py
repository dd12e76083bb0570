# SPDX-License-Identifier: Apache-2.0
"""How a time zone maps wall time to instants: pieces of constant offset, found once a year and then looked up.

Everything here counts whole microseconds since 1970, in UTC unless a name says ``wall``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

__all__ = [
    "DAY",
    "EPOCH",
    "SECOND",
    "Piece",
    "day_start",
    "first_instant",
    "last_instant",
    "micros",
    "moment",
    "pieces",
]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
SECOND = 1_000_000
DAY = 86_400 * SECOND
_PROBE = 6 * 3600  # no zone has ever changed its offset twice within so few hours
_WIDEST = 26 * 3600 * SECOND  # no offset is this far from UTC


class Piece(NamedTuple):
    """From ``start`` until before ``end`` the wall shows UTC plus ``offset``."""

    start: int
    end: int
    offset: int


def micros(at: datetime) -> int:
    """An aware time as microseconds since 1970."""
    delta = at - EPOCH
    return delta.days * DAY + delta.seconds * SECOND + delta.microseconds


def moment(value: int) -> datetime:
    """The reverse of ``micros``, in UTC."""
    return EPOCH + timedelta(microseconds=value)


def day_start(day: date) -> int:
    """Midnight of a date, on the wall."""
    return (day.toordinal() - _EPOCH_DAY) * DAY


def _offset(zone: ZoneInfo, second: int) -> int:
    shift = (EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    assert shift is not None  # an aware time has one
    return (shift.days * 86_400 + shift.seconds) * SECOND + shift.microseconds


@lru_cache(maxsize=4096)
def pieces(zone: ZoneInfo, year: int) -> tuple[Piece, ...]:
    """The pieces of one year, which begins and ends in UTC; one more than the zone changes its clocks in it."""
    begin, end = (micros(datetime(one, 1, 1, tzinfo=UTC)) // SECOND for one in (year, year + 1))
    found: list[Piece] = []
    start, offset = begin, _offset(zone, begin)
    for probe in range(begin + _PROBE, end + _PROBE, _PROBE):
        until = min(probe, end - 1)
        if (after := _offset(zone, until)) != offset:
            change = _change(zone, until - _PROBE, until)
            found.append(Piece(start * SECOND, change * SECOND, offset))
            start, offset = change, after
    return (*found, Piece(start * SECOND, end * SECOND, offset))


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    """The first second after ``low`` at which the offset is that of ``high``."""
    after = _offset(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == after:
            high = middle
        else:
            low = middle
    return high


def _around(zone: ZoneInfo, wall: int) -> list[Piece]:
    years = range(moment(wall - _WIDEST).year, moment(wall + _WIDEST).year + 1)
    return [piece for year in years for piece in pieces(zone, year)]


def last_instant(zone: ZoneInfo, wall: int) -> int:
    """Where the wall has shown less than ``wall`` for the last time: the end of something that ends then.

    Of a time that comes twice this is the second; of one that is skipped, the moment of the change.
    """
    ends = [min(p.end, wall - p.offset) for p in _around(zone, wall) if p.start + p.offset < wall]
    return max(ends)


def first_instant(zone: ZoneInfo, wall: int) -> int:
    """When the wall first shows ``wall`` or, where that is skipped, more."""
    starts = [max(p.start, wall - p.offset) for p in _around(zone, wall) if p.end + p.offset > wall]
    return min(starts)
