# SPDX-License-Identifier: Apache-2.0
"""Routes act when deadlines warn or are missed: in the alarm's transaction, in order, once, with the digest."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from router.config.document import parse
from router.config.problems import Problems
from router.config.validate import validate
from router.deadlines.loop import DeadlineLoop
from router.interfaces import Store
from router.records import CaseChange
from router.rules.alarms import answer
from router.rules.build import build
from router.rules.matchers import KnownNames
from router.rules.model import RulesFile
from router.rules.ruleset import RuleSet
from router.testing.clock import ManualClock
from router.testing.deadlines import make_book as book
from router.testing.store import memory_store
from router.testing.store_contract import open_case

CASE = "AAAAA-BBBBB"
FIRST = {
    "name": "first", "clock": "first_response", "within": "4h", "calendar": "night", "warn_before": ["1h"],
    "at_breach": {"tags": ["late"]},
}  # fmt: skip
QUEUES = {"delivery": "delivery", "triage": "triage", "chiefs": "chiefs"}
RULES = """
root: {queue: triage, acknowledge: received}
on_deadline:
  - name: near
    when: {deadline.state: warning}
    fields: {stage: near}
    urgency: {up: 1}
  - name: missed
    when: {deadline.name: first, deadline.state: breached, case.fields.stage: near}
    queue: chiefs
    sinks: [room]
    fields: {stage: missed}
"""


def rules(text: str = RULES) -> RuleSet:
    problems = Problems(parse(text.encode(), "rules.yaml"))
    file = validate(RulesFile, problems)
    assert file is not None
    known = KnownNames(queues=QUEUES, sinks=("room",), templates=("received",), deadlines=("first",))
    made = build(file, problems, known)
    assert not problems.mistakes
    return made


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[Store]:
    store = await memory_store(clock=clock)
    yield store
    await store.close()


def loop(store: Store, clock: ManualClock, made: RuleSet) -> DeadlineLoop:
    deadlines = book(FIRST)
    return DeadlineLoop(
        store, deadlines=lambda: deadlines, clock=clock, told=lambda _: None, ask=lambda asked: answer(asked, made)
    )


async def settle(watch: DeadlineLoop) -> None:
    for _ in range(50):
        if not await watch.step():
            return
    raise AssertionError("the loop never comes to rest")


async def said(store: Store) -> list[dict[str, Any]]:
    rows = await store.audit(case_id=CASE)
    return [row.detail for row in rows if row.action == "deadline_action"]


async def test_each_alarm_changes_the_case_in_order(store: Store, clock: ManualClock) -> None:
    """The breach sees what the warning had set; each thing done stands in the trail with its route and the digest."""
    made = rules()
    await open_case(store)
    watch = loop(store, clock, made)
    await settle(watch)
    clock.advance(5 * 3600)
    await settle(watch)
    await settle(loop(store, clock, made))  # a restart
    case = await store.case(CASE)
    assert (case.team, case.queue, case.urgency) == ("chiefs", "chiefs", "high")
    assert (case.tags, case.fields, case.own_fields) == (("late",), {"stage": "missed"}, ())
    assert [(one["alarm"], one["route"], one["does"]) for one in await said(store)] == [
        ("warning:1h", "on_deadline/near", "urgency up 1"),
        ("warning:1h", "on_deadline/near", "fields stage=near"),
        ("breach", "on_deadline/missed", "queue chiefs"),
        ("breach", "on_deadline/missed", "fields stage=missed"),
        ("breach", "on_deadline/missed", "sinks room"),
    ]
    assert {one["rules"] for one in await said(store)} == {made.digest}
    kept = await store.alarms(CASE)
    assert [(one.kind, one.decision and one.decision.route) for one in kept] == [
        ("warning:1h", "on_deadline/near"), ("breach", "on_deadline/missed"),
    ]  # fmt: skip
    actions = [row.action for row in await store.audit(case_id=CASE)]
    assert actions.index("deadline_near") < actions.index("deadline_missed")


async def test_alarm_sends_nothing_to_the_customer(store: Store, clock: ManualClock) -> None:
    """Only the sink is told: the acknowledgement of intake is not said again."""
    await open_case(store)
    watch = loop(store, clock, rules())
    clock.advance(5 * 3600)
    await settle(watch)
    rows = await store.outbox_rows(states=["pending"])
    assert [(row.kind, row.target) for row in rows] == [("sink", "room")]
    assert rows[0].event is not None
    assert (rows[0].event.case.queue, rows[0].event.case.fields) == ("chiefs", {"stage": "missed"})


async def test_two_loops_do_it_once(store: Store, clock: ManualClock) -> None:
    """Whoever writes the alarm first does it; the other finds it done."""
    await open_case(store)
    first, second = (loop(store, clock, rules()) for _ in range(2))
    clock.advance(5 * 3600)
    for _ in range(5):
        await first.step()
        await second.step()
    assert len(await said(store)) == 5
    assert len(await store.outbox_rows(states=["pending"])) == 1


async def test_without_routes_the_deadline_acts_alone(store: Store, clock: ManualClock) -> None:
    """With no route for it, and with none at all, what ``at_breach`` says is done, and nothing more."""
    await open_case(store)
    watch = loop(store, clock, rules("root: {queue: triage}"))
    clock.advance(5 * 3600)
    await settle(watch)
    case = await store.case(CASE)
    assert (case.queue, case.urgency, case.tags, case.fields) == ("delivery", "normal", ("late",), {})
    assert await said(store) == []


async def test_routes_that_fail_leave_the_deadline_to_act(store: Store, clock: ManualClock) -> None:
    """A mistake of ours in asking must not keep an alarm back."""

    def fail(_: Any) -> None:
        raise RuntimeError("broken")

    await open_case(store)
    deadlines = book(FIRST)
    watch = DeadlineLoop(store, deadlines=lambda: deadlines, clock=clock, told=lambda _: None, ask=fail)
    clock.advance(5 * 3600)
    await settle(watch)
    assert (await store.case(CASE)).tags == ("late",)
    assert [one.decision for one in await store.alarms(CASE)] == [None, None]


async def test_fields_of_people_outlast_alarms(store: Store, clock: ManualClock) -> None:
    """A route leaves alone what a person set, or took away, and says so."""
    await open_case(store)
    await store.change_case(CASE, CaseChange(fields={"stage": "near"}), version=1, actor="aino")
    watch = loop(store, clock, rules())
    clock.advance(timedelta(hours=5).total_seconds())
    await settle(watch)
    case = await store.case(CASE)
    assert (case.fields, case.own_fields, case.queue) == ({"stage": "near"}, ("stage",), "chiefs")
    assert {one.get("not_done") for one in await said(store) if one["does"].startswith("fields")} == {"a person set it"}
