# SPDX-License-Identifier: Apache-2.0
"""Statements for what leaves: waiting, leased, attempted, settled. A lease is fenced: an older one changes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from router.errors import Conflict, NotFound
from router.records import OutboxRow, OutboxState, SinkEvent
from router.schema import Receipt, Reply
from router.store.tables import cases, outbox, thread_keys

__all__ = ["decide", "get", "insert_row", "lease", "listed", "park_interrupted", "settle", "start"]

# What a person may do to a row, and from which states.
_ALLOWED: dict[str, tuple[str, ...]] = {
    "pending": ("awaiting_approval", "failed", "parked"),
    "awaiting_approval": ("awaiting_approval",),
    "withdrawn": ("awaiting_approval", "pending", "failed", "parked"),
    "sent": ("parked",),
}


def to_row(row: Row[Any]) -> OutboxRow:
    is_sink = row.kind == "sink"
    return OutboxRow(
        id=row.id,
        kind=row.kind,
        state=row.state,
        case_id=row.case_id,
        team=row.team,
        target=row.target,
        reply=None if is_sink else Reply.model_validate_json(row.payload),
        event=SinkEvent.model_validate_json(row.payload) if is_sink else None,
        attempts=row.attempts,
        fence=row.fence,
        next_at=row.next_at,
        created_at=row.created_at,
        created_by=row.created_by,
        approved_by=row.approved_by,
        error=row.error,
        receipt=None if row.receipt is None else Receipt.model_validate_json(row.receipt),
    )


def insert_row(connection: Connection, row: OutboxRow) -> None:
    """Queue one thing; its Message-ID becomes a thread key so that an answer finds the case."""
    payload = row.reply or row.event
    assert payload is not None  # every row carries what it sends
    connection.execute(
        insert(outbox).values(
            **row.model_dump(exclude={"reply", "event", "receipt", "once"}),
            payload=payload.model_dump_json(),
            digest=row.reply.digest if row.reply else "",
            worker="",
        )
    )
    if row.reply is not None and row.reply.message_id:
        connection.execute(
            insert(thread_keys).values(
                key=f"mid:{row.reply.message_id}", case_id=row.case_id, source_key=f"outbox:{row.id}",
                sender_key="", words_digest="",
            )
        )  # fmt: skip


def get(connection: Connection, outbox_id: str) -> OutboxRow:
    row = connection.execute(select(outbox).where(outbox.c.id == outbox_id)).one_or_none()
    if row is None:
        raise NotFound(f"nothing to send with id {outbox_id}")
    return to_row(row)


def listed(
    connection: Connection, *, states: Sequence[str], teams: Sequence[str] | None, limit: int
) -> list[OutboxRow]:
    query = select(outbox).where(outbox.c.state.in_(states)).order_by(outbox.c.created_at).limit(limit)
    if teams is not None:
        query = query.where(outbox.c.team.in_(teams))
    return [to_row(row) for row in connection.execute(query)]


def lease(connection: Connection, *, worker: str, limit: int, now: datetime, length: timedelta) -> list[OutboxRow]:
    """Take what is due. Nothing is attempted yet: a worker that dies now has sent nothing, and the lease runs out."""
    free = or_(outbox.c.lease_until.is_(None), outbox.c.lease_until < now)
    ids = connection.scalars(
        select(outbox.c.id)
        .where(outbox.c.state == "pending", outbox.c.next_at <= now, free)
        .order_by(outbox.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not ids:
        return []
    connection.execute(
        update(outbox)
        .where(outbox.c.id.in_(ids))
        .values(worker=worker, lease_until=now + length, fence=outbox.c.fence + 1)
    )
    rows = connection.execute(select(outbox).where(outbox.c.id.in_(ids)).order_by(outbox.c.next_at))
    return [to_row(row) for row in rows]


def start(connection: Connection, row: OutboxRow, *, now: datetime, length: timedelta) -> bool:
    """Write "attempting" before the act. False: withdrawn, or somebody else's by now; do not send."""
    done = connection.execute(
        update(outbox)
        .where(outbox.c.id == row.id, outbox.c.state == "pending", outbox.c.fence == row.fence)
        .values(state="attempting", attempts=outbox.c.attempts + 1, lease_until=now + length)
    )
    return done.rowcount == 1


def settle(
    connection: Connection,
    row: OutboxRow,
    *,
    state: OutboxState,
    error: str,
    receipt: Receipt | None,
    next_at: datetime | None,
    now: datetime,
) -> None:
    """Record how an attempt ended. Raises Conflict when the lease was lost meanwhile."""
    done = connection.execute(
        update(outbox)
        .where(outbox.c.id == row.id, outbox.c.state == "attempting", outbox.c.fence == row.fence)
        .values(
            state=state,
            error=error,
            receipt=None if receipt is None else receipt.model_dump_json(),
            next_at=next_at or row.next_at,
            worker="",
            lease_until=None,
            settled_at=now if state != "pending" else None,
        )
    )
    if done.rowcount == 0:
        raise Conflict(f"send {row.id} is no longer ours")
    if state == "sent" and row.reply is not None:
        sent(connection, row, row.reply, receipt, now)


def sent(connection: Connection, row: OutboxRow, reply: Reply, receipt: Receipt | None, now: datetime) -> None:
    """What a sent reply changes in its case, and the key by which the platform's next message will name it."""
    if row.kind == "reply":
        values: dict[str, Any] = {"updated_at": now, "version": cases.c.version + 1}
        connection.execute(update(cases).where(cases.c.id == row.case_id).values(values))
        connection.execute(
            update(cases).where(cases.c.id == row.case_id, cases.c.first_reply_at.is_(None)).values(first_reply_at=now)
        )
        connection.execute(
            update(cases).where(cases.c.id == row.case_id, cases.c.state == "open").values(state="waiting")
        )
    else:  # an acknowledgement changes no case, but stops its clock
        connection.execute(update(cases).where(cases.c.id == row.case_id).values(clocked=0))
    if receipt is not None and receipt.native_id and not reply.message_id:
        connection.execute(
            insert(thread_keys).values(
                key=f"nat:{reply.channel}:{reply.account}:{receipt.native_id}", case_id=row.case_id,
                source_key=f"outbox:{row.id}", sender_key="", words_digest="",
            )
        )  # fmt: skip


def park_interrupted(
    connection: Connection, *, now: datetime, expired_only: bool, resend: Sequence[str], worker: str | None = None
) -> int:
    """Attempts that nobody is making any more: parked for a person, or tried again where the target refuses repeats.

    Args:
        expired_only: Only those whose lease ran out; False where it is known that nobody holds them.
        worker: Only those of this worker, whose name nobody else uses.
    """
    query = update(outbox).where(outbox.c.state == "attempting")
    leases = update(outbox).where(outbox.c.state == "pending", outbox.c.lease_until.is_not(None))
    if worker is not None:
        query = query.where(outbox.c.worker == worker)
        leases = leases.where(outbox.c.worker == worker)
    if expired_only:
        query = query.where(outbox.c.lease_until < now)
        leases = leases.where(outbox.c.lease_until < now)
    connection.execute(leases.values(lease_until=None, worker=""))
    again = connection.execute(
        query.where(outbox.c.target.in_(resend)).values(state="pending", lease_until=None, worker="", next_at=now)
    )
    parked = connection.execute(
        query.where(and_(outbox.c.target.not_in(resend))).values(
            state="parked",
            lease_until=None,
            worker="",
            settled_at=now,
            error="stopped while sending; it may or may not have arrived",
        )
    )
    return again.rowcount + parked.rowcount


def decide(
    connection: Connection,
    outbox_id: str,
    *,
    state: OutboxState,
    digest: str,
    actor: str,
    now: datetime,
    reply: Reply | None = None,
) -> OutboxRow:
    """A person's decision on one row: approve, withdraw, retry, resolve what was parked; ``reply`` replaces the text.

    Raises:
        Conflict: The row is in no state for it, or its text is not the text that was seen.
    """
    row = connection.execute(select(outbox).where(outbox.c.id == outbox_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"nothing to send with id {outbox_id}")
    if row.state not in _ALLOWED.get(state, ()):
        raise Conflict(f"a message that is {row.state.replace('_', ' ')} cannot become {state.replace('_', ' ')}")
    if row.digest != digest:
        raise Conflict("the text was changed after you saw it")
    values: dict[str, Any] = {"state": state, "fence": row.fence + 1, "next_at": now, "lease_until": None, "worker": ""}
    if state == "pending" and row.state == "awaiting_approval":
        values["approved_by"] = actor
    values["settled_at"] = now if state in {"withdrawn", "sent"} else None
    if reply is not None:
        values |= {"payload": reply.model_dump_json(), "digest": reply.digest, "approved_by": "", "created_by": actor}
    done = connection.execute(
        update(outbox)
        .where(outbox.c.id == outbox_id, outbox.c.fence == row.fence, outbox.c.state == row.state)
        .values(values)
    )
    if done.rowcount == 0:
        raise Conflict("it was changed meanwhile")
    after = get(connection, outbox_id)
    if state == "sent" and after.reply is not None:
        sent(connection, after, after.reply, None, now)
    return after


def detail(row: OutboxRow) -> dict[str, str]:
    """What the audit keeps of a row: never its text."""
    return {
        "outbox": row.id,
        "kind": row.kind,
        "state": row.state,
        "target": row.target,
        "attempts": json.dumps(row.attempts),
    }
