# SPDX-License-Identifier: Apache-2.0
"""Checks ``incidents`` of ``router.yaml`` against the names there are: sinks, calendars, teams, queues, types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from router import registry
from router.config.models import RouterSettings, TeamsFile
from router.config.problems import Problems, unknown
from router.incidents.settings import IncidentSettings, IncidentWhen

__all__ = ["check_incidents"]


def check_incidents(
    problems: Problems, settings: RouterSettings, teams: TeamsFile | None, *, calendars: Sequence[str]
) -> None:
    """Note every name that does not exist, rules named twice, and such as could never do anything.

    ``teams`` None: their file has mistakes, so its names are not known and not checked.
    """
    incidents = settings.incidents
    known: dict[str, Sequence[str]] = {
        "type": settings.types.names,
        "language": (*settings.languages, "und"),
        "channel": tuple(registry.channel_kinds()),
    }
    if teams is not None:
        known["team"] = tuple(team.name for team in teams.teams)
        known["queue"] = tuple(queue for team in teams.teams for queue in team.all_queues)
        sinks = [sink.name for sink in teams.sinks]
        for index, sink in enumerate(incidents.notify):
            if sink not in sinks:
                problems.add(("incidents", "notify", index), unknown("sink", sink, sinks))
    _names(problems, incidents)
    for index, rule in enumerate(incidents.mute):
        at = ("incidents", "mute", index)
        _when(problems, (*at, "when"), rule.when, known)
        for key, calendar in (("while_open", rule.while_open), ("while_closed", rule.while_closed)):
            if teams is not None and calendar is not None and calendar not in calendars:
                problems.add((*at, key), unknown("calendar", calendar, calendars))
        if rule.while_open is not None and rule.while_open == rule.while_closed:
            problems.add((*at, "while_closed"), f"'{rule.while_closed}' is never open and closed at a time")
    for index, inhibit in enumerate(incidents.inhibit):
        for key, when in (("source", inhibit.source), ("target", inhibit.target)):
            at_when = ("incidents", "inhibit", index, key)
            _when(problems, at_when, when, known)
            if when.is_empty:
                problems.add(at_when, "says nothing, so it would be every incident; name a type, a channel or another")
        if inhibit.source == inhibit.target and not inhibit.source.is_empty:
            problems.add(("incidents", "inhibit", index, "target"), "is the same as 'source', so it inhibits nothing")


def _names(problems: Problems, incidents: IncidentSettings) -> None:
    for key, rules in (("mute", incidents.mute), ("inhibit", incidents.inhibit)):
        names = [rule.name for rule in rules]
        for index, name in enumerate(names):
            if name in names[:index]:
                problems.add(("incidents", key, index, "name"), f"another rule is named '{name}' too")


def _when(
    problems: Problems, at: tuple[str | int, ...], when: IncidentWhen, known: Mapping[str, Sequence[str]]
) -> None:
    for label, names in known.items():
        for index, value in enumerate(getattr(when, label)):
            if value not in names:
                problems.add((*at, label, index), unknown(label, value, names))
