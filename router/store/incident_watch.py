# SPDX-License-Identifier: Apache-2.0
"""One look at new cases: which join an incident, which make one. A transaction that only one process is in at a time.

What was looked at has a row in ``case_signs``, written together with all that came of it: after a crash the same
cases are looked at again, and nothing twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, insert, or_, select, update

from router.failpoints import failpoint
from router.incidents.detect import Group, bursts, groups, joins
from router.incidents.records import Incident, IncidentRun
from router.incidents.settings import IncidentSettings
from router.incidents.signs import is_counted, keys_of, surfaces
from router.records import AuditRow
from router.schema import Classification, InboundMessage
from router.store import cases as case_statements
from router.store.incident_counts import by_type, counts, having, usual
from router.store.incident_mute import hush
from router.store.incidents import ACTOR, listed, notices, to_values
from router.store.intake import chunks, insert_or_ignore
from router.store.tables import case_signs, cases, cursors, incidents, messages, sign_keys

__all__ = ["watch"]

_CURSOR = ("incidents", "", "message")
_LATE = 2_000  # messages with a lower number may be committed later than one that was seen
_DAY = timedelta(days=1)
_MOST_OPEN = 200
_MOST_BURSTS = 48


@dataclass(frozen=True)
class _New:
    """A case that was not looked at before, from its first message."""

    case_id: str
    at: datetime
    who: str
    type: str
    language: str
    team: str
    keys: tuple[str, ...]
    message: InboundMessage


def watch(
    connection: Connection, settings: IncidentSettings, *, now: datetime, limit: int, public_url: str
) -> IncidentRun:
    """Look at the next cases; see ``router.incidents.records.IncidentStore``."""
    last = _lock(connection)
    fresh, newest = _unseen(connection, settings, now=now, last=last, limit=limit)
    _unlock(connection, max(newest, last))
    known = listed(connection, state="open", limit=_MOST_OPEN)
    joined, alone = _sorted_out(fresh, known, settings)
    _insert(connection, joined, alone, now=now)
    failpoint("incident.after_signs")
    opened: list[str] = []
    reopened: list[str] = []
    as_of = min(now, max((new.at for new in fresh), default=now))
    if alone and as_of > now - settings.quiet:
        opened, reopened, more = _detect(connection, alone, known, settings, as_of=as_of, now=now)
        joined = {**joined, **more}
    resolved = _resolve(connection, settings, now=now) if len(fresh) < limit else []
    muted = hush(connection, settings, now=now)
    told = notices(connection, settings, now=now, public_url=public_url) if settings.notify else 0
    _prune(connection, before=now - settings.history - _DAY)
    return IncidentRun(
        seen=len(fresh), opened=tuple(opened), reopened=tuple(reopened), resolved=tuple(resolved),
        joined=len(joined), notices=told, muted=tuple(muted),
    )  # fmt: skip


# --- what is new -----------------------------------------------------------------------------------------------------


def _which() -> Any:
    channel, account, key = _CURSOR
    return and_(cursors.c.channel == channel, cursors.c.account == account, cursors.c.key == key)


def _lock(connection: Connection) -> int:
    """The number of the last message looked at, held so that no other process looks meanwhile."""
    channel, account, key = _CURSOR
    row = {"channel": channel, "account": account, "key": key, "value": "0"}
    connection.execute(insert_or_ignore(connection, cursors).values(**row))
    return int(connection.scalar(select(cursors.c.value).where(_which()).with_for_update()) or 0)


def _unlock(connection: Connection, last: int) -> None:
    connection.execute(update(cursors).where(_which()).values(value=str(last)))


def _unseen(
    connection: Connection, settings: IncidentSettings, *, now: datetime, last: int, limit: int
) -> tuple[list[_New], int]:
    """Cases of the time that is remembered and not looked at yet, oldest first, and the newest message's number."""
    since = now - settings.history
    query = (
        select(messages, cases.c.team)
        .join(cases, cases.c.id == messages.c.case_id)
        .where(messages.c.id > last - _LATE, messages.c.at >= since, messages.c.copy_of == "")
        .where(cases.c.created_at >= since, ~exists().where(case_signs.c.case_id == messages.c.case_id))
        .order_by(messages.c.id)
        .limit(limit)
    )
    found: dict[str, _New] = {}
    newest = 0
    for row in connection.execute(query):
        newest = max(newest, row.id)
        if row.case_id in found:
            continue
        message = InboundMessage.model_validate_json(row.message)
        labels = Classification.model_validate_json(row.classification) if row.classification else None
        counts = is_counted(message) and (labels is None or labels.kind in {"complaint", "request"})
        found[row.case_id] = _New(
            case_id=row.case_id,
            at=min(row.at, now),
            who=row.sender_key or row.case_id,
            type=(labels.type if labels else None) or "other",
            language=labels.language if labels else "und",
            team=row.team,
            keys=keys_of(message, settings) if counts else (),
            message=message,
        )
    return list(found.values()), newest


def _sorted_out(
    fresh: Sequence[_New], known: Sequence[Incident], settings: IncidentSettings
) -> tuple[dict[str, tuple[_New, str]], list[_New]]:
    """Those that fit an open incident, with its id, and the others."""
    of = {incident.id: frozenset(incident.keys) for incident in known}
    begun = {incident.id: incident.opened_at - settings.window for incident in known}
    joined: dict[str, tuple[_New, str]] = {}
    alone = []
    for new in fresh:
        fits = [
            one.id
            for one in known
            if new.at >= begun[one.id] and joins(new.keys, of[one.id], same_type=new.type == one.type)
        ]
        if fits:
            best = max(fits, key=lambda name: (len(of[name].intersection(new.keys)), name))
            joined[new.case_id] = (new, best)
        else:
            alone.append(new)
    return joined, alone


def _insert(
    connection: Connection, joined: Mapping[str, tuple[_New, str]], alone: Sequence[_New], *, now: datetime
) -> None:
    placed = [*joined.values(), *((new, None) for new in alone)]
    if not placed:
        return
    connection.execute(
        insert(case_signs),
        [
            {
                "case_id": new.case_id, "at": new.at, "who": new.who, "type": new.type, "language": new.language,
                "incident_id": incident, "joined_at": now if incident else None,
            }
            for new, incident in placed
        ],
    )  # fmt: skip
    keys = [{"case_id": new.case_id, "key": key, "at": new.at} for new in alone for key in new.keys]
    if keys:
        connection.execute(insert(sign_keys), keys)
    for incident in {name for _, name in joined.values()}:
        latest = max(new.at for new, name in joined.values() if name == incident)
        which = and_(incidents.c.id == incident, incidents.c.last_at < latest)
        connection.execute(update(incidents).where(which).values(last_at=latest))
    rows = [_joined(new.case_id, new.team, name, now) for new, name in joined.values()]
    if rows:
        case_statements.add_audit(connection, rows)


def _joined(case_id: str, team: str, incident: str, now: datetime) -> AuditRow:
    detail = {"incident": incident}
    return AuditRow(at=now, actor=ACTOR, action="case_joined_incident", case_id=case_id, team=team, detail=detail)


# --- what bursts -----------------------------------------------------------------------------------------------------


def _detect(
    connection: Connection,
    alone: Sequence[_New],
    known: Sequence[Incident],
    settings: IncidentSettings,
    *,
    as_of: datetime,
    now: datetime,
) -> tuple[list[str], list[str], dict[str, Any]]:
    """Open, widen and take up incidents for what comes too often now; their ids and the cases that joined."""
    start = as_of - settings.window
    often = counts(connection, sorted({key for new in alone for key in new.keys}), start, settings.minimum)
    if not often:
        return [], [], {}
    before = usual(connection, [count.key for count in often], settings, as_of=as_of)
    types = by_type(connection, start)
    found = bursts(often, types, before, settings)[:_MOST_BURSTS]
    if not found:
        return [], [], {}
    cases_of, senders = having(connection, [burst.key for burst in found], start)
    made = groups(found, cases_of, senders, sum(types.values()), known=before.is_known, settings=settings)
    recent = [one for one in listed(connection, state="resolved", limit=50) if _may_go_on(one, settings, now)]
    opened: list[str] = []
    reopened: list[str] = []
    joined: dict[str, Any] = {}
    for group in made:
        home = _home(group, known, settings, as_of=as_of) or _again(group, recent)
        if home is None:
            name = _open(connection, group, alone, as_of=as_of, now=now)
            opened.append(name)
        else:
            name = home.id
            if _widen(connection, home, group, as_of=as_of, now=now):
                reopened.append(name)
        joined.update(dict.fromkeys(_take(connection, group.cases, name, now=now), name))
    return opened, reopened, joined


# --- incidents -------------------------------------------------------------------------------------------------------


def _home(group: Group, known: Iterable[Incident], settings: IncidentSettings, *, as_of: datetime) -> Incident | None:
    """The open incident that is the same matter: it shares keys; or it is of the same type and began at the same time,
    or goes on in other languages."""
    recent = as_of - settings.window
    shared = [one for one in known if _same(group, one)]
    of_type = [one for one in known if one.type == group.type and one.last_at >= recent]
    other = [one for one in of_type if one.opened_at >= recent or not set(one.languages) & set(group.languages)]
    return next(iter([*shared, *other]), None)


def _same(group: Group, incident: Incident) -> bool:
    return joins(group.keys, frozenset(incident.keys), same_type=group.type == incident.type)


def _may_go_on(incident: Incident, settings: IncidentSettings, now: datetime) -> bool:
    over = incident.closed_at
    return incident.closed_by == ACTOR and over is not None and over > now - settings.reopen


def _again(group: Group, recent: Iterable[Incident]) -> Incident | None:
    """One that ended by itself not long ago: going on with it tells people less often of the same matter."""
    return next((one for one in recent if one.type == group.type and _same(group, one)), None)


def _open(
    connection: Connection,
    group: Group,
    alone: Sequence[_New],
    *,
    as_of: datetime,
    now: datetime,
) -> str:
    words = surfaces(new.message for new in alone if new.case_id in set(group.cases))
    named = dict.fromkeys(words.get(key, key.rpartition(":")[2]) for key in group.keys)
    digest = hashlib.sha256("\0".join((group.type, *group.keys, *group.cases)).encode()).hexdigest()
    incident = Incident(
        id=f"INC-{digest[:8].upper()}",
        title=f"{group.type}: {', '.join(list(named)[:5])}"[:200],
        type=group.type,
        keys=group.keys,
        languages=group.languages,
        expected=round(group.expected, 2),
        opened_at=now,
        last_at=as_of,
    )
    connection.execute(insert(incidents).values(**to_values(incident)))
    detail = {"incident": incident.id, "cases": str(len(group.cases)), "expected": str(incident.expected)}
    case_statements.add_audit(connection, [AuditRow(at=now, actor=ACTOR, action="incident_opened", detail=detail)])
    return incident.id


def _widen(connection: Connection, incident: Incident, group: Group, *, as_of: datetime, now: datetime) -> bool:
    """Give it the group's keys, and take it up if it was over. Returns whether it was."""
    keys = tuple(dict.fromkeys((*incident.keys, *group.keys)))[:100]
    languages = tuple(dict.fromkeys((*incident.languages, *group.languages)))
    values: dict[str, Any] = {"keys": json.dumps(keys), "languages": json.dumps(languages), "last_at": as_of}
    again = incident.state == "resolved"
    if again:
        values |= {"state": "open", "closed_at": None, "closed_by": ""}
        row = AuditRow(at=now, actor=ACTOR, action="incident_reopened", detail={"incident": incident.id})
        case_statements.add_audit(connection, [row])
    connection.execute(update(incidents).where(incidents.c.id == incident.id).values(values))
    return again


def _take(connection: Connection, ids: Sequence[str], incident: str, *, now: datetime) -> list[str]:
    """Make these cases members, those that are in no other; what they share is no longer counted as usual."""
    taken: list[str] = []
    for some in chunks(ids):
        free = and_(case_signs.c.case_id.in_(some), case_signs.c.incident_id.is_(None))
        rows = connection.execute(
            select(cases.c.id, cases.c.team).join(case_signs, case_signs.c.case_id == cases.c.id).where(free)
        ).all()
        connection.execute(update(case_signs).where(free).values(incident_id=incident, joined_at=now))
        connection.execute(delete(sign_keys).where(sign_keys.c.case_id.in_(some)))
        if rows:
            case_statements.add_audit(connection, [_joined(row.id, row.team, incident, now) for row in rows])
        taken += [row.id for row in rows]
    return taken


def _resolve(connection: Connection, settings: IncidentSettings, *, now: datetime) -> list[str]:
    """End incidents that no case joined for long."""
    over = now - settings.quiet
    quiet = and_(incidents.c.state == "open", incidents.c.last_at <= over, incidents.c.opened_at <= over)
    quiet = and_(quiet, or_(incidents.c.reopened_at.is_(None), incidents.c.reopened_at <= over))
    ids = list(connection.scalars(select(incidents.c.id).where(quiet)))
    if ids:
        values = {"state": "resolved", "closed_at": now, "closed_by": ACTOR}
        connection.execute(update(incidents).where(incidents.c.id.in_(ids)).values(values))
        rows = [AuditRow(at=now, actor=ACTOR, action="incident_resolved", detail={"incident": one}) for one in ids]
        case_statements.add_audit(connection, rows)
    return ids


def _prune(connection: Connection, *, before: datetime) -> None:
    """Forget what is too old to tell what is usual; members of incidents stay."""
    connection.execute(delete(sign_keys).where(sign_keys.c.at < before))
    old = and_(case_signs.c.at < before, case_signs.c.incident_id.is_(None))
    connection.execute(delete(case_signs).where(old))
