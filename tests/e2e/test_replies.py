# SPDX-License-Identifier: Apache-2.0
"""Answers leave once: by mail over any kill or broken line, and in public only as a second person approved them."""

import asyncio
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import aiosmtplib
import pytest

from router.testing.product import Product, make_installation
from router.testing.servers import free_port
from router.testing.servers.mailsink import MailSink, mail_sink
from router.testing.webhooks import WebhookSender, reply_receiver, webhook_secret

pytestmark = pytest.mark.slow


class Desk:
    """The product with one mail account, the customer who writes to it, and the agent who answers."""

    def __init__(self, tmp_path: Path, customer: MailSink) -> None:
        self.port, self.customer = free_port(), customer
        mail = {
            "kind": "email", "account": "support", "address": "support@example.org",
            "reply_address": "support+{token}@example.org",
            "listener": {"port": self.port}, "smtp": {"host": "127.0.0.1", "port": customer.port, "tls": "none"},
        }  # fmt: skip
        self.product = Product(make_installation(tmp_path / "config", channels=[mail]))
        self.product.add_user("aino", "delivery")

    async def write(
        self, text: str = "Where is my parcel? It never came.", *, name: str = "first", **more: str
    ) -> None:
        mail = EmailMessage()
        for header, value in {
            "From": "anna@example.com", "To": "support@example.org", "Subject": "Parcel",
            "Message-ID": f"<{name}@example.com>", **{key.replace("_", "-"): value for key, value in more.items()},
        }.items():  # fmt: skip
            mail[header] = value
        mail.set_content(text)
        await aiosmtplib.send(mail, hostname="127.0.0.1", port=self.port, start_tls=False, timeout=20)

    async def complaint(self) -> str:
        """A case whose acknowledgement has left; its id."""
        await self.write()
        [case] = await self.product.cases(user="aino")
        await self.customer.wait_for(1)
        await self.answer_state(case["id"], "sent")
        return str(case["id"])

    async def answer(self, case_id: str, text: str = "We are looking for it.") -> None:
        """The agent answers; the product may die while it says yes."""
        with suppress(aiohttp.ClientError):
            await self.product.api("POST", f"/cases/{case_id}/replies", user="aino", text=text)

    async def answer_state(self, case_id: str, *states: str, seconds: float = 20) -> dict[str, Any]:
        """Wait until the newest outgoing entry is in one of the states; the entry."""
        async with asyncio.timeout(seconds):
            while True:
                seen = await self.product.api("GET", f"/cases/{case_id}", user="aino")
                out = [entry for entry in seen["conversation"] if entry["direction"] == "out"]
                if out and out[-1]["delivery"] in states:
                    return dict(out[-1])
                await asyncio.sleep(0.1)

    async def parked(self) -> dict[str, Any]:
        """The one row that waits for a person's word."""
        said = await self.product.api("GET", "/outbox?state=parked", user="aino")
        [item] = said["items"]
        return dict(item["row"])

    async def resolve(self, row: dict[str, Any], *, was_sent: bool) -> None:
        await self.product.api("POST", f"/outbox/{row['id']}/resolve", user="aino", was_sent=was_sent)

    @property
    def answers(self) -> list[Any]:
        """Mails that a person wrote, as they came to the customer."""
        return [mail.message for mail in self.customer.mails if not mail.message["Auto-Submitted"]]


async def test_mail_reply_over_kills_is_never_sent_twice(tmp_path: Path) -> None:
    """Where nobody can know whether it left, it waits for a person, and what the person says is done, once."""
    async with mail_sink() as customer:
        desk = Desk(tmp_path, customer)
        product = desk.product
        async with product:
            case_id = await desk.complaint()

        await product.start(environment={"COMPLAINT_ROUTER_FAILPOINT": "reply.before_send"})
        await desk.answer(case_id)
        assert await product.wait_dead() < 0

        await product.start(environment={"COMPLAINT_ROUTER_FAILPOINT": "reply.after_send_before_record"})
        await desk.answer_state(case_id, "parked")
        await asyncio.sleep(1.5)  # a turn of the sender: it leaves what is parked alone
        assert desk.answers == []
        with suppress(aiohttp.ClientError):
            await desk.resolve(await desk.parked(), was_sent=False)
        assert await product.wait_dead() < 0
        assert len(desk.answers) == 1

        await product.start(environment={"COMPLAINT_ROUTER_FAILPOINT": "reply.after_record"})
        await desk.answer_state(case_id, "parked")
        await asyncio.sleep(1.5)
        row = await desk.parked()
        await desk.resolve(row, was_sent=True)
        await desk.answer_state(case_id, "sent")
        await product.api("POST", f"/outbox/{row['id']}/resolve", user="aino", status=409, was_sent=False)
        assert len(desk.answers) == 1
        await desk.answer(case_id, "We have found it.")
        assert await product.wait_dead() < 0

        async with product:
            await desk.answer_state(case_id, "sent")
            first, second = desk.answers
            assert first.get_content().strip() == "We are looking for it."
            assert second.get_content().strip() == "We have found it."
            await desk.write("Thank you!", name="second", In_Reply_To=first["Message-ID"], Subject="Re: Parcel")
            async with asyncio.timeout(20):
                while True:
                    seen = await product.api("GET", f"/cases/{case_id}", user="aino")
                    if len([entry for entry in seen["conversation"] if entry["direction"] == "in"]) == 2:
                        break
                    await asyncio.sleep(0.1)
            assert seen["case"]["first_reply_at"] is not None
            assert len(await product.cases(user="aino")) == 1
            assert await product.stop() == 0
        assert len(desk.answers) == 2


async def test_mail_reply_with_a_broken_line_is_parked_and_a_refusal_is_tried_again(tmp_path: Path) -> None:
    """Cut after the last dot: unknown, so a person decides. Refused for now: the machine repeats."""
    async with mail_sink() as customer:
        desk = Desk(tmp_path, customer)
        async with desk.product:
            case_id = await desk.complaint()
            customer.mood = "cut"
            await desk.answer(case_id)
            await desk.answer_state(case_id, "parked")
            first = desk.answers[0]["Message-ID"]
            customer.mood = "good"
            await desk.resolve(await desk.parked(), was_sent=False)
            await desk.answer_state(case_id, "sent")
            assert [mail["Message-ID"] for mail in desk.answers] == [first, first]  # a mail client shows one
            customer.mood = "busy"
            await desk.answer(case_id, "One more thing.")
            await desk.answer_state(case_id, "pending")
            customer.mood = "good"
            await desk.answer_state(case_id, "sent")
            customer.mood = "rejected"
            await desk.answer(case_id, "And another.")
            failed = await desk.answer_state(case_id, "failed")
            assert "550" in failed["error"]
        assert len(desk.answers) == 3


async def test_term_while_sending_waits_for_the_outcome(tmp_path: Path) -> None:
    """Told to stop while the mail server takes its time, the product learns the outcome before it ends."""
    async with mail_sink() as customer:
        desk = Desk(tmp_path, customer)
        async with desk.product:
            case_id = await desk.complaint()
            await customer.arrived.acquire()  # the sink cannot finish taking a mail
            await desk.answer(case_id)
            await desk.answer_state(case_id, "attempting")
            stopping = asyncio.create_task(desk.product.stop())
            await asyncio.sleep(1)
            assert not stopping.done()
            customer.arrived.release()
            assert await stopping == 0
        async with desk.product:
            await desk.answer_state(case_id, "sent", seconds=5)
        assert len(desk.answers) == 1


async def test_public_reply_leaves_only_as_a_second_person_approved_it(tmp_path: Path) -> None:
    """The author cannot approve, an old digest is refused, an edit starts over; a kill on the way posts it once."""
    (tmp_path / "webhook-secret").write_text(webhook_secret(), encoding="utf-8")
    async with reply_receiver() as shop:
        channel = {
            "kind": "webhook", "account": "shop", "secrets": [{"file": str(tmp_path / "webhook-secret")}],
            "reply_url": shop.url,
        }  # fmt: skip
        product = Product(make_installation(tmp_path / "config", channels=[channel]))
        for name in ("aino", "eero"):
            product.add_user(name, "social")
        async with product:
            review = {"text": "Worst shop ever, nobody answers!", "sender": {"id": "r1"}, "rating": 1}
            said = await WebhookSender(product.url).deliver("review-1", review | {"visibility": "public"})
            [case] = await product.cases(user="aino")
            assert (case["team"], case["visibility"], case["urgency"]) == ("social", "public", "high")
            path = f"/cases/{said['reference']}/replies"
            first = await product.api("POST", path, user="aino", status=201, text="Sorry. Write to us, please.")
            row, old = first["row"]["id"], first["digest"]
            await product.api("POST", f"/outbox/{row}/approve", user="aino", status=403, digest=old)
            edited = await product.api("PATCH", f"/outbox/{row}", user="eero", text="We are sorry. Please write to us.")
            await product.api("POST", f"/outbox/{row}/approve", user="aino", status=409, digest=old)
            await product.api("POST", f"/outbox/{row}/approve", user="eero", status=403, digest=edited["digest"])
            withdrawn = await product.api("POST", path, user="aino", text="Never mind.")
            await product.api("POST", f"/outbox/{withdrawn['row']['id']}/withdraw", user="aino")
            again = {"user": "eero", "status": 409, "digest": withdrawn["digest"]}
            await product.api("POST", f"/outbox/{withdrawn['row']['id']}/approve", **again)
        await product.start(environment={"COMPLAINT_ROUTER_FAILPOINT": "lease.after_take"})
        assert (await product.api("GET", "/approvals", user="aino"))["items"][0]["row"]["id"] == row
        assert shop.taken == []
        with suppress(aiohttp.ClientError):
            await product.api("POST", f"/outbox/{row}/approve", user="aino", digest=edited["digest"])
        assert await product.wait_dead() < 0
        async with product:
            [reply] = await shop.wait_for(1)
            assert (reply["id"], reply["text"]) == (row, "We are sorry. Please write to us.")
            assert reply["visibility"] == "public"
        assert len(shop.taken) == 1
