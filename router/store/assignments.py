# SPDX-License-Identifier: Apache-2.0
"""Statements for assignment: which cases wait since when, who holds which, who was served when, and one move at a time.

Whoever changes a case need know nothing of assignment: a case whose version is not the one seen is looked at again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from router.assign.records import ACTOR, AssignmentState, ChooseNext, HeldCase, Move, Served, WaitingCase
from router.content import Assign
from router.errors import Conflict
from router.records import AuditRow, CaseChange
from router.schema import Case
from router.store import cases as case_statements
from router.store import people
from router.store.intake import chunks, insert_or_ignore
from router.store.tables import assignments, audit, cases, cursors, messages, served

__all__ = ["active", "last_actions", "over", "settle", "stale", "state", "take_next", "track"]

_MOST_WAITING = 5_000  # looked at in one go, the first in order
_AT_ONCE = 1_000  # cases tracked in one transaction
_LIVE = ("open", "waiting")


# --- keeping up with cases -------------------------------------------------------------------------------------------


def stale(connection: Connection, teams: Sequence[str]) -> Sequence[Row[Any]]:
    """Cases of these teams that are not what was seen of them last."""
    seen = [
        assignments.c[name].label(f"old_{name}") for name in ("team", "holder", "state", "since", "active_at", "passed")
    ]
    of_case = [cases.c[name] for name in ("id", "team", "state", "version", "assigned_to", "channel", "sender_key",
                                          "customer_id")]  # fmt: skip
    query = (
        select(*of_case, *seen)
        .outerjoin(assignments, assignments.c.case_id == cases.c.id)
        .where(cases.c.team.in_(teams), cases.c.state.in_(_LIVE))
        .where(or_(assignments.c.case_id.is_(None), assignments.c.seen != cases.c.version))
    )
    return connection.execute(query.order_by(cases.c.id).limit(_AT_ONCE)).all()


def over(connection: Connection, teams: Sequence[str]) -> list[str]:
    """Cases that are resolved or in no such team any more, of which a row is kept."""
    query = select(assignments.c.case_id).join(cases, cases.c.id == assignments.c.case_id)
    gone = or_(cases.c.state.not_in(_LIVE), cases.c.team.not_in(teams))
    return list(connection.scalars(query.where(gone).order_by(assignments.c.case_id).limit(_AT_ONCE)))


def track(connection: Connection, teams: Sequence[str], *, now: datetime) -> int:
    """Write down what became of cases meanwhile, by whoever it was. Returns how many were looked at."""
    gone = over(connection, teams)
    for some in chunks(gone):
        connection.execute(delete(assignments).where(assignments.c.case_id.in_(some)))
    found = stale(connection, teams)
    wishes = _wishes(connection, {row.id: row.team for row in found if row.assigned_to is None})
    for row in found:
        values = _as_seen(row, now) | {"wish": wishes.get(row.id), "knows": "", "knew_at": None}
        if row.assigned_to is None and row.state == "open":
            values |= _who_knows(connection, row)
        if row.old_team is None:
            connection.execute(insert_or_ignore(connection, assignments).values(case_id=row.id, **values))
        else:
            connection.execute(update(assignments).where(assignments.c.case_id == row.id).values(values))
    return len(gone) + len(found)


def _as_seen(row: Row[Any], now: datetime) -> dict[str, Any]:
    same_team = row.old_team == row.team
    same = same_team and row.old_holder == row.assigned_to
    opened = row.state == "open" and row.old_state != "open"
    passed = json.loads(row.old_passed) if same_team else []
    if same_team and row.old_holder and row.assigned_to is None:
        passed = [row.old_holder]  # put back by hand or by an alarm: others are asked first
    values: dict[str, Any] = {
        "team": row.team,
        "holder": row.assigned_to,
        "state": row.state,
        "seen": row.version,
        "since": row.old_since if same and not (opened and row.assigned_to is None) else now,
        "active_at": row.old_active_at if same and not opened else now,
        "passed": json.dumps(passed if row.assigned_to is None else []),
    }
    if row.old_team is None or not same:
        values["automatic"] = False
    return values


def _wishes(connection: Connection, team_of: Mapping[str, str]) -> dict[str, str]:
    """What the newest decision that leads to the case's team says of assignment, as JSON."""
    found: dict[str, str] = {}
    for some in chunks(sorted(team_of)):
        query = select(messages.c.case_id, messages.c.decision).where(
            messages.c.case_id.in_(some), messages.c.decision.is_not(None), messages.c.copy_of == ""
        )
        for case_id, text in connection.execute(query.order_by(messages.c.id)):
            decision = json.loads(text)
            if decision.get("assign") and decision.get("team") == team_of[case_id]:
                found[case_id] = json.dumps(decision["assign"])
    return found


def _who_knows(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    """Who had another case of the same sender or customer last, in any team, and when it was changed last."""
    same = []
    if row.sender_key:
        same.append(and_(cases.c.sender_key == row.sender_key, cases.c.channel == row.channel))
    if row.customer_id:
        same.append(cases.c.customer_id == row.customer_id)
    newest: tuple[datetime, str] | None = None
    for one in same:  # one after the other, so that each can use its index
        query = select(cases.c.updated_at, cases.c.assigned_to).where(
            one, cases.c.assigned_to.is_not(None), cases.c.id != row.id
        )
        hit = connection.execute(query.order_by(cases.c.updated_at.desc()).limit(1)).first()
        if hit is not None and (newest is None or hit.updated_at > newest[0]):
            newest = (hit.updated_at, hit.assigned_to)
    return {} if newest is None else {"knew_at": newest[0], "knows": newest[1]}


# --- how it stands ---------------------------------------------------------------------------------------------------


def state(connection: Connection, teams: Sequence[str]) -> AssignmentState:
    """All that is needed to decide, of these teams; what everybody has counts all teams."""
    by_team: dict[str, dict[str, Served]] = {}
    for row in connection.execute(select(served).where(served.c.team.in_(teams))):
        by_team.setdefault(row.team, {})[row.member] = Served(
            turn=row.turn, hostile_turn=row.hostile_turn, hostile_at=row.hostile_at
        )
    turns = select(cursors.c.account, cursors.c.value).where(
        cursors.c.channel == ACTOR, cursors.c.key == "turn", cursors.c.account.in_(teams)
    )
    load: dict[str, dict[str, int]] = {}
    counted = select(cases.c.assigned_to, cases.c.channel, func.count()).where(
        cases.c.state == "open", cases.c.assigned_to.is_not(None)
    )
    for name, channel, count in connection.execute(counted.group_by(cases.c.assigned_to, cases.c.channel)):
        load.setdefault(name, {})[channel] = count
    return AssignmentState(
        waiting=_waiting(connection, teams),
        held=_held(connection, teams),
        load=load,
        served=by_team,
        turns={team: int(value) for team, value in connection.execute(turns)},
    )


def _waiting(connection: Connection, teams: Sequence[str]) -> tuple[WaitingCase, ...]:
    kept = [assignments.c[name] for name in ("since", "passed", "wish", "knows", "knew_at")]
    query = (
        select(cases, *kept)
        .outerjoin(assignments, and_(assignments.c.case_id == cases.c.id, assignments.c.team == cases.c.team))
        .where(cases.c.team.in_(teams), cases.c.state == "open", cases.c.assigned_to.is_(None))
        .order_by(
            cases.c.urgency_rank, cases.c.due_at.is_(None), cases.c.due_at, cases.c.created_at, cases.c.id
        )
    )  # fmt: skip
    return tuple(
        WaitingCase(
            id=row.id,
            version=row.version,
            team=row.team,
            queue=row.queue,
            type=row.type,
            language=row.language,
            channel=row.channel,
            urgency=row.urgency,
            tags=tuple(json.loads(row.tags)),
            created_at=row.created_at,
            due_at=row.due_at,
            since=row.since or row.created_at,
            passed=tuple(json.loads(row.passed or "[]")),
            wish=None if row.wish is None else Assign.model_validate_json(row.wish),
            knows=row.knows or "",
            knew_at=row.knew_at,
        )
        for row in connection.execute(query.limit(_MOST_WAITING))
    )


def _held(connection: Connection, teams: Sequence[str]) -> tuple[HeldCase, ...]:
    columns = [cases.c[name] for name in ("id", "version", "team", "channel", "tags")]
    kept = [assignments.c[name] for name in ("holder", "since", "active_at", "automatic")]
    query = (
        select(*columns, *kept)
        .join(assignments, assignments.c.case_id == cases.c.id)
        .where(cases.c.team.in_(teams), cases.c.state == "open", cases.c.assigned_to == assignments.c.holder)
        .order_by(assignments.c.active_at, cases.c.id)
    )
    return tuple(HeldCase(**row._asdict() | {"tags": tuple(json.loads(row.tags))}) for row in connection.execute(query))


def last_actions(connection: Connection, holders: Mapping[str, str]) -> dict[str, datetime]:
    """When each holder did something in the case last, as far as the trail tells; ``holders`` by case."""
    found: dict[str, datetime] = {}
    for some in chunks(sorted(holders)):
        query = select(audit.c.case_id, audit.c.actor, func.max(audit.c.at).label("at")).where(
            audit.c.case_id.in_(some)
        )
        for row in connection.execute(query.group_by(audit.c.case_id, audit.c.actor)):
            if row.actor == holders[row.case_id]:
                found[row.case_id] = row.at
    return found


def active(connection: Connection, times: Mapping[str, datetime]) -> None:
    """Write down that something was done on these cases then."""
    for case_id, at in times.items():
        connection.execute(
            update(assignments)
            .where(assignments.c.case_id == case_id, assignments.c.active_at < at)
            .values(active_at=at)
        )


# --- one move --------------------------------------------------------------------------------------------------------


def settle(connection: Connection, move: Move, *, now: datetime) -> Case:
    """Make the move if the case is still what it was and nobody else of the team was served meanwhile.

    Raises:
        Conflict: One of both; nothing was changed.
        NotFound: There is no such case.
    """
    if move.turn is not None:
        _take_turn(connection, move.team, move.turn)
    case = case_statements.get(connection, move.case_id)
    as_planned = (move.version, move.team, "open", move.holder)
    if (case.version, case.team, case.state, case.assigned_to) != as_planned:
        raise Conflict(f"case {case.id} was changed meanwhile")
    row = AuditRow(at=now, actor=move.actor, action=move.action, case_id=case.id, team=case.team, detail=move.detail)
    case_statements.add_audit(connection, [row])
    change = CaseChange(assigned_to=move.to or "")
    after = case_statements.change(connection, case.id, change, version=case.version, actor=move.actor, now=now)
    values = {
        "team": case.team, "holder": move.to, "state": "open", "seen": after.version, "since": now, "active_at": now,
        "automatic": move.to is not None and move.actor == ACTOR,
        "passed": json.dumps(move.passed if move.to is None else ()),
    }  # fmt: skip
    if connection.execute(update(assignments).where(assignments.c.case_id == case.id).values(values)).rowcount == 0:
        connection.execute(insert(assignments).values(case_id=case.id, knows="", **values))
    if move.to is not None and move.turn is not None:
        _serve(connection, move, move.to, move.turn + 1, now)
    return after


def take_next(connection: Connection, teams: Sequence[str], choose: ChooseNext, *, now: datetime) -> Case | None:
    """Give somebody the next case of these teams. Whoever else asks waits until this one is done, so nobody is told
    that others were quicker.

    Raises:
        Conflict: The case was changed at this moment by somebody who did not ask for the next one.
    """
    for team in sorted(teams):
        key = {"channel": ACTOR, "account": team, "key": "turn"}
        connection.execute(insert_or_ignore(connection, cursors).values(**key, value="0"))
        same = and_(*(cursors.c[name] == value for name, value in key.items()))
        connection.execute(select(cursors.c.value).where(same).with_for_update())
    move = choose(state(connection, teams), people.users_all(connection))
    return None if move is None else settle(connection, move, now=now)


def _take_turn(connection: Connection, team: str, turn: int) -> None:
    """Raise the team's number of turns; whoever planned on the same number comes too late."""
    key = {"channel": ACTOR, "account": team, "key": "turn"}
    if turn == 0:
        connection.execute(insert_or_ignore(connection, cursors).values(**key, value="0"))
    same = and_(*(cursors.c[name] == value for name, value in key.items()), cursors.c.value == str(turn))
    if connection.execute(update(cursors).where(same).values(value=str(turn + 1))).rowcount == 0:
        raise Conflict(f"somebody else of the team {team} was served meanwhile")


def _serve(connection: Connection, move: Move, member: str, turn: int, now: datetime) -> None:
    hostile = {"hostile_turn": turn, "hostile_at": now} if move.hostile else {}
    which = and_(served.c.team == move.team, served.c.member == member)
    if connection.execute(update(served).where(which).values(turn=turn, **hostile)).rowcount == 0:
        first = {"hostile_turn": 0, "hostile_at": None} | hostile
        connection.execute(insert(served).values(team=move.team, member=member, turn=turn, **first))
