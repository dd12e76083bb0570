# SPDX-License-Identifier: Apache-2.0
"""What the operations on answers do: write, approve, edit, withdraw, try again, settle."""

from __future__ import annotations

from router.records import OutboxRow
from router.web import access
from router.web.api import models
from router.web.api.operation import Call
from router.web.once import submit_once

__all__ = [
    "approvals_list", "approve", "edit", "outbox_get", "outbox_list", "reply_create", "resolve", "retry", "withdraw",
]  # fmt: skip


def _item(row: OutboxRow) -> models.OutboxItem:
    return models.OutboxItem(row=row, digest=row.reply.digest if row.reply else None)


async def _row(call: Call, *, words: bool = True) -> OutboxRow:
    access.require(access.may_read_cases(call.user) or not words)
    return await access.outbox_for(call.context.store, call.user, call.path["row"])


async def _again(call: Call) -> models.OutboxItem:
    """The row as it is after the change; who has just settled its trouble may not see it any more but knows it."""
    row = await call.context.store.outbox_row(call.path["row"])
    return _item(row if access.may_read_cases(call.user) else access.without_words(row))


async def reply_create(call: Call) -> models.OutboxItem:
    case = await access.case_for(call.context.store, call.user, call.path["case"])
    new = call.told(models.NewReply)
    row = await submit_once(
        call.context, case.id, text=new.text, actor=call.user.name, visibility=new.visibility, number=new.once
    )
    return _item(row)


async def approvals_list(call: Call) -> models.OutboxList:
    access.require(access.may_read_cases(call.user))
    rows = await access.outbox_rows_for(call.context.store, call.user, states=("awaiting_approval",), limit=500)
    return models.OutboxList(items=tuple(map(_item, rows)))


async def outbox_list(call: Call) -> models.OutboxList:
    asked = call.asked(models.OutboxQuery)
    states = asked.state or ("awaiting_approval", "pending", "attempting", "failed", "parked")
    rows = await access.outbox_rows_for(call.context.store, call.user, states=states, limit=asked.limit)
    return models.OutboxList(items=tuple(map(_item, rows)))


async def outbox_get(call: Call) -> models.OutboxItem:
    return _item(await _row(call, words=False))


async def approve(call: Call) -> models.OutboxItem:
    row = await _row(call)
    digest = call.told(models.Approval).digest
    return _item(await call.context.replies.approve(row.id, digest=digest, actor=call.user.name))


async def edit(call: Call) -> models.OutboxItem:
    row = await _row(call)
    new = call.told(models.NewText)
    return _item(await call.context.replies.edit(row.id, text=new.text, actor=call.user.name, digest=new.digest))


async def withdraw(call: Call) -> models.OutboxItem:
    row = await _row(call)
    await call.context.replies.withdraw(row.id, actor=call.user.name)
    return await _again(call)


async def retry(call: Call) -> models.OutboxItem:
    row = await _row(call, words=False)
    await call.context.replies.retry(row.id, actor=call.user.name)
    return await _again(call)


async def resolve(call: Call) -> models.OutboxItem:
    row = await _row(call, words=False)
    was_sent = call.told(models.Settlement).was_sent
    await call.context.replies.resolve_parked(row.id, was_sent=was_sent, actor=call.user.name)
    return await _again(call)
