# SPDX-License-Identifier: Apache-2.0
"""Statements for what people do with incidents: end them, take them up again, mute them, say what belongs to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from router.errors import Conflict, NotFound, UserInputError
from router.incidents.records import Incident, IncidentUpdate
from router.records import AuditRow
from router.store import cases as case_statements
from router.store.incidents import get, log, of_case, updates
from router.store.tables import case_signs, cases, incident_updates, incidents, sign_keys

__all__ = ["close", "mute", "place", "reopen", "stop_update"]


def close(connection: Connection, incident_id: str, *, actor: str, now: datetime) -> Incident:
    """End it; what is in it does not open it again, a new burst opens another."""
    done = connection.execute(
        update(incidents)
        .where(incidents.c.id == incident_id, incidents.c.state == "open")
        .values(state="resolved", closed_at=now, closed_by=actor, silent="")
    )
    after = get(connection, incident_id)
    if done.rowcount == 0:
        raise Conflict(f"incident {incident_id} is {after.state} already")
    log(connection, incident_id, actor=actor, action="incident_resolved", now=now)
    return after


def reopen(connection: Connection, incident_id: str, *, actor: str, now: datetime) -> Incident:
    """Take up one that is over; it stays open for as long as a new one would without a case."""
    done = connection.execute(
        update(incidents)
        .where(incidents.c.id == incident_id, incidents.c.state == "resolved")
        .values(state="open", closed_at=None, closed_by="", reopened_at=now)
    )
    after = get(connection, incident_id)
    if done.rowcount == 0:
        raise Conflict(f"incident {incident_id} is {after.state} already")
    log(connection, incident_id, actor=actor, action="incident_reopened", now=now)
    return after


def mute(connection: Connection, incident_id: str, *, until: datetime | None, actor: str, now: datetime) -> Incident:
    """Nobody is told of it until then; None: they are again."""
    before = get(connection, incident_id)
    if until is not None and until <= now:
        raise UserInputError("the time until which it is muted is over", fields={"until": "not in the future"})
    if until is None and (before.muted_until is None or before.muted_until <= now):
        raise Conflict(f"incident {incident_id} is not muted by anybody")
    values = {"muted_until": until, "muted_by": actor if until is not None else ""}
    connection.execute(update(incidents).where(incidents.c.id == incident_id).values(values))
    if until is None:
        log(connection, incident_id, actor=actor, action="incident_unmuted", now=now)
    else:
        log(connection, incident_id, actor=actor, action="incident_muted", now=now, until=until.isoformat())
    return get(connection, incident_id)


def place(
    connection: Connection, case_id: str, *, incident_id: str | None, actor: str, now: datetime
) -> Incident | None:
    """Put a case into an incident, or take it out of the one it is in. Returns the incident it was put into or left."""
    row = connection.execute(
        select(cases.c.team, cases.c.type, cases.c.language, cases.c.created_at).where(cases.c.id == case_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"no case {case_id}")
    before = of_case(connection, case_id)
    if incident_id is not None:
        get(connection, incident_id)
    if (before.id if before else None) == incident_id:
        return before
    inside = {"incident_id": incident_id, "joined_at": now if incident_id is not None else None}
    changed = connection.execute(update(case_signs).where(case_signs.c.case_id == case_id).values(inside))
    if changed.rowcount == 0:  # not looked at yet, or too long ago
        sign = {"case_id": case_id, "at": row.created_at, "who": case_id, "language": row.language}
        connection.execute(insert(case_signs).values(**sign, **inside, type=row.type or "other"))
    connection.execute(delete(sign_keys).where(sign_keys.c.case_id == case_id))
    for action, one in (("case_left_incident", before.id if before else None), ("case_joined_incident", incident_id)):
        if one is not None:
            detail = {"incident": one}
            entry = AuditRow(at=now, actor=actor, action=action, case_id=case_id, team=row.team, detail=detail)
            case_statements.add_audit(connection, [entry])
    named = incident_id if incident_id is not None else before.id if before is not None else None
    return get(connection, named) if named is not None else None


def stop_update(connection: Connection, incident_id: str, number: int, *, actor: str, now: datetime) -> IncidentUpdate:
    """Send it to nobody else; whoever fans out withdraws what has not left. Stopping it again changes nothing."""
    found = {one.number: one for one in updates(connection, incident_id, unfinished=False)}
    if number not in found:
        raise NotFound(f"incident {incident_id} has no update {number}")
    if found[number].stopped_by:
        return found[number]
    c = incident_updates.c
    connection.execute(
        update(incident_updates)
        .where(c.incident_id == incident_id, c.number == number)
        .values(stopped_by=actor, done=False, last_case="", tally="{}")
    )
    log(connection, incident_id, actor=actor, action="incident_update_stopped", now=now, number=str(number))
    return next(one for one in updates(connection, incident_id, unfinished=False) if one.number == number)
