# SPDX-License-Identifier: Apache-2.0
"""Teams, queues, calendars, deadlines and templates that lead nowhere or are missing for somebody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from router.config.document import Document
from router.config.loader import Configuration
from router.config.problems import Problems
from router.errors import ComplaintRouterError, Mistake
from router.rules.model import AlarmRoute, RouteSettings, RulesFile

__all__ = ["check_teams", "check_templates"]


def check_teams(configuration: Configuration, document: Document, file: RulesFile | None) -> list[Mistake]:
    """Warnings at ``teams.yaml``."""
    problems = Problems(document)
    if file is not None:
        _queues(configuration, problems)
        _deadlines(configuration, problems)
        _calendars(configuration, file, problems)
    _languages(configuration, problems)
    return problems.mistakes


def check_templates(configuration: Configuration) -> list[Mistake]:
    """Templates that rules send, without a text in a language that customers write."""
    found = []
    default = configuration.settings.default_language
    for name, users in _sent(configuration).items():
        texts = configuration.templates.texts.get(name, {})
        missing = [language for language in configuration.settings.languages if language not in texts]
        if missing:
            sentence = f"no text in {', '.join(missing)}: these customers get it in {default} (used by {users[0]})"
            found.append(Mistake(f"templates/{name}", 0, 0, "", sentence))
    return found


def _sent(configuration: Configuration) -> dict[str, list[str]]:
    """Template to the routes that send it."""
    found: dict[str, list[str]] = {}
    for route in configuration.rules.routes:
        answer = route.answer.template if route.answer else None
        for name in (route.acknowledge, answer, route.ask):
            if name:
                found.setdefault(name, []).append(route.path)
    return found


def _queues(configuration: Configuration, problems: Problems) -> None:
    """A queue that nothing leads to."""
    led = {route.queue for route in configuration.rules.routes if route.queue}
    for one in configuration.deadlines.entries:
        led |= {does.queue for does in (one.at_warning, one.at_breach) if does.queue}
    for index, team in enumerate(configuration.teams.teams):
        for number, queue in enumerate(team.all_queues):
            if queue not in led:
                at = ("teams", index, "queues", number) if team.queues else ("teams", index, "name")
                problems.add(at, f"no route and no deadline leads to the queue '{queue}': it stays empty")


def _languages(configuration: Configuration, problems: Problems) -> None:
    """A language of customers that no team at all speaks. A team without a list speaks all."""
    teams = configuration.teams.teams
    if any(not team.languages for team in teams):
        return
    spoken = {language for team in teams for language in team.languages}
    missing = [language for language in configuration.settings.languages if language not in spoken]
    if missing:
        problems.add(
            ("teams",),
            f"no team speaks {', '.join(missing)}, which router.yaml lists as languages of customers",
            key=True,
        )


def _deadlines(configuration: Configuration, problems: Problems) -> None:
    """A deadline that waits for a route to name it, and none does; a route that names one that is for all."""
    named = {name for route in configuration.rules.routes for name in route.deadlines}
    waiting = {one.name for one in configuration.teams.deadlines if one.automatic}
    for index, one in enumerate(configuration.teams.deadlines):
        if not one.automatic and one.name not in named and one.name not in waiting:
            problems.add(
                ("deadlines", index, "name"), f"never applies: it is not automatic, and no route names '{one.name}'"
            )


def _calendars(configuration: Configuration, file: RulesFile, problems: Problems) -> None:
    used = {team.calendar for team in configuration.teams.teams} | {
        one.calendar for one in configuration.teams.deadlines
    }
    asked = set(_asked_calendars(file.root.routes)) | set(_asked_calendars(file.on_deadline))
    for name in configuration.teams.calendars:
        at = ("calendars", name)
        try:
            configuration.deadlines.calendars[name].next_open(datetime.now(UTC))
        except ComplaintRouterError as error:
            problems.add(at, f"{error}: nothing would ever be due", key=True)
        if name not in used and name not in asked:
            problems.add(at, f"nothing uses the calendar '{name}'", key=True)


def _asked_calendars(routes: Sequence[RouteSettings | AlarmRoute]) -> Iterator[str]:
    """Every text under ``when`` that could be the name of a calendar."""
    for route in routes:
        yield from _texts(route.when)
        yield from _asked_calendars(route.routes)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value.casefold()
        yield from (part for part in value.replace("'", '"').split('"')[1::2])
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
