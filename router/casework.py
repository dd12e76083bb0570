# SPDX-License-Identifier: Apache-2.0
"""What a message makes of its case: opens it, reopens it, makes it more urgent, or sends it elsewhere. Pure."""

from __future__ import annotations

from datetime import datetime

from router.schema import URGENCIES, Case, Classification, Customer, Decision, InboundMessage, Urgency

__all__ = ["joined_case", "more_urgent", "new_case"]

_SUBJECT_CHARS = 120


def new_case(
    *,
    case_id: str,
    message: InboundMessage,
    labels: Classification,
    decision: Decision,
    customer: Customer | None,
    now: datetime,
) -> Case:
    """The case a message opens."""
    first_line = next((line.strip() for line in message.words.splitlines() if line.strip()), "")
    return Case(
        id=case_id,
        team=decision.team,
        queue=decision.queue,
        kind=labels.kind,
        type=labels.type,
        urgency=decision.urgency,
        language=(customer.language if customer else "") or labels.language,
        channel=message.channel,
        account=message.account,
        visibility=message.visibility,
        subject=message.subject or _shortened(first_line),
        sender=message.original_sender or message.sender,
        customer_id=customer.id if customer else None,
        tags=decision.tags,
        unsure=labels.unsure,
        created_at=message.received_at or now,
        updated_at=now,
    )


def _shortened(line: str) -> str:
    return line if len(line) <= _SUBJECT_CHARS else f"{line[: _SUBJECT_CHARS - 1].rstrip()}…"


def joined_case(case: Case, message: InboundMessage, labels: Classification, decision: Decision, now: datetime) -> Case:
    """The case after one more message. Machines and deletions reopen nothing and change no label."""
    if message.flags.auto_reply or message.event == "delete":
        return case.model_copy(update={"updated_at": now})
    changes: dict[str, object] = {"updated_at": now, "state": "open"}
    if labels.kind == "complaint" or message.flags.bounce:
        changes["urgency"] = more_urgent(case.urgency, decision.urgency)
    untouched = case.first_reply_at is None and case.assigned_to is None
    if labels.kind == "complaint" and case.kind != "complaint" and untouched:
        # "Hello, anybody there?" came first; now we know what it is about, and nobody has begun on it.
        changes |= {"kind": labels.kind, "type": labels.type, "team": decision.team, "queue": decision.queue}
        changes["tags"] = tuple(dict.fromkeys((*case.tags, *decision.tags)))
        changes["unsure"] = labels.unsure
    return case.model_copy(update=changes)


def more_urgent(one: Urgency, other: Urgency) -> Urgency:
    return min(one, other, key=URGENCIES.index)
