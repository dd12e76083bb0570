# SPDX-License-Identifier: Apache-2.0
"""The JSON API: what programs do, and how they are refused."""

from __future__ import annotations

from typing import Any

import pytest

OWN = "D1111-AAAAA"
PASSWORD = "a long password for tests"


async def _api(world: Any, user: str = "anna") -> Any:
    client = await world.client()
    client.session.headers.update(await world.bearer(user))
    return client


async def test_token_works_until_it_is_ended(world: Any) -> None:
    """Name and password give a token; ended, it is worth nothing."""
    client = await world.client()
    answer = await client.post("/api/v1/tokens", json={"name": "anna", "password": PASSWORD})
    token = await answer.json()
    assert (answer.status, token["user"], token["role"]) == (201, "anna", "agent")
    headers = {"Authorization": f"Bearer {token['token']}"}
    assert (await (await client.get("/api/v1/me", headers=headers)).json())["teams"] == ["delivery"]
    assert (await client.delete("/api/v1/tokens/current", headers=headers)).status == 200
    assert (await client.get("/api/v1/me", headers=headers)).status == 401


async def test_token_is_refused_for_a_wrong_password(world: Any) -> None:
    """The refusal has the one shape of all errors."""
    client = await world.client()
    answer = await client.post("/api/v1/tokens", json={"name": "anna", "password": "x"})
    assert (answer.status, (await answer.json())["error"]["code"]) == (401, "login_refused")


async def test_cases_are_listed_in_pages(world: Any) -> None:
    """The list says whether more follows."""
    await world.add_case("D0000-LOWER", urgency="low")
    client = await _api(world)
    first = await (await client.get("/api/v1/cases?limit=1")).json()
    rest = await (await client.get("/api/v1/cases?limit=1&offset=1")).json()
    assert ([one["id"] for one in first["cases"]], first["more"]) == ([OWN], True)
    assert ([one["id"] for one in rest["cases"]], rest["more"]) == (["D0000-LOWER"], False)
    none = await (await client.get("/api/v1/cases?state=resolved&state=waiting")).json()
    assert none == {"cases": [], "more": False}


async def test_case_comes_with_conversation_and_reasons(world: Any) -> None:
    """Everything the page shows is there for programs too."""
    answer = await (await _api(world)).get(f"/api/v1/cases/{OWN}")
    detail = await answer.json()
    assert answer.headers["ETag"] == '"1"'
    assert detail["conversation"][0]["text"] == "My parcel is lost."
    assert detail["classification"]["why"]["type"][0]["text"] == "lost"
    assert detail["decision"]["traces"][1]["conditions"][0]["seen"] == "silver"
    assert detail["capabilities"]["reply"] == ["private"]


@pytest.mark.parametrize("by_header", [True, False], ids=["If-Match", "version"])
async def test_case_is_changed_in_the_version_that_was_seen(world: Any, by_header: bool) -> None:
    """A second change on the same version is a conflict."""
    client = await _api(world)
    headers, extra = ({"If-Match": '"1"'}, {}) if by_header else ({}, {"version": 1})
    body = {"urgency": "low", "assigned_to": "anna", **extra}
    answer = await client.patch(f"/api/v1/cases/{OWN}", json=body, headers=headers)
    changed = await answer.json()
    assert (answer.status, changed["urgency"], changed["assigned_to"], answer.headers["ETag"]) == (
        200,
        "low",
        "anna",
        '"2"',
    )
    again = await client.patch(f"/api/v1/cases/{OWN}", json={"state": "resolved", **extra}, headers=headers)
    assert (again.status, (await again.json())["error"]["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"state": "open"}, 428, "version"),
        ({"version": 1, "state": "gone"}, 422, "state"),
        ({"version": 1, "team": "nowhere"}, 422, "team"),
        ({"version": 1, "role": "admin"}, 422, "role"),
        ({"version": 1, "id": "OTHER"}, 422, "id"),
        ([], 422, ""),
        ("no json", 400, None),
        (None, 415, None),
    ],
    ids=["no version", "no such state", "no such team", "unknown field", "id in body", "list", "not json", "not typed"],
)
async def test_change_that_makes_no_sense_is_refused_by_name(world: Any, body: Any, status: int, field: Any) -> None:
    """The answer names the field; nothing is changed and nothing of the value is echoed."""
    client = await _api(world)
    if body is None:
        answer = await client.patch(f"/api/v1/cases/{OWN}", data={"state": "open"})
    elif isinstance(body, str):
        answer = await client.patch(f"/api/v1/cases/{OWN}", data=body, headers={"Content-Type": "application/json"})
    else:
        answer = await client.patch(f"/api/v1/cases/{OWN}", json=body)
    error = (await answer.json())["error"]
    assert (answer.status, set(error)) == (status, {"code", "sentence", "fields"})
    assert field is None or list(error["fields"]) == [field]
    assert (await world.store.case(OWN)).version == 1


async def test_reply_note_and_withdrawal(world: Any) -> None:
    """An answer is written, shown, taken back; a note stands in the conversation."""
    client = await _api(world)
    answer = await client.post(f"/api/v1/cases/{OWN}/replies", json={"text": "We look for it."})
    item = await answer.json()
    assert (answer.status, item["row"]["state"]) == (201, "pending")
    assert (await client.post(f"/api/v1/cases/{OWN}/notes", json={"text": "Asked the carrier"})).status == 201
    taken = await (await client.post(f"/api/v1/outbox/{item['row']['id']}/withdraw")).json()
    assert taken["row"]["state"] == "withdrawn"
    conversation = (await (await client.get(f"/api/v1/cases/{OWN}")).json())["conversation"]
    assert sorted(entry["direction"] for entry in conversation) == ["in", "note", "out"]


async def test_approval_binds_to_the_text(world: Any) -> None:
    """An older digest is refused after an edit; the author never approves."""
    await world.add_case("X3333-CCCCC", channel="x")
    author, other = await _api(world, "anna"), await _api(world, "ben")
    item = await (await author.post("/api/v1/cases/X3333-CCCCC/replies", json={"text": "Sorry!"})).json()
    path = f"/api/v1/outbox/{item['row']['id']}"
    assert (await author.post(f"{path}/approve", json={"digest": item["digest"]})).status == 403
    edited = await (await author.patch(path, json={"text": "So sorry!"})).json()
    assert (await other.post(f"{path}/approve", json={"digest": item["digest"]})).status == 409
    waiting = await (await other.get("/api/v1/approvals")).json()
    assert [one["digest"] for one in waiting["items"]] == [edited["digest"]]
    approved = await (await other.post(f"{path}/approve", json={"digest": edited["digest"]})).json()
    assert (approved["row"]["state"], approved["row"]["approved_by"]) == ("pending", "ben")


async def test_parked_and_failed_sends_are_settled(world: Any) -> None:
    """Whoever looked says that it was sent."""
    row = await world.context.replies.submit(OWN, text="Hello", actor="anna")
    await world.park(row)
    client = await _api(world)
    listed = await (await client.get("/api/v1/outbox?state=parked&state=failed")).json()
    assert [item["row"]["id"] for item in listed["items"]] == [row.id]
    assert (await client.post(f"/api/v1/outbox/{row.id}/retry")).status == 409
    settled = await (await client.post(f"/api/v1/outbox/{row.id}/resolve", json={"was_sent": True})).json()
    assert settled["row"]["state"] == "sent"


async def test_quarantine_is_listed_fetched_and_tried_again(world: Any) -> None:
    """Managers see what could not be read and put it back."""
    raw = await world.add_quarantined()
    client = await _api(world, "mia")
    (item,) = (await (await client.get("/api/v1/quarantine")).json())["items"]
    assert (item["raw_id"], item["reason"]) == (raw, "unreadable <b>reason</b>")
    assert await (await client.get(f"/api/v1/quarantine/{raw}/raw")).read() == b"<script>raw</script>"
    assert (await client.post(f"/api/v1/quarantine/{raw}/retry")).status == 200
    assert (await (await client.get("/api/v1/quarantine")).json())["items"] == []


async def test_counts_are_of_what_the_user_sees(world: Any) -> None:
    """An agent's counts end at the own team; trouble is for those who may know."""
    anna = await (await (await _api(world)).get("/api/v1/counts")).json()
    mia = await (await (await _api(world, "mia")).get("/api/v1/counts")).json()
    assert {one["team"] for one in anna["queues"]} == {"delivery"}
    assert (anna["quarantine"], anna["trouble"]) == (None, None)
    assert {one["team"]: one["cases"] for one in mia["queues"] if one["cases"]} == {"delivery": 1, "billing": 1}
    assert (mia["quarantine"], mia["trouble"]) == (0, 0)


async def test_call_is_logged(world: Any) -> None:
    """A program of the switchboard can log calls as staff do."""
    answer = await (await _api(world)).post("/api/v1/calls", json={"summary": "The shop was closed"})
    assert (answer.status, (await answer.json())["receipt"]["reference"]) == (201, "7K2M9-QXA4B")
    assert (world.call.notes[0]["logged_by"], world.call.notes[0]["kind"]) == ("anna", "phone")


async def test_reload_tells_what_came_of_it(world: Any) -> None:
    """Administrators only."""
    answer = await (await (await _api(world, "root")).post("/api/v1/reload")).json()
    assert (answer["ok"], answer["digest"]) == (True, "abc")
    assert (await (await _api(world)).post("/api/v1/reload")).status == 404


async def test_browser_session_needs_the_form_token_to_write(world: Any) -> None:
    """With the cookie alone the API reads; to write it wants the header too."""
    client = await world.client("anna")
    body, headers = {"text": "note"}, {"Origin": client.origin}
    assert (await client.get("/api/v1/me")).status == 200
    assert (await client.post(f"/api/v1/cases/{OWN}/notes", json=body, headers=headers)).status == 403
    headers["X-CSRF-Token"] = client.csrf
    assert (await client.post(f"/api/v1/cases/{OWN}/notes", json=body, headers=headers)).status == 201


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/v1/nothing", 404), ("PUT", "/api/v1/cases", 405)])
async def test_unknown_addresses_answer_in_json(world: Any, method: str, path: str, status: int) -> None:
    """Programs never get a page for people."""
    answer = await (await _api(world)).request(method, path)
    assert (answer.status, set((await answer.json())["error"])) == (status, {"code", "sentence", "fields"})


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "unknown=1", "limit=1&limit=2", "state=gone"])
async def test_odd_parameters_are_refused(world: Any, query: str) -> None:
    """Unknown or impossible parameters are named, not ignored."""
    answer = await (await _api(world)).get(f"/api/v1/cases?{query}")
    error = (await answer.json())["error"]
    assert answer.status == 422
    assert error["fields"]
