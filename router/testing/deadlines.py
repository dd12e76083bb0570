# SPDX-License-Identifier: Apache-2.0
"""For tests of deadlines: made-up ones, and a second, slow opinion on business time that counts what the wall shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from router.deadlines.book import Deadlines, make_deadlines
from router.deadlines.settings import CalendarSettings, DeadlineSettings

__all__ = ["Stepping", "Week", "make_book"]

Week = dict[int, tuple[tuple[int, int], ...]]  # weekday -> minutes of the day; past 1440 into the next


def make_book(*deadlines: dict[str, Any], teams: dict[str, str] | None = None) -> Deadlines:
    """Deadlines as in ``teams.yaml``; calendars "office" (Monday to Friday, 09:00-17:00 UTC) and "night" (always)."""
    return make_deadlines(
        calendars={
            "office": CalendarSettings(zone="UTC", hours={"mon-fri": ("09:00-17:00",)}),
            "night": CalendarSettings(zone="UTC", hours={"daily": ("00:00-24:00",)}),
        },
        deadlines=[DeadlineSettings.model_validate(one) for one in deadlines],
        feeds={},
        team_calendars=teams or {"delivery": "office", "night-team": "night"},
        queues={"delivery": "delivery", "escalations": "bosses"},
    )


class Stepping:
    """Knows only whether the wall's time lies within the hours; everything else is counted."""

    def __init__(self, zone: str, week: Week, *, closed: Callable[[date], bool] = lambda _: False) -> None:
        self.zone = ZoneInfo(zone)
        self.week = week
        self.closed = closed

    def open_on_wall(self, wall: datetime) -> bool:
        if self.closed(wall.date()):
            return False
        minute = wall.hour * 60 + wall.minute
        today = self.week.get(wall.weekday(), ())
        evening = self.week.get((wall.weekday() - 1) % 7, ())
        return any(a <= minute < b for a, b in today) or any(a <= minute + 1440 < b for a, b in evening)

    def is_open(self, at: datetime) -> bool:
        return self.open_on_wall(at.astimezone(self.zone))

    def add(self, start: datetime, seconds: int, *, step: int = 60) -> datetime:
        """The end of the last of so many open seconds; ``start`` and hours are whole steps."""
        at = start.astimezone(UTC)
        left = seconds
        while left > 0:
            if self.is_open(at):
                left -= step
            at += timedelta(seconds=step)
        return at

    def between(self, start: datetime, end: datetime, *, step: int = 60) -> int:
        at, total = start.astimezone(UTC), 0
        while at < end:
            total += step * self.is_open(at)
            at += timedelta(seconds=step)
        return total

    def end_of_nth_business_day(self, start: datetime, count: int) -> datetime:
        """Midnight after the ``count``-th date, after that of ``start``, on which hours begin; by walking hours."""
        day = start.astimezone(self.zone).date()
        while count:
            day += timedelta(days=1)
            count -= bool(self.week.get(day.weekday())) and not self.closed(day)
        at = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        while at.astimezone(self.zone).date() <= day:
            at += timedelta(minutes=15)
        return at
