# SPDX-License-Identifier: Apache-2.0
"""Reads ``calendars`` and ``deadlines`` of ``teams.yaml``: every mistake in them, or what runs the clocks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from router.config.document import Mapping, Node, Sequence_
from router.config.models import TeamSettings
from router.config.problems import Problems, unknown
from router.config.validate import validate
from router.deadlines.book import BUILT_IN, Deadlines, make_deadlines, read_feed
from router.deadlines.ical import Feed
from router.deadlines.presets import PRESETS
from router.deadlines.settings import CalendarSettings, DeadlineSettings

__all__ = ["FEEDS", "read_deadlines"]

_NAME = r"[a-z0-9][a-z0-9_-]{0,62}"
FEEDS = "calendars/*.ics"  # where iCalendar files are looked after: a change of one is a change of the configuration


def read_deadlines(
    problems: Problems, teams: Sequence[TeamSettings], *, sinks: Sequence[str], folder: Path
) -> tuple[dict[str, CalendarSettings], tuple[DeadlineSettings, ...], Deadlines]:
    """The settings, and calendars and deadlines made of them; what is wrong is noted and left out."""
    calendars, feeds, digest = _calendars(problems, folder)
    known = (*BUILT_IN, *calendars)
    for index, team in enumerate(teams):
        if team.calendar is not None and team.calendar not in known:
            problems.add(("teams", index, "calendar"), unknown("calendar", team.calendar, known))
    queues = {queue: team.name for team in teams for queue in team.all_queues}
    deadlines = []
    for index in _items(problems, "deadlines"):
        at = ("deadlines", index)
        one = validate(DeadlineSettings, problems, at=at)
        if one is not None:
            _check(problems, at, one, known=known, queues=queues, teams=[team.name for team in teams], sinks=sinks)
            deadlines.append(one)
    if problems.mistakes:
        return calendars, tuple(deadlines), Deadlines()
    made = make_deadlines(
        calendars=calendars,
        deadlines=deadlines,
        feeds=feeds,
        team_calendars={team.name: team.calendar for team in teams if team.calendar is not None},
        queues=queues,
        feeds_digest=digest,
    )
    return calendars, tuple(deadlines), made


def _check(
    problems: Problems,
    at: tuple[str | int, ...],
    one: DeadlineSettings,
    *,
    known: Sequence[str],
    queues: dict[str, str],
    teams: Sequence[str],
    sinks: Sequence[str],
) -> None:
    """Names that must exist elsewhere."""
    if one.preset is not None and one.preset not in PRESETS:
        problems.add((*at, "preset"), unknown("preset", one.preset, PRESETS))
    if one.calendar is not None and one.calendar not in known:
        problems.add((*at, "calendar"), unknown("calendar", one.calendar, known))
    for key, names in (("team", teams), ("queue", tuple(queues))):
        for n, name in enumerate(getattr(one.when, key)):
            if name not in names:
                problems.add((*at, "when", key, n), unknown(key, name, names))
    for key, does in (("at_warning", one.at_warning), ("at_breach", one.at_breach)):
        if does.queue is not None and does.queue not in queues:
            problems.add((*at, key, "queue"), unknown("queue", does.queue, queues))
        for n, name in enumerate(does.sinks):
            if name not in sinks:
                problems.add((*at, key, "sinks", n), unknown("sink", name, sinks))


def _calendars(problems: Problems, folder: Path) -> tuple[dict[str, CalendarSettings], dict[str, list[Feed]], str]:
    """The calendars by name, the files each names, and a digest of these files."""
    node = problems.document.root.values.get("calendars")
    if node is None or node.plain() is None:
        return {}, {}, ""
    if not isinstance(node, Mapping):
        problems.add(("calendars",), "must be a mapping of names to calendars")
        return {}, {}, ""
    found: dict[str, CalendarSettings] = {}
    feeds: dict[str, list[Feed]] = {}
    digest = hashlib.sha256()
    for name in node.values:
        at = ("calendars", name)
        if re.fullmatch(_NAME, name) is None:
            sentence = f"'{name[:60]}' is not a name: small letters, digits, '-' and '_', at most 63"
            problems.add(at, sentence, key=True)
        if name in BUILT_IN:
            problems.add(at, f"the name '{name}' is taken by a calendar that is built in", key=True)
        settings = validate(CalendarSettings, problems, at=at)
        if settings is None:
            continue
        if not any(settings.hours.values()):
            problems.add(at, f"the calendar '{name}' has no hours: nothing would ever be due", key=True)
        for n, path in enumerate(settings.ical):
            file = folder / path.expanduser()
            try:
                feeds.setdefault(name, []).append(read_feed(file, settings.zone))
                digest.update(file.read_bytes())
            except OSError as error:
                problems.add((*at, "ical", n), f"{file}: {error.strerror}")
            except ValueError as error:
                problems.add((*at, "ical", n), f"{file}: {error}")
        found[name] = settings
    return found, feeds, digest.hexdigest()


def _items(problems: Problems, key: str) -> list[int]:
    """Indexes of the mappings of a list at the top; what else is there is noted."""
    node: Node | None = problems.document.root.values.get(key)
    if node is None or node.plain() is None:
        return []
    if not isinstance(node, Sequence_):
        problems.add((key,), "must be a list, each entry starting with '- '")
        return []
    for index, item in enumerate(node.items):
        if not isinstance(item, Mapping):
            problems.add((key, index), "must be a mapping of keys to values")
    return [index for index, item in enumerate(node.items) if isinstance(item, Mapping)]
