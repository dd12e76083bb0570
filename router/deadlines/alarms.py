# SPDX-License-Identifier: Apache-2.0
"""What an alarm brings: the line in the trail, the change of the case, the word to sinks. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, get_args

from router.deadlines.book import Deadline, Deadlines
from router.deadlines.records import Alarm, Consequences
from router.records import AuditRow, CaseChange, OutboxRow, SinkEvent
from router.schema import Case, Decision, Urgency

__all__ = ["ACTOR", "OWN", "make_alarm"]

ACTOR = "deadlines"
OWN = ("at_warning", "at_breach")  # stand in for a route where the deadline itself says it


def make_alarm(
    case: Case,
    deadline: Deadline,
    deadlines: Deadlines,
    *,
    kind: str,
    due: datetime,
    number: int,
    now: datetime,
    public_url: str,
    decision: Decision | None = None,
) -> Alarm:
    """An alarm of this kind for one round of a deadline; a case that is resolved is not moved any more.

    ``decision``: what routes made of it, with what the deadline itself says; None: only that.
    """
    breach = kind == "breach"
    does = deadline.does(breach=breach)
    if decision is None:
        change = None if case.state == "resolved" else _change(case, does, deadlines)
    else:
        change = None if case.state == "resolved" else _decided(case, decision)
    detail = {
        "deadline": deadline.name,
        "round": str(number),
        "alarm": kind,
        "due": due.isoformat(),
        "statutory": str(deadline.statutory).lower(),
    }
    action = "deadline_missed" if breach else "deadline_near"
    row = AuditRow(at=now, actor=ACTOR, action=action, case_id=case.id, team=case.team, detail=detail)
    says = f"the deadline '{deadline.name}' {'was missed' if breach else 'is near'}: due {due:%Y-%m-%d %H:%M:%S} UTC"
    told = case if change is None else _told(case, change)
    key = f"{case.id}:{deadline.name}:{number}:{kind}"
    sinks = does.sinks if decision is None else decision.sinks
    return Alarm(
        name=deadline.name,
        round=number,
        kind=kind,
        due_at=due,
        change=change,
        outbox=tuple(_sink_row(told, sink, key=key, says=says, now=now, public_url=public_url) for sink in sinks),
        audit=(row, *_said(row, decision)),
        decision=decision,
    )


def _told(case: Case, change: CaseChange) -> Case:
    """The case as sinks are told of it."""
    changes = change.model_dump(exclude_none=True, exclude={"fields"})
    return case.model_copy(update={**changes, "fields": {**case.fields, **(change.fields or {})}})


def _said(row: AuditRow, decision: Decision | None) -> Iterator[AuditRow]:
    """A line for each thing that a route said, in order. What the deadline itself does is seen in the case's change."""
    for action in decision.actions if decision is not None else ():
        if action.route in OWN:
            continue
        detail = {
            "deadline": row.detail["deadline"],
            "round": row.detail["round"],
            "alarm": row.detail["alarm"],
            "route": action.route,
            "rules": decision.rules_digest if decision is not None else "",
            "does": f"{action.name} {action.value}".replace("_", " "),
        }
        if action.skipped:
            detail["not_done"] = action.skipped
        yield row.model_copy(update={"action": "deadline_action", "detail": detail})


def _decided(case: Case, decision: Decision) -> CaseChange | None:
    """From the case to what routes say that it is then."""
    moved = decision.queue != case.queue
    done = {action.name for action in decision.actions if not action.skipped}
    tags = tuple(dict.fromkeys((*case.tags, *decision.tags)))
    change = CaseChange(
        urgency=decision.urgency if decision.urgency != case.urgency else None,
        queue=decision.queue if moved else None,
        team=decision.team if moved else None,
        tags=tags if tags != case.tags else None,
        fields=decision.fields or None,
        assigned_to="" if ("unassign" in done or moved) and case.assigned_to else None,
    )
    return change if change != CaseChange() else None


def _change(case: Case, does: Consequences, deadlines: Deadlines) -> CaseChange | None:
    urgency = _urgency(case.urgency, does.urgency)
    queue = does.queue if does.queue is not None and does.queue != case.queue else None
    tags = tuple(dict.fromkeys((*case.tags, *does.tags)))
    change = CaseChange(
        urgency=urgency if urgency != case.urgency else None,
        queue=queue,
        team=deadlines.queues.get(queue) if queue else None,
        tags=tags if tags != case.tags else None,
        assigned_to="" if (does.unassign or queue) and case.assigned_to else None,
    )
    return change if change != CaseChange() else None


def _urgency(now: Urgency, wanted: Literal["up"] | Urgency | None) -> Urgency:
    levels: tuple[Urgency, ...] = get_args(Urgency)
    place = levels.index(now)
    if wanted == "up":
        return levels[max(place - 1, 0)]
    return levels[min(place, levels.index(wanted))] if wanted else now


def _sink_row(case: Case, sink: str, *, key: str, says: str, now: datetime, public_url: str) -> OutboxRow:
    outbox_id = hashlib.sha256(f"deadline:{key}:{sink}".encode()).hexdigest()[:32]
    url = f"{public_url}/cases/{case.id}" if public_url else ""
    event = SinkEvent(id=outbox_id, sink=sink, case=case, text="", reasons=(says,), url=url)
    return OutboxRow(
        id=outbox_id,
        kind="sink",
        state="pending",
        case_id=case.id,
        team=case.team,
        target=sink,
        event=event,
        next_at=now,
        created_at=now,
        created_by=ACTOR,
    )
