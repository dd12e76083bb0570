# SPDX-License-Identifier: Apache-2.0
"""Calendars and deadlines in ``teams.yaml``: what is read, and what is said of mistakes."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from router.config.loader import Configuration, files_of, load
from router.deadlines.presets import PRESET_CALENDARS, PRESETS
from router.deadlines.settings import CalendarSettings
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
        ("holidays: [FI]", "holidays: [UK]", "no holidays are known for the country 'UK'"),  # another name of GB
        ("holidays: [FI]", "holidays: [fi]", "no holidays are known for the country 'fi'"),
        ("holidays: [FI]", "holidays: [registry]", "no holidays are known for the country 'registry'"),
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
    """Each statutory preset names a section, and gives a due instant: the end of a day, of hours, or so much later."""
    made = loaded(folder, f"teams: [{{name: billing}}]\ndeadlines: [{{name: law, preset: {name}}}]\n").deadlines
    [entry] = made.entries
    assert re.search(r"DISP 1\.\d|article 17\.\d|section", entry.source)
    assert entry.calendar is not None
    start = datetime(2026, 3, 27, 10, tzinfo=UTC)
    due = entry.calendar.due(start, entry.within, ends=entry.ends)
    local = due.astimezone(entry.calendar.zone)
    clock = (local.hour, local.minute, local.second)
    assert clock == {"uk-summary-resolution": (17, 0, 0), "es-continuity": (12, 0, 0)}.get(name, (0, 0, 0))
    assert start < due < start + timedelta(days=62)
    assert all(start < entry.calendar.before(due, warning) < due for warning in entry.warnings)


def test_changed_preset_tells_clocks_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clocks follow what a newer version of the product says of a preset: the digest changes with it."""
    text = "teams: [{name: billing}]\ndeadlines: [{name: law, preset: uk-final-response}]\n"
    before = loaded(folder, text).deadlines.digest
    changed = replace(PRESETS["uk-final-response"], within="7 weeks")
    monkeypatch.setitem(PRESETS, "uk-final-response", changed)
    assert loaded(folder, text).deadlines.digest != before


@pytest.mark.parametrize(
    ("preset", "received", "due"),
    [
        # Eight weeks: 2 March (Monday) and 56 days is 27 April; its midnight is summer time, which began in between.
        ("uk-final-response", "2026-03-02T12:00Z", "2026-04-27T23:00Z"),
        # 28 September and 56 days is 23 November, in winter time: midnight is 00:00 UTC.
        ("uk-final-response", "2026-09-28T12:00Z", "2026-11-24T00:00Z"),
        # Ends on Boxing Day, a Saturday: weeks of the calendar, nothing moves.
        ("uk-final-response", "2026-10-31T09:00Z", "2026-12-27T00:00Z"),
        # Promptly, at most five: Thursday before Easter; 7, 8, 9, 10, 13 April (3 and 6 are holidays).
        ("uk-acknowledgement", "2026-04-02T12:00Z", "2026-04-13T23:00Z"),
        # At 23:30 on the Friday before clocks go forward, London time: 30, 31 March, 1, 2, 7 April.
        ("uk-acknowledgement", "2026-03-27T23:30Z", "2026-04-07T23:00Z"),
        # Christmas: 23 December is day 0; 24, 29, 30, 31 December, 4 January (28 December is given for Boxing Day).
        ("uk-acknowledgement", "2026-12-23T18:00Z", "2027-01-05T00:00Z"),
        # Third business day, at 17:00: 2 April; 7, 8, 9 April over Good Friday and Easter Monday, summer time.
        ("uk-summary-resolution", "2026-04-02T12:00Z", "2026-04-09T16:00Z"),
        # Received after hours, still that day: Wednesday 25 March at 22:00; 26, 27, 30 March, clocks changed on 29.
        ("uk-summary-resolution", "2026-03-25T22:00Z", "2026-03-30T16:00Z"),
        # Received on the Sunday on which clocks go back: 26, 27, 28 October, winter time.
        ("uk-summary-resolution", "2026-10-25T00:30Z", "2026-10-28T17:00Z"),
        # 23:30 UTC on 30 April is 1 May in London: a Friday; 5, 6, 7 May (4 May is a bank holiday).
        ("uk-summary-resolution", "2026-04-30T23:30Z", "2026-05-07T16:00Z"),
        # Christmas Eve: 29, 30, 31 December.
        ("uk-summary-resolution", "2026-12-24T10:00Z", "2026-12-31T17:00Z"),
        # Received on a bank holiday: 1, 2, 3 September.
        ("uk-summary-resolution", "2026-08-31T10:00Z", "2026-09-03T16:00Z"),
        # 15 business days over Christmas: 11, 14-18, 21-24, 29-31 December, 4 and 5 January.
        ("uk-payments", "2026-12-10T12:00Z", "2027-01-06T00:00Z"),
        # 35 business days from 10 December: 13 are gone by year's end, 20 in January, 1 and 2 February.
        ("uk-payments-exceptional", "2026-12-10T12:00Z", "2027-02-03T00:00Z"),
        ("us-cfpb-response", "2026-03-02T12:00Z", "2026-03-18T04:00Z"),
        # 60 days from 2 March end with 1 May; New York has summer time by then.
        ("us-cfpb-final", "2026-03-02T12:00Z", "2026-05-02T04:00Z"),
        ("es-customer-service", "2026-03-02T12:00Z", "2026-03-23T23:00Z"),
        # Over National Day (12 October) and the end of summer time: 6-9, 13-16, 19-23, 26, 27 October.
        ("es-customer-service", "2026-10-05T08:00Z", "2026-10-27T23:00Z"),
        # Five days of the calendar, over a week-end: from Thursday to Tuesday.
        ("es-billing", "2026-03-26T09:00Z", "2026-03-31T22:00Z"),
        # Two hours run at night and over the hour that is skipped.
        ("es-continuity", "2026-03-29T00:30Z", "2026-03-29T02:30Z"),
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


@pytest.mark.parametrize("name", PRESET_CALENDARS)
def test_preset_calendar_is_as_if_an_operator_had_written_it(name: str) -> None:
    """Its values pass the checks that are left out at starts, and it names a country."""
    one = PRESET_CALENDARS[name]
    assert CalendarSettings.model_validate(one.model_dump(mode="json")) == one
    assert one.holidays
