# SPDX-License-Identifier: Apache-2.0
"""What every store must do for assignment; subclassed beside ``StoreContract``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from router.assign.records import AssignmentState, Move, Served
from router.content import Assign
from router.errors import Conflict
from router.interfaces import Store
from router.records import CaseChange, Commit, NewMessage, RawOutcome, User
from router.schema import Decision
from router.testing.store import make_raw
from router.testing.store_contract import NOW, make_case, make_message, open_case

__all__ = ["AssignContract", "give"]

CASE = "AAAAA-BBBBB"
TEAMS = ("delivery",)


def give(case_id: str = CASE, to: str | None = "aino", **changes: object) -> Move:
    """A move of the first version of a case that nobody has."""
    move = Move(action="case_assigned", case_id=case_id, version=1, team="delivery", holder=None, to=to, turn=0,
                detail={"why": "next in turn"})  # fmt: skip
    return move.model_copy(update=changes)


async def decided_case(store: Store, decision: Decision, *, native_id: str, case_id: str) -> None:
    [receipt] = await store.put_raw([make_raw(native_id.encode(), native_id=native_id)])
    new = NewMessage(
        raw_id=receipt.raw_id, case_id=case_id, message=make_message(native_id), decision=decision
    )  # fmt: skip
    outcome = RawOutcome(raw_id=receipt.raw_id, state="done")
    await store.commit(Commit(outcomes=(outcome,), new_cases=(make_case(case_id),), messages=(new,)))


class AssignContract:
    """Inherited by the tests of each database."""

    async def test_waiting_cases_come_in_order(self, store: Store) -> None:
        """Open cases of the teams asked for that nobody has: most urgent first, then the oldest."""
        await open_case(store, native_id="m1", case_id="AAAAA-AAAAA", created_at=NOW)
        await open_case(store, native_id="m2", case_id="BBBBB-BBBBB", created_at=NOW - timedelta(hours=1))
        await open_case(store, native_id="m3", case_id="CCCCC-CCCCC", urgency="critical", tags=("hostile",))
        await open_case(store, native_id="m4", case_id="DDDDD-DDDDD", team="billing")
        await open_case(store, native_id="m5", case_id="EEEEE-EEEEE", assigned_to="aino")
        await open_case(store, native_id="m6", case_id="FFFFF-FFFFF", state="waiting")
        assert await store.track_assignments(TEAMS) == 5
        assert await store.track_assignments(TEAMS) == 0
        state = await store.assignment_state(TEAMS)
        assert [case.id[0] for case in state.waiting] == ["C", "B", "A"]
        assert state.waiting[0].tags == ("hostile",)
        assert [(one.id[0], one.holder, one.automatic) for one in state.held] == [("E", "aino", False)]
        assert state.load == {"aino": {"email": 1}}
        assert (state.turns, state.served) == ({}, {})

    async def test_wish_of_route_and_who_knows_customer(self, store: Store) -> None:
        """What the route said of assignment comes along, and who had the customer's case before; not for others."""
        wish = Assign(strategy="skills", skills=("vip",), keep=True)
        said = Decision(team="delivery", queue="delivery", route="root", urgency="normal", assign=wish)
        await open_case(store, native_id="old", case_id="OOOOO-OOOOO", state="resolved", assigned_to="ben")
        await decided_case(store, said, native_id="m1", case_id="AAAAA-AAAAA")
        elsewhere = said.model_copy(update={"team": "billing"})
        await decided_case(store, elsewhere, native_id="m2", case_id="BBBBB-BBBBB")
        await store.track_assignments(TEAMS)
        one, other = (await store.assignment_state(TEAMS)).waiting
        assert (one.wish, one.knows, one.knew_at) == (wish, "ben", NOW)
        assert other.wish is None

    async def test_move_is_made_whole(self, store: Store) -> None:
        """The case, its version, the trail, the turn and who was served: all of it, by the actor "assignment"."""
        await open_case(store)
        await store.track_assignments(TEAMS)
        case = await store.settle_assignment(give(hostile=True))
        assert (case.assigned_to, case.version) == ("aino", 2)
        assert await store.case(CASE) == case.model_copy(update={"messages": ("email:support:m1",)})
        rows = {row.action: row for row in await store.audit(case_id=CASE)}
        assert (rows["case_assigned"].actor, rows["case_assigned"].detail) == ("assignment", {"why": "next in turn"})
        assert rows["case_changed"].detail == {"assigned_to": " -> aino"}
        assert await store.track_assignments(TEAMS) == 0
        state = await store.assignment_state(TEAMS)
        assert [(one.holder, one.automatic) for one in state.held] == [("aino", True)]
        assert state.turns == {"delivery": 1}
        [(name, last)] = state.served["delivery"].items()
        assert (name, last.turn, last.hostile_turn) == ("aino", 1, 1)
        assert last.hostile_at is not None

    @pytest.mark.parametrize(
        "change",
        [CaseChange(assigned_to="ben"), CaseChange(state="resolved"), CaseChange(team="billing"), CaseChange(tags=())],
    )
    async def test_move_of_changed_case_is_refused(self, store: Store, change: CaseChange) -> None:
        """Taken by hand, resolved, moved or changed meanwhile: nothing of the move stays, not even the turn."""
        await open_case(store, tags=("x",))
        await store.track_assignments(TEAMS)
        await store.change_case(CASE, change, version=1, actor="ben")
        before = await store.case(CASE)
        with pytest.raises(Conflict):
            await store.settle_assignment(give())
        assert await store.case(CASE) == before
        assert (await store.assignment_state(TEAMS)).turns.get("delivery", 0) == 0
        assert "case_assigned" not in {row.action for row in await store.audit(case_id=CASE)}

    async def test_turn_is_taken_once(self, store: Store) -> None:
        """Of two plans made on the same turn of a team, one comes too late, though they are about different cases."""
        await open_case(store)
        await open_case(store, native_id="m2", case_id="CCCCC-CCCCC")
        moves = (give(), give("CCCCC-CCCCC", "ben"))
        results = await asyncio.gather(*map(store.settle_assignment, moves), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["Case", "Conflict"]
        assert (await store.assignment_state(TEAMS)).turns == {"delivery": 1}

    async def test_many_who_ask_for_the_next_get_different_cases(self, store: Store) -> None:
        """Each is asked in turn, so that nobody is refused because others were quicker, and no case is given twice."""
        for n in range(6):
            await open_case(store, native_id=f"n{n}", case_id=f"NNNNN-NNN{n:02}")

        def first(state: AssignmentState, users: Sequence[User]) -> Move | None:
            case = next(iter(state.waiting), None)
            return None if case is None else Move(
                action="case_assigned", case_id=case.id, version=case.version, team=case.team, holder=None, to="aino",
                turn=state.turns.get(case.team, 0), actor="aino",
            )  # fmt: skip

        found = await asyncio.gather(*(store.assign_next(TEAMS, first) for _ in range(8)))
        given = [case.id for case in found if case is not None]
        assert sorted(given) == sorted({f"NNNNN-NNN{n:02}" for n in range(6)})
        assert (await store.assignment_state(TEAMS)).turns["delivery"] == 6

    async def test_hand_overrides_and_put_back_is_remembered(self, store: Store) -> None:
        """Given by hand it counts as such; put back by hand it waits again, and is not given to the same one first."""
        await open_case(store)
        await store.settle_assignment(give())
        case = await store.change_case(CASE, CaseChange(assigned_to="ben"), version=2, actor="mia")
        await store.track_assignments(TEAMS)
        [held] = (await store.assignment_state(TEAMS)).held
        assert (held.holder, held.automatic) == ("ben", False)
        await store.change_case(CASE, CaseChange(assigned_to=""), version=case.version, actor="ben")
        await store.track_assignments(TEAMS)
        [waiting] = (await store.assignment_state(TEAMS)).waiting
        assert (waiting.passed, waiting.version) == (("ben",), 4)

    async def test_take_back_needs_no_turn(self, store: Store) -> None:
        """A case goes back to those that wait, and remembers who had it."""
        await open_case(store)
        await store.settle_assignment(give())
        back = Move(action="case_taken_back", case_id=CASE, version=2, team="delivery", holder="aino", to=None,
                    passed=("aino",))  # fmt: skip
        await store.settle_assignment(back)
        [waiting] = (await store.assignment_state(TEAMS)).waiting
        assert (waiting.passed, (await store.case(CASE)).assigned_to) == (("aino",), None)
        state = await store.assignment_state(TEAMS)
        assert (state.turns, state.load, state.served["delivery"]["aino"]) == ({"delivery": 1}, {}, Served(turn=1))

    async def test_last_actions_are_those_of_the_holder(self, store: Store) -> None:
        """Only what the holder did counts; marking it moves the time on, never back."""
        await open_case(store)
        await store.settle_assignment(give())
        assert await store.last_actions({CASE: "aino"}) == {}
        await store.add_note(CASE, "called the depot", actor="mia")
        assert await store.last_actions({CASE: "aino"}) == {}
        await store.add_note(CASE, "called them again", actor="aino")
        [(case_id, at)] = (await store.last_actions({CASE: "aino"})).items()
        assert case_id == CASE
        later = at + timedelta(hours=1)
        await store.mark_active({CASE: later})
        await store.mark_active({CASE: at})
        [held] = (await store.assignment_state(TEAMS)).held
        assert held.active_at == later

    async def test_opened_again_counts_as_active(self, store: Store) -> None:
        """A case whose customer answered begins anew; a resolved one is forgotten."""
        await open_case(store)
        await store.settle_assignment(give())
        [first] = (await store.assignment_state(TEAMS)).held
        await store.change_case(CASE, CaseChange(state="waiting"), version=2, actor="aino")
        await store.track_assignments(TEAMS)
        assert (await store.assignment_state(TEAMS)).held == ()
        await store.change_case(CASE, CaseChange(state="open"), version=3, actor="aino")
        await store.track_assignments(TEAMS)
        [again] = (await store.assignment_state(TEAMS)).held
        assert again.active_at > first.active_at
        assert (again.since, again.automatic) == (first.since, True)
        await store.change_case(CASE, CaseChange(state="resolved"), version=4, actor="aino")
        assert await store.track_assignments(TEAMS) == 1
        assert await store.track_assignments(TEAMS) == 0
