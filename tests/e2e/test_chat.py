# SPDX-License-Identifier: Apache-2.0
"""A Telegram update and an X mention, through the real client libraries, to the right team and back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from router.testing.product import Product, make_installation
from router.testing.servers.telegram import TOKEN, TelegramServer
from router.testing.servers.x import KEYS, XServer

pytestmark = pytest.mark.slow


def secrets(tmp_path: Path, **values: str) -> dict[str, Any]:
    """Each value in a file of its own, as the configuration wants secrets."""
    for name, value in values.items():
        (tmp_path / name).write_text(value, encoding="utf-8")
    return {name: {"file": str(tmp_path / name)} for name in values}


async def until(condition: Any, *, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


async def test_telegram_complaint_is_routed_and_answered(tmp_path: Path) -> None:
    """An update sent twice makes one case; the answer goes to the same chat."""
    async with TelegramServer() as server:
        channel = {"kind": "telegram", "account": "bot", "base_url": server.base_url, **secrets(tmp_path, token=TOKEN)}
        product = Product(make_installation(tmp_path / "config", channels=[channel]))
        product.add_user("aino", "billing")
        async with product:
            update = server.update(
                message=server.message("Minua on veloitettu kahdesti samasta laskusta, haluan rahat takaisin!")
            )
            await server.push(update)
            await server.push(update)
            [case] = await product.cases(user="aino")
            assert (case["channel"], case["language"], case["kind"]) == ("telegram", "fi", "complaint")
            await until(lambda: len(server.sent) >= 1)
            await product.api("POST", f"/cases/{case['id']}/replies", user="aino", text="Tarkistamme laskun heti.")
            await until(lambda: any(sent["text"] == "Tarkistamme laskun heti." for sent in server.sent))
            await asyncio.sleep(0.5)
            assert len(await product.cases(user="aino")) == 1
        assert {str(sent["chat_id"]) for sent in server.sent} == {"501"}
        assert len(server.sent) == 2  # one acknowledgement, one answer


async def test_x_mention_is_answered_in_public_after_approval(tmp_path: Path) -> None:
    """A public mention waits in the social queue; the reply leaves only after a second person approved it."""
    async with XServer() as server:
        server.person()
        channel = {
            "kind": "x", "account": "brand", "base_url": server.base_url, "poll_seconds": 1, "direct_messages": False,
            **secrets(tmp_path, **KEYS),
        }  # fmt: skip
        product = Product(make_installation(tmp_path / "config", channels=[channel]))
        product.add_user("aino", "social")
        product.add_user("eero", "social")
        async with product:
            mention = await server.mention("@acme_example my parcel never arrived and nobody answers, three weeks now!")
            [case] = await product.cases(user="aino")
            assert (case["team"], case["visibility"], case["channel"]) == ("social", "public", "x")
            path = f"/cases/{case['id']}/replies"
            waiting = await product.api("POST", path, user="aino", text="Sorry! We are looking into it.")
            approve = f"/outbox/{waiting['row']['id']}/approve"
            await product.api("POST", approve, user="aino", status=403, digest=waiting["digest"])
            assert server.posted == []
            await product.api("POST", approve, user="eero", digest=waiting["digest"])
            await until(lambda: server.posted)
        assert len(server.posted) == 1
        assert server.posted[0]["text"] == "Sorry! We are looking into it."
        assert server.posted[0]["reply"]["in_reply_to_tweet_id"] == mention["id"]
