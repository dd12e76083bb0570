# SPDX-License-Identifier: Apache-2.0
"""Who has what, the order in which cases wait, and taking the next one."""

from __future__ import annotations

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
