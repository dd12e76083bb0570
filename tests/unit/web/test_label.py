# SPDX-License-Identifier: Apache-2.0
"""The page and the operations for labelling: what is offered to whom, and what an answer leaves behind."""

from typing import Any

import pytest

from router.learning.records import PersonLabels


async def test_label_page_offers_and_keeps(world: Any) -> None:
    """An agent sees a message of the own team with its likely answers, answers, and the case stays as it is."""
    client = await world.client("anna")
    page = await (await client.get("/label")).text()
    assert "My parcel is lost." in page
    assert 'value="complaint/delivery" data-key="1"' in page
    assert "B2222" not in page
    done = await world.post(
        client, "/label", source_key="email:support:D1111-AAAAA", answer="request/billing", urgency="low"
    )
    assert done.status == 303
    [kept] = await world.store.corrections("D1111-AAAAA")
    assert (kept.via, kept.actor, kept.labels.kind, kept.labels.type, kept.labels.urgency) == (
        "label", "anna", "request", "billing", "low",
    )  # fmt: skip
    assert (await world.store.case("D1111-AAAAA")).kind == "complaint"
    assert "Nothing waits for a label." in await (await client.get("/label")).text()


async def test_label_page_skips(world: Any) -> None:
    """A message that was put off makes room for the next."""
    client = await world.client("mia")
    first = await (await client.get("/label")).text()
    key = "D1111AAAAA" if "D1111-AAAAA" in first else "B2222BBBBB"
    second = await (await client.get(f"/label?skip={key}")).text()
    assert ("D1111-AAAAA" in first) != ("D1111-AAAAA" in second)


@pytest.mark.parametrize(
    ("answer", "status"), [("complaint/nonsense", 422), ("complaint/", 422), ("shout/delivery", 422), ("other/", 303)]
)
async def test_label_page_checks_answer(world: Any, answer: str, status: int) -> None:
    """A kind or type that does not exist here is refused in words; praise and other need no type."""
    client = await world.client("anna")
    done = await world.post(client, "/label", source_key="email:support:D1111-AAAAA", answer=answer)
    assert done.status == status
    assert len(await world.store.corrections("D1111-AAAAA")) == (status == 303)


async def test_label_of_foreign_message_is_not_found(world: Any) -> None:
    """A message of another team's case is as if it did not exist, for pages and API; administrators label nothing."""
    client = await world.client("anna")
    foreign = "email:support:B2222-BBBBB"
    assert (await world.post(client, "/label", source_key=foreign, answer="other/")).status == 404
    body = {"source_key": foreign, "kind": "other"}
    assert (await client.post("/api/v1/labels", json=body, headers=await world.bearer("anna"))).status == 404
    assert (await client.get("/api/v1/labels/next", headers=await world.bearer("root"))).status == 404
    assert (await (await world.client("root")).get("/label")).status == 404
    assert await world.store.corrections("B2222-BBBBB") == []


async def test_label_needs_csrf(world: Any) -> None:
    """A form from elsewhere changes nothing."""
    client = await world.client("anna")
    form = {"csrf": "wrong", "source_key": "email:support:D1111-AAAAA", "answer": "other/"}
    assert (await client.post("/label", data=form, headers={"Origin": client.origin})).status == 403


async def test_label_by_api(world: Any) -> None:
    """A program gets the offers, labels one, and reads what was said of the case."""
    client, who = await world.client(), await world.bearer("anna")
    [offer] = (await (await client.get("/api/v1/labels/next", headers=who)).json())["offers"]
    assert offer["answers"][0] == {
        "kind": "complaint", "type": "delivery", "urgency": None, "team": None, "queue": None,
    }  # fmt: skip
    body = {"source_key": offer["source_key"], "kind": "complaint", "type": "refund"}
    assert (await client.post("/api/v1/labels", json=body, headers=who)).status == 201
    wrong = {**body, "kind": "praise"}
    assert (await client.post("/api/v1/labels", json=wrong, headers=who)).status == 422
    listed = await (await client.get("/api/v1/cases/D1111-AAAAA/corrections", headers=who)).json()
    assert [one["labels"]["type"] for one in listed["corrections"]] == ["refund"]


async def test_change_on_case_page_is_kept_and_shown(world: Any) -> None:
    """A label changed on the page of a case is kept beside what the model said, and the page shows who said it."""
    client = await world.client("anna")
    done = await world.post(client, "/cases/D1111-AAAAA", version="1", type="refund", urgency="critical")
    assert done.status == 303
    [kept] = await world.store.corrections("D1111-AAAAA")
    assert (kept.labels.type, kept.labels.urgency, kept.said.type, kept.actor) == (
        "refund",
        "critical",
        "delivery",
        "anna",
    )
    page = await (await client.get("/cases/D1111-AAAAA")).text()
    assert "Anna says" in page


async def test_change_by_api_is_kept(world: Any) -> None:
    """The same over the API."""
    client, who = await world.client(), await world.bearer("anna")
    body = {"version": 1, "kind": "request"}
    assert (await client.patch("/api/v1/cases/D1111-AAAAA", json=body, headers=who)).status == 200
    [kept] = await world.store.corrections("D1111-AAAAA")
    assert (kept.labels.kind, kept.via) == ("request", "case")


async def test_trouble_page_tells_drift(world: Any) -> None:
    """Whoever sees trouble is told of drift, in words."""
    from router.learning.records import DriftReport, Week

    cell = {"cell": "channel:email", "alarms": ["unsure"], "psi": {}}
    week = Week(until=world.clock.now(), messages=80, unsure={"all": 0.5}, cells=(cell,))
    report = DriftReport(model="m", origin="messages", weeks=(week,))
    object.__setattr__(world.context, "drift", lambda: report)
    page = await (await (await world.client("mia")).get("/trouble")).text()
    assert "unlike those the model was made for: channel:email: unsure" in page


async def test_last_answer_is_given_again(world: Any) -> None:
    """A slip of the finger is put right: the message comes back with what was said, and the new answer counts."""
    client = await world.client("anna")
    key = "email:support:D1111-AAAAA"
    done = await world.post(client, "/label", source_key=key, answer="praise/", urgency="high")
    page = await (await client.get(done.headers["Location"])).text()
    assert "again=D1111-AAAAA" in page
    again = await (await client.get("/label?again=D1111-AAAAA")).text()
    assert "My parcel is lost." in again
    assert "You said: <b>praise · high</b>" in again
    assert "<option selected>high</option>" in again
    await world.post(client, "/label", source_key=key, answer="complaint/delivery", urgency="normal")
    assert [one.labels.kind for one in await world.store.corrections("D1111-AAAAA")] == ["praise", "complaint"]


@pytest.mark.parametrize("case", ["D1111-AAAAA", "B2222-BBBBB", "NOTHERE"])
async def test_only_own_answers_are_given_again(world: Any, case: str) -> None:
    """What the user did not label, or may not see, is not there."""
    await world.store.put_label("email:support:B2222-BBBBB", PersonLabels(kind="other"), actor="anna")
    client = await world.client("anna")
    assert (await client.get(f"/label?again={case}")).status == 404
