# SPDX-License-Identifier: Apache-2.0
"""The X channel against a server of the version 2 API on loopback, through the real client library."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from channels.x.channel import XChannel, create
from channels.x.config import Config
from channels.x.parse import parse
from router.errors import PermanentError, TransientError, UnknownOutcome
from router.interfaces import ChannelContext, Delivery, ParseOptions
from router.records import RawReceipt
from router.schema import InboundMessage, Party, Reply
from router.testing.channels import make_context
from router.testing.servers.x import KEYS, XServer

pytestmark = pytest.mark.timeout(20)  # a mistake here is a loop that never waits


class FastClock:
    """The true time; waiting takes none of it, but lets others work."""

    def __init__(self, context: ChannelContext) -> None:
        self.now = context.clock.now
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0.01)


@pytest.fixture
async def server() -> AsyncIterator[XServer]:
    async with XServer(page_size=3) as server:
        yield server


@pytest.fixture
def context(tmp_path: Path) -> ChannelContext:
    plain = make_context(tmp_path)
    return make_context(tmp_path, clock=FastClock(plain))


def make(server: XServer, context: ChannelContext, **settings: Any) -> XChannel:
    given: dict[str, Any] = {"base_url": server.base_url, "direct_messages": False}
    for name, value in KEYS.items():
        (context.data_dir / name).write_text(value, encoding="utf-8")
        given[name] = {"file": context.data_dir / name}
    return create("acme", Config.model_validate(given | settings), context)


@pytest.fixture
async def channel(server: XServer, context: ChannelContext) -> AsyncIterator[XChannel]:
    channel = make(server, context)
    yield channel
    await channel.close()


def kept(delivery: Delivery) -> RawReceipt:
    return RawReceipt(raw_id=1, source_key=delivery.raw.source_key, reference="C1", duplicate=False)


def read(delivery: Delivery) -> InboundMessage:
    (message,) = parse(delivery.raw, ParseOptions())
    return message


def reply(**fields: Any) -> Reply:
    base: dict[str, Any] = {
        "to": Party(id="77"),
        "text": "We found it.",
        "visibility": "public",
        "in_reply_to_native": "1890000000000000001",
    }
    return Reply(id="r1", case_id="C1", channel="x", account="acme", **(base | fields))


def direct(**fields: Any) -> Reply:
    return reply(**({"visibility": "direct", "conversation": "42-77", "in_reply_to_native": "dm/9"} | fields))


async def test_mentions_come_oldest_first_and_move_the_cursor_after_the_ack(
    server: XServer, channel: XChannel, context: ChannelContext
) -> None:
    """The newest page comes first ever; after that everything since the last committed id, over several pages."""
    posts = [await server.mention(f"@acme_example {n}") for n in range(2)]
    async with aclosing(channel.receive()) as stream:
        first, second = [await anext(stream) for _ in range(2)]
        assert [first.raw.native_id, second.raw.native_id] == [post["id"] for post in posts]
        assert read(first).sender == Party(id="77", name="Marko", address="@marko_example")
        await second.ack(kept(second))
        assert await context.cursors.get("since_id") is None
        await first.ack(kept(first))
        assert await context.cursors.get("since_id") == posts[1]["id"]
        more = [await server.mention(str(n)) for n in range(7)]
        found = [await anext(stream) for _ in range(7)]
    assert [delivery.raw.native_id for delivery in found] == [post["id"] for post in more]


async def test_refused_mention_is_offered_again_and_its_neighbour_is_not(server: XServer, channel: XChannel) -> None:
    """What could not be kept comes back; what was committed after it does not."""
    for n in range(2):
        await server.mention(str(n))
    async with aclosing(channel.receive()) as stream:
        first, second = [await anext(stream) for _ in range(2)]
        await second.ack(kept(second))
        await first.refuse(RuntimeError("disk full"))
        again = await anext(stream)
        assert again.raw.source_key == first.raw.source_key
        await again.ack(kept(again))
        last = await server.mention("new")
        assert (await anext(stream)).raw.native_id == last["id"]


async def test_mentions_wait_out_the_rate_limit(server: XServer, channel: XChannel, context: ChannelContext) -> None:
    """429 is waited out until the time X names; outages and nonsense with a back-off."""
    await server.mention("still here")
    server.answer_next("/mentions", 429, x_rate_limit_reset=str(int(time.time()) + 500))
    server.answer_next("/mentions", 503, b"<html>over capacity</html>")
    server.answer_next("/mentions", 200, b"<html>")
    server.answer_next("/mentions", 200, [])
    server.hang_up_next("/mentions")
    async with aclosing(channel.receive()) as stream:
        found = await anext(stream)
        assert (await channel.health()).ok
    assert read(found).text == "still here"
    clock = context.clock
    assert isinstance(clock, FastClock)
    assert 490 < clock.slept[0] < 510


async def test_mentions_older_than_the_window_are_reported(
    server: XServer, channel: XChannel, context: ChannelContext
) -> None:
    """When X no longer looks back as far as the cursor, what there is is taken and the gap is told."""
    await context.cursors.set("since_id", "5")
    server.answer_next("/mentions", 400, {"errors": [{"message": "'since_id' must be a tweet id created after ..."}]})
    await server.mention("after the gap")
    async with aclosing(channel.receive()) as stream:
        assert read(await anext(stream)).text == "after the gap"
        assert "missing" in (await channel.health()).detail


async def test_mentions_that_fill_the_window_are_reported(context: ChannelContext) -> None:
    """800 new posts at once are all that X gives; older ones may be lost, which is told."""
    await context.cursors.set("since_id", "5")
    async with XServer() as server:
        for n in range(801):
            await server.mention(str(n), quiet=True)
        channel = make(server, context)
        async with aclosing(channel.receive()) as stream:
            await anext(stream)
            assert "missing" in (await channel.health()).detail
        await channel.close()


async def test_direct_messages_are_polled_to_the_last_one_known(server: XServer, context: ChannelContext) -> None:
    """Events come oldest first, each once, and our own are flagged."""
    channel = make(server, context, mentions=False, direct_messages=True)
    first = server.direct_message("Minun tilaukseni?")
    async with aclosing(channel.receive()) as stream:
        delivery = await anext(stream)
        message = read(delivery)
        assert (message.native_id, message.visibility, message.conversation) == (f"dm/{first['id']}", "direct", "42-77")
        assert message.native_id == delivery.raw.native_id
        await delivery.ack(kept(delivery))
        assert await context.cursors.get("dm_event_id") == first["id"]
        server.direct_message("ours", sender="42", dm_conversation_id="42-77")
        for n in range(4):
            server.direct_message(str(n))
        found = [read(await anext(stream)) for _ in range(5)]
    await channel.close()
    assert [message.text for message in found] == ["ours", "0", "1", "2", "3"]
    assert [message.flags.own for message in found] == [True, False, False, False, False]


async def test_stream_brings_the_same_bytes_as_a_poll(server: XServer, context: ChannelContext) -> None:
    """A streamed post comes under the id, and with the bytes, that polling finds later."""
    channel = make(server, context, stream=True)
    async with aclosing(channel.receive()) as stream:
        waiting = asyncio.ensure_future(anext(stream))
        while not server.listeners:
            await asyncio.sleep(0.01)
        assert server.rules[0]["value"] == "@acme_example -is:retweet"
        post = await server.mention("from the stream")
        both = [await waiting, await anext(stream)]
    await channel.close()
    assert [delivery.raw.native_id for delivery in both] == [post["id"]] * 2
    assert both[0].raw.digest == both[1].raw.digest


async def test_stream_reconnects_and_keeps_what_it_cannot_read(server: XServer, context: ChannelContext) -> None:
    """Refusals, cuts and a farewell are waited out; a line that is no JSON is kept raw."""
    server.answer_next("/search/stream", 429)
    server.answer_next("/search/stream/rules", 503, b"<html>")
    channel = make(server, context, stream=True)
    async with aclosing(channel.receive()) as stream:
        waiting = asyncio.ensure_future(anext(stream))
        for spoil in (
            server.cut_streams,
            lambda: server.write_line(b'{"errors":[{"title":"operational-disconnect"}]}'),
        ):
            await _listening(server)
            spoiled = set(server.listeners)
            if (written := spoil()) is not None:
                await written
            while server.listeners & spoiled:
                await asyncio.sleep(0.01)
        await _listening(server)
        await server.write_line(b"{not json")
        delivery = await waiting
    await channel.close()
    assert delivery.raw.body == b"{not json"
    assert delivery.raw.native_id.startswith("malformed/")
    assert len([call for call in server.calls if call == "POST /2/tweets/search/stream/rules"]) == 1


async def _listening(server: XServer) -> None:
    async with asyncio.timeout(10):
        while not server.listeners:
            await asyncio.sleep(0.01)


async def test_send_answers_in_public_only_what_is_public(server: XServer, channel: XChannel) -> None:
    """A public reply is a post in the thread; a direct one goes into the conversation, or to the person."""
    receipt = await channel.send(reply(text="Löysimme sen 📦"))
    sent = await channel.send(direct())
    await channel.send(reply(visibility="direct"))
    assert server.posted == [{"text": "Löysimme sen 📦", "reply": {"in_reply_to_tweet_id": "1890000000000000001"}}]
    assert [message["to"] for message in server.directed] == ["42-77", "with/77"]
    assert receipt.native_id.isdigit()
    assert sent.native_id.startswith("dm/")


@pytest.mark.parametrize(
    ("status", "answer", "wanted"),
    [
        (
            400,
            {"errors": [{"message": "Invalid Request"}], "detail": "One or more parameters was invalid."},
            PermanentError,
        ),
        (401, {"title": "Unauthorized", "detail": "Unauthorized"}, TransientError),
        (402, {"title": "CreditsDepleted"}, TransientError),
        (403, {"detail": "You are not allowed to create a Tweet with duplicate content."}, PermanentError),
        (
            403,
            {"detail": "Your client app is not configured with the appropriate oauth1 app permissions"},
            TransientError,
        ),
        (404, {"title": "Not Found"}, PermanentError),
        (429, {"title": "Too Many Requests"}, TransientError),
        (422, {"title": "Unprocessable"}, PermanentError),
        (500, {"title": "Internal"}, UnknownOutcome),
        (503, {"title": "Over capacity"}, UnknownOutcome),
        (503, b"<html>", UnknownOutcome),
        (403, b"<html>", PermanentError),
        (201, b"<html>", UnknownOutcome),
        (201, {"data": {}}, UnknownOutcome),
        (200, {"errors": [{"title": "Forbidden"}]}, PermanentError),
        (500, ["not", "an", "object"], UnknownOutcome),
        (500, {"errors": None}, UnknownOutcome),
    ],
    ids=str,
)
async def test_send_maps_each_status(
    server: XServer, channel: XChannel, status: int, answer: Any, wanted: type[Exception]
) -> None:
    """Each answer says whether to try again."""
    server.answer_next("/2/tweets", status, answer)
    with pytest.raises(wanted):
        await channel.send(reply())
    assert server.posted == []


async def test_wrong_keys_are_said_to_be_wrong(server: XServer, context: ChannelContext) -> None:
    """A signature that does not fit fails the health check, without repeating a key."""
    channel = make(server, context)
    (context.data_dir / "access_token_secret").write_text("not-this-one", encoding="utf-8")
    health = await channel.health()
    await channel.close()
    assert not health.ok
    assert "credentials" in health.detail


async def test_nothing_secret_or_private_is_logged(
    server: XServer, channel: XChannel, caplog: pytest.LogCaptureFixture
) -> None:
    """With everything logged, neither a key nor a customer's word appears."""
    caplog.set_level(logging.DEBUG)
    await server.mention("canary-in")
    async with aclosing(channel.receive()) as stream:
        await anext(stream)
    server.answer_next("/2/tweets", 403, {"detail": "no"})
    with pytest.raises(PermanentError):
        await channel.send(reply(text="canary-out"))
    assert not [word for word in (*KEYS.values(), "canary-in", "canary-out") if word in caplog.text]


async def test_raw_document_reads_on_its_own(server: XServer, channel: XChannel) -> None:
    """What is stored of a page names its author and nobody else of that page."""
    server.person("78", "Ana", "ana_example")
    await server.mention("one", author="78")
    await server.mention("two", author="77")
    async with aclosing(channel.receive()) as stream:
        body = json.loads((await anext(stream)).raw.body)
    assert [user["id"] for user in body["includes"]["users"]] == ["78"]
    assert body["for_user_id"] == "42"
