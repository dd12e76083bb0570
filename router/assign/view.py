# SPDX-License-Identifier: Apache-2.0
"""What people see of assignment: who of a team is there and has what, which cases wait, and the next one for somebody.

Pure; the pages and the command ``assignments`` show the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from router.assign.book import Member, Team
from router.assign.choose import Choice, choose, free_to_take, strategy_of
from router.assign.plan import in_order
from router.assign.records import AssignmentState, Move, WaitingCase
from router.assign.standing import Load, Standing, stand
from router.records import User
from router.schema import Frozen

__all__ = ["MemberView", "TeamView", "WaitingView", "next_move", "team_view"]


class MemberView(Frozen):
    """One member now. ``missing``: "absent", "off hours" or "" for there; ``until`` is the end of an absence."""

    name: str
    open_cases: int
    capacity: int | None = None
    weight: float = 1.0
    missing: str = ""
    until: datetime | None = None
    deputy: str | None = None


class WaitingView(Frozen):
    """One case that waits, and why nobody has it."""

    id: str
    place: int  # from 1
    urgency: str
    due_at: datetime | None
    since: datetime
    step: int  # of relaxation
    why: str  # "nobody can take it now: full 2, language 1"


class TeamView(Frozen):
    """A team at one moment."""

    team: str
    strategy: str
    members: tuple[MemberView, ...] = ()
    waiting: tuple[WaitingView, ...] = ()


def team_view(team: Team, state: AssignmentState, users: Sequence[User], now: datetime, *, most: int = 200) -> TeamView:
    """Everybody by name, and the first cases that wait, in the order in which they are handed out."""
    members = stand(team.staff(users), now)
    load = Load(team.name, state)
    waiting = in_order(case for case in state.waiting if case.team == team.name)
    return TeamView(
        team=team.name,
        strategy=team.strategy,
        members=tuple(_member(one, load, now) for one in members),
        waiting=tuple(
            _waiting(n, case, choose(case, team, members, load, now)) for n, case in enumerate(waiting[:most], start=1)
        ),
    )


def _member(one: Standing, load: Load, now: datetime) -> MemberView:
    away = one.member.away(now)
    return MemberView(
        name=one.name,
        open_cases=load.open_cases(one.name),
        capacity=one.member.capacity.get("all"),
        weight=one.member.weight,
        missing=one.missing,
        until=None if away is None else away.end,
        deputy=one.deputy,
    )


def _waiting(place: int, case: WaitingCase, choice: Choice) -> WaitingView:
    why = choice.reason
    if choice.member is not None:
        why = f"{choice.member} gets it next"
    elif choice.passed_over:
        why = f"{why}: {', '.join(f'{word} {count}' for word, count in sorted(choice.passed_over.items()))}"
    return WaitingView(
        id=case.id, place=place, urgency=case.urgency, due_at=case.due_at, since=case.since, step=choice.step, why=why
    )


def next_move(
    user: str, teams: Sequence[Team], state: AssignmentState, users: Sequence[User], now: datetime
) -> Move | None:  # fmt: skip
    """The first case in order, of all these teams, that suits somebody who asks for one, as a move; None where
    nothing does.

    Whoever is no listed member, such as a manager, may have any.
    """
    desks = {team.name: (team, *_desk(user, team, state, users, now)) for team in teams}
    for case in in_order(case for case in state.waiting if case.team in desks):
        team, one, members, load = desks[case.team]
        if free_to_take(case, team, one, members, load, now=now):
            return Move(
                action="case_assigned",
                case_id=case.id,
                version=case.version,
                team=team.name,
                holder=None,
                to=user,
                turn=load.turn,
                hostile=team.is_hostile(case.tags),
                actor=user,
                detail={"to": user, "why": "asked for the next", "strategy": strategy_of(case, team)},
            )
    return None


def _desk(
    user: str, team: Team, state: AssignmentState, users: Sequence[User], now: datetime
) -> tuple[Standing, Sequence[Standing], Load]:
    """Somebody as a member of a team, all of them, and what they have."""
    members = stand(team.staff(users), now)
    one = next((one for one in members if one.name == user), Standing(Member(user, team.calendar)))
    return one, members, Load(team.name, state)
