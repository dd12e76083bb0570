# SPDX-License-Identifier: Apache-2.0
"""What an alarm brings: the line in the trail, the change of the case, the word to sinks. Pure."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal, get_args

from router.deadlines.book import Deadline, Deadlines
from router.deadlines.records import Alarm
from router.deadlines.settings import Consequences
from router.records import AuditRow, CaseChange, OutboxRow, SinkEvent
from router.schema import Case, Urgency

__all__ = ["ACTOR", "make_alarm"]

ACTOR = "deadlines"


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
) -> Alarm:
    """An alarm of this kind for one round of a deadline; a case that is resolved is not moved any more."""
    breach = kind == "breach"
    does = deadline.at_breach if breach else deadline.at_warning
    change = None if case.state == "resolved" else _change(case, does, deadlines)
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
    told = case.model_copy(update=change.model_dump(exclude_none=True)) if change is not None else case
    key = f"{case.id}:{deadline.name}:{number}:{kind}"
    outbox = tuple(_sink_row(told, sink, key=key, says=says, now=now, public_url=public_url) for sink in does.sinks)
    return Alarm(name=deadline.name, round=number, kind=kind, due_at=due, change=change, outbox=outbox, audit=(row,))


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
