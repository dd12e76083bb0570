# SPDX-License-Identifier: Apache-2.0
"""Calendars and deadlines in ``teams.yaml``: what is read, and what is said of mistakes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from router.config.loader import Configuration, files_of, load
from router.deadlines.presets import PRESET_CALENDARS, PRESETS
from router.errors import ConfigError

GOOD = """
teams:
  - {name: billing, calendar: office}
calendars:
  office:
    zone: Europe/Helsinki
    hours: {mon-thu: ["08:00-12:00", "12:30-16:30"], fri: ["08:00-14:00"]}
    holidays: [FI]
    closed: ["2026-12-23"]
    open: {"2026-12-19": ["10:00-14:00"]}
    ical: [calendars/company.ics]
deadlines:
  - {name: first, clock: first_response, within: 4h, warn_before: [1h], at_breach: {urgency: up}}
  - {name: law, preset: uk-final-response, when: {kind: [complaint]}}
"""
FEED = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260706\nEND:VEVENT\nEND:VCALENDAR\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "company.ics").write_text(FEED)
    (tmp_path / "router.yaml").write_text("company: Shop\n")
    (tmp_path / "rules.yaml").write_text("root: {queue: billing}\n")
    return tmp_path


def loaded(folder: Path, teams: str = GOOD) -> Configuration:
    (folder / "teams.yaml").write_text(teams)
    return load(folder)


def mistakes(folder: Path, teams: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, teams)
    return [f"{one.path}: {one.sentence}" for one in caught.value.mistakes]


def test_load_makes_calendars_and_deadlines(folder: Path) -> None:
    """Hours, holidays, closed and open days and a file of events are all in force."""
    deadlines = loaded(folder).deadlines
    assert deadlines.names == ("first", "law")
    office = deadlines.calendars["office"]
    for day, open_ in ((3, True), (6, False), (7, True)):  # July 2026; the sixth is in the file
        assert office.is_open(datetime(2026, 7, day, 6, tzinfo=UTC)) is open_
    assert not office.is_open(datetime(2026, 12, 23, 9, tzinfo=UTC))
    assert office.is_open(datetime(2026, 12, 19, 9, tzinfo=UTC))  # a Saturday
    assert not office.is_open(datetime(2026, 12, 25, 9, tzinfo=UTC))
    assert deadlines.entries[1].statutory
    assert not deadlines.entries[1].pauses


def test_load_digest_follows_the_file_of_events(folder: Path) -> None:
    """A changed iCalendar file is a changed configuration, and is watched."""
    before = loaded(folder)
    assert folder / "calendars" / "company.ics" in files_of(folder)
    (folder / "calendars" / "company.ics").write_text(FEED.replace("0706", "0707"))
    after = load(folder)
    assert before.digest != after.digest
    assert before.deadlines.digest != after.deadlines.digest


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("zone: Europe/Helsinki", "zone: Europe/Helsinky", "calendars.office.zone: 'Europe/Helsinky' is no time zone"),
        ("mon-thu", "mon-thx", "is no weekday"),
        ("08:00-14:00", "8-14", "'8-14' is not of the form 08:00-16:30"),
        ("08:00-14:00", "08:00-25:00", "a day has 24 hours"),
        ("fri:", "thu:", "is given twice"),
        ("holidays: [FI]", "holidays: [XX]", "no holidays are known for the country 'XX'"),
        ("holidays: [FI]", "holidays: [GB-XYZ]", "known: ENG, NIR, SCT, WLS"),
        ("company.ics", "missing.ics", "calendars.office.ical[0]"),
        ("calendar: office", "calendar: ofice", "did you mean 'office'?"),
        ("within: 4h", "within: 4 days", "business days' or 'calendar days"),
        ("clock: first_response", "clock: first_respond", "unknown value 'first_respond'"),
        ("uk-final-response", "uk-final", "unknown preset 'uk-final'"),
        ("urgency: up", "queue: bilings", "unknown queue 'bilings'"),
        ("urgency: up", "sinks: [room]", "unknown sink 'room'"),
        ("kind: [complaint]", "team: [bilig]", "unknown team 'bilig'"),
        (", within: 4h", "", "give 'clock' and 'within', or a 'preset'"),
        ("  office:", "  always:", "taken by a calendar that is built in"),
        ("  office:", "  Office:", "'Office' is not a name"),
    ],
)
def test_load_tells_what_is_wrong(folder: Path, before: str, after: str, expected: str) -> None:
    """Each mistake is named with its place and the way out."""
    assert before in GOOD
    found = mistakes(folder, GOOD.replace(before, after))
    assert any(expected in line for line in found), found


def test_load_refuses_calendar_without_hours(folder: Path) -> None:
    """By a calendar that never opens nothing would ever be due."""
    text = "teams: [{name: billing}]\ncalendars: {never: {zone: UTC, hours: {mon: []}}}\n"
    assert mistakes(folder, text) == ["calendars.never: the calendar 'never' has no hours: nothing would ever be due"]


def test_load_refuses_broken_file_of_events(folder: Path) -> None:
    """What is wrong in an iCalendar file is said with its line."""
    (folder / "calendars" / "company.ics").write_text(FEED.replace("20260706", "someday"))
    [line] = mistakes(folder, GOOD)
    assert "company.ics: line 3: 'someday' is no date or time" in line


@pytest.mark.parametrize("name", PRESETS)
def test_preset_names_its_source_and_can_be_laid_out(folder: Path, name: str) -> None:
    """Each statutory preset names a document, and gives a due instant at the end of a day in its zone."""
    made = loaded(folder, f"teams: [{{name: billing}}]\ndeadlines: [{{name: law, preset: {name}}}]\n").deadlines
    [entry] = made.entries
    assert entry.source
    assert entry.calendar is not None
    due = entry.calendar.due(datetime(2026, 3, 27, 10, tzinfo=UTC), entry.within, ends=entry.ends)
    local = due.astimezone(entry.calendar.zone)
    assert (local.hour, local.minute, local.second) == (0, 0, 0)
    assert due - datetime(2026, 3, 27, tzinfo=UTC) < timedelta(days=62)


@pytest.mark.parametrize(
    ("preset", "received", "due"),
    [
        ("uk-final-response", "2026-03-02T12:00Z", "2026-04-27T23:00Z"),  # 27 April ends at midnight, summer time
        ("uk-summary-resolution", "2026-04-02T12:00Z", "2026-04-09T23:00Z"),  # over Good Friday and Easter Monday
        ("uk-payments", "2026-12-10T12:00Z", "2027-01-06T00:00Z"),  # 15 business days over Christmas: 5 January
        ("us-cfpb-response", "2026-03-02T12:00Z", "2026-03-18T04:00Z"),
        ("es-customer-service", "2026-03-02T12:00Z", "2026-03-23T23:00Z"),
    ],
)
def test_preset_due_by_hand(folder: Path, preset: str, received: str, due: str) -> None:
    """Due instants counted on a paper calendar."""
    made = loaded(folder, f"teams: [{{name: billing}}]\ndeadlines: [{{name: law, preset: {preset}}}]\n").deadlines
    [entry] = made.entries
    assert entry.calendar is not None
    assert entry.calendar.due(
        datetime.fromisoformat(received), entry.within, ends=entry.ends
    ) == datetime.fromisoformat(due)


def test_preset_calendars_close_on_holidays() -> None:
    """Every calendar of a preset names a country."""
    assert all(one.holidays for one in PRESET_CALENDARS.values())
