# SPDX-License-Identifier: Apache-2.0
"""An answer that is handed over twice leaves once: double clicks, impatient reloads, tries after an error."""

from __future__ import annotations

import hashlib

from router.errors import Conflict, NotFound
from router.records import OutboxRow
from router.schema import Visibility
from router.web.context import WebContext

__all__ = ["submit_once"]


async def submit_once(
    context: WebContext,
    case_id: str,
    *,
    text: str,
    actor: str,
    visibility: Visibility | None,
    number: str,
) -> OutboxRow:
    """Queue an answer under an id that its form always gives, so that the database itself keeps it from being two,
    whichever process takes it and whatever became of the first try.

    Args:
        number: What the form, or the caller of the API, calls this answer; "" for one that is always new.

    Raises:
        Conflict: Under this number another text was queued.
        UserInputError: As ``ReplyService.submit``.
    """
    once = hashlib.sha256(f"{actor}\0{case_id}\0{number}".encode()).hexdigest()[:32] if number else ""
    try:
        return await context.replies.submit(case_id, text=text, actor=actor, visibility=visibility, once=once)
    except Conflict as conflict:
        try:
            row = await context.store.outbox_row(once)
        except NotFound:
            raise conflict from None
        if row.reply is None or row.reply.text.strip() != text.strip():
            sentence = "An earlier form of this answer is kept already, and this one is not: look at it first."
            raise Conflict(sentence) from None
        return row
