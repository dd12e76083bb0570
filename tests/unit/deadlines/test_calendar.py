# SPDX-License-Identifier: Apache-2.0
"""Business time against a second implementation that steps through it, and at the corners by hand."""

import random
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.deadlines.calendar import Calendar, NoHours, week_of
from router.deadlines.duration import Duration
from router.deadlines.public import holidays_of
from router.testing.deadlines import Stepping, Week

# Zone, and moments (UTC) around which its clocks change or it skips something.
PLACES: list[tuple[str, str, tuple[str, ...]]] = [
    ("Europe/Helsinki", "FI", ("2026-03-29T01:00", "2026-10-25T01:00", "2026-12-24T12:00", "2028-02-29T10:00")),
    ("Europe/London", "GB-ENG", ("2026-03-29T01:00", "2026-10-25T01:00", "2026-05-04T09:00", "2027-12-28T10:00")),
    ("America/New_York", "US", ("2026-03-08T07:00", "2026-11-01T06:00", "2026-07-03T15:00", "2024-02-29T17:00")),
    ("Australia/Lord_Howe", "AU", ("2026-04-04T15:00", "2026-10-03T15:30")),
    ("America/Havana", "CU", ("2026-03-08T05:00", "2026-11-01T05:00")),
    ("Asia/Kathmandu", "NP", ("2026-01-01T00:00",)),
    ("Africa/Casablanca", "MA", ("2026-02-15T02:00", "2026-03-22T02:00")),
    ("Pacific/Apia", "WS", ("2011-12-30T10:00",)),
]
WEEKS: list[Week] = [
    dict.fromkeys(range(5), ((480, 720), (750, 990))),
    dict.fromkeys(range(7), ((0, 1440),)),
    {0: ((1320, 1800),), 2: ((60, 150),), 5: ((90, 210),), 6: ((120, 165), (1350, 1470))},
    dict.fromkeys(range(7), ((30, 150), (180, 181), (1380, 1500))),
    {6: ((150, 180),), 0: ((540, 1020),)},
]


def both(zone: str, region: str, week: Week) -> tuple[Calendar, Stepping]:
    def closed(year: int) -> frozenset[date]:
        return holidays_of(region, year)

    hours = {day: tuple((a * 60, b * 60) for a, b in spans) for day, spans in week.items()}
    fast = Calendar("test", ZoneInfo(zone), week_of(hours), closed=closed)
    return fast, Stepping(zone, week, closed=lambda day: day in holidays_of(region, day.year))


def cases(number: int) -> list[tuple[str, str, int, datetime, int]]:
    """Starts within days of a change, lengths from a minute to a few days of open time."""
    dice = random.Random(20260329)
    made = []
    for _ in range(number):
        zone, region, moments = dice.choice(PLACES)
        near = datetime.fromisoformat(dice.choice(moments)).replace(tzinfo=UTC)
        start = near + timedelta(minutes=dice.randrange(-4000, 2500))
        made.append((zone, region, dice.randrange(len(WEEKS)), start, dice.choice((1, 15, 59, 240, 480, 1111))))
    return made


def test_add_equals_stepping_for_400_deadlines() -> None:
    """Four hundred deadlines around clock changes, holidays and weekends equal those counted minute by minute."""
    wrong = []
    for zone, region, which, start, minutes in cases(400):
        fast, slow = both(zone, region, WEEKS[which])
        due, expected = fast.add(start, timedelta(minutes=minutes)), slow.add(start, minutes * 60)
        if due != expected:
            wrong.append((zone, which, start, minutes, due, expected))
    assert wrong == []


def test_between_open_and_next_equal_stepping() -> None:
    """Open time between two instants, whether it is open and when it opens equal what stepping sees."""
    for zone, region, which, start, minutes in cases(120):
        fast, slow = both(zone, region, WEEKS[which])
        end = start + timedelta(minutes=minutes * 3)
        assert fast.between(start, end) == timedelta(seconds=slow.between(start, end)), (zone, which, start)
        assert fast.between(end, start) == -fast.between(start, end)
        assert fast.is_open(start) == slow.is_open(start)
        opening = fast.next_open(start)
        assert fast.is_open(opening)
        assert fast.between(start, opening) == timedelta(0)


def test_back_is_the_reverse_of_add() -> None:
    """Going back by what was added leaves the same open time, right to the second."""
    for zone, region, which, start, minutes in cases(200):
        fast, _ = both(zone, region, WEEKS[which])
        length = timedelta(minutes=minutes, seconds=7)
        end = fast.add(start, length)
        assert fast.between(fast.back(end, length), end) == length


def test_add_to_the_second_within_the_repeated_hour() -> None:
    """Seconds count in both passes of the hour that comes twice."""
    fast, slow = both("Europe/Helsinki", "FI", {6: ((150, 240),)})  # 02:30-04:00 on the day of the change
    start = datetime(2026, 10, 25, 0, 10, 11, tzinfo=UTC)  # 03:10:11, the first time
    for seconds in (1, 2988, 2989, 2990, 4000, 6589):
        assert fast.add(start, timedelta(seconds=seconds)) == slow.add(start, seconds, step=1)


def test_business_days_end_at_midnight_as_walked() -> None:
    """The end of the Nth business day equals the one found by walking quarter hours."""
    for zone, region, which, start, _ in cases(60):
        if zone == "Pacific/Apia":
            continue  # its missing date is looked at below
        fast, slow = both(zone, region, WEEKS[which])
        for count in (1, 3, 15):
            due = fast.due(start, Duration(count, "business_days"), ends="midnight")
            assert due == slow.end_of_nth_business_day(start, count), (zone, which, start, count)


HELSINKI, _ = both("Europe/Helsinki", "FI", WEEKS[0])


@pytest.mark.parametrize(
    ("start", "length", "ends", "due"),
    [
        ("2026-03-27T10:00Z", Duration(2, "business_days"), None, "2026-03-31T13:30Z"),  # Friday -> Tuesday's close
        ("2026-03-28T10:00Z", Duration(1, "business_days"), None, "2026-03-30T13:30Z"),  # Saturday is day 0
        ("2026-03-27T10:00Z", Duration(3, "business_days"), "midnight", "2026-04-01T21:00Z"),
        ("2026-03-27T10:00Z", Duration(3, "business_days"), "same_time", "2026-04-01T09:00Z"),  # the wall's time
        ("2026-03-27T10:00Z", Duration(8, "weeks"), None, "2026-05-22T21:00Z"),
        ("2028-01-31T10:00Z", Duration(1, "months"), None, "2028-02-29T22:00Z"),
        ("2026-12-31T23:30Z", Duration(15, "days"), None, "2027-01-16T22:00Z"),  # already the first of January there
        ("2026-03-28T01:30Z", Duration(1, "days"), "same_time", "2026-03-29T01:00Z"),  # 03:30 is skipped
    ],
)
def test_due_counts_days(start: str, length: Duration, ends: None, due: str) -> None:
    """Days start after the day of receipt and end where they are told to."""
    assert HELSINKI.due(datetime.fromisoformat(start), length, ends=ends) == datetime.fromisoformat(due)


def test_before_counts_back() -> None:
    """A warning two open hours before Monday 09:00 is on Friday; one business day before keeps the time of day."""
    monday = datetime(2026, 3, 30, 6, 0, tzinfo=UTC)  # 09:00, an hour after opening
    assert HELSINKI.before(monday, Duration(7200, "time")) == datetime(2026, 3, 27, 13, 30, tzinfo=UTC)
    assert HELSINKI.before(monday, Duration(1, "business_days")) == datetime(2026, 3, 27, 7, 0, tzinfo=UTC)


def test_opened_and_closed_days_win_over_the_week() -> None:
    """A Saturday with hours of its own is open for these; a closed Monday also ends Sunday's late hours at midnight."""
    saturday, monday = date(2026, 5, 9), date(2026, 5, 11)
    calendar = Calendar(
        "test",
        ZoneInfo("UTC"),
        week_of({6: ((79_200, 108_000),), 0: ((28_800, 57_600),)}),  # Sunday 22:00-06:00, Monday 08:00-16:00
        opened={saturday: ((36_000, 50_400),)},
        closed=lambda year: frozenset({saturday, monday}),
    )
    start = datetime(2026, 5, 8, tzinfo=UTC)
    assert calendar.add(start, timedelta(hours=4)) == datetime(2026, 5, 9, 14, 0, tzinfo=UTC)
    assert calendar.add(start, timedelta(hours=6)) == datetime(2026, 5, 11, tzinfo=UTC)
    assert not calendar.is_open(datetime(2026, 5, 11, 3, tzinfo=UTC))


def test_calendar_without_hours_says_so() -> None:
    """A calendar that never opens raises instead of searching for ever."""
    never = Calendar("never", ZoneInfo("UTC"), week_of({}))
    start = datetime(2026, 5, 8, tzinfo=UTC)
    with pytest.raises(NoHours):
        never.add(start, timedelta(hours=1))
    with pytest.raises(NoHours):
        never.next_open(start)
    with pytest.raises(NoHours):
        never.back(start, timedelta(hours=1))
    with pytest.raises(NoHours):
        never.due(start, Duration(1, "business_days"))


def test_add_takes_little_time() -> None:
    """A year laid out once answers by search: ten thousand deadlines in well under a second."""
    calendar, _ = both("Europe/Helsinki", "FI", WEEKS[0])
    start = datetime(2026, 3, 1, tzinfo=UTC)
    before = time.process_time()
    for n in range(10_000):
        calendar.add(start + timedelta(minutes=n), timedelta(hours=40))
    assert time.process_time() - before < 3
