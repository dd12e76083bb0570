# SPDX-License-Identifier: Apache-2.0
"""Statements that mute open incidents by rules, and let them be heard again."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from router.incidents.mute import Profile, silences
from router.incidents.records import Incident
from router.incidents.settings import IncidentSettings
from router.store.incidents import ACTOR, listed, log
from router.store.tables import case_signs, cases, incidents

__all__ = ["hush"]

_MOST_OPEN = 200
_LABELS = ("language", "channel", "team", "queue")


def hush(connection: Connection, settings: IncidentSettings, *, now: datetime) -> list[str]:
    """Mute what rules say now, and no more what they said before. Returns what has become silent."""
    if not (settings.mute or settings.inhibit):
        loud = update(incidents).where(incidents.c.state == "open", incidents.c.silent != "").values(silent="")
        connection.execute(loud)
        return []
    known = listed(connection, state="open", limit=_MOST_OPEN)
    found = silences(_profiles(connection, known), settings.mute, settings.inhibit)
    fresh = []
    for one in known:
        why = found.get(one.id, "")
        if why == one.silent:
            continue
        connection.execute(update(incidents).where(incidents.c.id == one.id).values(silent=why))
        action = "incident_muted" if why else "incident_unmuted"
        log(connection, one.id, actor=ACTOR, action=action, now=now, why=why or one.silent)
        if why:
            fresh.append(one.id)
    return fresh


def _profiles(connection: Connection, known: list[Incident]) -> list[Profile]:
    """Of each incident, how many of its cases have which value of each label."""
    columns = (case_signs.c.incident_id, cases.c.language, cases.c.channel, cases.c.team, cases.c.queue, cases.c.tags)
    query = (
        select(*columns, func.count())
        .join(cases, cases.c.id == case_signs.c.case_id)
        .where(case_signs.c.incident_id.in_([one.id for one in known]))
        .group_by(*columns)
    )
    values: dict[str, dict[str, Counter[str]]] = {one.id: {label: Counter() for label in _LABELS} for one in known}
    tags: dict[str, Counter[frozenset[str]]] = {one.id: Counter() for one in known}
    for name, language, channel, team, queue, tagged, count in connection.execute(query) if known else ():
        for label, value in zip(_LABELS, (language, channel, team, queue), strict=True):
            values[name][label][value] += count
        tags[name][frozenset(json.loads(tagged))] += count
    return [
        Profile(
            id=one.id, opened_at=one.opened_at, keys=one.keys, cases=one.cases, tags=tuple(tags[one.id].items()),
            values={**values[one.id], "type": {one.type: one.cases}},
        )
        for one in known
    ]  # fmt: skip
