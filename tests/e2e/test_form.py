# SPDX-License-Identifier: Apache-2.0
"""The complaint form as customers and programs use it: a reference at once, an answer by mail, and theirs to it."""

import asyncio
import re
from contextlib import suppress
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import aiosmtplib
import pytest

from router.testing.product import Product, make_installation
from router.testing.servers import free_port
from router.testing.servers.mailsink import MailSink, mail_sink

pytestmark = pytest.mark.slow

FORM = {
    "text": "Minulta on veloitettu lasku kahteen kertaan. Haluan rahani takaisin!",
    "order": "4711",
    "name": "Anna Mäkelä",
    "email": "anna@example.com",
}


def installation(tmp_path: Path, sink: MailSink) -> tuple[Product, int]:
    """A form whose answers leave by a mail account that also listens for mail; its listening port."""
    port = free_port()
    form = {"kind": "webform", "account": "site", "reply_via": "email:support", "min_seconds": 0, "per_address": 1000}
    mail = {
        "kind": "email", "account": "support", "address": "support@example.org", "from_name": "Example Shop",
        "reply_address": "support+{token}@example.org",
        "listener": {"port": port}, "smtp": {"host": "127.0.0.1", "port": sink.port, "tls": "none"},
    }  # fmt: skip
    return Product(make_installation(tmp_path / "config", channels=[form, mail])), port


async def open_form(session: aiohttp.ClientSession, **query: str) -> dict[str, str]:
    """What a browser without JavaScript would send back: the hidden fields of the page."""
    async with session.get("/forms/site", params=query) as answer:
        assert answer.status == 200
        page = await answer.text()
    assert "<script" not in page
    return {unescape(n): unescape(v) for n, v in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)}


async def send_form(session: aiohttp.ClientSession, values: dict[str, str]) -> tuple[int, str]:
    async with session.post("/forms/site", data=values) as answer:
        return answer.status, await answer.text()


async def send_until_cancelled(session: aiohttp.ClientSession, values: dict[str, str]) -> None:
    """As somebody who sees no answer and presses the button again."""
    while True:
        with suppress(aiohttp.ClientError, TimeoutError):
            await send_form(session, values)
        await asyncio.sleep(0.05)


def reference_on(page: str) -> str:
    found = re.search(r"<strong>([0-9A-Z]{5}-[0-9A-Z]{5})</strong>", page)
    assert found, page
    return found[1]


async def write(port: int, name: str, **headers: str) -> None:
    """The customer's own mail."""
    mail = EmailMessage()
    for header, value in {"From": "anna@example.com", "Message-ID": f"<{name}@example.com>", **headers}.items():
        mail[header] = value
    mail.set_content(f"Kiitos, odotan. {name}")
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=port, start_tls=False, timeout=20)


async def conversation(product: Product, case_id: str, *, count: int, direction: str) -> list[dict[str, Any]]:
    """Wait until so many entries go this way."""
    for _ in range(150):
        seen = await product.api("GET", f"/cases/{case_id}", user="aino")
        found = [entry for entry in seen["conversation"] if entry["direction"] == direction]
        if len(found) >= count and all(entry["delivery"] in (None, "", "sent") for entry in found):
            return found
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{len(found)} entries: {[entry['delivery'] for entry in found]}")


async def test_form_is_referenced_answered_by_mail_and_joined_by_the_answer(tmp_path: Path) -> None:
    """Sent twice it is one case under the reference shown; mail carries the answer out and the customer's words in."""
    async with mail_sink() as customer:
        product, port = installation(tmp_path, customer)
        product.add_user("aino", "billing")
        async with product, aiohttp.ClientSession(product.url) as session:
            form = FORM | await open_form(session, lang="fi")
            (status, page), (again, second) = await asyncio.gather(send_form(session, form), send_form(session, form))
            assert (status, again) == (201, 201)
            reference = reference_on(page)
            assert reference_on(second) == reference
            [case] = await product.cases(user="aino")
            assert (case["id"], case["channel"], case["team"]) == (reference, "webform", "billing")
            assert (case["language"], case["sender"]["name"]) == ("fi", "Anna Mäkelä")

            [acknowledgement] = await customer.wait_for(1)
            assert acknowledgement.recipients == ("anna@example.com",)
            assert reference in acknowledgement.text
            assert acknowledgement.message["Auto-Submitted"] == "auto-replied"
            await product.api("POST", f"/cases/{reference}/replies", user="aino", text="Palautamme rahat tänään.")
            _, answer = await customer.wait_for(2)
            assert answer.text == "Palautamme rahat tänään."
            assert answer.message["Message-ID"].endswith("@example.org>")
            assert answer.message["In-Reply-To"] is None  # a form has no Message-ID that a mail client would know
            assert answer.message["Subject"].strip()

            await write(port, "thanks0", To=answer.message["Reply-To"])
            await write(port, "thanks1", To="support@example.org", References=answer.message["Message-ID"])
            received = await conversation(product, reference, count=3, direction="in")
            assert [entry["message"]["channel"] for entry in received] == ["webform", "email", "email"]
            assert all(entry["verified"] for entry in received)
            sent = await conversation(product, reference, count=2, direction="out")
            assert {entry["delivery"] for entry in sent} == {"sent"}
            assert len(await product.cases(user="aino")) == 1

            await product.api("POST", f"/cases/{reference}/replies", user="aino", text="Rahat on palautettu.")
            last = (await customer.wait_for(3))[-1]
            assert last.message["In-Reply-To"] == "<thanks1@example.com>"
        assert len(customer.mails) == 3
        assert "veloitettu" not in product.log()
        assert "anna@example.com" not in product.log()


async def test_programs_send_json_and_mistakes_are_explained(tmp_path: Path) -> None:
    """JSON gets its reference as JSON; the same id and words are one case; mistakes name the field and make none."""
    async with mail_sink() as customer:
        product, _ = installation(tmp_path, customer)
        product.add_user("aino", "billing")
        async with product, aiohttp.ClientSession(product.url) as session:

            async def send(**values: str) -> tuple[int, dict[str, Any]]:
                async with session.post("/forms/site", json=values) as answer:
                    return answer.status, await answer.json()

            (first, said), (second, again) = await asyncio.gather(*[send(**FORM, id="app-1") for _ in range(2)])
            assert (first, second) == (201, 201)
            assert said == again
            status, wrong = await send(text="", email="nobody")
            assert (status, set(wrong["fields"])) == (422, {"text", "email"})
            blank = await open_form(session) | {"text": " ", "email": "anna@example.com"}
            status, page = await send_form(session, blank)
            assert status == 422
            assert "anna@example.com" in page  # what was typed is kept
            as_json = {"Content-Type": "application/json"}
            async with session.post("/forms/site", data=b"\xff\x00", headers=as_json) as answer:
                assert answer.status == 400
            [case] = await product.cases(user="aino")
            assert case["id"] == said["reference"]


async def test_form_without_address_promises_no_mail_and_offers_none(tmp_path: Path) -> None:
    """With a telephone number only, nothing is sent to it as if it were a mail address, and the agent is told."""
    async with mail_sink() as customer:
        product, _ = installation(tmp_path, customer)
        product.add_user("aino", "billing")
        async with product, aiohttp.ClientSession(product.url) as session:
            form = FORM | {"email": "", "phone": "+358 40 1234567"} | await open_form(session)
            assert (await send_form(session, form))[0] == 201
            [case] = await product.cases(user="aino")
            await asyncio.sleep(1.5)
            seen = await product.api("GET", f"/cases/{case['id']}", user="aino")
            assert [entry for entry in seen["conversation"] if entry["direction"] == "out"] == []
            assert seen["capabilities"]["reply"] == []
            await product.api("POST", f"/cases/{case['id']}/replies", user="aino", status=422, text="Hei!")
        assert customer.mails == []


async def test_form_sent_again_after_kills_is_one_case(tmp_path: Path) -> None:
    """A customer who saw an error sends the same page again, and again: the stamp still counts; there is one case."""
    async with mail_sink() as customer:
        product, _ = installation(tmp_path, customer)
        product.add_user("aino", "billing")
        async with aiohttp.ClientSession(product.url) as session:
            async with product:
                form = FORM | await open_form(session)
            for failpoint in ("db.before_commit:12", "form.before_201", "db.after_commit:12"):
                await product.start(wait=False, environment={"COMPLAINT_ROUTER_FAILPOINT": failpoint})
                sending = asyncio.create_task(send_until_cancelled(session, form))
                assert await product.wait_dead() < 0, failpoint
                sending.cancel()
                await asyncio.wait([sending])
            async with product:
                status, page = await send_form(session, form)
                assert status == 201
                [case] = await product.cases(user="aino")
                assert case["id"] == reference_on(page)
        assert len(customer.mails) <= 1  # none if it died while the acknowledgement was leaving
