# SPDX-License-Identifier: Apache-2.0
"""Who reaches what: every route, every role."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from router.web.api.table import OPERATIONS
from router.web.app import create_app
from router.web.security import CHANNEL_ROUTES

FOREIGN, OWN = "B2222-BBBBB", "D1111-AAAAA"
CANARY = "CANARY-words-of-billing"

# path, and the status each of: agent of delivery, manager, administrator
PAGES = [
    ("/queues/delivery", 200, 200, 404),
    ("/queues/billing", 404, 200, 404),
    ("/queues/nowhere", 404, 404, 404),
    (f"/cases/{OWN}", 200, 200, 404),
    (f"/cases/{FOREIGN}", 404, 200, 404),
    ("/cases/NOTHERE", 404, 404, 404),
    ("/approvals", 200, 200, 404),
    ("/trouble", 404, 200, 200),
    ("/calls/new", 200, 200, 404),
    ("/quarantine/{raw}/raw", 404, 200, 404),
    ("/quarantine/99999/raw", 404, 404, 404),
    ("/events?team=billing", 404, None, 404),
    (f"/events?case={FOREIGN}", 404, None, 404),
    ("/events", None, None, 404),
    ("/api/v1/cases?team=billing", 404, 200, 404),
    ("/api/v1/cases", 200, 200, 404),
    (f"/api/v1/cases/{OWN}", 200, 200, 404),
    (f"/api/v1/cases/{FOREIGN}", 404, 200, 404),
    ("/api/v1/approvals", 200, 200, 404),
    ("/api/v1/outbox", 200, 200, 200),
    ("/api/v1/outbox/{row}", 404, 200, 404),
    ("/api/v1/quarantine", 404, 200, 200),
    ("/api/v1/quarantine/{raw}/raw", 404, 200, 404),
    ("/api/v1/counts", 200, 200, 200),
    ("/api/v1/teams", 200, 200, 200),
]


@pytest.mark.parametrize(("path", "agent", "manager", "admin"), PAGES, ids=[page[0] for page in PAGES])
async def test_reading_is_as_the_table_says(world: Any, path: str, agent: Any, manager: Any, admin: Any) -> None:
    """What is not yours looks exactly like what is not there."""
    raw = await world.add_quarantined()
    row = await world.context.replies.submit(FOREIGN, text=CANARY, actor="otto")
    for user, expected in (("anna", agent), ("mia", manager), ("root", admin)):
        if expected is None:
            continue  # a stream that opens: see test_events.py
        client = await world.client(user)
        answer = await client.get(path.format(raw=raw, row=row.id), allow_redirects=False)
        body = await answer.text()
        assert answer.status == expected, user
        if user != "mia":
            assert CANARY not in body
            assert "Charged twice" not in body


@pytest.mark.parametrize("user", ["anna", "root"])
@pytest.mark.parametrize(
    ("path", "form"),
    [
        (f"/cases/{FOREIGN}", {"state": "resolved", "version": "1"}),
        (f"/cases/{FOREIGN}/notes", {"text": "x"}),
        (f"/cases/{FOREIGN}/replies", {"text": "x"}),
        ("/outbox/{row}/approve", {"digest": "{digest}"}),
        ("/outbox/{row}/edit", {"text": "x"}),
        ("/outbox/{row}/withdraw", {}),
        ("/outbox/{row}/retry", {}),
        ("/outbox/{row}/resolve", {"was_sent": "yes"}),
    ],
)
async def test_writing_to_a_foreign_case_is_as_if_it_were_not_there(
    world: Any, user: str, path: str, form: Any
) -> None:
    """An agent of another team and an administrator change nothing."""
    await world.add_case("X3333-CCCCC", team="billing", channel="x")
    row = await world.context.replies.submit("X3333-CCCCC", text="Sorry!", actor="otto")
    before = await world.store.last_audit()
    client = await world.client(user)
    form = {name: value.format(digest=row.reply.digest) for name, value in form.items()}
    answer = await world.post(client, path.format(row=row.id), **form)
    assert answer.status == 404
    assert await world.store.last_audit() == before


async def test_no_route_answers_without_a_log_in(world: Any) -> None:
    """Every route of ours that is not public asks for a log-in; none is forgotten."""
    client = await world.client()
    app = world.server.app
    public = {"/healthz", "/readyz", "/metrics", "/login", "/static", "/api/v1/tokens", "/api/v1/openapi.json"}
    public.add("/login/{link}")
    for route in app.router.routes():
        path = route.resource.canonical
        if path in public or route in app[CHANNEL_ROUTES]:
            continue
        for name in ("case", "team", "row"):
            path = path.replace(f"{{{name}}}", "x")
        path = path.replace("{raw}", "1")
        answer = await client.request(route.method, path, allow_redirects=False)
        assert answer.status in (303, 401), (route.method, path)
        if answer.status == 303:
            assert answer.headers["Location"].startswith("/login")


async def test_every_operation_refuses_the_api_to_strangers(world: Any) -> None:
    """The same over the table of the API, with a made-up token."""
    client = await world.client()
    for operation in OPERATIONS:
        if operation.public:
            continue
        path = operation.path.format(case="x", row="x", raw="1", incident="x", number="1")
        answer = await client.request(operation.method, path, headers={"Authorization": "Bearer made-up"})
        assert answer.status == 401, operation.name
        assert (await answer.json())["error"]["code"] == "log_in"


async def test_case_that_moved_takes_its_answers_along(world: Any) -> None:
    """The old team sees neither the case nor what waits in it, although it was written while it was theirs."""
    await world.add_case("X3333-CCCCC", channel="x")
    row = await world.context.replies.submit("X3333-CCCCC", text="Sorry!", actor="ben")
    client = await world.client("anna")
    moved = await world.post(client, "/cases/X3333-CCCCC", team="billing", version="1")
    assert moved.headers["Location"] == "/?done=moved"
    assert (await world.post(client, f"/outbox/{row.id}/approve", digest=row.reply.digest)).status == 404
    assert "Sorry!" not in await (await client.get("/approvals")).text()


async def test_administrators_see_trouble_without_words(world: Any) -> None:
    """A parked send is listed for them, without text, case or bytes to download."""
    row = await world.context.replies.submit(FOREIGN, text=CANARY, actor="otto")
    await world.park(row)
    await world.add_quarantined()
    client = await world.client("root")
    body = await (await client.get("/trouble")).text()
    assert "the line went dead" in body
    assert CANARY not in body
    assert FOREIGN not in body
    assert "Download" not in body
    listed = await (await client.get("/api/v1/outbox")).json()
    assert [(item["row"]["id"], item["row"]["reply"], item["digest"]) for item in listed["items"]] == [
        (row.id, None, None)
    ]


async def test_channel_routes_are_mounted_and_left_alone(world: Any) -> None:
    """A channel's route takes a large body from anywhere without a log-in."""
    client = await world.client()
    answer = await client.post("/hooks/email", data=b"x" * 600_000, headers={"Origin": "https://elsewhere.example.org"})
    assert (answer.status, await answer.text()) == (200, "600000")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_paths_taken_twice_are_refused_at_start(world: Any) -> None:
    """Two channels cannot have the same address."""
    twice = {**world.context.channels, "email:other": world.context.channels["email:support"]}
    with pytest.raises(ValueError, match="taken already"):
        create_app(replace(world.context, channels=twice))
