# SPDX-License-Identifier: Apache-2.0
"""Statements for cases, their messages and thread keys, and the one commit of a batch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, Text, and_, exists, func, insert, or_, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from router.errors import Conflict, NotFound
from router.records import AuditRow, CaseChange, CaseFilter, Commit, Lookup, NewMessage, OutboxRow, ThreadHit
from router.schema import URGENCIES, Case, Party
from router.store import intake
from router.store.outbox import insert_row
from router.store.tables import ack_days, audit, case_signs, cases, messages, notes, outbox, thread_keys

__all__ = ["add_audit", "add_note", "change", "commit", "get", "listed", "lookup", "queue_counts"]

_COMMITS = 7_267_001  # the advisory lock of commits; any number that nothing else in this database uses


def to_case(row: Row[Any], source_keys: Sequence[str] = ()) -> Case:
    values = row._asdict()
    for extra in ("urgency_rank", "sender_key", "clocked"):
        del values[extra]
    values["sender"] = Party.model_validate_json(row.sender)
    values["tags"] = tuple(json.loads(row.tags))
    values["fields"] = json.loads(row.fields)
    values["own_fields"] = tuple(json.loads(row.own_fields))
    return Case(**values, messages=tuple(source_keys))


def from_case(case: Case) -> dict[str, Any]:
    return {
        **case.model_dump(exclude={"messages", "sender", "tags", "due_at"}),  # due_at is the clocks' to write
        "fields": json.dumps(case.fields),
        "own_fields": json.dumps(case.own_fields),
        "sender": case.sender.model_dump_json(),
        "sender_key": case.sender.key,
        "tags": json.dumps(case.tags),
        "urgency_rank": URGENCIES.index(case.urgency),
    }


# --- reading -------------------------------------------------------------------------------------------------------


def lookup(
    connection: Connection, *, source_keys: Sequence[str], wanted: Sequence[str], case_ids: Sequence[str]
) -> Lookup:
    """Everything the pipeline must know of a batch, in a handful of queries."""
    known: dict[str, str] = {}
    for some in intake.chunks(source_keys):
        rows = connection.execute(
            select(messages.c.source_key, messages.c.case_id).where(messages.c.source_key.in_(some))
        )
        known |= {row.source_key: row.case_id for row in rows}
    found: list[Row[Any]] = []
    for some in intake.chunks(wanted):
        query = select(thread_keys).where(thread_keys.c.key.in_(some)).order_by(thread_keys.c.id.desc())
        found += connection.execute(query).all()
    by_id = _cases(connection, {*case_ids, *(row.case_id for row in found)})
    threads: dict[str, list[ThreadHit]] = {}
    for row in found:
        hit = ThreadHit(
            case=by_id[row.case_id], sender_key=row.sender_key, digest=row.words_digest, source_key=row.source_key
        )
        threads.setdefault(row.key, []).append(hit)
    newest = connection.scalar(select(func.max(thread_keys.c.id))) or 0
    return Lookup(known=known, threads={k: tuple(hits) for k, hits in threads.items()}, cases=by_id, newest_key=newest)


def _cases(connection: Connection, ids: set[str]) -> dict[str, Case]:
    found: dict[str, Case] = {}
    for some in intake.chunks(sorted(ids)):
        keys = _source_keys(connection, some)
        rows = connection.execute(select(cases).where(cases.c.id.in_(some)))
        found |= {row.id: to_case(row, keys.get(row.id, ())) for row in rows}
    return found


def get(connection: Connection, case_id: str) -> Case:
    row = connection.execute(select(cases).where(cases.c.id == case_id)).one_or_none()
    if row is None:
        raise NotFound(f"no case {case_id}")
    return to_case(row, _source_keys(connection, [case_id]).get(case_id, ()))


def _source_keys(connection: Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for some in intake.chunks(ids):
        query = select(messages.c.case_id, messages.c.source_key).where(messages.c.case_id.in_(some))
        for row in connection.execute(query.order_by(messages.c.id)):
            found.setdefault(row.case_id, []).append(row.source_key)
    return found


def listed(connection: Connection, which: CaseFilter) -> list[Case]:
    """Cases in the order asked for: most urgent first, or nearest deadline first; then oldest."""
    order: list[Any] = [cases.c.urgency_rank, cases.c.created_at, cases.c.id]
    if which.order == "due":
        order = [cases.c.due_at.is_(None), cases.c.due_at, *order]
    query = _filtered(select(cases), which).order_by(*order)
    rows = connection.execute(query.limit(which.limit).offset(which.offset)).all()
    keys = _source_keys(connection, [row.id for row in rows]) if which.with_messages else {}
    return [to_case(row, keys.get(row.id, ())) for row in rows]


class json_text(FunctionElement[str]):  # noqa: N801 - named as SQL functions are
    """The text of one key of a JSON object that is kept as text."""

    type = Text()
    inherit_cache = True


@compiles(json_text, "sqlite")
def _on_sqlite(element: json_text, compiler: SQLCompiler, **options: Any) -> str:
    column, key = (compiler.process(clause, **options) for clause in element.clauses)
    return f"json_extract({column}, '$.' || {key})"


@compiles(json_text, "postgresql")
def _on_postgresql(element: json_text, compiler: SQLCompiler, **options: Any) -> str:
    column, key = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(CAST({column} AS json) ->> CAST({key} AS text))"


def _filtered(query: Select[Any], which: CaseFilter) -> Select[Any]:
    if which.teams is not None:
        query = query.where(cases.c.team.in_(which.teams))
    if which.states is not None:
        query = query.where(cases.c.state.in_(which.states))
    if which.queue is not None:
        query = query.where(cases.c.queue == which.queue)
    if which.assigned_to is not None:
        query = query.where(cases.c.assigned_to == which.assigned_to)
    if which.sender_key is not None:
        query = query.where(cases.c.sender_key == which.sender_key)
    if which.incident is not None:
        inside = and_(case_signs.c.case_id == cases.c.id, case_signs.c.incident_id == which.incident)
        query = query.where(exists().where(inside))
    if which.search:
        word = which.search.strip()
        query = query.where(
            or_(
                cases.c.id == word.upper(),
                cases.c.subject.icontains(word, autoescape=True),
                *(json_text(cases.c.sender, key).icontains(word, autoescape=True) for key in ("name", "address")),
            )
        )
    return query


def queue_counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Cases not resolved, by team and queue."""
    query = select(cases.c.team, cases.c.queue, func.count()).where(cases.c.state != "resolved")
    return {(team, queue): n for team, queue, n in connection.execute(query.group_by(cases.c.team, cases.c.queue))}


# --- writing -------------------------------------------------------------------------------------------------------


def commit(connection: Connection, changes: Commit) -> None:
    """Write one batch: all of it, or a Conflict and nothing of it."""
    if changes.wanted:
        _refuse_if_threads_came(connection, changes)
    intake.finish(connection, changes.outcomes)
    if changes.new_cases:
        connection.execute(insert(cases), [from_case(case) for case in changes.new_cases])
    for case in changes.changed_cases:
        _update(connection, case)
    if changes.messages:
        connection.execute(insert(messages), [_message(new) for new in changes.messages])
        keys = [row for new in changes.messages for row in _keys(new)]
        if keys:
            connection.execute(intake.insert_or_ignore(connection, thread_keys), keys)
    for row in changes.outbox:
        if (row.kind != "acknowledgement" or _first_today(connection, row)) and _first_ever(connection, row):
            insert_row(connection, row)
    if changes.audit:
        add_audit(connection, changes.audit)


def _refuse_if_threads_came(connection: Connection, changes: Commit) -> None:
    """Raises Conflict where another process has committed a message of the same conversation since the lookup: both
    would open a case. On PostgreSQL batches are committed one after another, so that neither misses the other."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_COMMITS)))
    for some in intake.chunks(changes.wanted):
        came = thread_keys.c.key.in_(some) & (thread_keys.c.id > changes.newest_key)
        if connection.execute(select(thread_keys.c.id).where(came).limit(1)).first() is not None:
            raise Conflict("a message of the same conversation was taken meanwhile")


def _update(connection: Connection, case: Case) -> None:
    values = from_case(case) | {"version": case.version + 1}
    done = connection.execute(
        update(cases).where(cases.c.id == case.id, cases.c.version == case.version).values(values)
    )
    if done.rowcount == 0:
        raise Conflict(f"case {case.id} was changed meanwhile")


def _message(new: NewMessage) -> dict[str, Any]:
    message = new.message
    return {
        "source_key": message.source_key,
        "raw_id": new.raw_id,
        "case_id": new.case_id,
        "copy_of": new.copy_of,
        "verified": new.verified,
        "sender_key": message.sender.key,
        "words_digest": new.words_digest,
        "at": message.received_at,
        "message": message.model_dump_json(exclude_defaults=True),
        "classification": None if new.classification is None else new.classification.model_dump_json(),
        "decision": None if new.decision is None else new.decision.model_dump_json(),
    }


def _keys(new: NewMessage) -> list[dict[str, Any]]:
    return [
        {
            "key": key,
            "case_id": new.case_id,
            "source_key": new.message.source_key,
            "sender_key": new.message.sender.key,
            "words_digest": new.words_digest,
        }
        for key in new.thread_keys
    ]


def _first_today(connection: Connection, row: OutboxRow) -> bool:
    """Whether this address gets its first acknowledgement of the day with this row."""
    assert row.reply is not None  # an acknowledgement is a reply
    address = hashlib.sha256(f"{row.reply.channel}\0{row.reply.to.key}".encode()).hexdigest()
    statement = intake.insert_or_ignore(connection, ack_days)
    return bool(connection.execute(statement.values(address_digest=address, day=f"{row.created_at:%Y-%m-%d}")).rowcount)


def _first_ever(connection: Connection, row: OutboxRow) -> bool:
    """Whether nothing of this row's ``once`` was queued before."""
    if not row.once:
        return True
    digest = hashlib.sha256(f"once\0{row.once}".encode()).hexdigest()
    statement = intake.insert_or_ignore(connection, ack_days)
    return bool(connection.execute(statement.values(address_digest=digest, day="once")).rowcount)


def change(
    connection: Connection,
    case_id: str,
    wanted: CaseChange,
    *,
    version: int,
    actor: str,
    now: datetime,
    by_rules: bool = False,
) -> Case:
    """Apply what a person changed, if nobody else changed the case since they saw it. ``by_rules``: no person did, and
    fields that people set stay as they are."""
    case = get(connection, case_id)
    if case.version != version:
        raise Conflict(f"case {case_id} was changed meanwhile (now version {case.version})")
    values = {
        name: value
        for name, value in wanted.model_dump(exclude_none=True, exclude={"fields"}).items()
        if value != getattr(case, name) and not (name == "assigned_to" and not value and case.assigned_to is None)
    }
    fields = _new_fields(case, wanted.fields or {}, by_rules=by_rules)
    if not values and not fields:
        return case
    before = {name: str(getattr(case, name) or "") for name in values}
    if "assigned_to" in values:
        values["assigned_to"] = values["assigned_to"] or None
    changed = case.model_copy(update={**values, "updated_at": now})
    if fields:
        own = case.own_fields if by_rules else tuple(dict.fromkeys((*case.own_fields, *fields)))
        kept = {name: value for name, value in {**case.fields, **fields}.items() if value}
        changed = changed.model_copy(update={"fields": kept, "own_fields": own})
    if changed.kind in {"praise", "other"}:
        changed = changed.model_copy(update={"type": None})
    _update(connection, changed)
    detail = {name: f"{before[name]} -> {value or ''}" for name, value in values.items()}
    detail |= {f"fields.{name}": f"{case.fields.get(name, '')} -> {value}" for name, value in fields.items()}
    rows = [AuditRow(at=now, actor=actor, action="case_changed", case_id=case_id, team=changed.team, detail=detail)]
    if changed.team != case.team:  # those who see it leave their queue hear of it too, and take what waits along
        connection.execute(
            update(outbox).where(outbox.c.case_id == case_id, outbox.c.settled_at.is_(None)).values(team=changed.team)
        )
        rows.append(rows[0].model_copy(update={"team": case.team, "action": "case_moved"}))
    add_audit(connection, rows)
    return changed.model_copy(update={"version": case.version + 1})


def _new_fields(case: Case, wanted: dict[str, str], *, by_rules: bool) -> dict[str, str]:
    """Those of the fields that differ, without what rules may not touch."""
    return {
        name: value
        for name, value in wanted.items()
        if value != case.fields.get(name, "") and not (by_rules and name in case.own_fields)
    }


def add_note(connection: Connection, case_id: str, text: str, *, actor: str, now: datetime) -> None:
    """Keep an internal note; it never leaves."""
    case = get(connection, case_id)
    connection.execute(insert(notes).values(case_id=case_id, at=now, author=actor, text=text))
    add_audit(connection, [AuditRow(at=now, actor=actor, action="note_added", case_id=case_id, team=case.team)])


def add_audit(connection: Connection, rows: Sequence[AuditRow]) -> None:
    connection.execute(
        insert(audit),
        [{**row.model_dump(exclude={"seq", "detail"}), "detail": json.dumps(row.detail)} for row in rows],
    )
