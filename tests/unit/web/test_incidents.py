# SPDX-License-Identifier: Apache-2.0
"""Incidents on pages and over the API: who sees which, what an update would do, and what people decide of them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from router.incidents.fanout import Fanout
from router.incidents.records import Incident
from router.incidents.settings import IncidentSettings
from router.schema import Party
from router.testing.incidents import make, put_complaints

SETTINGS = IncidentSettings(minimum=5)


@pytest.fixture
async def stormy(world: Any) -> Any:
    """Fifteen complaints name one product, among others: nine mails and three posts to Delivery, three to Billing."""
    words = ("invoice", "refund", "card", "bank", "page", "login")
    others = [make(f"o{n}", world.clock.now(), f"{words[n % 6]} {n}", kind="billing", language="en") for n in range(30)]
    await put_complaints(world.store, others)
    for n in range(15):
        await world.add_case(
            f"S{n:04}-STORM",
            team="billing" if n >= 12 else "delivery",
            channel="x" if 9 <= n < 12 else "email",
            sender=Party(id=f"u{n}", name=f"Person {n}", address=f"p{n}@example.org"),
            message={"fields": {"product": "Kettle K2"}},
        )
    await world.store.watch_incidents(SETTINGS, now=world.clock.now(), limit=500)
    return world


async def incident_of(world: Any) -> Incident:
    [found] = await world.store.incidents()
    return found  # type: ignore[no-any-return]


async def page(world: Any, user: str, path: str) -> str:
    answer = await (await world.client(user)).get(path)
    assert answer.status == 200, path
    return str(await answer.text())


async def test_list_and_page_show_only_own_cases(stormy: Any) -> None:
    """The list says what joins them and how many; the page shows the cases of the asker's teams alone."""
    incident = await incident_of(stormy)
    assert incident.teams == {"delivery": 12, "billing": 3}
    listed = await page(stormy, "anna", "/incidents")
    assert incident.id in listed
    assert "kettle k2" in listed
    assert "12 yours" in listed
    shown = await page(stormy, "anna", f"/incidents/{incident.id}")
    assert shown.count("data-row") == 12
    assert "S0013-STORM" not in shown
    assert (await page(stormy, "mia", f"/incidents/{incident.id}")).count("data-row") == 15


async def test_incident_of_others_is_not_found(stormy: Any) -> None:
    """Without a case of one's own there is no such incident; administrators read no complaint."""
    incident = await incident_of(stormy)
    for n in range(12, 15):
        await stormy.store.place_case(f"S{n:04}-STORM", incident_id=None, actor="mia")
    for user in ("otto", "root"):
        for path in (f"/incidents/{incident.id}", f"/api/v1/incidents/{incident.id}"):
            assert (await (await stormy.client(user)).get(path)).status == 404
        body = {"texts": {"en": "Sorry."}}
        for what in ("updates", "preview"):
            path = f"/api/v1/incidents/{incident.id}/{what}"
            sent = await (await stormy.client()).post(path, json=body, headers=await stormy.bearer(user))
            assert sent.status == 404
    assert "INC-" not in await page(stormy, "otto", "/incidents")
    assert (await (await stormy.client("root")).get("/incidents")).status == 404
    assert await stormy.store.incident_updates(incident.id) == []


async def test_queue_and_case_tell_of_the_incident(stormy: Any) -> None:
    """The queue has a banner with the cases of that team, a member case a link; others have neither."""
    incident = await incident_of(stormy)
    link = f'href="/incidents/{incident.id}"'
    assert "<b>12 cases</b>" in await page(stormy, "anna", "/queues/delivery")
    assert "<b>3 cases</b>" in await page(stormy, "otto", "/queues/billing")
    assert link in await page(stormy, "anna", "/cases/S0001-STORM")
    assert link not in await page(stormy, "anna", "/cases/D1111-AAAAA")
    await stormy.store.close_incident(incident.id, actor="mia")
    assert "storm-banner" not in await page(stormy, "anna", "/queues/delivery")


async def test_update_is_shown_before_it_is_sent(stormy: Any) -> None:
    """The first step shows channels and languages and keeps nothing; the second keeps it once, for the own teams."""
    incident = await incident_of(stormy)
    client, path = await stormy.client("anna"), f"/incidents/{incident.id}/updates"
    shown = await (await stormy.post(client, path, **{"text-en": "We <b>are</b> on it."})).text()
    assert "waits for a colleague" in shown
    assert "We &lt;b&gt;are&lt;/b&gt; on it." in shown
    assert "Send to 12 cases" in shown
    assert await stormy.store.incident_updates(incident.id) == []
    for _ in range(2):
        form = {"text-en": "We <b>are</b> on it.", "confirm": "yes"}
        assert (await stormy.post(client, path, **form)).status == 303
    [kept] = await stormy.store.incident_updates(incident.id)
    assert (kept.texts, kept.teams, kept.actor) == ({"en": "We <b>are</b> on it."}, ("delivery",), "anna")


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [({"text-fi": "Hei"}, "needs a text in en"), ({"text-en": "a", "text-xx": "b"}, "no such language")],
)
async def test_update_with_a_mistake_keeps_what_was_written(stormy: Any, texts: dict[str, str], sentence: str) -> None:
    """A text for everybody else is needed, in languages that exist here; what was typed is still there."""
    incident = await incident_of(stormy)
    answer = await stormy.post(await stormy.client("mia"), f"/incidents/{incident.id}/updates", **texts)
    body = await answer.text()
    assert answer.status == 422
    assert sentence in body
    assert await stormy.store.incident_updates(incident.id) == []


async def test_preview_counts_what_is_too_long(stormy: Any) -> None:
    """Over the API, each line has channel, language, fate and count; a post has 280 signs at most."""
    incident = await incident_of(stormy)
    body = {"texts": {"en": "x" * 300}}
    path = f"/api/v1/incidents/{incident.id}/preview"
    answer = await (await stormy.client()).post(path, json=body, headers=await stormy.bearer("mia"))
    assert (await answer.json())["lines"] == [
        {"channel": "email", "language": "en", "fate": "sent", "cases": 12},
        {"channel": "x", "language": "en", "fate": "too_long", "cases": 3},
    ]


async def test_only_who_sees_all_cases_ends_or_mutes(stormy: Any) -> None:
    """An agent of one team answers its cases, but ends and mutes nothing for others; a manager does, and undoes it."""
    incident = await incident_of(stormy)
    anna, mia = await stormy.client("anna"), await stormy.client("mia")
    for what, form in (("close", {}), ("mute", {"minutes": "60"}), ("unmute", {}), ("reopen", {})):
        assert (await stormy.post(anna, f"/incidents/{incident.id}/{what}", **form)).status == 403
    await stormy.post(mia, f"/incidents/{incident.id}/mute", minutes="60")
    muted = await incident_of(stormy)
    assert (muted.muted_by, muted.muted_until) == ("mia", stormy.clock.now() + timedelta(hours=1))
    assert "muted by Mia" in await page(stormy, "anna", f"/incidents/{incident.id}")
    assert "muted" in await page(stormy, "anna", "/queues/delivery")
    await stormy.post(mia, f"/incidents/{incident.id}/unmute")
    await stormy.post(mia, f"/incidents/{incident.id}/close")
    assert (await incident_of(stormy)).closed_by == "mia"
    assert incident.id in await page(stormy, "anna", "/incidents?state=over")
    await stormy.post(mia, f"/incidents/{incident.id}/reopen")
    assert (await incident_of(stormy)).state == "open"
    trail = [(row.actor, row.action) for row in await stormy.store.audit(limit=1000) if row.actor == "mia"]
    assert [action for _, action in trail] == [
        "incident_muted", "incident_unmuted", "incident_resolved", "incident_reopened",
    ]  # fmt: skip


@pytest.mark.parametrize("minutes", ["0", "-5", "9999999999", "soon", ""])
async def test_mute_wants_a_time(stormy: Any, minutes: str) -> None:
    """No time, or one that is none, mutes nothing."""
    incident = await incident_of(stormy)
    answer = await stormy.post(await stormy.client("mia"), f"/incidents/{incident.id}/mute", minutes=minutes)
    assert answer.status == 422
    assert (await incident_of(stormy)).muted_until is None


async def test_cases_are_taken_out_and_put_in(stormy: Any) -> None:
    """What does not belong is taken out on its own page; what is missing is added; foreign cases are not found."""
    incident = await incident_of(stormy)
    anna, path = await stormy.client("anna"), f"/incidents/{incident.id}/cases"
    left = await stormy.post(anna, f"{path}?from=case", case="S0001-STORM", leave="yes")
    assert left.headers["Location"] == "/cases/S0001-STORM?done=case_left"
    assert await stormy.store.incident_of("S0001-STORM") is None
    assert (await stormy.post(anna, path, case="S0001-STORM", leave="yes")).status == 404
    assert (await stormy.post(anna, path, case=" d1111-aaaaa ")).status == 303
    assert (await stormy.store.incident_of("D1111-AAAAA")).id == incident.id
    for foreign in ("B2222-BBBBB", "NOTHING"):
        assert (await stormy.post(anna, path, case=foreign)).status == 404
    assert (await incident_of(stormy)).cases == 15


async def test_update_is_stopped_by_its_author(stormy: Any) -> None:
    """Others of the team cannot stop it, its author and a manager can."""
    incident = await incident_of(stormy)
    headers = await stormy.bearer("anna")
    client, path = await stormy.client(), f"/api/v1/incidents/{incident.id}/updates"
    made = await client.post(path, json={"texts": {"en": "On it."}}, headers=headers)
    assert made.status == 201
    assert (await made.json())["update"]["number"] == 1
    again = await client.post(path, json={"texts": {"en": "On it."}}, headers=headers)
    assert (await again.json())["update"]["number"] == 1
    assert (await client.post(f"{path}/1/stop", headers=await stormy.bearer("ben"))).status == 403
    stopped = await client.post(f"{path}/1/stop", headers=headers)
    assert (await stopped.json())["update"]["stopped_by"] == "anna"
    assert (await client.post(f"{path}/7/stop", headers=headers)).status == 404


async def test_api_tells_what_the_page_tells(stormy: Any) -> None:
    """List, detail with own cases page by page, mute and close, and a case that names its incident."""
    client, headers = await stormy.client(), await stormy.bearer("mia")
    [item] = (await (await client.get("/api/v1/incidents", headers=headers)).json())["incidents"]
    assert (item["cases"], item["own_cases"], item["keys"]) == (15, 15, ["f:product:kettle k2"])
    path = f"/api/v1/incidents/{item['id']}"
    detail = await (await client.get(f"{path}?limit=10", headers=headers)).json()
    assert (len(detail["cases"]), detail["more"], detail["counts"]["channel"]) == (10, True, {"email": 12, "x": 3})
    own = await (await client.get(path, headers=await stormy.bearer("otto"))).json()
    assert (len(own["cases"]), own["incident"]["own_cases"]) == (3, 3)
    case = await (await client.get("/api/v1/cases/S0001-STORM", headers=headers)).json()
    assert case["incident"] == item["id"]
    muted = await (await client.post(f"{path}/mute", json={"minutes": 5}, headers=headers)).json()
    assert (muted["muted"], muted["muted_by"]) == (True, "mia")
    assert (await client.post(f"{path}/close", headers=headers)).status == 200
    assert (await client.post(f"{path}/close", headers=headers)).status == 409
    assert (await (await client.get("/api/v1/incidents", headers=headers)).json())["incidents"] == []
    gone = await (await client.delete(f"{path}/cases/S0001-STORM", headers=headers)).json()
    assert gone["cases"] == 14


async def test_second_person_approves_all_that_wait(stormy: Any) -> None:
    """The public answers of an update go with one decision of somebody else who read these texts; what a colleague
    changed meanwhile waits on."""
    incident, store = await incident_of(stormy), stormy.store
    texts = {"en": "We are on it."}
    await store.add_incident_update(incident.id, texts=texts, default_language="en", actor="anna", teams=("delivery",))
    await Fanout(store, stormy.context.replies).step()
    rows = await store.outbox_rows(states=["awaiting_approval"])
    assert {row.case_id for row in rows} == {f"S{n:04}-STORM" for n in range(9, 12)}
    await stormy.context.replies.edit(rows[0].id, text="We are <3 it.", actor="ben")
    anna, ben = await stormy.client("anna"), await stormy.client("ben")
    shown = await page(stormy, "ben", f"/incidents/{incident.id}")
    assert "Approve the 2 that wait" in shown
    assert "A colleague has to approve 2" in await page(stormy, "anna", f"/incidents/{incident.id}")
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', shown)
    assert digest is not None
    path = f"/incidents/{incident.id}/updates/1/approve"
    assert (await stormy.post(anna, path, digest=digest[1])).status == 403
    assert (await stormy.post(ben, path, digest="0" * 64)).status == 409
    assert (await stormy.post(await stormy.client("otto"), path, digest=digest[1])).status == 303  # sees none of them
    assert len(await store.outbox_rows(states=["awaiting_approval"])) == 3
    body, headers = {"digest": digest[1]}, await stormy.bearer("ben")
    done = await (await stormy.client()).post(f"/api/v1{path}", json=body, headers=headers)
    assert await done.json() == {"approved": 2}
    [left] = await store.outbox_rows(states=["awaiting_approval"])
    assert left.id == rows[0].id
