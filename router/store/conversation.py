# SPDX-License-Identifier: Apache-2.0
"""A case's conversation, put together from messages received, things sent and notes."""

from __future__ import annotations

from sqlalchemy import Connection, select

from router.records import Entry
from router.schema import Classification, Decision, InboundMessage, Party
from router.store.outbox import to_row
from router.store.tables import messages, notes, outbox

__all__ = ["entries"]


def entries(connection: Connection, case_id: str) -> list[Entry]:
    """Everything said in a case, oldest first; copies of a message are named with it and not repeated."""
    lines = [*_received(connection, case_id), *_sent(connection, case_id), *_notes(connection, case_id)]
    return sorted(lines, key=lambda entry: entry.at)


def _received(connection: Connection, case_id: str) -> list[Entry]:
    rows = connection.execute(select(messages).where(messages.c.case_id == case_id).order_by(messages.c.id)).all()
    copies: dict[str, list[str]] = {}
    for row in rows:
        if row.copy_of:
            copies.setdefault(row.copy_of, []).append(row.source_key)
    lines = []
    for row in rows:
        if row.copy_of:
            continue
        message = InboundMessage.model_validate_json(row.message)
        lines.append(
            Entry(
                direction="in",
                at=row.at,
                who=message.sender,
                text=message.words,
                html=message.html,
                visibility=message.visibility,
                source_key=row.source_key,
                raw_id=row.raw_id,
                verified=row.verified,
                copies=tuple(copies.get(row.source_key, ())),
                attachments=message.attachments,
                message=message,
                classification=row.classification and Classification.model_validate_json(row.classification),
                decision=row.decision and Decision.model_validate_json(row.decision),
            )
        )
    return lines


def _sent(connection: Connection, case_id: str) -> list[Entry]:
    query = select(outbox).where(outbox.c.case_id == case_id, outbox.c.kind != "sink").order_by(outbox.c.created_at)
    lines = []
    for row in map(to_row, connection.execute(query)):
        assert row.reply is not None  # only sinks carry events
        lines.append(
            Entry(
                direction="out",
                at=row.receipt.sent_at if row.receipt else row.created_at,
                who=Party(name=row.created_by),
                text=row.reply.text,
                visibility=row.reply.visibility,
                outbox_id=row.id,
                delivery=row.state,
                error=row.error,
                approved_by=row.approved_by,
                automatic=row.reply.automatic,
                reply=row.reply,
            )
        )
    return lines


def _notes(connection: Connection, case_id: str) -> list[Entry]:
    rows = connection.execute(select(notes).where(notes.c.case_id == case_id).order_by(notes.c.id))
    return [Entry(direction="note", at=row.at, who=Party(name=row.author), text=row.text) for row in rows]
