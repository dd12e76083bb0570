# SPDX-License-Identifier: Apache-2.0
"""What a message makes of its case: opens it, reopens it, makes it more urgent, or sends it elsewhere. Pure."""

from __future__ import annotations

from datetime import datetime

from router.schema import URGENCIES, Case, Classification, Customer, Decision, InboundMessage, Urgency

__all__ = ["asks_nothing", "joined_case", "more_urgent", "new_case", "with_report_told"]

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
        type=labels.type if _is_preset("type", decision) else None,
        urgency=decision.urgency,
        language=(customer.language if customer else "") or labels.language,
        channel=message.channel,
        account=message.account,
        visibility=message.visibility,
        subject=message.subject or _shortened(first_line),
        sender=message.original_sender or message.sender,
        customer_id=customer.id if customer else None,
        tags=decision.tags,
        fields={name: value for name, value in decision.fields.items() if value},
        unsure=_is_unsure(labels, decision),
        created_at=message.received_at or now,
        updated_at=now,
    )


def _is_preset(label: str, decision: Decision) -> bool:
    """Whether a label stands on the case: acted on, or preset for a person to confirm."""
    return decision.levels.get(label, "preselect") == "preselect"


def _is_unsure(labels: Classification, decision: Decision) -> bool:
    return labels.unsure or "kind" in decision.levels or "type" in decision.levels


def _shortened(line: str) -> str:
    return line if len(line) <= _SUBJECT_CHARS else f"{line[: _SUBJECT_CHARS - 1].rstrip()}…"


def joined_case(case: Case, message: InboundMessage, labels: Classification, decision: Decision, now: datetime) -> Case:
    """The case after one more message. Machines and deletions reopen nothing and change no label."""
    if asks_nothing(message):
        return case.model_copy(update={"updated_at": now})
    changes: dict[str, object] = {"updated_at": now, "state": "open"}
    said = {name: value for name, value in decision.fields.items() if name not in case.own_fields}
    changes["fields"] = {name: value for name, value in {**case.fields, **said}.items() if value}
    if labels.kind == "complaint" or message.flags.bounce:
        changes["urgency"] = more_urgent(case.urgency, decision.urgency)
    untouched = case.first_reply_at is None and case.assigned_to is None
    if labels.kind == "complaint" and case.kind != "complaint" and untouched:
        # "Hello, anybody there?" came first; now we know what it is about, and nobody has begun on it.
        changes |= {"kind": labels.kind, "team": decision.team, "queue": decision.queue}
        changes["type"] = labels.type if _is_preset("type", decision) else None
        changes["tags"] = tuple(dict.fromkeys((*case.tags, *decision.tags)))
        changes["unsure"] = _is_unsure(labels, decision)
    return case.model_copy(update=changes)


def asks_nothing(message: InboundMessage) -> bool:
    """Whether it reopens nothing: an automatic answer, a receipt, a deletion, or a report that our mail arrived or is
    still under way."""
    if message.flags.auto_reply or message.flags.receipt or message.event == "delete":
        return True
    return message.report is not None and message.report.action in (
        "delayed",
        "delivered",
        "relayed",
        "expanded",
        "read",
    )


def with_report_told(message: InboundMessage) -> InboundMessage:
    """A report on an answer of ours with a first note that says in words what became of it."""
    report = message.report
    if report is None or not (message.flags.bounce or report.action):
        return message
    return message.model_copy(update={"notes": (report.sentence("our answer"), *message.notes)})


def more_urgent(one: Urgency, other: Urgency) -> Urgency:
    return min(one, other, key=URGENCIES.index)
