# SPDX-License-Identifier: Apache-2.0
"""A signed webhook to the right team and back: acknowledged only after the commit, answered once, at any kill."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from router.testing.product import Product, make_installation
from router.testing.webhooks import WebhookSender, reply_receiver, webhook_secret

pytestmark = pytest.mark.slow

COMPLAINT = {
    "text": "You charged me twice for invoice 4711. I want the second payment back at once!",
    "subject": "Charged twice",
    "sender": {"id": "customer-1", "name": "Anna", "address": "anna@example.com"},
    "conversation": "order-4711",
    "language": "en",
}


def installation(tmp_path: Path, *, reply_url: str | None = None) -> Product:
    (tmp_path / "webhook-secret").write_text(webhook_secret(), encoding="utf-8")
    shop = {"kind": "webhook", "account": "shop", "secrets": [{"file": str(tmp_path / "webhook-secret")}]}
    return Product(
        make_installation(tmp_path / "config", channels=[shop | ({"reply_url": reply_url} if reply_url else {})])
    )


async def test_signed_complaint_is_routed_and_answered_once(tmp_path: Path) -> None:
    """The first 2xx names the case; repeats make no second one; the answer is posted once to reply_url."""
    async with reply_receiver() as shop:
        product = installation(tmp_path, reply_url=shop.url)
        product.add_user("aino", "billing")
        async with product:
            sender = WebhookSender(product.url)
            first = await sender.deliver("event-1", COMPLAINT)
            again = await sender.deliver("event-1", COMPLAINT)
            [case] = await product.cases(user="aino")
            assert first == {"id": "event-1", "reference": case["id"], "duplicate": False}
            assert again == first | {"duplicate": True}
            assert (case["channel"], case["team"], case["type"]) == ("webhook", "billing", "billing")
            [acknowledgement] = await shop.wait_for(1, automatic=True)
            assert case["id"] in acknowledgement["text"]
            shop.statuses.append(503)  # the other side is busy for a moment
            await product.api("POST", f"/cases/{case['id']}/replies", user="aino", text="We have paid it back.")
            [reply] = await shop.wait_for(1, seconds=40)
            assert (reply["text"], reply["case_id"]) == ("We have paid it back.", case["id"])
            assert (reply["conversation"], reply["to"]["id"]) == ("order-4711", "customer-1")
            await sender.deliver("event-2", COMPLAINT | {"text": "Thank you, that was quick."})
            await asyncio.sleep(1)
            [case] = await product.cases(user="aino")
            seen = await product.api("GET", f"/cases/{case['id']}", user="aino")
            assert [entry["direction"] for entry in seen["conversation"]].count("in") == 2
            assert await product.stop() == 0
        assert len(shop.taken) == 2  # one acknowledgement, one answer
        assert shop.refused == 0
        assert "charged" not in product.log()


async def test_wrong_signature_is_refused_and_kept_out(tmp_path: Path) -> None:
    """Another secret, changed bytes, a body too large and nonsense: each its status, and no case of any."""
    product = installation(tmp_path)
    product.add_user("boss", role="manager")
    async with product:
        good, stranger = WebhookSender(product.url), WebhookSender(product.url, secret=webhook_secret("x"))
        assert (await stranger.post("event-1", COMPLAINT))[0] == 401
        assert (await good.post("event-2", b"[]"))[0] == 422
        assert (await good.post("event-3", b"{"))[0] == 400
        assert (await good.post("event-4", {"text": "x" * 1_100_000}))[0] == 413
        async with aiohttp.ClientSession() as session, session.post(good.address, json=COMPLAINT) as answer:
            assert answer.status == 401
        first = await good.deliver("event-5", COMPLAINT)
        assert not first["duplicate"]
        cases = await product.cases(user="boss")
        assert [case["id"] for case in cases] == [first["reference"]]
        seen = await product.api("GET", f"/cases/{first['reference']}", user="boss")
        assert seen["capabilities"]["reply"] == []
        await product.api("POST", f"/cases/{first['reference']}/replies", user="boss", status=422, text="Hello")


async def test_sender_retries_over_kills_and_one_case_each_is_made(tmp_path: Path) -> None:
    """Killed at one place after another while a message is under way, the sender repeats until 2xx; one case each."""
    failpoints = ["hook.after_verify", "hook.before_2xx", "hook.after_2xx", "db.before_commit:8", "db.after_commit:9"]
    async with reply_receiver() as shop:
        product = installation(tmp_path, reply_url=shop.url)
        product.add_user("aino", "billing")
        sending: list[asyncio.Task[dict[str, Any]]] = []
        for number, failpoint in enumerate(failpoints):
            await product.start(wait=False, environment={"COMPLAINT_ROUTER_FAILPOINT": failpoint})
            sender = WebhookSender(product.url)
            complaint = COMPLAINT | {"sender": {"address": f"anna{number}@example.com"}, "conversation": ""}
            sending.append(asyncio.create_task(sender.deliver(f"event-{number}", complaint)))
            assert await product.wait_dead() < 0, failpoint
        async with product:
            said = await asyncio.gather(*sending)
            cases = await product.cases(user="aino", count=len(failpoints))
            assert sorted(case["id"] for case in cases) == sorted(one["reference"] for one in said)
            assert any(one["duplicate"] for one in said)  # once it died between commit and answer
            await shop.wait_for(len(failpoints), automatic=True)
        assert {len(case["messages"]) for case in product.command_cases()} == {1}
    assert len(shop.replies) == len(failpoints)


async def test_kills_during_a_reply_deliver_it_again_under_the_same_id(tmp_path: Path) -> None:
    """The other side knows replies by webhook-id, so one of unknown outcome is sent again, never lost nor doubled."""
    async with reply_receiver() as shop:
        product = installation(tmp_path, reply_url=shop.url)
        product.add_user("aino", "billing")
        async with product:
            await WebhookSender(product.url).deliver("event-1", COMPLAINT)
            [case] = await product.cases(user="aino")
            await shop.wait_for(1, automatic=True)

        def sent() -> list[str]:
            return [id_ for id_, said in shop.taken if not said["automatic"]]

        await product.start(environment={"COMPLAINT_ROUTER_FAILPOINT": "reply.before_send"})
        with suppress(aiohttp.ClientError):  # it may die while it answers the agent
            await product.api("POST", f"/cases/{case['id']}/replies", user="aino", text="We have paid it back.")
        assert await product.wait_dead() < 0
        assert sent() == []
        for times, failpoint in ((1, "reply.after_send_before_record"), (2, "reply.after_record")):
            await product.start(wait=False, environment={"COMPLAINT_ROUTER_FAILPOINT": failpoint})
            assert await product.wait_dead() < 0
            assert len(sent()) == times
        async with product:
            await asyncio.sleep(1.5)  # a turn of the sender
            seen = await product.api("GET", f"/cases/{case['id']}", user="aino")
            out = [entry for entry in seen["conversation"] if entry["direction"] == "out"]
            assert [entry["delivery"] for entry in out] == ["sent", "sent"]
        assert len(sent()) == 2
        assert len(set(sent())) == 1
