# SPDX-License-Identifier: Apache-2.0
"""Deadlines on pages and in the API: the nearest first, how long is left, what is late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from router.content import Action, ConditionTrace, RouteTrace
from router.deadlines.advance import plan_clocks
from router.schema import Decision
from router.testing.deadlines import make_book
from router.web.context import CONTEXT
from router.web.render import until

DEADLINES = (
    {"name": "slow", "clock": "first_response", "within": "30h", "calendar": "night", "when": {"tag": ["slow"]}},
    {"name": "quick", "clock": "first_response", "within": "2h", "calendar": "night", "when": {"tag": ["quick"]}},
)


@pytest.fixture
async def timed(world: Any) -> Any:
    """Cases with deadlines: an urgent one that has days, another that has two hours."""
    await world.add_case("D0000-QUICK", urgency="low", subject="Two hours", tags=("quick",))
    await world.add_case("D0000-SLOWW", urgency="critical", subject="Thirty hours", tags=("slow",))
    plan = partial(plan_clocks, deadlines=make_book(*DEADLINES))
    await world.store.advance_clocks(plan, now=world.clock.now(), limit=50)
    return world


def places(body: str, *words: str) -> list[int]:
    return [body.index(word) for word in words]


async def test_queue_begins_with_the_nearest_deadline(timed: Any) -> None:
    """With deadlines configured the list goes by them, unless asked otherwise; those without one come last."""
    app = timed.server.app
    client = await timed.client("anna")
    plain = await (await client.get("/queues/delivery")).text()
    assert "by deadline" not in plain
    assert "in 2 h" in plain
    app._state[CONTEXT] = replace(app[CONTEXT], has_deadlines=lambda: True)
    body = await (await client.get("/queues/delivery")).text()
    found = places(body, "Two hours", "Thirty hours", "Lost parcel")
    assert found == sorted(found)
    assert "by deadline" in body
    other = await (await client.get("/queues/delivery?sort=urgency")).text()
    found = places(other, "Thirty hours", "Two hours")
    assert found == sorted(found)


async def test_case_page_shows_its_clocks(timed: Any) -> None:
    """The page of a case tells each deadline and how late it is."""
    timed.clock.advance(3 * 3600)
    body = await (await (await timed.client("anna")).get("/cases/D0000-QUICK")).text()
    assert "quick" in body
    assert "60 min late" in body or "1 h late" in body


async def test_case_page_tells_what_routes_did_at_a_miss(timed: Any) -> None:
    """Each warning and miss is told with the route, what it did and why it was taken; the API tells the same."""
    said = Decision(
        team="delivery", queue="delivery", route="on_deadline/late", urgency="high", rules_digest="0123456789abcdef",
        actions=(Action(name="urgency", value="up 1", route="on_deadline/late"),
                 Action(name="fields", value="stage=<b>", route="on_deadline/late", skipped="a person set it")),
        traces=(RouteTrace(route="on_deadline", depth=0, matched=True),
                RouteTrace(route="on_deadline/late", depth=1, matched=True, conditions=(
                    ConditionTrace(path="deadline.state", wanted="is breached", seen="breached", held=True),))),
    )  # fmt: skip
    timed.clock.advance(3 * 3600)
    plan = partial(plan_clocks, deadlines=make_book(*DEADLINES), ask=lambda _: said)
    while (await timed.store.advance_clocks(plan, now=timed.clock.now(), limit=50)).cases:
        pass
    body = await (await (await timed.client("anna")).get("/cases/D0000-QUICK")).text()
    for words in ("quick was missed", "on_deadline/late", "up 1", "stage=&lt;b&gt;", "not done: a person set it",
                  "<code>deadline.state</code> wanted <code>is breached</code>", "rules 0123456789ab"):  # fmt: skip
        assert words in body
    client, headers = await timed.client(), await timed.bearer("anna")
    [alarm] = (await (await client.get("/api/v1/cases/D0000-QUICK", headers=headers)).json())["alarms"]
    assert (alarm["kind"], alarm["decision"]["route"]) == ("breach", "on_deadline/late")


async def test_api_tells_deadlines_and_sorts_by_them(timed: Any) -> None:
    """The API gives the clocks of a case and lists by the nearest."""
    client = await timed.client("anna")
    said = await (await client.get("/api/v1/cases/D0000-QUICK")).json()
    assert [(clock["name"], clock["state"]) for clock in said["deadlines"]] == [("quick", "running")]
    listed = await (await client.get("/api/v1/cases?sort=due")).json()
    assert [case["id"] for case in listed["cases"]][:2] == ["D0000-QUICK", "D0000-SLOWW"]


@pytest.mark.parametrize(
    ("minutes", "words"), [(5, "in 5 min"), (180, "in 3 h"), (3000, "in 2 d"), (-90, "1 h late"), (0, "0 min late")]
)
def test_until_says_how_long(world: Any, minutes: int, words: str) -> None:
    """Time left and time past in one short word pair."""
    now = world.clock.now()
    assert until(now + timedelta(minutes=minutes), now) == words
