# SPDX-License-Identifier: Apache-2.0
"""Statements for raw messages: kept, claimed for work, set aside, taken up again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from router.errors import NotFound
from router.records import QuarantineItem, RawFate, RawOutcome, RawReceipt
from router.schema import RawMessage, Transport
from router.store.tables import messages, raws

__all__ = [
    "chunks",
    "claim",
    "fates",
    "finish",
    "insert_or_ignore",
    "pending",
    "put",
    "quarantine_item",
    "quarantined",
    "release",
    "requeue",
    "states",
]

T = TypeVar("T")
_CHUNK = 500  # bound parameters a statement
_CLAIM_BYTES = 64 * 1024 * 1024  # of one batch in memory; a single larger message still comes alone


def chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def insert_or_ignore(connection: Connection, table: Any) -> Any:
    """An INSERT that leaves existing rows alone, in the dialect at hand."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def put(
    connection: Connection, batch: Sequence[RawMessage], *, reference: Callable[[str], str], inline_bytes: int | None
) -> list[RawReceipt]:
    """Keep each message unless its source key is known; the first bytes of a key are the ones that stay.

    Args:
        inline_bytes: Larger bodies were kept as files before; None: every body goes into its row.
    """
    known = _by_key(connection, {raw.source_key for raw in batch})
    fresh: dict[str, RawMessage] = {}  # in order of arrival: an answer must come after what it answers
    for raw in batch:
        if raw.source_key not in known:
            fresh.setdefault(raw.source_key, raw)
    inserted: set[str] = set()
    if fresh:
        statement = insert_or_ignore(connection, raws).returning(raws.c.source_key)
        inserted = set(connection.scalars(statement, [_values(raw, inline_bytes) for raw in fresh.values()]))
        known |= _by_key(connection, set(fresh))  # with those that another process was quicker to insert
    receipts = []
    for raw in batch:
        row = known[raw.source_key]
        differs = row.digest != raw.digest
        if differs and raw.digest not in row.other_digests:
            others = json.dumps([*json.loads(row.other_digests), raw.digest][:20])
            connection.execute(update(raws).where(raws.c.id == row.id).values(other_digests=others))
        receipts.append(
            RawReceipt(
                raw_id=row.id,
                source_key=raw.source_key,
                reference=reference(raw.source_key),
                duplicate=fresh.pop(raw.source_key, None) is not raw or raw.source_key not in inserted,
                differs=differs,
            )
        )
    return receipts


def _by_key(connection: Connection, keys: set[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for some in chunks(sorted(keys)):
        query = select(raws.c.id, raws.c.source_key, raws.c.digest, raws.c.other_digests)
        found |= {row.source_key: row for row in connection.execute(query.where(raws.c.source_key.in_(some)))}
    return found


def _values(raw: RawMessage, inline_bytes: int | None) -> dict[str, Any]:
    inline = inline_bytes is None or len(raw.body) <= inline_bytes
    return {
        "source_key": raw.source_key,
        "channel": raw.channel,
        "account": raw.account,
        "native_id": raw.native_id,
        "digest": raw.digest,
        "size": len(raw.body),
        "body": raw.body if inline else None,
        "transport": raw.transport.model_dump_json(exclude_defaults=True),
        "received_at": raw.received_at,
        "state": "new",
        "attempts": 0,
        "reason": "",
        "worker": "",
        "lease_until": None,
        "other_digests": "[]",
    }


def claim(connection: Connection, *, worker: str, limit: int, now: datetime, lease: timedelta) -> list[Row[Any]]:
    """Take the oldest waiting messages for one worker; those of a worker whose lease ran out are waiting too.

    A message that was taken without an outcome may be what ended the process: each time it comes with a quarter of
    the companions, in the end alone, so that the others are soon done and none shares its fate.
    """
    waiting = or_(raws.c.state == "new", and_(raws.c.state == "claimed", raws.c.lease_until < now))
    query = select(raws.c.id, raws.c.size, raws.c.attempts).where(waiting).order_by(raws.c.id).limit(limit)
    ids: list[int] = []
    total, most = 0, limit
    for row in connection.execute(query.with_for_update(skip_locked=True)):
        total += row.size
        most = min(most, limit >> 2 * row.attempts)
        if ids and (len(ids) >= most or total > _CLAIM_BYTES):
            break
        ids.append(row.id)
    if not ids:
        return []
    connection.execute(
        update(raws)
        .where(raws.c.id.in_(ids))
        .values(state="claimed", worker=worker, lease_until=now + lease, attempts=raws.c.attempts + 1)
    )
    return list(connection.execute(select(raws).where(raws.c.id.in_(ids)).order_by(raws.c.id)))


def get(connection: Connection, raw_id: int) -> Row[Any]:
    row = connection.execute(select(raws).where(raws.c.id == raw_id)).one_or_none()
    if row is None:
        raise NotFound(f"no message {raw_id}")
    return row


def to_raw(row: Row[Any], body: bytes) -> RawMessage:
    """The message as it was put."""
    return RawMessage(
        channel=row.channel,
        account=row.account,
        native_id=row.native_id,
        body=body,
        received_at=row.received_at,
        transport=Transport.model_validate_json(row.transport),
    )


def release(connection: Connection, *, worker: str | None, counts: bool) -> int:
    """Give claimed messages back: those of one worker, or all where nobody else can be working.

    Args:
        counts: As an attempt, as after a death; an orderly stop is no fault of what was being worked on.
    """
    values: dict[str, Any] = {"state": "new", "worker": "", "lease_until": None}
    if not counts:
        values["attempts"] = raws.c.attempts - 1
    query = update(raws).where(raws.c.state == "claimed").values(values)
    return connection.execute(query if worker is None else query.where(raws.c.worker == worker)).rowcount


def finish(connection: Connection, outcomes: Sequence[RawOutcome]) -> None:
    """Record what became of each message. Where a lease ran out, another worker may have finished it meanwhile: then
    only a case counts, and no failure."""
    groups: dict[tuple[str, str, bool], list[int]] = {}
    for outcome in outcomes:
        groups.setdefault((outcome.state, outcome.reason, outcome.counts), []).append(outcome.raw_id)
    for (state, reason, counts), ids in groups.items():
        values: dict[str, Any] = {"state": state, "reason": reason, "worker": "", "lease_until": None}
        if not counts:
            values["attempts"] = raws.c.attempts - 1
        for some in chunks(ids):
            query = update(raws).where(raws.c.id.in_(some))
            if state != "done":
                query = query.where(raws.c.state.in_(("new", "claimed")))
            connection.execute(query.values(values))


def quarantined(connection: Connection, *, limit: int) -> list[QuarantineItem]:
    """Messages set aside, newest first."""
    rows = connection.execute(select(raws).where(raws.c.state == "quarantined").order_by(raws.c.id.desc()).limit(limit))
    return [_item(row) for row in rows]


def quarantine_item(connection: Connection, raw_id: int) -> QuarantineItem:
    """One message set aside. Raises NotFound for any other."""
    row = get(connection, raw_id)
    if row.state != "quarantined":
        raise NotFound(f"no quarantined message {raw_id}")
    return _item(row)


def _item(row: Row[Any]) -> QuarantineItem:
    return QuarantineItem(
        raw_id=row.id,
        source_key=row.source_key,
        channel=row.channel,
        account=row.account,
        size=row.size,
        digest=row.digest,
        received_at=row.received_at,
        attempts=row.attempts,
        reason=row.reason,
    )


def requeue(connection: Connection, raw_id: int) -> None:
    """Let a message be read once more, as after an upgrade."""
    done = connection.execute(
        update(raws)
        .where(raws.c.id == raw_id, raws.c.state == "quarantined")
        .values(state="new", attempts=0, reason="")
    )
    if done.rowcount == 0:
        raise NotFound(f"no quarantined message {raw_id}")


def pending(connection: Connection) -> int:
    """How many wait or are being worked on."""
    return connection.scalar(select(func.count()).where(raws.c.state.in_(("new", "claimed")))) or 0


def states(connection: Connection) -> dict[str, int]:
    """How many raw messages are in each state."""
    rows = connection.execute(select(raws.c.state, func.count().label("n")).group_by(raws.c.state))
    return {row.state: row.n for row in rows}


def fates(connection: Connection, raw_ids: Sequence[int]) -> dict[int, RawFate]:
    """What became of these raw messages; ids that do not exist are left out."""
    found: dict[int, RawFate] = {}
    earlier = messages.alias()
    first = select(func.min(earlier.c.id)).where(earlier.c.case_id == messages.c.case_id).scalar_subquery()
    for some in chunks(raw_ids):
        query = select(messages.c.raw_id, messages.c.case_id, (messages.c.id == first).label("opened"))
        cases: dict[int, list[Row[Any]]] = {}
        for row in connection.execute(query.where(messages.c.raw_id.in_(some)).order_by(messages.c.id)):
            cases.setdefault(row.raw_id, []).append(row)
        for raw in connection.execute(select(raws.c.id, raws.c.state, raws.c.reason).where(raws.c.id.in_(some))):
            mine = cases.get(raw.id, [])
            found[raw.id] = RawFate(
                state=raw.state,
                reason=raw.reason,
                case_ids=tuple(dict.fromkeys(row.case_id for row in mine)),
                opened=any(row.opened for row in mine),
            )
    return found
