# SPDX-License-Identifier: Apache-2.0
"""The Telegram channel against a Bot API server on loopback, through the real client library."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from channels.telegram.channel import TelegramChannel, create
from channels.telegram.config import Config
from channels.telegram.parse import parse
from router.errors import PermanentError, TransientError, UnknownOutcome
from router.interfaces import ChannelContext, Delivery, ParseOptions
from router.records import RawReceipt
from router.schema import Party, Reply
from router.testing.channels import make_context
from router.testing.servers.telegram import TelegramServer

SECRET = "loopback-secret_1"


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
def context(tmp_path: Path) -> ChannelContext:
    return make_context(tmp_path)


def make(server: TelegramServer, context: ChannelContext, **settings: Any) -> TelegramChannel:
    (context.data_dir / "token").write_text(server.token, encoding="utf-8")
    (context.data_dir / "secret").write_text(SECRET, encoding="utf-8")
    given = {"token": {"file": context.data_dir / "token"}, "base_url": server.base_url, "poll_seconds": 1} | settings
    return create("bot", Config.model_validate(given), context)


@pytest.fixture
async def channel(server: TelegramServer, context: ChannelContext) -> AsyncIterator[TelegramChannel]:
    channel = make(server, context)
    yield channel
    await channel.close()


def kept(delivery: Delivery) -> RawReceipt:
    return RawReceipt(raw_id=1, source_key=delivery.raw.source_key, reference="C1", duplicate=False)


def reply(text: str = "We found it.", **fields: Any) -> Reply:
    base = {"id": "r1", "case_id": "C1", "channel": "telegram", "account": "bot", "to": Party(id="501")}
    return Reply(**(base | {"text": text, "conversation": "501", "in_reply_to_native": "501/2"} | fields))


async def test_polling_offers_the_update_and_saves_the_offset_after_the_ack(
    server: TelegramServer, channel: TelegramChannel, context: ChannelContext
) -> None:
    """Nothing is confirmed before the ack; the next poll confirms what was acked."""
    update = await server.push(server.update(message=server.message("Paketti ei tullut.")))
    async with aclosing(channel.receive()) as stream:
        first = await anext(stream)
        assert first.raw.native_id == f"update/{update['update_id']}"
        assert parse(first.raw, ParseOptions())[0].text == "Paketti ei tullut."
        assert await context.cursors.get("update_id") is None
        await first.ack(kept(first))
        assert await context.cursors.get("update_id") == str(update["update_id"])
        await server.push(server.update(message=server.message("Missä se on?")))
        second = await anext(stream)
    assert [u["update_id"] for u in server.waiting] == [update["update_id"] + 1]
    assert parse(second.raw, ParseOptions())[0].text == "Missä se on?"


async def test_polling_cursor_moves_only_over_a_gapless_row(
    server: TelegramServer, channel: TelegramChannel, context: ChannelContext
) -> None:
    """Acks out of order do not skip an earlier update; a refused one is offered again, its neighbours are not."""
    numbers = [(await server.push(server.update(message=server.message(str(n)))))["update_id"] for n in range(3)]
    async with aclosing(channel.receive()) as stream:
        first, second, third = [await anext(stream) for _ in range(3)]
        await third.ack(kept(third))
        assert await context.cursors.get("update_id") is None
        await first.ack(kept(first))
        assert await context.cursors.get("update_id") == str(numbers[0])
        await second.refuse(RuntimeError("disk full"))
        again = await anext(stream)
        assert again.raw.source_key == second.raw.source_key
        await again.ack(kept(again))
        fresh = await server.push(server.update(message=server.message("new")))
        last = await anext(stream)
        assert last.raw.native_id == f"update/{fresh['update_id']}"


async def test_polling_catches_up_when_the_offset_could_not_be_saved(
    server: TelegramServer, channel: TelegramChannel, context: ChannelContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update whose offset was not saved is not offered again; its offset is saved at the next poll."""
    update = await server.push(server.update(message=server.message("one")))
    save = context.cursors.set

    async def fail(key: str, value: str) -> None:
        monkeypatch.setattr(context.cursors, "set", save)
        raise RuntimeError("database is locked")

    async with aclosing(channel.receive()) as stream:
        first = await anext(stream)
        monkeypatch.setattr(context.cursors, "set", fail)
        with pytest.raises(RuntimeError):
            await first.ack(kept(first))
        waiting = asyncio.ensure_future(anext(stream))
        async with asyncio.timeout(5):
            while await context.cursors.get("update_id") is None:
                await asyncio.sleep(0.01)
        assert await context.cursors.get("update_id") == str(update["update_id"])
        await server.push(server.update(message=server.message("two")))
        assert parse((await waiting).raw, ParseOptions())[0].text == "two"


async def test_polling_keeps_what_the_library_would_refuse(server: TelegramServer, channel: TelegramChannel) -> None:
    """A malformed update is offered raw and does not hold up the next one."""
    await server.push({"update_id": 1001, "message": {"message_id": "no chat, no date"}})
    await server.push({"no": "id"})
    await server.push(server.update(message=server.message("fine")))
    async with aclosing(channel.receive()) as stream:
        found = [await anext(stream) for _ in range(3)]
    assert found[0].raw.native_id == "update/1001"
    assert found[1].raw.native_id.startswith("malformed/")
    assert parse(found[2].raw, ParseOptions())[0].text == "fine"


async def test_polling_survives_an_outage(server: TelegramServer, channel: TelegramChannel) -> None:
    """Errors, hang-ups and nonsense are waited out; health tells of them until the source is well again."""
    server.fail_next("deleteWebhook", 500, "Internal Server Error")
    server.fail_next("getUpdates", 502, "Bad Gateway")
    server.fail_next("getUpdates", 429, "Too Many Requests: retry after 1", retry_after=1)
    server.answer_next("getUpdates", 429, b"slow down")
    server.answer_next("getUpdates", 200, b"<html>")
    server.answer_next("getUpdates", 200, {"ok": True, "result": 7})
    server.hang_up_next("getUpdates")
    server.fail_next("getUpdates", 409, "Conflict: terminated by other getUpdates request")
    await server.push(server.update(message=server.message("still here")))
    async with aclosing(channel.receive()) as stream:
        found = await anext(stream)
    assert parse(found.raw, ParseOptions())[0].text == "still here"
    assert (await channel.health()).ok


async def test_health_names_the_trouble(server: TelegramServer, context: ChannelContext) -> None:
    """A wrong token is said to be one, without repeating it."""
    channel = make(server, context)
    (context.data_dir / "token").write_text("999:wrong", encoding="utf-8")
    health = await channel.health()
    await channel.close()
    assert not health.ok
    assert "token" in health.detail
    assert "999" not in health.detail


async def test_send_answers_in_the_same_chat(server: TelegramServer, channel: TelegramChannel) -> None:
    """The text arrives as it stands, as an answer to the customer's message, with a receipt."""
    receipt = await channel.send(reply("Löysimme sen 📦"))
    (sent,) = server.sent
    assert (sent["chat_id"], sent["text"]) == ("501", "Löysimme sen 📦")
    assert '"message_id": 2' in sent["reply_parameters"]
    assert receipt.native_id.startswith("501/")


@pytest.mark.parametrize(
    ("status", "said", "wanted"),
    [
        (400, {"description": "Bad Request: chat not found"}, PermanentError),
        (400, {"description": "Bad Request: group chat was upgraded", "migrate_to_chat_id": -1005}, PermanentError),
        (401, {"description": "Unauthorized"}, TransientError),
        (403, {"description": "Forbidden: bot was blocked by the user"}, PermanentError),
        (404, {"description": "Not Found"}, TransientError),
        (409, {"description": "Conflict"}, TransientError),
        (429, {"description": "Too Many Requests: retry after 9", "retry_after": 9}, TransientError),
        (500, {"description": "Internal Server Error"}, UnknownOutcome),
        (502, {"description": "Bad Gateway"}, UnknownOutcome),
        (503, {"description": "Service Unavailable"}, UnknownOutcome),
    ],
)
async def test_send_maps_each_status(
    server: TelegramServer,
    channel: TelegramChannel,
    status: int,
    said: dict[str, Any],
    wanted: type[Exception],
) -> None:
    """Each status says whether to try again."""
    server.fail_next("sendMessage", status, **said)
    with pytest.raises(wanted) as caught:
        await channel.send(reply())
    assert getattr(caught.value, "retry_after", None) == {429: 9, 401: 300, 404: 300, 409: 60}.get(status)


@pytest.mark.parametrize("answer", [b"<html>", {"ok": True, "result": {"text": "no id"}}, {"ok": True}, []])
async def test_send_with_an_unreadable_answer_is_unknown(
    server: TelegramServer, channel: TelegramChannel, answer: Any
) -> None:
    """A 200 that proves nothing leaves the outcome to a person."""
    server.answer_next("sendMessage", 200, answer)
    with pytest.raises(UnknownOutcome):
        await channel.send(reply())


async def test_nothing_secret_or_private_is_logged(
    server: TelegramServer, channel: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    """With everything logged, neither the token nor a customer's word appears."""
    caplog.set_level(logging.DEBUG)
    await server.push(server.update(message=server.message("canary-in")))
    async with aclosing(channel.receive()) as stream:
        await anext(stream)
    server.answer_next("sendMessage", 200, b"canary-out")
    with pytest.raises(UnknownOutcome):
        await channel.send(reply("canary-out"))
    assert not [word for word in (server.token, "canary-in", "canary-out") if word in caplog.text]


# --- webhook -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def hook(server: TelegramServer, context: ChannelContext) -> AsyncIterator[tuple[TelegramChannel, str]]:
    """A channel in webhook mode and the address it is served at."""
    channel = make(server, context, mode="webhook", webhook_secret={"file": context.data_dir / "secret"})
    app = web.Application()
    for route in channel.routes():
        app.router.add_route(route.method, route.path, route.handler)
    async with TestServer(app) as served:
        yield channel, str(served.make_url(channel.path))
    await channel.close()


async def test_webhook_answers_after_the_ack(server: TelegramServer, hook: tuple[TelegramChannel, str]) -> None:
    """Telegram is told how to reach us, and gets its 200 only when the update is committed."""
    channel, url = hook
    update = server.update(message=server.message("Tule apuun"))
    async with aclosing(channel.receive()) as stream:
        post = asyncio.create_task(server.post(update, url=url, secret=SECRET))
        delivery = await anext(stream)
        assert not post.done()
        await delivery.ack(kept(delivery))
        assert await post == 200
        assert server.webhook["secret_token"] == SECRET
        assert server.webhook["url"].endswith("/channels/telegram/bot")
    assert delivery.raw.native_id == f"update/{update['update_id']}"


async def test_webhook_refused_update_is_asked_for_again(
    server: TelegramServer, hook: tuple[TelegramChannel, str]
) -> None:
    """What could not be kept is answered 503, so that Telegram repeats it."""
    channel, url = hook
    async with aclosing(channel.receive()) as stream:
        post = asyncio.create_task(server.post(server.update(), url=url, secret=SECRET))
        delivery = await anext(stream)
        await delivery.refuse(RuntimeError("disk full"))
        assert await post == 503


@pytest.mark.parametrize(("secret", "status"), [(None, 401), ("wrong", 403), ("", 403), ("õ", 403)])
async def test_webhook_refuses_without_the_secret(
    server: TelegramServer, hook: tuple[TelegramChannel, str], secret: str | None, status: int
) -> None:
    """Nobody else may post updates."""
    assert await server.post(server.update(), url=hook[1], secret=secret) == status


@pytest.mark.parametrize("body", [b"not json", b"\xff\xfe", b"[]", b""])
async def test_webhook_keeps_what_it_cannot_read(
    server: TelegramServer, hook: tuple[TelegramChannel, str], body: bytes
) -> None:
    """A malformed update is offered raw, byte for byte, and answered 200."""
    channel, url = hook
    async with aclosing(channel.receive()) as stream:
        post = asyncio.create_task(server.post(body, url=url, secret=SECRET))
        delivery = await anext(stream)
        await delivery.ack(kept(delivery))
        assert await post == 200
    assert delivery.raw.body == body
    assert delivery.raw.native_id.startswith("malformed/")


async def test_webhook_address_takes_only_posts(hook: tuple[TelegramChannel, str]) -> None:
    """Looking at the address tells nothing."""
    async with ClientSession() as session, session.get(hook[1]) as answer:
        assert answer.status == 405
