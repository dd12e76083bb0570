# SPDX-License-Identifier: Apache-2.0
"""What changes hands now, and when something could change next. Pure: from one state, always the same moves."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from router.assign.book import Assignments, Member, Team
from router.assign.choose import PATIENCE, Choice, add_or_never, alike, choose, strategy_of
from router.assign.records import AssignmentState, HeldCase, Move, MoveAction, WaitingCase
from router.assign.standing import Load, Standing, stand
from router.deadlines.calendar import Calendar, NoHours
from router.records import User
from router.schema import URGENCIES

__all__ = ["in_order", "next_look", "plan_moves", "silent"]

_LOOKED_AT = 200  # waiting cases whose next step is looked up for the timer; a case that waits behind them is no sooner


def in_order(waiting: Iterable[WaitingCase]) -> list[WaitingCase]:
    """The most urgent first, then the nearest deadline, then the oldest."""

    def place(case: WaitingCase) -> tuple[int, bool, datetime, datetime, str]:
        return (
            URGENCIES.index(case.urgency), case.due_at is None, case.due_at or case.created_at, case.created_at, case.id
        )  # fmt: skip

    return sorted(waiting, key=place)


def silent(state: AssignmentState, book: Assignments, now: datetime) -> list[HeldCase]:
    """Cases on which, as far as the state tells, nothing has happened for so long that they are taken back."""
    found = []
    for held in state.held:
        due = _taken_back_at(held, book)
        if due is not None and due <= now:
            found.append(held)
    return found


def plan_moves(
    state: AssignmentState,
    book: Assignments,
    users: Sequence[User],
    now: datetime,
    *,
    acted: Mapping[str, datetime] | None = None,
) -> list[Move]:
    """Every move that can be made now, in order; each counts for those after it.

    Args:
        acted: When the holder of each silent case did something last, as the trail tells; a case that is not in it
            is left alone.
    """
    moves: list[Move] = []
    open_cases = state.load
    for name in book.watched:
        team = book.teams[name]
        members = stand(team.staff(users), now)
        load = Load(name, state, channels=open_cases)
        mine = [held for held in state.held if held.team == name]
        moves += _given_up(mine, team, members, load, now)
        gone = {move.case_id for move in moves}
        late = [held for held in silent(AssignmentState(held=tuple(mine)), book, now) if held.id not in gone]
        moves += _taken_back(late, acted or {}, load)
        moves += _handed_out([case for case in state.waiting if case.team == name], team, members, load, now)
        open_cases = load.channels  # somebody may be in two teams
    return moves


def _handed_out(
    waiting: Sequence[WaitingCase], team: Team, members: Sequence[Standing], load: Load, now: datetime
) -> Iterator[Move]:
    hopeless: set[Hashable] = set()  # kinds of cases that nobody can take as long as no load changes
    for case in in_order(waiting):
        if all(_is_out(one, load) for one in members):
            return  # whatever the case, nobody could take it
        turn, kind = load.turn, alike(case, team, members, now)
        if kind in hopeless:
            continue
        choice = choose(case, team, members, load, now)
        if choice.member is None:
            hopeless.add(kind)
            continue
        hostile = team.is_hostile(case.tags)
        if hostile:
            hopeless.clear()  # somebody else had the last one now
        load.give(choice.member, case.channel, hostile=hostile, now=now)
        yield Move(
            action="case_assigned",
            case_id=case.id,
            version=case.version,
            team=case.team,
            holder=None,
            to=choice.member,
            turn=turn,
            hostile=hostile,
            detail=_detail(choice),
        )


def _is_out(one: Standing, load: Load) -> bool:
    most = one.member.capacity.get("all")
    return bool(one.missing) or (most is not None and load.open_cases(one.name) >= most)


def _detail(choice: Choice) -> dict[str, str]:
    """Why, in words for the trail."""
    detail = {
        "to": choice.member or "",
        "why": choice.reason,
        "strategy": choice.strategy,
        "step": str(choice.step),
        "waited_seconds": str(max(round(choice.waited.total_seconds()), 0)),
    }
    if choice.passed_over:
        detail["passed_over"] = ", ".join(f"{word} {count}" for word, count in sorted(choice.passed_over.items()))
    return detail


def _given_up(
    held: Sequence[HeldCase], team: Team, members: Sequence[Standing], load: Load, now: datetime
) -> Iterator[Move]:
    """Cases given by us to somebody who is away or gone now: to the deputy, else back. What people gave stays."""
    by_name = {one.name: one for one in members}
    for case in held:
        one = by_name.get(case.holder)
        if not case.automatic or (one is not None and one.missing != "absent"):
            continue
        why = f"{case.holder} is absent" if one is not None else f"{case.holder} is no member of the team any more"
        deputy = by_name.get(one.deputy) if one is not None and one.deputy is not None else None
        load.take(case.holder, case.channel)
        if deputy is None or _is_full(deputy, case.channel, load):
            yield _back(case, "case_put_back", why)
            continue
        hostile, turn = team.is_hostile(case.tags), load.turn
        load.give(deputy.name, case.channel, hostile=hostile, now=now)
        yield _back(case, "case_handed_over", why).model_copy(
            update={"to": deputy.name, "turn": turn, "hostile": hostile, "passed": ()}
        )


def _is_full(one: Standing, channel: str, load: Load) -> bool:
    most, of_channel = one.member.capacity.get("all"), one.member.capacity.get(channel)
    return (most is not None and load.open_cases(one.name) >= most) or (
        of_channel is not None and load.open_cases(one.name, channel) >= of_channel
    )


def _taken_back(late: Sequence[HeldCase], acted: Mapping[str, datetime], load: Load) -> Iterator[Move]:
    for case in late:
        if case.id in acted and acted[case.id] <= case.active_at:
            load.take(case.holder, case.channel)
            yield _back(case, "case_taken_back", f"nothing done by {case.holder} for too long")


def _back(case: HeldCase, action: MoveAction, why: str) -> Move:
    return Move(
        action=action,
        case_id=case.id,
        version=case.version,
        team=case.team,
        holder=case.holder,
        to=None,
        passed=(case.holder,),
        detail={"from": case.holder, "why": why},
    )


# --- the timer -----------------------------------------------------------------------------------------------------


def next_look(state: AssignmentState, book: Assignments, users: Sequence[User], now: datetime) -> datetime | None:
    """When time alone changes what can be done: a step, hours that begin, an absence, a case to take back."""
    found: list[datetime | None] = []
    for name in book.watched:
        team = book.teams[name]
        staff = team.staff(users)
        waiting = [case for case in state.waiting if case.team == name and strategy_of(case, team) != "manual"]
        held = [case for case in state.held if case.team == name]
        found += (_taken_back_at(case, book) for case in held)
        holders = {case.holder for case in held if case.automatic}
        found += (away.start for member in staff if member.name in holders for away in member.absences)
        if waiting:
            found += (at for member in staff for at in _returns(member, now))
        for case in waiting[:_LOOKED_AT]:
            found += _steps(case, team)
    return min((at for at in found if at is not None and at > now), default=None)


def _returns(member: Member, now: datetime) -> Iterator[datetime | None]:
    """When somebody comes back, or begins to work."""
    away = member.away(now)
    if away is not None:
        yield away.end
    else:
        yield _opens(member.calendar, now)


def _opens(calendar: Calendar, at: datetime) -> datetime | None:
    try:
        return calendar.next_open(at)
    except NoHours:
        return None


def _steps(case: WaitingCase, team: Team) -> Iterator[datetime | None]:
    lengths: list[timedelta] = [step.after for step in team.steps]
    if case.passed and not lengths:
        lengths.append(PATIENCE)
    if team.is_hostile(case.tags):
        lengths.append(team.hostile.rest)
    yield from (add_or_never(team.calendar, case.since, length) for length in lengths)


def _taken_back_at(held: HeldCase, book: Assignments) -> datetime | None:
    team = book.teams.get(held.team)
    if team is None or team.take_back is None:
        return None
    member = team.members.get(held.holder)
    calendar = team.calendar if member is None else member.calendar
    try:
        return calendar.due(held.active_at, team.take_back)
    except NoHours:
        return None
