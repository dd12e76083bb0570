# SPDX-License-Identifier: Apache-2.0
"""Who has what, the order in which cases wait, and taking the next one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from router.testing.assign import assignments
from router.web.context import CONTEXT


@pytest.fixture
async def shared(world: Any) -> Any:
    """A team with somebody away and two more cases that wait."""
    book = assignments(
        {"name": "anna", "capacity": {"all": 1}},
        {"name": "ben", "absences": [{"from": "2026-03-01", "to": "2026-03-05", "deputy": "anna"}]},
        strategy="round-robin",
    )
    app = world.server.app
    app._state[CONTEXT] = replace(app[CONTEXT], assignments=lambda: book)
    await world.add_case("D3333-CCCCC", urgency="critical", subject="Burnt")
    await world.add_case("D4444-DDDDD", urgency="low", subject="Late")
    return world


async def test_waiting_page_tells_who_is_there_and_who_waits(shared: Any) -> None:
    """Members with absence and deputy, cases in order; only for those who see the team."""
    body = await (await (await shared.client("anna")).get("/queues/delivery/waiting")).text()
    assert "absent until" in body
    assert "Anna stands in" in body
    found = [body.index(case) for case in ("D3333-CCCCC", "D1111-AAAAA", "D4444-DDDDD")]
    assert found == sorted(found)
    for user in ("otto", "root"):
        assert (await (await shared.client(user)).get("/queues/delivery/waiting")).status == 404


async def test_next_gives_the_first_case_that_waits(shared: Any) -> None:
    """The most urgent first, then the next; the trail says who asked, and nothing is left at the end."""
    client = await shared.client("anna")
    assert "Assign me the next" in await (await client.get("/queues/delivery")).text()
    places = [(await shared.post(client, "/queues/delivery/next")).headers["Location"] for _ in range(4)]
    assert [place.partition("?")[0] for place in places] == [
        "/cases/D3333-CCCCC", "/cases/D1111-AAAAA", "/cases/D4444-DDDDD", "/queues/delivery",
    ]  # fmt: skip
    case = await shared.store.case("D3333-CCCCC")
    assert (case.assigned_to, case.version) == ("anna", 2)
    actors = {row.actor for row in await shared.store.audit(case_id="D3333-CCCCC")}
    assert actors == {"anna"}


async def test_next_is_only_for_those_who_see_the_team(shared: Any) -> None:
    """Others are told that there is no such place; a manager may."""
    for user, status in (("otto", 404), ("root", 404), ("mia", 303)):
        assert (await shared.post(await shared.client(user), "/queues/delivery/next")).status == status


async def taken(world: Any, user: str, query: str = "") -> Any:
    """What the API hands to a user."""
    client = await world.client()
    return await client.post(f"/api/v1/queue/next{query}", headers=await world.bearer(user))


async def test_api_hands_out_the_next_case(shared: Any) -> None:
    """In the order of the waiting list; null where none is left; the trail says that it was asked for."""
    said = [(await (await taken(shared, "anna")).json())["case"] for _ in range(4)]
    assert [case and case["id"] for case in said] == ["D3333-CCCCC", "D1111-AAAAA", "D4444-DDDDD", None]
    assert {case["assigned_to"] for case in said if case} == {"anna"}
    [row] = [row for row in await shared.store.audit(case_id="D1111-AAAAA") if row.action == "case_assigned"]
    assert (row.actor, row.detail["why"]) == ("anna", "asked for the next")


async def test_api_hands_nothing_to_those_who_may_not(shared: Any) -> None:
    """Another team's queue is as if it were not there; a manager may take from any, an administrator from none."""
    for user, query in (("otto", "?team=delivery"), ("otto", ""), ("root", "")):
        assert (await taken(shared, user, query)).status == 404
    assert (await (await taken(shared, "mia", "?team=delivery")).json())["case"]["id"] == "D3333-CCCCC"


async def test_many_who_ask_at_once_get_different_cases(shared: Any) -> None:
    """Two agents never get the same case, and none is sent away while another case waits."""
    for n in range(10):
        await shared.add_case(f"D7{n:03}-EEEEE", subject=f"Parcel {n}")
    asked = (taken(shared, user, "?team=delivery") for user in ("anna", "mia") for _ in range(8))
    answers = await asyncio.gather(*asked)
    assert {answer.status for answer in answers} == {200}
    given = [(await answer.json())["case"] for answer in answers]
    found = [case["id"] for case in given if case]
    assert len(found) == len(set(found)) == 13
    assert sum(case is None for case in given) == 3


async def test_queue_has_a_key_for_the_next_case(shared: Any) -> None:
    """The button can be pressed by t, which the help lists."""
    page = await (await (await shared.client("anna")).get("/queues/delivery")).text()
    assert '<button data-key="t"><kbd>t</kbd> Assign me the next</button>' in page
    assert "<dd>be assigned the next case</dd>" in page
