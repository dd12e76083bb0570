# SPDX-License-Identifier: Apache-2.0
"""How the clocks of a case stand now, and which alarms are due. Pure: the same life gives the same clocks, always."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from router.content import AlarmThen
from router.deadlines.alarms import make_alarm
from router.deadlines.book import Deadline, Deadlines
from router.deadlines.calendar import Calendar
from router.deadlines.records import (
    Alarm,
    AlarmKey,
    AskRoutes,
    CaseHistory,
    ClockPlan,
    ClockRow,
    ClockState,
    Question,
)
from router.deadlines.runs import Run, life_of, runs_of
from router.schema import Case

__all__ = ["plan_clocks"]


@dataclass(frozen=True)
class _Laid:
    """A run laid out in its calendar."""

    run: Run
    due: datetime
    paused: timedelta  # open time it stood still
    state: ClockState
    warnings: tuple[tuple[datetime, str], ...]  # in order


def plan_clocks(
    case: Case,
    history: CaseHistory,
    before: Mapping[str, ClockRow],
    fired: Mapping[AlarmKey, datetime],
    now: datetime,
    *,
    deadlines: Deadlines,
    public_url: str = "",
    ask: AskRoutes | None = None,
) -> ClockPlan:
    """The clocks of a case as its life, its present labels and the configuration make them.

    A clock that has stopped stays as it was judged then, whatever the case became since.

    Args:
        before: Its clocks as kept last, by name.
        fired: The alarms raised before, and when.
        ask: The routes to ask what an alarm brings. Asked of the first one only: the others come when the case has
            changed by it, and are planned anew then.

    Raises:
        NoHours: A calendar has no hours to lay a deadline out in.
    """
    life = life_of(case, history)
    clocks: list[ClockRow] = []
    alarms: list[Alarm] = []
    for name, deadline in deadlines.applicable(case, history.named).items():
        calendar = deadlines.calendar_of(deadline, case.team)
        runs = runs_of(deadline.kind, life, pauses=deadline.pauses)
        last: ClockRow | None = None
        for run in runs:
            known = before.get(name)
            if known is not None and known.round > run.round:
                continue  # judged in its time, by what held then
            last = _kept(known, run)
            if last is None:
                laid = _lay_out(run, deadline, calendar, now)
                for at, kind in _pending(laid, name, fired):
                    if at > now:
                        continue
                    decision = None
                    if ask is not None and not alarms:
                        decision = ask(
                            _question(case, history, deadline=deadline, run=run, kind=kind, before=before, now=now)
                        )
                    alarms.append(
                        make_alarm(
                            case, deadline, deadlines, kind=kind, due=laid.due, number=run.round, now=now,
                            public_url=public_url, decision=decision,
                        )
                    )  # fmt: skip
                last = _row(case, deadline, laid, fired)
        if last is not None:
            clocks.append(last)
    run_out = [clock.due_at for clock in clocks if clock.state == "running" and clock.due_at is not None]
    return ClockPlan(clocks=tuple(clocks), due_at=min(run_out, default=None), alarms=tuple(alarms))


def _question(
    case: Case,
    history: CaseHistory,
    *,
    deadline: Deadline,
    run: Run,
    kind: str,
    before: Mapping[str, ClockRow],
    now: datetime,
) -> Question:
    """What routes are asked of one alarm."""
    alarm = AlarmThen(
        name=deadline.name,
        clock=deadline.kind,
        state="breached" if kind == "breach" else "warning",
        before=kind.partition(":")[2],
        round=run.round,
        statutory=deadline.statutory,
        message=history.last.source_key if history.last is not None else "",
    )
    standings = {name: standing for name, row in before.items() if (standing := row.standing(now)) is not None}
    return Question(
        case=case,
        history=history,
        alarm=alarm,
        does=deadline.does(breach=kind == "breach"),
        standings={**standings, deadline.name: alarm.state},
        now=now,
    )


def _kept(row: ClockRow | None, run: Run) -> ClockRow | None:
    same = row is not None and row.round == run.round and run.stop is not None and row.stopped_at == run.stop
    return row if same else None


def _lay_out(run: Run, deadline: Deadline, calendar: Calendar, now: datetime) -> _Laid:
    """Lay the deadline out, moved by the open time of every pause that began before it was over."""
    due = calendar.due(run.start, deadline.within, ends=deadline.ends)
    paused, stands = timedelta(0), False
    for begin, end in run.pauses:
        if begin >= due:
            break
        lost = calendar.between(begin, max(begin, end or now))
        stands = end is None
        paused += lost
        due = calendar.add(due, lost) if lost else due
    if run.stop is not None:
        state: ClockState = "met" if run.stop <= due else "missed"
    else:
        state = "paused" if stands else "running"
    warnings = sorted((calendar.before(due, length), f"warning:{length}") for length in deadline.warnings)
    return _Laid(run, due, paused, state, tuple(pair for pair in warnings if pair[0] > run.start))


def _pending(laid: _Laid, name: str, fired: Mapping[AlarmKey, datetime]) -> Iterator[tuple[datetime, str]]:
    """Alarms still to come, in order. Of a run that is over only the breach, if it was one that nobody was told."""
    if laid.state == "running":
        for at, kind in (*laid.warnings, (laid.due, "breach")):
            if (name, laid.run.round, kind) not in fired:
                yield at, kind
    elif laid.state == "missed" and (name, laid.run.round, "breach") not in fired:
        yield laid.due, "breach"


def _row(case: Case, deadline: Deadline, laid: _Laid, fired: Mapping[AlarmKey, datetime]) -> ClockRow:
    name, number = deadline.name, laid.run.round
    warned = [at for (one, of, kind), at in fired.items() if (one, of) == (name, number) and kind != "breach"]
    return ClockRow(
        case_id=case.id,
        name=name,
        kind=deadline.kind,
        round=number,
        state=laid.state,
        statutory=deadline.statutory,
        started_at=laid.run.start,
        stopped_at=laid.run.stop,
        paused_seconds=int(laid.paused.total_seconds()),
        due_at=None if laid.state == "paused" else laid.due,
        next_alarm_at=min((at for at, _ in _pending(laid, name, fired)), default=None),
        warned_at=max(warned, default=None),
        breached_at=fired.get((name, number, "breach")),
    )
