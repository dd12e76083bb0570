# SPDX-License-Identifier: Apache-2.0
"""Statements for the clocks on cases: which cases changed since, their life, and alarms that are raised exactly once.

A case whose ``clocked`` is not its ``version`` has changed since its clocks were told; whoever changes a case need
know nothing of clocks. An alarm's key is inserted in the transaction that holds all it brings: both or neither.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, select, update

from router.deadlines.records import (
    Alarm,
    AlarmKey,
    AlarmRecord,
    CaseHistory,
    ClockPlan,
    ClockRow,
    ClockRun,
    Happening,
    LastWords,
    PlanClocks,
)
from router.failpoints import failpoint
from router.schema import Case, Decision
from router.store import cases as case_statements
from router.store.intake import chunks, insert_or_ignore
from router.store.outbox import insert_row
from router.store.tables import alarms, audit, cases, clocks, cursors, messages, outbox

__all__ = ["ACTOR", "advance", "alarms_of", "between", "next_alarm", "of_case", "restart", "standings"]

ACTOR = "deadlines"
_MOST_ALARMS = 200  # of one case at once; the rest comes with the next look
_ALARMS_AT_ONCE = 20  # of one transaction
_LIVE = ("running", "paused")
_CURSOR = ("deadlines", "", "digest")


# --- telling the clocks ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Known:
    """What is stored of some cases, by id."""

    cases: dict[str, Case]
    histories: dict[str, CaseHistory]
    clocks: dict[str, dict[str, ClockRow]]
    fired: dict[str, dict[AlarmKey, datetime]]

    def planned(self, case_id: str, plan: PlanClocks, now: datetime) -> ClockPlan | None:
        history = self.histories.get(case_id, CaseHistory())
        return plan(self.cases[case_id], history, self.clocks.get(case_id, {}), self.fired.get(case_id, {}), now)


def advance(
    connection: Connection, plan: PlanClocks, *, now: datetime, limit: int, without: Sequence[str] = ()
) -> ClockRun:
    """Tell the clocks of cases that changed or have an alarm due, and raise the alarms. ``without`` are left alone."""
    ids = _waiting(connection, now=now, limit=limit, without=without)
    free: list[str] = []  # what somebody changes at this moment comes again
    for some in chunks(ids):
        free += connection.scalars(select(cases.c.id).where(cases.c.id.in_(some)).with_for_update(skip_locked=True))
    raised: list[tuple[str, Alarm]] = []
    failed: list[str] = []
    told: list[tuple[Case, ClockPlan]] = []
    known = _known(connection, sorted(free))
    for case_id, before in known.cases.items():
        found, case, planned = _raise_all(connection, before, known.planned(case_id, plan, now), plan, now=now)
        raised += ((case_id, alarm) for alarm in found)
        if planned is None:
            failed.append(case_id)
        else:
            told.append((case, planned))
        if len(raised) >= _ALARMS_AT_ONCE:
            break  # others want to write too; the rest comes with the next look
    _keep(connection, told)
    return ClockRun(cases=len(ids), alarms=tuple(raised), failed=tuple(failed))


def _waiting(connection: Connection, *, now: datetime, limit: int, without: Sequence[str]) -> list[str]:
    changed = select(cases.c.id).where(cases.c.clocked != cases.c.version)
    due = select(clocks.c.case_id).where(clocks.c.next_alarm_at <= now).order_by(clocks.c.next_alarm_at)
    if without:
        changed, due = changed.where(cases.c.id.not_in(without)), due.where(clocks.c.case_id.not_in(without))
    ids = list(connection.scalars(due.limit(limit)))
    ids += connection.scalars(changed.limit(limit))
    return sorted(dict.fromkeys(ids))[:limit]


def _raise_all(
    connection: Connection, case: Case, planned: ClockPlan | None, plan: PlanClocks, *, now: datetime
) -> tuple[list[Alarm], Case, ClockPlan | None]:
    """One alarm after the other, since each may change what the case is; the alarms, and how it stands then."""
    raised: list[Alarm] = []
    for _ in range(_MOST_ALARMS):
        if planned is None or not planned.alarms:
            break
        [alarm, *_] = planned.alarms
        failpoint("timer.before_alarm")
        if _raise(connection, case.id, alarm, now=now):
            raised.append(alarm)
        failpoint("timer.after_alarm")
        known = _known(connection, [case.id])
        case, planned = known.cases[case.id], known.planned(case.id, plan, now)
    return raised, case, planned


def _raise(connection: Connection, case_id: str, alarm: Alarm, *, now: datetime) -> bool:
    """Write the alarm down with what it brings, unless it was raised before."""
    key = {"case_id": case_id, "name": alarm.name, "round": alarm.round, "kind": alarm.kind}
    done = connection.execute(insert_or_ignore(connection, alarms).values(
        **key, due_at=alarm.due_at, at=now,
        decision=None if alarm.decision is None else alarm.decision.model_dump_json(),
    ))  # fmt: skip
    if done.rowcount == 0:
        return False
    case_statements.add_audit(connection, alarm.audit)
    if alarm.change is not None:
        case = case_statements.get(connection, case_id)
        case_statements.change(
            connection, case_id, alarm.change, version=case.version, actor=ACTOR, now=now, by_rules=True
        )
    for row in alarm.outbox:
        insert_row(connection, row)
    return True


def _keep(connection: Connection, told: Sequence[tuple[Case, ClockPlan]]) -> None:
    """Write how clocks stand. Those that are over stay, though their deadline may not apply to the case any more."""
    if not told:
        return
    rows = [row.model_dump() for _, planned in told for row in planned.clocks]
    for some in chunks([case.id for case, _ in told]):
        connection.execute(delete(clocks).where(clocks.c.case_id.in_(some), clocks.c.state.in_(_LIVE)))
    if rows:
        same = and_(clocks.c.case_id == bindparam("of_case"), clocks.c.name == bindparam("of_name"))
        connection.execute(delete(clocks).where(same), [{"of_case": r["case_id"], "of_name": r["name"]} for r in rows])
        connection.execute(insert(clocks), rows)
    connection.execute(
        update(cases)
        .where(cases.c.id == bindparam("of_case"))
        .values(due_at=bindparam("due"), clocked=bindparam("version_told")),
        [{"of_case": case.id, "due": planned.due_at, "version_told": case.version} for case, planned in told],
    )


# --- a case's life ---------------------------------------------------------------------------------------------------


def _known(connection: Connection, ids: Sequence[str]) -> _Known:
    """All that clocks are told from, in a handful of queries."""
    found = _Known({}, {}, {}, {})
    for some in chunks(ids):
        for row in connection.execute(select(cases).where(cases.c.id.in_(some)).order_by(cases.c.id)):
            found.cases[row.id] = case_statements.to_case(row)
        for clock in map(_row, connection.execute(select(clocks).where(clocks.c.case_id.in_(some)))):
            found.clocks.setdefault(clock.case_id, {})[clock.name] = clock
        for row in connection.execute(select(alarms).where(alarms.c.case_id.in_(some))):
            found.fired.setdefault(row.case_id, {})[row.name, row.round, row.kind] = row.at
        found.histories.update(_histories(connection, some))
    return found


def _histories(connection: Connection, ids: Sequence[str]) -> dict[str, CaseHistory]:
    """Messages of people, what was sent, and changes of state by staff; and the deadlines that routes named."""
    found: dict[str, list[Happening]] = {case_id: [] for case_id in ids}
    named: dict[str, dict[str, None]] = {case_id: {} for case_id in ids}
    last: dict[str, LastWords] = {}
    counts: dict[str, int] = dict.fromkeys(ids, 0)
    columns = [messages.c[name] for name in ("case_id", "at", "source_key", "message", "classification", "decision")]
    for case_id, at, source_key, text, labels, decision in connection.execute(
        select(*columns).where(messages.c.case_id.in_(ids), messages.c.copy_of == "").order_by(messages.c.id)
    ):
        message = json.loads(text)
        counts[case_id] += 1
        if not message.get("flags", {}).get("auto_reply") and message.get("event", "message") != "delete":
            found[case_id].append(Happening(at=at, what="customer"))
            last[case_id] = LastWords(source_key=source_key, message=text, classification=labels, decision=decision)
        if decision is not None:
            named[case_id] |= dict.fromkeys(json.loads(decision).get("deadlines", ()))
    sent = select(outbox.c.case_id, outbox.c.kind, outbox.c.settled_at).where(
        outbox.c.case_id.in_(ids), outbox.c.state == "sent", outbox.c.kind != "sink"
    )
    for case_id, kind, at in connection.execute(sent):
        found[case_id].append(Happening(at=at, what="reply" if kind == "reply" else "acknowledgement"))
    changed = select(audit.c.case_id, audit.c.at, audit.c.detail).where(
        audit.c.case_id.in_(ids), audit.c.action == "case_changed"
    )
    for case_id, at, detail in connection.execute(changed.order_by(audit.c.seq)):
        state = json.loads(detail).get("state", "").rpartition(" -> ")[2]
        if state in {"open", "waiting", "resolved"}:
            found[case_id].append(Happening(at=at, what=state))
    return {
        case_id: CaseHistory(
            happenings=tuple(sorted(life, key=lambda one: one.at)),
            named=tuple(named[case_id]),
            last=last.get(case_id),
            messages=counts[case_id],
        )
        for case_id, life in found.items()
    }


# --- reading ---------------------------------------------------------------------------------------------------------


def _row(row: Row[Any]) -> ClockRow:
    return ClockRow(**row._asdict())


def of_case(connection: Connection, case_id: str) -> list[ClockRow]:
    """The clocks of a case, the nearest first; those that are over last."""
    query = select(clocks).where(clocks.c.case_id == case_id)
    rows = [_row(row) for row in connection.execute(query.order_by(clocks.c.due_at, clocks.c.name))]
    return sorted(rows, key=lambda row: (row.state not in _LIVE, row.due_at is None))


def alarms_of(connection: Connection, case_id: str) -> list[AlarmRecord]:
    """The alarms of a case, oldest first."""
    query = select(alarms).where(alarms.c.case_id == case_id)
    query = query.order_by(alarms.c.at, alarms.c.due_at, alarms.c.kind == "breach", alarms.c.kind)
    return [
        AlarmRecord(**row._asdict() | {"decision": row.decision and Decision.model_validate_json(row.decision)})
        for row in connection.execute(query)
    ]


def standings(connection: Connection, case_ids: Sequence[str], *, now: datetime) -> dict[str, dict[str, str]]:
    """How the clocks of these cases stand, by name; those without any are left out."""
    found: dict[str, dict[str, str]] = {}
    for some in chunks(case_ids):
        for row in map(_row, connection.execute(select(clocks).where(clocks.c.case_id.in_(some)))):
            if (standing := row.standing(now)) is not None:
                found.setdefault(row.case_id, {})[row.name] = standing
    return found


def between(
    connection: Connection, *, until: datetime | None, teams: Sequence[str] | None, limit: int
) -> list[ClockRow]:
    """Clocks that run and are due until then, overdue ones too, the nearest first."""
    query = select(clocks).where(clocks.c.state == "running").order_by(clocks.c.due_at, clocks.c.case_id).limit(limit)
    if until is not None:
        query = query.where(clocks.c.due_at <= until)
    if teams is not None:
        query = query.join(cases, cases.c.id == clocks.c.case_id).where(cases.c.team.in_(teams))
    return [_row(row) for row in connection.execute(query)]


def next_alarm(connection: Connection) -> datetime | None:
    """When the next alarm of all is due."""
    query = select(clocks.c.next_alarm_at).where(clocks.c.next_alarm_at.is_not(None))
    found: datetime | None = connection.scalar(query.order_by(clocks.c.next_alarm_at).limit(1))
    return found


# --- another configuration -------------------------------------------------------------------------------------------


def restart(connection: Connection, digest: str, *, empty: bool) -> bool:
    """Have every clock told again if the configuration is not the one they were told by. True: they will be."""
    channel, account, key = _CURSOR
    which = and_(cursors.c.channel == channel, cursors.c.account == account, cursors.c.key == key)
    before = connection.scalar(select(cursors.c.value).where(which).with_for_update())
    if (before or "") == digest or (before is None and empty):
        return False
    statement = insert_or_ignore(connection, cursors).values(channel=channel, account=account, key=key, value=digest)
    if connection.execute(statement).rowcount == 0:
        connection.execute(update(cursors).where(which).values(value=digest))
    if empty:
        connection.execute(delete(clocks).where(clocks.c.state.in_(_LIVE)))
        connection.execute(update(cases).where(cases.c.due_at.is_not(None)).values(due_at=None))
        return False
    live = select(func.count()).where(clocks.c.case_id == cases.c.id, clocks.c.state.in_(_LIVE)).scalar_subquery()
    over = and_(cases.c.state == "resolved", live == 0)
    connection.execute(update(cases).where(over).values(clocked=cases.c.version))
    connection.execute(update(cases).where(~over).values(clocked=0))
    return True
