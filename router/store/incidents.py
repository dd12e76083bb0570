# SPDX-License-Identifier: Apache-2.0
"""Statements for incidents: reading them, the updates that go to all cases, and telling sinks."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, func, insert, or_, select, update

from router.errors import NotFound
from router.incidents.records import Incident, IncidentState, IncidentUpdate
from router.incidents.settings import IncidentSettings
from router.records import AuditRow, OutboxRow, SinkEvent
from router.schema import Case
from router.store import cases as case_statements
from router.store.outbox import insert_row
from router.store.tables import case_signs, cases, incident_updates, incidents

__all__ = [
    "ACTOR", "add_update", "advance_update", "counts", "get", "listed", "log", "members", "notices", "of_case",
    "to_values", "updates",
]  # fmt: skip

ACTOR = "router"
_ID_CHARS = 32
_SAME = timedelta(minutes=10)


def to_values(incident: Incident) -> dict[str, Any]:
    return {
        **incident.model_dump(exclude={"keys", "languages", "expected", "teams"}),
        "keys": json.dumps(incident.keys),
        "languages": json.dumps(incident.languages),
        "expected": repr(incident.expected),
    }


def _incident(row: Row[Any], teams: Mapping[str, int]) -> Incident:
    values = row._asdict()
    values |= {"keys": tuple(json.loads(row.keys_)), "languages": tuple(json.loads(row.languages)), "teams": teams}
    del values["keys_"]
    return Incident(**values)


def _query() -> Select[Any]:
    columns = [column.label("keys_") if column.name == "keys" else column for column in incidents.c]
    return select(*columns)


def listed(
    connection: Connection, *, state: IncidentState | None, limit: int, teams: Sequence[str] | None = None
) -> list[Incident]:
    """The newest first, open ones before the others."""
    query = _query().order_by(incidents.c.state, incidents.c.opened_at.desc(), incidents.c.id).limit(limit)
    if state is not None:
        query = query.where(incidents.c.state == state)
    if teams is not None:
        inside = and_(case_signs.c.incident_id == incidents.c.id, cases.c.id == case_signs.c.case_id)
        query = query.where(exists().where(inside, cases.c.team.in_(teams)))
    rows = connection.execute(query).all()
    counts = _teams(connection, [row.id for row in rows])
    return [_incident(row, counts.get(row.id, {})) for row in rows]


def _teams(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many cases each team has of each incident."""
    query = (
        select(case_signs.c.incident_id, cases.c.team, func.count())
        .join(cases, cases.c.id == case_signs.c.case_id)
        .where(case_signs.c.incident_id.in_(ids))
        .group_by(case_signs.c.incident_id, cases.c.team)
    )
    found: dict[str, dict[str, int]] = {}
    for name, team, count in connection.execute(query) if ids else ():
        found.setdefault(name, {})[team] = count
    return found


def get(connection: Connection, incident_id: str) -> Incident:
    row = connection.execute(_query().where(incidents.c.id == incident_id)).one_or_none()
    if row is None:
        raise NotFound(f"no incident {incident_id}")
    return _incident(row, _teams(connection, [incident_id]).get(incident_id, {}))


def of_case(connection: Connection, case_id: str) -> Incident | None:
    found = connection.scalar(select(case_signs.c.incident_id).where(case_signs.c.case_id == case_id))
    return None if found is None else get(connection, found)


def members(
    connection: Connection,
    incident_id: str,
    *,
    after: str,
    until: datetime | None,
    limit: int,
    teams: Sequence[str] | None,
) -> list[Case]:
    """Cases of an incident by their id; ``until``: those that had joined by then."""
    query = (
        select(cases)
        .join(case_signs, case_signs.c.case_id == cases.c.id)
        .where(case_signs.c.incident_id == incident_id, cases.c.id > after)
        .order_by(cases.c.id)
        .limit(limit)
    )
    if until is not None:
        query = query.where(case_signs.c.joined_at <= until)
    if teams is not None:
        query = query.where(cases.c.team.in_(teams))
    return [case_statements.to_case(row) for row in connection.execute(query)]


def log(connection: Connection, incident_id: str, *, actor: str, action: str, now: datetime, **detail: str) -> None:
    detail = {"incident": incident_id, **detail}
    case_statements.add_audit(connection, [AuditRow(at=now, actor=actor, action=action, detail=detail)])


def counts(connection: Connection, incident_id: str, *, teams: Sequence[str] | None) -> dict[str, dict[str, int]]:
    """How many cases have which value, the most frequent first."""
    labels = ("language", "channel", "team", "state", "visibility")
    columns = [cases.c[label] for label in labels]
    query = (
        select(*columns, func.count())
        .join(case_signs, case_signs.c.case_id == cases.c.id)
        .where(case_signs.c.incident_id == incident_id)
        .group_by(*columns)
    )
    if teams is not None:
        query = query.where(cases.c.team.in_(teams))
    found: dict[str, Counter[str]] = {label: Counter() for label in labels}
    for *values, count in connection.execute(query):
        for label, value in zip(labels, values, strict=True):
            found[label][value] += count
    return {label: dict(sorted(c.items(), key=lambda one: (-one[1], one[0]))) for label, c in found.items()}


# --- updates to all cases --------------------------------------------------------------------------------------------


def _update(row: Row[Any]) -> IncidentUpdate:
    parts = {name: json.loads(getattr(row, name)) for name in ("texts", "tally", "teams")}
    return IncidentUpdate(**{**row._asdict(), **parts})


def add_update(
    connection: Connection,
    incident_id: str,
    *,
    texts: Mapping[str, str],
    default_language: str,
    actor: str,
    teams: Sequence[str],
    now: datetime,
) -> IncidentUpdate:
    """Keep an update; whoever fans out sends it. The same said twice within a short time is one: a form or a program
    that tries again. Raises Conflict where another is kept at the same moment."""
    get(connection, incident_id)
    for one in reversed(updates(connection, incident_id, unfinished=False)):
        same = (one.texts, one.teams, one.actor) == (dict(texts), tuple(teams), actor)
        if same and not one.stopped_by and one.at > now - _SAME:
            return one
    which = incident_updates.c.incident_id == incident_id
    last = connection.scalar(select(func.max(incident_updates.c.number)).where(which)) or 0
    made = IncidentUpdate(
        incident_id=incident_id, number=last + 1, at=now, actor=actor, texts=dict(texts),
        default_language=default_language, teams=tuple(teams),
    )  # fmt: skip
    values = made.model_dump() | {"texts": json.dumps(made.texts), "tally": "{}", "teams": json.dumps(made.teams)}
    connection.execute(insert(incident_updates).values(**values))
    log(connection, incident_id, actor=actor, action="incident_update_added", now=now, number=str(made.number))
    return made


def updates(connection: Connection, incident_id: str | None, *, unfinished: bool) -> list[IncidentUpdate]:
    """Updates, the oldest first."""
    query = select(incident_updates).order_by(incident_updates.c.at, incident_updates.c.number)
    if incident_id is not None:
        query = query.where(incident_updates.c.incident_id == incident_id)
    if unfinished:
        query = query.where(incident_updates.c.done.is_(False))
    return [_update(row) for row in connection.execute(query)]


def advance_update(
    connection: Connection, before: IncidentUpdate, *, last_case: str, done: bool, tally: Mapping[str, int]
) -> bool:
    """Write how far the fan-out got; another process that got further is left alone. Returns whether it was written."""
    c = incident_updates.c
    written = connection.execute(
        update(incident_updates)
        .where(c.incident_id == before.incident_id, c.number == before.number, c.last_case == before.last_case)
        .where(c.stopped_by == before.stopped_by)
        .values(last_case=last_case, done=done, tally=json.dumps(tally))
    )
    return written.rowcount > 0


# --- telling sinks ---------------------------------------------------------------------------------------------------


def notices(connection: Connection, settings: IncidentSettings, *, now: datetime, public_url: str) -> int:
    """Queue what sinks are told: once a while after an incident opened, then rarely while cases still come. Of those
    that are muted nobody is told, until they are not."""
    first = and_(incidents.c.notices == 0, incidents.c.opened_at <= now - timedelta(seconds=settings.wait_seconds))
    again = and_(
        incidents.c.notified_at <= now - timedelta(minutes=settings.repeat_minutes),
        incidents.c.last_at > incidents.c.notified_at,
    )
    heard = and_(incidents.c.silent == "", or_(incidents.c.muted_until.is_(None), incidents.c.muted_until <= now))
    query = _query().where(incidents.c.state == "open", heard, or_(first, again)).with_for_update()
    rows = connection.execute(query).all()
    counts = _teams(connection, [row.id for row in rows])
    for row in rows:
        incident = _incident(row, counts.get(row.id, {}))
        newest = members(connection, incident.id, after="", until=None, limit=1, teams=None)
        for sink in settings.notify if newest else ():
            insert_row(connection, _notice(incident, sink, newest[0], now, public_url))
        values = {"notices": incident.notices + 1, "notified_at": now}
        connection.execute(update(incidents).where(incidents.c.id == incident.id).values(values))
    return len(rows)


def _notice(incident: Incident, sink: str, case: Case, now: datetime, public_url: str) -> OutboxRow:
    words = f"{incident.id}\0{incident.notices}\0{sink}"
    key = hashlib.sha256(f"incident\0{words}".encode()).hexdigest()[:_ID_CHARS]
    text = f"Incident {incident.id} ({incident.title}): {incident.cases} cases since {incident.opened_at:%H:%M} UTC"
    event = SinkEvent(
        id=key, sink=sink, case=case, text=text, reasons=(f"{incident.expected:g} were usual",),
        url=f"{public_url}/incidents/{incident.id}",
    )  # fmt: skip
    return OutboxRow(
        id=key, kind="sink", state="pending", case_id=case.id, team=case.team, target=sink, event=event,
        next_at=now, created_at=now, created_by=ACTOR,
    )  # fmt: skip
