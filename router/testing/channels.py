# SPDX-License-Identifier: Apache-2.0
"""What every channel promises, as tests to inherit, and the in-memory twin that keeps the same promises.

An adapter proves itself with one class and one world:

    class TestTelegram(ChannelContract):
        source_repeats = False                      # only what differs from the defaults below

        async def make_world(self, tmp_path: Path) -> ChannelWorld:
            return await TelegramWorld.start(tmp_path)

The world plays the platform: on loopback or in memory, never over a network. No hook may sleep for longer than it
takes to hand something over. For a source that calls us over HTTP, start from ``PushWorld``.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, cast

import pytest
import pytest_asyncio

from router.errors import ParseError, PermanentError, SendError, TransientError, UnknownOutcome
from router.interfaces import Channel, Delivery, Health, ParseOptions
from router.records import RawReceipt
from router.schema import RawMessage, Receipt
from router.testing.channel_worlds import ChannelWorld, Failure, MemoryChannel, MemoryWorld, PushWorld, make_context

__all__ = [
    "PATIENCE", "ChannelContract", "ChannelWorld", "Failure", "MemoryChannel", "MemoryWorld", "PushWorld", "eventually",
    "make_context", "offers", "receipt",
]  # fmt: skip

RUBBISH = {
    "empty": b"",
    "utf16": b"\xff\xfe\x00",
    "cut": b"{",
    "list": b"[]",
    "null": b"null",
    "deep": b"[" * 5000,
    "nul": b"\0\0",
}

PATIENCE = 15.0  # seconds until a hanging adapter is called broken; a healthy one needs milliseconds


async def eventually(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until the other side, which runs beside us, has noticed; fail with ``what`` when it never does."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not await holds():
                await asyncio.sleep(0.005)
    except TimeoutError:
        pytest.fail(f"not within {PATIENCE:g} s: {what}")


@asynccontextmanager
async def offers(channel: Channel) -> AsyncIterator[Callable[[], Awaitable[Delivery]]]:
    """Run ``receive`` for the length of the block; the value fetches the next delivery."""
    stream = cast("AsyncGenerator[Delivery, None]", channel.receive())

    async def next_one() -> Delivery:
        async with asyncio.timeout(PATIENCE):
            return await anext(stream)

    try:
        yield next_one
    finally:
        await stream.aclose()


def receipt(delivery: Delivery) -> RawReceipt:
    """What the store would say of a delivery it has just committed."""
    return RawReceipt(raw_id=1, source_key=delivery.raw.source_key, reference="CR-1", duplicate=False)


class ChannelContract:
    """The shared tests. Set an attribute to say what a platform cannot do; the tests then say why they skip."""

    can_receive = True
    can_send = True
    source_repeats = True  # the source may hand over the same id twice without a restart in between
    failures: ClassVar[dict[Failure, tuple[type[SendError], ...]]] = {
        "down": (TransientError,),
        "busy": (TransientError,),
        "rejected": (PermanentError,),
        "cut": (UnknownOutcome, TransientError),  # TransientError only where the platform refuses the second send
    }

    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        pytest.fail(f"{type(self).__name__} does not say how its platform is played: give it make_world")

    @pytest_asyncio.fixture
    async def world(self, tmp_path: Path) -> AsyncIterator[ChannelWorld]:
        world = await self.make_world(tmp_path)
        try:
            yield world
        finally:
            await world.channel.close()
            await world.close()

    @pytest.fixture
    def receiving(self) -> None:
        if not self.can_receive:
            pytest.skip("this channel does not receive")

    @pytest.fixture
    def sending(self) -> None:
        if not self.can_send:
            pytest.skip("this channel does not send")

    async def test_channel_says_what_it_is(self, world: ChannelWorld) -> None:
        """Kind, account and capabilities are usable as they stand, and a channel without audience sends nothing."""
        channel, can = world.channel, world.channel.capabilities
        assert channel.kind, "kind is empty"
        assert channel.account, "account is empty"
        assert can.max_length is None or can.max_length > 0, "max_length must be positive"
        assert len(set(can.reply)) == len(can.reply), "an audience is named twice"
        assert bool(can.reply) == self.can_send, "capabilities.reply and can_send disagree"
        if not can.reply:
            with pytest.raises(PermanentError):
                await channel.send(world.reply())

    @pytest.mark.usefixtures("receiving")
    async def test_receive_offers_a_valid_raw_message(self, world: ChannelWorld) -> None:
        """What arrives carries the channel's own name, a key and the bytes, and parses to the text that was put in."""
        await world.push("1001", "My parcel never came.")
        async with offers(world.channel) as next_one:
            raw = (await next_one()).raw
        messages = world.parse(raw, ParseOptions())
        assert (raw.channel, raw.account) == (world.channel.kind, world.channel.account), "raw names another channel"
        assert raw.native_id.strip(), "native_id is empty"
        assert raw.body, "body is empty"
        assert messages, "nothing was parsed"
        for message in messages:
            assert (message.channel, message.account) == (raw.channel, raw.account), "parsed as another channel"
        assert "My parcel never came." in messages[0].text, "the text was lost"

    @pytest.mark.usefixtures("receiving")
    async def test_source_is_told_only_after_ack(self, world: ChannelWorld) -> None:
        """Until the commit the source still holds the message; after the ack it knows that it is taken."""
        await world.push("1001", "one")
        async with offers(world.channel) as next_one:
            delivery = await next_one()
            assert await world.acknowledged() == set(), "acknowledged before the commit"
            await delivery.ack(receipt(delivery))
            await eventually(lambda: _has(world, "1001"), "the source learns of the ack")

    @pytest.mark.usefixtures("receiving")
    @pytest.mark.parametrize("ending", ["dropped", "refused"])
    async def test_what_was_not_acked_comes_again_after_a_restart(self, world: ChannelWorld, ending: str) -> None:
        """A message that was dropped or refused stays at its source and returns under the same key and bytes."""
        await world.push("1001", "one")
        async with offers(world.channel) as next_one:
            first = await next_one()
            if ending == "refused":
                await first.refuse(RuntimeError("no room"))
        assert await world.acknowledged() == set(), "acknowledged although nothing was kept"
        await world.restart()
        async with offers(world.channel) as next_one:
            second = await next_one()
            assert second.raw.source_key == first.raw.source_key, "the key changed over a restart"
            assert second.raw.digest == first.raw.digest, "the bytes changed over a restart"
            await second.ack(receipt(second))
            await eventually(lambda: _has(world, "1001"), "the source learns of the ack")

    @pytest.mark.usefixtures("receiving")
    async def test_repeated_message_keeps_its_native_id(self, world: ChannelWorld) -> None:
        """The same message handed over twice has one native id, other messages have others."""
        if not self.source_repeats:
            pytest.skip("this source repeats a message only after a restart")
        ids = []
        async with offers(world.channel) as next_one:
            for key, text in (("1001", "one"), ("1001", "one"), ("1002", "one")):
                await world.push(key, text)
                delivery = await next_one()
                await delivery.ack(receipt(delivery))
                ids.append(delivery.raw.native_id)
        assert ids[0] == ids[1], "a repeat got another id"
        assert ids[2] != ids[0], "two messages share an id"

    @pytest.mark.usefixtures("receiving")
    async def test_receive_ends_promptly_when_cancelled(self, world: ChannelWorld) -> None:
        """Cancelling an idle receive is not swallowed and does not hang."""

        async def consume() -> None:
            async for _ in world.channel.receive():
                pass

        await _cancelled(consume())

    @pytest.mark.parametrize("body", RUBBISH.values(), ids=RUBBISH.keys())
    async def test_parse_of_rubbish_raises_only_parse_error(self, world: ChannelWorld, body: bytes) -> None:
        """Bytes that are not a message are refused as such, never with another error."""
        channel = world.channel
        raw = RawMessage(
            channel=channel.kind, account=channel.account, native_id="1", body=body, received_at=datetime.now(UTC)
        )
        with suppress(ParseError):
            world.parse(raw, ParseOptions())

    @pytest.mark.usefixtures("sending")
    async def test_send_returns_a_receipt(self, world: ChannelWorld) -> None:
        """A reply arrives word for word and its receipt says when."""
        got = await world.channel.send(world.reply("We found it – it arrives tomorrow. Õäß"))
        assert isinstance(got, Receipt), "no receipt"
        assert await world.sent() == ["We found it – it arrives tomorrow. Õäß"], "sent something else"

    @pytest.mark.usefixtures("sending")
    @pytest.mark.parametrize("failure", ["down", "busy", "rejected", "cut"])
    async def test_send_failure_is_one_of_ours(self, world: ChannelWorld, failure: Failure) -> None:
        """Every way to fail maps to the error that tells the outbox what to do, without a secret in it."""
        if failure not in self.failures:
            pytest.skip(f"this platform cannot fail this way: {failure}")
        await world.break_sending(failure)
        with pytest.raises(self.failures[failure]) as caught:
            await world.channel.send(world.reply())
        if failure == "cut" and caught.type is TransientError:
            assert world.channel.capabilities.idempotent_send, "a retry could be a second reply"
        told = "".join(traceback.format_exception(caught.value))
        assert not [s for s in world.secrets if s in told], "a secret is in the error"

    @pytest.mark.usefixtures("sending")
    async def test_send_ends_promptly_when_cancelled(self, world: ChannelWorld) -> None:
        """A send that the other side leaves hanging can be cancelled."""
        await world.break_sending("stall")
        await _cancelled(world.channel.send(world.reply()))

    @pytest.mark.usefixtures("sending")
    async def test_over_long_text_is_refused_not_cut(self, world: ChannelWorld) -> None:
        """A text above the limit is a PermanentError and nothing leaves."""
        limit = world.channel.capabilities.max_length
        if limit is None:
            pytest.skip("this platform has no length limit")
        with pytest.raises(PermanentError):
            await world.channel.send(world.reply("x" * (limit + 1)))
        assert await world.sent() == [], "something was sent"

    async def test_health_answers(self, world: ChannelWorld) -> None:
        """Health is told, not raised, and holds no secret."""
        health = await world.channel.health()
        assert isinstance(health, Health), "no health"
        assert not [s for s in world.secrets if s in health.detail], "a secret is in the health line"

    async def test_close_twice_is_harmless(self, world: ChannelWorld) -> None:
        """Closing again does nothing."""
        await world.channel.close()
        await world.channel.close()


async def _has(world: ChannelWorld, key: str) -> bool:
    return key in await world.acknowledged()


async def _cancelled(work: Coroutine[object, object, object]) -> None:
    """Let the work get going, cancel it, and insist that it ends as cancelled."""
    task = asyncio.create_task(work)
    await asyncio.sleep(0.05)
    assert not task.done(), "ended by itself"
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=PATIENCE)
    assert done, "did not end when cancelled"
    assert task.cancelled(), "swallowed its cancellation"
