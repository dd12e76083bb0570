# SPDX-License-Identifier: Apache-2.0
"""What the store keeps of clocks and hands to the pure code that runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, Field

from router.content import AlarmThen
from router.records import AuditRow, CaseChange, OutboxRow
from router.schema import Case, Decision, Frozen, Urgency

__all__ = [
    "Alarm", "AlarmKey", "AlarmRecord", "AskRoutes", "CaseHistory", "ClockKind", "ClockPlan", "ClockRow", "ClockRun",
    "ClockState", "Consequences", "Happening", "LastWords", "PlanClocks", "Question", "What",
]  # fmt: skip

ClockKind: TypeAlias = Literal["acknowledgement", "first_response", "next_response", "resolution"]
ClockState: TypeAlias = Literal["running", "paused", "met", "missed"]
What: TypeAlias = Literal["customer", "acknowledgement", "reply", "open", "waiting", "resolved"]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
AlarmKey: TypeAlias = tuple[str, int, str]  # deadline, round, "breach" or "warning:2h"


class Consequences(Frozen):
    """What an alarm does besides being written into the case."""

    urgency: Literal["up"] | Urgency | None = None  # up: one step; a level: at least that
    queue: _Name | None = None  # moved there, to the team whose queue it is
    tags: tuple[str, ...] = ()  # added to those of the case
    sinks: tuple[_Name, ...] = ()  # told as well, once
    unassign: bool = False  # back to the queue, for anyone to take


class Happening(Frozen):
    """Something in a case's life that clocks heed."""

    at: datetime
    what: What


class LastWords(Frozen):
    """The newest message of a case as it is stored, in JSON: read only where routes ask about it."""

    source_key: str
    message: str
    classification: str | None = None
    decision: str | None = None


class CaseHistory(Frozen):
    """A case's life, oldest first, the names of deadlines that routes gave it, and what was written last."""

    happenings: tuple[Happening, ...] = ()
    named: tuple[str, ...] = ()
    last: LastWords | None = None
    messages: int = 0


class Question(Frozen):
    """What routes are asked when a deadline warns or is missed. ``does`` is what the deadline itself says."""

    case: Case
    history: CaseHistory
    alarm: AlarmThen
    does: Consequences
    standings: dict[str, str]  # the case's clocks by name, as rules see them
    now: AwareDatetime


AskRoutes: TypeAlias = Callable[[Question], Decision | None]
"""Pure: where the case goes then and what else is done. None: there is nobody to ask, ``does`` is done."""


class ClockRow(Frozen):
    """One deadline of one case. A clock that starts anew (the next response) is the next round."""

    case_id: str
    name: str
    kind: ClockKind
    round: int = 1
    state: ClockState
    statutory: bool = False
    started_at: datetime
    stopped_at: datetime | None = None
    paused_seconds: int = 0  # of open time
    due_at: datetime | None = None  # None while it is paused
    next_alarm_at: datetime | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None

    def standing(self, now: datetime) -> Literal["running", "warning", "breached"] | None:
        """How it stands, as rules see it: once missed it stays so; None where it is over in time or stands still."""
        overdue = self.state == "running" and self.due_at is not None and self.due_at <= now
        if self.state == "missed" or self.breached_at is not None or overdue:
            return "breached"
        if self.state != "running":
            return None
        return "running" if self.warned_at is None else "warning"


class Alarm(Frozen):
    """An alarm to raise now, with everything it brings; kept whole, once for its key, or not at all."""

    name: str
    round: int
    kind: str
    due_at: datetime
    change: CaseChange | None = None
    outbox: tuple[OutboxRow, ...] = ()
    audit: tuple[AuditRow, ...] = ()
    decision: Decision | None = None  # what routes made of it

    @property
    def key(self) -> AlarmKey:
        return (self.name, self.round, self.kind)


class AlarmRecord(Frozen):
    """An alarm that was raised, and what routes made of it; None where there were none to ask."""

    case_id: str
    name: str
    round: int
    kind: str
    due_at: datetime
    at: datetime
    decision: Decision | None = None


class ClockPlan(Frozen):
    """How the clocks of a case stand, and which alarms are due."""

    clocks: tuple[ClockRow, ...] = ()
    due_at: datetime | None = None  # the nearest of those that run
    alarms: tuple[Alarm, ...] = ()


PlanClocks: TypeAlias = Callable[
    [Case, CaseHistory, Mapping[str, ClockRow], Mapping[AlarmKey, datetime], datetime], ClockPlan | None
]
"""Pure: the case, its life, its clocks as kept last, the alarms raised before and when, and the time now. None: its
clocks cannot be told; they are left as they were."""


class ClockRun(Frozen):
    """What one look at the clocks did."""

    cases: int = 0
    alarms: tuple[tuple[str, Alarm], ...] = ()  # case id and alarm, those that were raised now
    failed: tuple[str, ...] = ()  # cases whose clocks could not be told
