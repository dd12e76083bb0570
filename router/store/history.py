# SPDX-License-Identifier: Apache-2.0
"""Statements for what came before a message: when its sender wrote, and how long a case waits for our answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from router.store.intake import chunks
from router.store.tables import cases, messages, outbox

__all__ = ["MAX_CONTACTS", "contacts", "unanswered"]

MAX_CONTACTS = 50  # of one sender; who writes more often is counted as writing that often


def contacts(connection: Connection, sender_keys: Sequence[str]) -> dict[str, tuple[datetime, ...]]:
    """When these senders wrote in cases they opened, newest first."""
    found: dict[str, list[datetime]] = {}
    newest = func.row_number().over(partition_by=cases.c.sender_key, order_by=messages.c.at.desc())
    for some in chunks(sender_keys):
        ranked = (
            select(cases.c.sender_key, messages.c.at, newest.label("place"))
            .join(messages, messages.c.case_id == cases.c.id)
            .where(cases.c.sender_key.in_(some), messages.c.sender_key == cases.c.sender_key, messages.c.copy_of == "")
            .subquery()
        )
        query = select(ranked).where(ranked.c.place <= MAX_CONTACTS).order_by(ranked.c.place)
        for row in connection.execute(query):
            found.setdefault(row.sender_key, []).append(row.at)
    return {key: tuple(times) for key, times in found.items()}


def unanswered(connection: Connection, case_ids: Sequence[str]) -> dict[str, int]:
    """For each case, its messages since a person's last reply left; 0 where the last word is ours."""
    found: dict[str, int] = dict.fromkeys(case_ids, 0)
    for some in chunks(case_ids):
        answered = (
            select(outbox.c.case_id, func.max(outbox.c.created_at).label("at"))
            .where(outbox.c.case_id.in_(some), outbox.c.kind == "reply", outbox.c.state == "sent")
            .group_by(outbox.c.case_id)
            .subquery()
        )
        query = (
            select(messages.c.case_id, func.count().label("n"))
            .outerjoin(answered, answered.c.case_id == messages.c.case_id)
            .where(messages.c.case_id.in_(some), messages.c.copy_of == "")
            .where((answered.c.at.is_(None)) | (messages.c.at > answered.c.at))
            .group_by(messages.c.case_id)
        )
        found |= {row.case_id: row.n for row in connection.execute(query)}
    return found
