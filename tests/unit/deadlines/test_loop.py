# SPDX-License-Identifier: Apache-2.0
"""The loop over a store: clocks follow cases, alarms come exactly once, whatever time or restarts do."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.casework import joined_case
from router.deadlines.book import Deadlines
from router.deadlines.loop import DeadlineLoop
from router.deadlines.records import ClockRun
from router.interfaces import Store
from router.records import CaseChange, CaseFilter, Commit, NewMessage
from router.schema import Classification, Decision, Flags, Receipt
from router.testing.clock import ManualClock
from router.testing.deadlines import make_book as book
from router.testing.store import make_raw, memory_store
from router.testing.store_contract import make_case, make_message, make_reply_row, open_case

CASE = "AAAAA-BBBBB"
FIRST = {"name": "first", "clock": "first_response", "within": "4h"}
RESOLVE = {"name": "solve", "clock": "resolution", "within": "10h"}
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday, and where ManualClock begins


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[Store]:
    store = await memory_store(clock=clock)
    yield store
    await store.close()


def loop(store: Store, clock: ManualClock, *deadlines: dict[str, Any], told: list[ClockRun] | None = None) -> Any:
    made = book(*deadlines)
    return DeadlineLoop(store, deadlines=lambda: made, clock=clock, told=(told if told is not None else []).append)


async def settle(watch: DeadlineLoop) -> None:
    """Step until nothing is left to do."""
    for _ in range(50):
        if not await watch.step():
            return
    raise AssertionError("the loop never comes to rest")


async def actions(store: Store) -> list[str]:
    return [row.action for row in await store.audit(case_id=CASE)]


async def test_step_tells_clocks_of_a_new_case(store: Store, clock: ManualClock) -> None:
    """A new case gets its clocks and its nearest deadline; the queue can be sorted by it."""
    await open_case(store)
    await open_case(store, native_id="m2", case_id="CCCCC-CCCCC", team="night-team", created_at=START)
    await open_case(store, native_id="m3", case_id="DDDDD-DDDDD", urgency="critical", kind="praise")
    watch = loop(store, clock, {**FIRST, "within": "9h", "when": {"kind": ["complaint"]}})
    await settle(watch)
    [row] = await store.clocks(CASE)
    assert (row.state, row.due_at) == ("running", START + timedelta(hours=25))
    assert (await store.case(CASE)).due_at == row.due_at
    assert [case.id[0] for case in await store.cases(CaseFilter(order="due"))] == ["C", "A", "D"]
    assert await store.next_alarm() == START + timedelta(hours=9)
    assert (await store.lookup(source_keys=[], thread_keys=[], case_ids=[CASE])).deadlines == {
        CASE: {"first": "running"}
    }
    assert [clock.case_id[0] for clock in await store.due_clocks(until=START + timedelta(hours=10))] == ["C"]


async def test_alarms_come_once_over_restarts_and_jumps(store: Store, clock: ManualClock) -> None:
    """Warning and breach are each in the trail once, however often the loop starts anew and the clock jumps."""
    await open_case(store)
    entries = {**FIRST, "warn_before": ["1h"], "at_breach": {"urgency": "up", "sinks": ["room"]}}
    await settle(loop(store, clock, entries))
    for jump in (3.5, -2.0, 3.0, -4.0, 30.0, -20.0, 40.0):
        clock.advance(jump * 3600)
        await settle(loop(store, clock, entries))
    assert [action for action in await actions(store) if action != "case_opened"] == [
        "deadline_near", "deadline_missed", "case_changed",
    ]  # fmt: skip
    assert (await store.case(CASE)).urgency == "high"
    [row] = await store.outbox_rows(states=["pending"])
    assert (row.kind, row.target) == ("sink", "room")


async def test_two_loops_raise_one_alarm(store: Store, clock: ManualClock) -> None:
    """Two processes that look at the same time raise an alarm once."""
    told: list[ClockRun] = []
    await open_case(store)
    one, two = (loop(store, clock, FIRST, told=told) for _ in range(2))
    await settle(one)
    clock.advance(5 * 3600)
    await settle(one)
    await settle(two)
    assert [alarm.kind for run in told for _, alarm in run.alarms] == ["breach"]


async def test_reply_sent_stops_first_and_pauses_resolution(store: Store, clock: ManualClock) -> None:
    """What the outbox records stops and pauses clocks without knowing of them."""
    await open_case(store)
    watch = loop(store, clock, FIRST, RESOLVE)
    await settle(watch)
    clock.advance(3600)
    await store.enqueue(make_reply_row(), actor="aino")
    [row] = await store.lease_outbox("one", limit=1)
    assert await store.start_attempt(row)
    await store.settle_outbox(row, state="sent", receipt=Receipt(native_id="x", sent_at=clock.now()))
    await settle(watch)
    states = {clock.name: clock.state for clock in await store.clocks(CASE)}
    assert states == {"first": "met", "solve": "paused"}
    assert (await store.case(CASE)).due_at is None
    clock.advance(3600)
    await store.change_case(CASE, CaseChange(state="open"), version=(await store.case(CASE)).version, actor="aino")
    await settle(watch)
    assert (await store.case(CASE)).due_at == START + timedelta(hours=27)  # ten open hours, and one that stood still


async def test_acknowledgement_sent_stops_its_clock(store: Store, clock: ManualClock) -> None:
    """An acknowledgement changes nothing in the case, and its clock stops all the same."""
    await open_case(store)
    watch = loop(store, clock, {"name": "ack", "clock": "acknowledgement", "within": "1h"})
    await settle(watch)
    await store.commit(Commit(outbox=(make_reply_row("k1", kind="acknowledgement"),)))
    [row] = await store.lease_outbox("one", limit=1)
    assert await store.start_attempt(row)
    await store.settle_outbox(row, state="sent", receipt=Receipt(sent_at=clock.now()))
    await settle(watch)
    assert [row.state for row in await store.clocks(CASE)] == ["met"]


async def test_change_of_urgency_and_configuration_moves_due(store: Store, clock: ManualClock) -> None:
    """A case made urgent is due by the shorter deadline; another configuration tells every clock again."""
    await open_case(store)
    quick = {**FIRST, "within": "1h", "when": {"urgency": ["critical"]}}
    await settle(loop(store, clock, quick, FIRST))
    case = await store.change_case(CASE, CaseChange(urgency="critical"), version=1, actor="aino")
    await settle(loop(store, clock, quick, FIRST))
    assert (await store.case(CASE)).due_at == START + timedelta(hours=1)
    await settle(loop(store, clock, {**FIRST, "within": "2h"}))
    assert (await store.case(CASE)).due_at == START + timedelta(hours=2)
    await settle(loop(store, clock))
    assert ((await store.case(CASE)).due_at, await store.clocks(CASE)) == (None, [])
    assert (await store.case(CASE)).version == case.version  # telling clocks changes no case


async def test_case_that_cannot_be_told_stops_no_other(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One case whose clocks break is left for later; the others are told."""
    await open_case(store)
    await open_case(store, native_id="m2", case_id="CCCCC-CCCCC")
    watch = loop(store, clock, FIRST)
    real = Deadlines.applicable

    def broken(self: Deadlines, case: Any, named: Any = ()) -> Any:
        if case.id == CASE:
            raise RuntimeError("broken on purpose")
        return real(self, case, named)

    monkeypatch.setattr(Deadlines, "applicable", broken)
    await settle(watch)
    assert (await store.case("CCCCC-CCCCC")).due_at is not None
    assert await store.clocks(CASE) == []


async def test_update_of_a_case_keeps_its_due(store: Store, clock: ManualClock) -> None:
    """Whoever writes a case read earlier does not overwrite what the clocks wrote since."""
    await open_case(store)
    stale = await store.case(CASE)
    await settle(loop(store, clock, FIRST))
    due = (await store.case(CASE)).due_at
    await store.commit(Commit(changed_cases=(make_case(version=stale.version, subject="new"),)))
    assert (await store.case(CASE)).due_at == due


async def test_route_names_a_deadline(store: Store, clock: ManualClock) -> None:
    """A deadline that is not automatic applies to the cases whose decision named it."""
    await open_case(store)
    [receipt] = await store.put_raw([make_raw(b"2", native_id="m2")])
    decision = Decision(team="delivery", queue="delivery", route="root", urgency="normal", deadlines=("first",))
    new = NewMessage(raw_id=receipt.raw_id, case_id="CCCCC-CCCCC", message=make_message("m2"), decision=decision)
    await store.commit(Commit(new_cases=(make_case("CCCCC-CCCCC"),), messages=(new,)))
    await settle(loop(store, clock, {**FIRST, "automatic": False}))
    assert [row.case_id for row in await store.due_clocks()] == ["CCCCC-CCCCC"]


async def test_customer_writes_again_after_an_answer(store: Store, clock: ManualClock) -> None:
    """A message that joins starts the next response and takes the resolution up again; a machine's does neither."""
    await open_case(store)
    watch = loop(store, clock, {"name": "next", "clock": "next_response", "within": "2h"}, RESOLVE)
    clock.advance(3600)
    await store.enqueue(make_reply_row(), actor="aino")
    [row] = await store.lease_outbox("one", limit=1)
    assert await store.start_attempt(row)
    await store.settle_outbox(row, state="sent", receipt=Receipt(native_id="x", sent_at=clock.now()))
    for n, flags in enumerate((Flags(auto_reply=True), Flags())):
        clock.advance(3600)
        [receipt] = await store.put_raw([make_raw(b"%d" % n, native_id=f"j{n}")])
        message = make_message(f"j{n}", received_at=clock.now(), flags=flags)
        case = await store.case(CASE)
        labels = Classification(kind="complaint")
        decision = Decision(team="delivery", queue="delivery", route="root", urgency="normal")
        joined = joined_case(case, message, labels, decision, clock.now())
        new = NewMessage(raw_id=receipt.raw_id, case_id=CASE, message=message)
        await store.commit(Commit(changed_cases=(joined,), messages=(new,)))
        await settle(watch)
        states = {row.name: (row.state, row.due_at) for row in await store.clocks(CASE)}
        if not n:
            assert states == {"solve": ("paused", None)}
    assert states == {
        "next": ("running", START + timedelta(hours=5)),
        "solve": ("running", START + timedelta(hours=28)),
    }
