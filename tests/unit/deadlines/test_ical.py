# SPDX-License-Identifier: Apache-2.0
"""iCalendar files: which days and hours their events close, and what is refused."""

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from router.deadlines.ical import parse_feed
from router.deadlines.zone import moment

HELSINKI = ZoneInfo("Europe/Helsinki")


def calendar(*events: str) -> str:
    blocks = "".join(f"BEGIN:VEVENT\r\nUID:{n}\r\n{event.strip()}\r\nEND:VEVENT\r\n" for n, event in enumerate(events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{blocks}END:VCALENDAR\r\n"


def days(event: str, year: int = 2026) -> list[str]:
    return [day.isoformat()[5:] for day in sorted(parse_feed(calendar(event), zone=HELSINKI).days(year))]


@pytest.mark.parametrize(
    ("event", "closed"),
    [
        ("DTSTART;VALUE=DATE:20260706", ["07-06"]),
        ("DTSTART;VALUE=DATE:20260706\nDTEND;VALUE=DATE:20260709", ["07-06", "07-07", "07-08"]),
        ("DTSTART;VALUE=DATE:20260706\nDURATION:P2D", ["07-06", "07-07"]),
        ("DTSTART;VALUE=DATE:20251230\nDTEND;VALUE=DATE:20260103", ["01-01", "01-02"]),
        ("DTSTART;VALUE=DATE:20201206\nRRULE:FREQ=YEARLY", ["12-06"]),
        ("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;COUNT=3", ["01-05", "01-12", "01-19"]),
        ("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;UNTIL=20260112", ["01-05", "01-12"]),
        ("DTSTART;VALUE=DATE:20200626\nRRULE:FREQ=YEARLY;BYMONTH=6;BYDAY=4FR", ["06-26"]),
        ("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;COUNT=3\nEXDATE;VALUE=DATE:20260112", ["01-05", "01-19"]),
        ("DTSTART;VALUE=DATE:20260105\nRDATE;VALUE=DATE:20260301,20260401", ["01-05", "03-01", "04-01"]),
        ("DTSTART;VALUE=DATE:20260706\nTRANSP:TRANSPARENT", ["07-06"]),  # holiday files say so of every day
        ("DTSTART;VALUE=DATE:20260706\nSTATUS:CANCELLED", []),
        ("SUMMARY:Folded\n  line\nDTSTART;VALUE=DATE:20260706", ["07-06"]),
        ("DTSTART;VALUE=DATE:20260706\nBEGIN:VALARM\nTRIGGER:-PT1H\nEND:VALARM", ["07-06"]),
        ("DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY", []),  # 2026 has no such day
    ],
)
def test_all_day_events_close_their_days(event: str, closed: list[str]) -> None:
    """Each way to write whole days closes exactly these dates of the year."""
    assert days(event) == closed


def closures(event: str) -> list[tuple[datetime, datetime]]:
    found = parse_feed(calendar(event), zone=HELSINKI).closures(2026)
    return [(moment(start), moment(end)) for start, end in found]


def test_timed_events_close_in_their_zone_over_a_clock_change() -> None:
    """A weekly hour stays at its wall time when the clocks change; times without a zone are those of the calendar."""
    event = "DTSTART;TZID=Europe/Berlin:20260323T100000\nDTEND;TZID=Europe/Berlin:20260323T110000\n"
    found = closures(event + "RRULE:FREQ=WEEKLY;COUNT=2")
    assert [start for start, _ in found] == [
        datetime(2026, 3, 23, 9, tzinfo=UTC), datetime(2026, 3, 30, 8, tzinfo=UTC),
    ]  # fmt: skip
    [(start, end)] = closures("DTSTART:20260323T100000\nDURATION:PT1H30M")
    assert (start, end) == (datetime(2026, 3, 23, 8, tzinfo=UTC), datetime(2026, 3, 23, 9, 30, tzinfo=UTC))
    [(start, _)] = closures("DTSTART:20260323T100000Z\nDURATION:PT1H")
    assert start == datetime(2026, 3, 23, 10, tzinfo=UTC)


def test_changed_occurrence_takes_the_place_of_the_one_it_names() -> None:
    """One occurrence moved to another day closes that day and opens its own."""
    text = (
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;COUNT=2\nEND:VEVENT\n"
        "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;VALUE=DATE:20260112\nDTSTART;VALUE=DATE:20260114\nEND:VEVENT\nEND:VCALENDAR"
    )
    assert parse_feed(text, zone=HELSINKI).days(2026) == {date(2026, 1, 5), date(2026, 1, 14)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no iCalendar file"),
        ("<html>", "no iCalendar file"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260101", "in the middle"),
        (calendar("SUMMARY:x"), "no DTSTART"),
        (calendar("DTSTART:soon"), "'soon' is no date"),
        (calendar("DTSTART;TZID=Mars/Base:20260101T000000"), "time zone 'Mars/Base'"),
        (calendar("DTSTART:20260101T000000\nRRULE:FREQ=SECONDLY"), "FREQ=DAILY"),
        (calendar("DTSTART:20260101T000000\nRRULE:FREQ=DAILY;BYHOUR=1,2"), "at which hours"),
        (calendar("DTSTART:20260101T000000\nRRULE:FREQ=DAILY;BYDAY=XX"), "not understood"),
        (calendar("DTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:20300101"), "nor last"),
        (calendar("DTSTART;VALUE=DATE:20260102\nDTEND;VALUE=DATE:20260101"), "before it starts"),
        (calendar("DTSTART;VALUE=DATE:20260102\nDURATION:soon"), "no DURATION"),
    ],
)
def test_parse_feed_refuses(text: str, says: str) -> None:
    """What cannot be laid out is refused with the line and what to write, never half-read."""
    with pytest.raises(ValueError, match=says):
        parse_feed(text, zone=HELSINKI)


def test_rule_that_never_comes_ends_the_search() -> None:
    """A yearly thirtieth of February closes nothing and costs no time worth mentioning."""
    before = time.process_time()
    assert days("DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30") == []
    assert time.process_time() - before < 5


def test_parse_feed_refuses_floods() -> None:
    """More events that repeat than any calendar has are refused."""
    event = "DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=YEARLY"
    with pytest.raises(ValueError, match="500 that repeat"):
        parse_feed(calendar(*[event] * 501), zone=HELSINKI)
