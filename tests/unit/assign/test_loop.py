# SPDX-License-Identifier: Apache-2.0
"""The loop over a store: cases find people, wait in order, come back, and are never given twice or lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from router.assign.book import Assignments
from router.assign.loop import AssignmentLoop
from router.assign.records import Move
from router.interfaces import Store
from router.records import CaseChange, CaseFilter, User
from router.testing.assign import assignments
from router.testing.clock import ManualClock
from router.testing.store import memory_store
from router.testing.store_contract import open_case

CASE = "AAAAA-BBBBB"
TWO = ({"name": "anna"}, {"name": "ben"})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[Store]:
    store = await memory_store(clock=clock)
    for name in ("anna", "ben", "cleo"):
        await store.put_user(User(name=name, teams=("delivery",)))
    yield store
    await store.close()


def loop(store: Store, clock: ManualClock, book: Assignments, moved: list[Move] | None = None) -> AssignmentLoop:
    def keep(moves: Sequence[Move]) -> None:
        if moved is not None:
            moved.extend(moves)

    return AssignmentLoop(lambda: store, book=lambda: book, clock=clock, moved=keep)


async def settle(*watches: AssignmentLoop) -> None:
    for _ in range(60):
        if not any([await watch.step() for watch in watches]):
            return
    raise AssertionError("the loop never comes to rest")


async def some(store: Store, count: int, **changes: Any) -> list[str]:
    names = [f"C{number:04}-BBBBB" for number in range(count)]
    for name in names:
        await open_case(store, native_id=name, case_id=name, **changes)
    return names


async def who(store: Store, case_id: str = CASE) -> str | None:
    return (await store.case(case_id)).assigned_to


async def change(store: Store, case_id: str, by: str, **changes: Any) -> None:
    case = await store.case(case_id)
    await store.change_case(case_id, CaseChange(**changes), version=case.version, actor=by)


async def actions(store: Store, case_id: str = CASE) -> list[str]:
    return [row.action for row in await store.audit(case_id=case_id) if row.actor == "assignment"]


async def test_nothing_happens_where_people_take_cases_themselves(store: Store, clock: ManualClock) -> None:
    """A team that says nothing of assignment is left alone."""
    await open_case(store)
    await settle(loop(store, clock, assignments()))
    assert await who(store) is None
    assert await store.audit(case_id=CASE) == []


async def test_cases_are_shared_in_turn(store: Store, clock: ManualClock) -> None:
    """Each gets as many, and the trail says why; a new loop goes on where the last one ended."""
    await some(store, 5)
    await settle(loop(store, clock, assignments(*TWO, strategy="round-robin")))
    await open_case(store)
    await settle(loop(store, clock, assignments(*TWO, strategy="round-robin")))
    held = [case.assigned_to for case in await store.cases(CaseFilter())]
    assert sorted(held, key=str) == ["anna"] * 3 + ["ben"] * 3
    [row] = [row for row in await store.audit(case_id=CASE) if row.action == "case_assigned"]
    assert row.actor == "assignment"
    assert row.detail["why"] == "next in turn"
    assert (row.detail["strategy"], row.detail["passed_over"]) == ("round-robin", "others first 1")


async def test_case_waits_until_somebody_is_freed(store: Store, clock: ManualClock) -> None:
    """Full is full; whoever resolves a case or waits for the customer gets the most urgent of those that wait."""
    first, second = await some(store, 2, urgency="critical")
    await open_case(store, urgency="low")
    await open_case(store, native_id="m2", case_id="HHHHH-HHHHH", urgency="high")
    watch = loop(store, clock, assignments({"name": "anna", "capacity": {"all": 2}}, strategy="round-robin"))
    await settle(watch)
    assert [await who(store, one) for one in (first, second, CASE, "HHHHH-HHHHH")] == ["anna", "anna", None, None]
    await change(store, first, "anna", state="resolved")
    await settle(watch)
    assert [await who(store, one) for one in (CASE, "HHHHH-HHHHH")] == [None, "anna"]
    await change(store, second, "anna", state="waiting")
    await settle(watch)
    assert await who(store) == "anna"


async def test_conditions_are_checked_when_somebody_is_freed(store: Store, clock: ManualClock) -> None:
    """Resolved, moved or taken by hand meanwhile, a case that waited is not given to anybody."""
    [busy] = await some(store, 1, urgency="critical")
    for name in ("RRRRR", "MMMMM", "TTTTT"):
        await open_case(store, native_id=name, case_id=f"{name}-BBBBB")
    watch = loop(store, clock, assignments({"name": "anna", "capacity": {"all": 1}}, strategy="round-robin"))
    await settle(watch)
    await change(store, "RRRRR-BBBBB", "mia", state="resolved")
    await change(store, "MMMMM-BBBBB", "mia", team="billing")
    await change(store, "TTTTT-BBBBB", "cleo", assigned_to="cleo")
    await change(store, busy, "anna", state="resolved")
    await settle(watch)
    assert [await who(store, f"{name}-BBBBB") for name in ("RRRRR", "MMMMM", "TTTTT")] == [None, None, "cleo"]


async def test_working_hours_and_steps_are_waited_for(store: Store, clock: ManualClock) -> None:
    """Nobody at night; in the morning who fits; after the step anyone. The timer knows each of these times."""
    clock.advance(9 * 3600)  # 18:00
    book = assignments({"name": "anna", "languages": {"en": 5}}, {"name": "ben", "languages": {"et": 5}},
                       calendar="office", strategy="skills", relax=[{"after": "20m", "drop": "all"}])  # fmt: skip
    await open_case(store)
    await open_case(store, native_id="m2", case_id="EEEEE-EEEEE", language="et")
    watch = loop(store, clock, book)
    await settle(watch)
    assert await who(store, "EEEEE-EEEEE") is None
    assert watch._next == clock.now() + timedelta(hours=15)
    clock.advance(15 * 3600)
    await settle(watch)
    assert [await who(store), await who(store, "EEEEE-EEEEE")] == [None, "ben"]
    assert watch._next == clock.now() + timedelta(minutes=20)
    clock.advance(20 * 60)
    await settle(watch)
    assert await who(store) == "anna"


async def test_silent_case_is_taken_back(store: Store, clock: ManualClock) -> None:
    """Nothing done for four working hours: it goes to somebody else. A note counts as something done."""
    book = assignments(*TWO, calendar="office", strategy="round-robin", take_back={"after": "4h"})
    await open_case(store)
    watch = loop(store, clock, book)
    await settle(watch)
    assert await who(store) == "anna"
    clock.advance(3 * 3600)
    await store.add_note(CASE, "called the depot", actor="anna")
    clock.advance(2 * 3600)
    await settle(watch)
    assert await who(store) == "anna"
    await change(store, CASE, "anna", tags=("depot",))
    clock.advance(20 * 3600 - 1)  # to the next morning, one second before the fourth hour
    await settle(watch)
    assert await who(store) == "anna"
    clock.advance(1)
    await settle(watch)
    assert await who(store) == "ben"
    assert await actions(store) == ["case_assigned", "case_changed", "case_taken_back", "case_changed",
                                    "case_assigned", "case_changed"]  # fmt: skip


async def test_hand_assignment_stays(store: Store, clock: ManualClock) -> None:
    """What people gave is not moved for absence or capacity; only taken back, where that is configured."""
    away = {"name": "anna", "capacity": {"all": 0}, "absences": [{"from": "2026-03-01", "to": "2026-03-30"}]}
    await open_case(store, assigned_to="anna")
    await settle(loop(store, clock, assignments(away, {"name": "ben"}, strategy="round-robin")))
    clock.advance(10 * 3600)
    await settle(loop(store, clock, assignments(away, {"name": "ben"}, strategy="round-robin")))
    assert await who(store) == "anna"
    taking = assignments(away, {"name": "ben"}, strategy="round-robin", take_back={"after": "4h"})
    await settle(loop(store, clock, taking))
    assert await who(store) == "ben"


async def test_absence_gives_cases_to_the_deputy_or_back(store: Store, clock: ManualClock) -> None:
    """When an absence begins, the deputy has the cases as far as there is room; the others wait for anybody."""
    away = {"from": "2026-03-02 12:00", "to": "2026-03-05", "deputy": "ben"}
    book = assignments({"name": "anna", "absences": [away]}, {"name": "ben", "capacity": {"all": 1}},
                       {"name": "cleo", "absences": [{"from": "2026-03-02", "to": "2026-03-02"}]},
                       strategy="least-load")  # fmt: skip
    names = await some(store, 3)
    watch = loop(store, clock, book)
    await settle(watch)
    mine = [name for name in names if await who(store, name) == "anna"]
    [busy] = [name for name in names if await who(store, name) == "ben"]
    await change(store, busy, "ben", state="resolved")
    clock.advance(3 * 3600 - 1)
    await settle(watch)
    assert {await who(store, name) for name in mine} == {"anna"}
    clock.advance(1)
    await settle(watch)
    assert sorted([await who(store, name) for name in mine], key=str) == [None, "ben"]
    clock.advance(12 * 3600)  # the next day, when cleo is back
    await settle(watch)
    assert sorted([await who(store, name) for name in mine], key=str) == ["ben", "cleo"]


async def test_cases_of_somebody_who_left_are_given_to_others(store: Store, clock: ManualClock) -> None:
    """Whoever cannot log in any more has nothing left."""
    await open_case(store)
    watch = loop(store, clock, assignments(strategy="round-robin"))
    await settle(watch)
    assert await who(store) == "anna"
    await store.put_user(User(name="anna", teams=("delivery",), disabled=True))
    await settle(watch)
    assert await who(store) == "ben"


async def test_put_back_by_hand_goes_to_somebody_else(store: Store, clock: ManualClock) -> None:
    """An agent who puts a case back does not get it at once again."""
    await open_case(store)
    watch = loop(store, clock, assignments(*TWO, strategy="round-robin"))
    await settle(watch)
    await settle(watch)
    await change(store, CASE, "anna", assigned_to="")
    await settle(watch)
    assert await who(store) == "ben"


async def test_customer_keeps_the_agent(store: Store, clock: ManualClock) -> None:
    """The next case of the same sender goes to who had the one before."""
    await open_case(store, state="resolved", assigned_to="ben")
    await open_case(store, native_id="m2", case_id="NNNNN-NNNNN")
    await settle(loop(store, clock, assignments(*TWO, strategy="round-robin", keep_for="7d")))
    assert await who(store, "NNNNN-NNNNN") == "ben"


async def test_two_processes_give_each_case_once(store: Store, clock: ManualClock) -> None:
    """Two loops at the same time: every case is given once, turns are fair, capacity holds."""
    names = await some(store, 40)
    book = assignments({"name": "anna", "capacity": {"all": 12}}, {"name": "ben"}, strategy="round-robin")
    moved: list[Move] = []
    one, two = (loop(store, clock, book, moved) for _ in range(2))
    for _ in range(40):
        await asyncio.gather(one.step(), two.step())
    assert sorted(move.case_id for move in moved) == names
    held = [await who(store, name) for name in names]
    assert (held.count("anna"), held.count("ben")) == (12, 28)
    for name in names:
        assert (await actions(store, name)).count("case_assigned") == 1


async def test_hostile_cases_rotate_in_the_store(store: Store, clock: ManualClock) -> None:
    """Who had the last hostile case does not get the next one, also after a restart."""
    book = assignments(*TWO, {"name": "cleo"}, strategy="least-load", hostile={"rest": "1h"})
    got = []
    for number in range(6):
        name = f"H{number:04}-BBBBB"
        await open_case(store, native_id=name, case_id=name, tags=("hostile",))
        await settle(loop(store, clock, book))
        got.append(await who(store, name))
        clock.advance(25 * 60)
    assert got[:3] == ["anna", "ben", "cleo"]
    assert got[3:] == got[:3]


async def test_run_wakes_when_told(store: Store, clock: ManualClock) -> None:
    """The task finds a new case when it is woken, and ends when cancelled."""
    made = asyncio.Event()
    watch = AssignmentLoop(
        lambda: store, book=lambda: assignments(*TWO, strategy="round-robin"), clock=clock, moved=lambda _: made.set()
    )
    task = asyncio.create_task(watch.run())
    await open_case(store)
    watch.wake()
    async with asyncio.timeout(10):
        await made.wait()
    assert await who(store) == "anna"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
