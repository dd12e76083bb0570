# SPDX-License-Identifier: Apache-2.0
"""The calendars and deadlines of an installation, made from its settings, and which of them apply to a case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from router.deadlines.calendar import Calendar, week_of
from router.deadlines.duration import Duration, Ends, parse_duration
from router.deadlines.ical import Feed, parse_feed
from router.deadlines.presets import PRESET_CALENDARS, PRESETS
from router.deadlines.public import holidays_of, version
from router.deadlines.records import ClockKind, Consequences
from router.deadlines.settings import CalendarSettings, DeadlineSettings, DeadlineWhen, days_of, span_of
from router.schema import Case

__all__ = ["ALWAYS", "BUILT_IN", "Deadline", "Deadlines", "Hours", "make_calendar", "make_deadlines", "read_feed"]

ALWAYS = "always"  # around the clock, in UTC: where no calendar is named
BUILT_IN = (ALWAYS, *PRESET_CALENDARS)
_MOST_FEED_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Deadline:
    """One deadline, ready to be laid out. ``calendar`` None: that of the case's team."""

    name: str
    kind: ClockKind
    within: Duration
    ends: Ends | None
    calendar: Calendar | None
    when: DeadlineWhen
    automatic: bool
    pauses: bool
    statutory: bool
    warnings: tuple[Duration, ...]
    at_warning: Consequences
    at_breach: Consequences
    source: str = ""

    def does(self, *, breach: bool) -> Consequences:
        """What the deadline itself says for a warning or for being missed."""
        return self.at_breach if breach else self.at_warning

    def fits(self, case: Case) -> bool:
        """Whether every key of ``when`` holds for the case."""
        for key in DeadlineWhen.model_fields:
            wanted = getattr(self.when, key)
            if wanted and not (set(wanted) & set(case.tags) if key == "tag" else getattr(case, key) in wanted):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Hours:
    """Calendars by name, as ``router.rules.facts.Calendars`` wants them."""

    calendars: Mapping[str, Calendar]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.calendars)

    def is_open(self, name: str, at: datetime) -> bool:
        """Whether it is open. Raises KeyError for a calendar that does not exist."""
        return self.calendars[name].is_open(at)


@dataclass(frozen=True)
class Deadlines:
    """All of them. ``queues`` gives the team of each queue, ``digest`` changes when any clock may."""

    entries: tuple[Deadline, ...] = ()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    team_calendars: Mapping[str, str] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    def applicable(self, case: Case, named: Iterable[str] = ()) -> dict[str, Deadline]:
        """The deadlines of a case by name: of each name the first that fits. ``named`` are those that routes gave."""
        found: dict[str, Deadline] = {}
        wanted = set(named)
        for entry in self.entries:
            if entry.name not in found and (entry.automatic or entry.name in wanted) and entry.fits(case):
                found[entry.name] = entry
        return found

    def calendar_of(self, deadline: Deadline, team: str) -> Calendar:
        """The calendar a deadline runs by in a team."""
        return deadline.calendar or self.calendars[self.team_calendars.get(team, ALWAYS)]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(entry.name for entry in self.entries))

    @property
    def hours(self) -> Hours:
        """The calendars as rules look at them."""
        return Hours(self.calendars)


def read_feed(path: Path, zone: str) -> Feed:
    """An iCalendar file. Raises OSError, and ValueError with what is wrong in it."""
    content = path.read_bytes()
    if len(content) > _MOST_FEED_BYTES:
        raise ValueError(f"is larger than {_MOST_FEED_BYTES // 1024 // 1024} MiB")
    try:
        return parse_feed(content.decode(), zone=ZoneInfo(zone))
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8 text") from error


def make_calendar(name: str, settings: CalendarSettings, feeds: Sequence[Feed] = ()) -> Calendar:
    """A calendar from its settings and the files they name."""

    @lru_cache(maxsize=512)
    def closed(year: int) -> frozenset[date]:
        days = {day for day in settings.closed if day.year == year}
        return frozenset(days).union(
            *(holidays_of(region, year) for region in settings.holidays), *(feed.days(year) for feed in feeds)
        )

    def closures(year: int) -> tuple[tuple[int, int], ...]:
        return tuple(stretch for feed in feeds for stretch in feed.closures(year))

    hours = {day: tuple(map(span_of, spans)) for days, spans in settings.hours.items() for day in days_of(days)}
    return Calendar(
        name=name,
        zone=ZoneInfo(settings.zone),
        week=week_of(hours),
        opened={day: tuple(sorted(map(span_of, spans))) for day, spans in settings.open.items()},
        closed=closed,
        closures=closures,
    )


def make_deadlines(
    *,
    calendars: Mapping[str, CalendarSettings],
    deadlines: Sequence[DeadlineSettings],
    feeds: Mapping[str, Sequence[Feed]],
    team_calendars: Mapping[str, str],
    queues: Mapping[str, str],
    feeds_digest: str = "",
) -> Deadlines:
    """Put it all together; names were checked before."""
    always = CalendarSettings(zone="UTC", hours={"daily": ("00:00-24:00",)})
    given = {ALWAYS: always, **PRESET_CALENDARS, **calendars}
    made = {name: make_calendar(name, one, feeds.get(name, ())) for name, one in given.items()}
    regions = sorted({region for one in given.values() for region in one.holidays}) if deadlines else []
    settings: dict[str, Any] = {
        "calendars": {name: one.model_dump(mode="json") for name, one in calendars.items()},
        "deadlines": [one.model_dump(mode="json") for one in deadlines],
        "teams": dict(sorted(team_calendars.items())),
        "feeds": feeds_digest,
        "presets": {one.preset: asdict(PRESETS[one.preset]) for one in deadlines if one.preset},
        "preset calendars": {name: one.model_dump(mode="json") for name, one in PRESET_CALENDARS.items()},
        "holidays": version(regions),
    }
    return Deadlines(
        entries=tuple(_deadline(one, made) for one in deadlines),
        calendars=made,
        team_calendars=dict(team_calendars),
        queues=dict(queues),
        digest=hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16],
    )


def _deadline(one: DeadlineSettings, calendars: Mapping[str, Calendar]) -> Deadline:
    preset = PRESETS[one.preset] if one.preset is not None else None
    within = one.within or (preset.within if preset else "")
    clock = one.clock or (preset.clock if preset else "resolution")
    calendar = one.calendar or (preset.calendar if preset else None)
    warnings = one.warn_before or (preset.warn_before if preset else ())
    return Deadline(
        name=one.name,
        kind=clock,
        within=parse_duration(within),
        ends=one.ends or (preset.ends if preset else None),
        calendar=calendars[calendar] if calendar else None,
        when=one.when,
        automatic=one.automatic,
        pauses=preset is None if one.pause_while_waiting is None else one.pause_while_waiting,
        statutory=preset is not None,
        warnings=tuple(map(parse_duration, warnings)),
        at_warning=one.at_warning,
        at_breach=one.at_breach,
        source=preset.source if preset else "",
    )
