# SPDX-License-Identifier: Apache-2.0
"""Statements for incidents: reading them, ending them by hand, telling sinks, and the updates that go to all cases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, or_, select, update

from router.errors import Conflict, NotFound
from router.incidents.records import Incident, IncidentState, IncidentUpdate
from router.incidents.settings import IncidentSettings
from router.records import AuditRow, OutboxRow, SinkEvent
from router.schema import Case
from router.store import cases as case_statements
from router.store.outbox import insert_row
from router.store.tables import case_signs, cases, incident_updates, incidents

__all__ = [
    "ACTOR", "add_update", "advance_update", "close", "get", "listed", "members", "notices", "of_case", "to_values",
    "updates",
]  # fmt: skip

ACTOR = "router"
_ID_CHARS = 32


def to_values(incident: Incident) -> dict[str, Any]:
    return {
        **incident.model_dump(exclude={"keys", "languages", "expected", "cases"}),
        "keys": json.dumps(incident.keys),
        "languages": json.dumps(incident.languages),
        "expected": repr(incident.expected),
    }


def _incident(row: Row[Any], count: int) -> Incident:
    values = row._asdict()
    values |= {"keys": tuple(json.loads(row.keys_)), "languages": tuple(json.loads(row.languages)), "cases": count}
    del values["keys_"]
    return Incident(**values)


def _query() -> Select[Any]:
    columns = [column.label("keys_") if column.name == "keys" else column for column in incidents.c]
    return select(*columns)


def listed(connection: Connection, *, state: IncidentState | None, limit: int) -> list[Incident]:
    """The newest first, open ones before the others."""
    query = _query().order_by(incidents.c.state, incidents.c.opened_at.desc(), incidents.c.id).limit(limit)
    if state is not None:
        query = query.where(incidents.c.state == state)
    rows = connection.execute(query).all()
    counts = _sizes(connection, [row.id for row in rows])
    return [_incident(row, counts.get(row.id, 0)) for row in rows]


def _sizes(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    query = select(case_signs.c.incident_id, func.count()).where(case_signs.c.incident_id.in_(ids))
    return {str(name): n for name, n in connection.execute(query.group_by(case_signs.c.incident_id))}


def get(connection: Connection, incident_id: str) -> Incident:
    row = connection.execute(_query().where(incidents.c.id == incident_id)).one_or_none()
    if row is None:
        raise NotFound(f"no incident {incident_id}")
    return _incident(row, _sizes(connection, [incident_id]).get(incident_id, 0))


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


def close(connection: Connection, incident_id: str, *, actor: str, now: datetime) -> Incident:
    """End it by hand; what is in it does not open it again, a new burst opens another."""
    done = connection.execute(
        update(incidents)
        .where(incidents.c.id == incident_id, incidents.c.state == "open")
        .values(state="resolved", closed_at=now, closed_by=actor)
    )
    after = get(connection, incident_id)
    if done.rowcount == 0:
        raise Conflict(f"incident {incident_id} is {after.state} already")
    _log(connection, incident_id, actor=actor, action="incident_resolved", now=now)
    return after


def _log(connection: Connection, incident_id: str, *, actor: str, action: str, now: datetime, **detail: str) -> None:
    detail = {"incident": incident_id, **detail}
    case_statements.add_audit(connection, [AuditRow(at=now, actor=actor, action=action, detail=detail)])


# --- updates to all cases --------------------------------------------------------------------------------------------


def _update(row: Row[Any]) -> IncidentUpdate:
    return IncidentUpdate(**{**row._asdict(), "texts": json.loads(row.texts), "tally": json.loads(row.tally)})


def add_update(
    connection: Connection,
    incident_id: str,
    *,
    texts: Mapping[str, str],
    default_language: str,
    actor: str,
    now: datetime,
) -> IncidentUpdate:
    """Keep an update; whoever fans out sends it. Raises Conflict where another is kept at the same moment."""
    get(connection, incident_id)
    which = incident_updates.c.incident_id == incident_id
    last = connection.scalar(select(func.max(incident_updates.c.number)).where(which)) or 0
    made = IncidentUpdate(
        incident_id=incident_id, number=last + 1, at=now, actor=actor, texts=dict(texts),
        default_language=default_language,
    )  # fmt: skip
    values = made.model_dump() | {"texts": json.dumps(made.texts), "tally": "{}"}
    connection.execute(insert(incident_updates).values(**values))
    _log(connection, incident_id, actor=actor, action="incident_update_added", now=now, number=str(made.number))
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
) -> None:
    """Write how far the fan-out got; another process that got further is left alone."""
    c = incident_updates.c
    connection.execute(
        update(incident_updates)
        .where(c.incident_id == before.incident_id, c.number == before.number, c.last_case == before.last_case)
        .values(last_case=last_case, done=done, tally=json.dumps(tally))
    )


# --- telling sinks ---------------------------------------------------------------------------------------------------


def notices(connection: Connection, settings: IncidentSettings, *, now: datetime, public_url: str) -> int:
    """Queue what sinks are told: once a while after an incident opened, then rarely while cases still come."""
    first = and_(incidents.c.notices == 0, incidents.c.opened_at <= now - timedelta(seconds=settings.wait_seconds))
    again = and_(
        incidents.c.notified_at <= now - timedelta(minutes=settings.repeat_minutes),
        incidents.c.last_at > incidents.c.notified_at,
    )
    query = _query().where(incidents.c.state == "open", or_(first, again)).with_for_update()
    rows = connection.execute(query).all()
    counts = _sizes(connection, [row.id for row in rows])
    for row in rows:
        incident = _incident(row, counts.get(row.id, 0))
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
