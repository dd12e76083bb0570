# SPDX-License-Identifier: Apache-2.0
"""Platforms played for a test: the hooks a world must have, one for sources that call us, and the in-memory twin.

Import from ``router.testing.channels``; the tests that use these hooks are there.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from router.errors import ParseError, PermanentError, TransientError, UnknownOutcome
from router.interfaces import (
    Capabilities,
    Channel,
    ChannelContext,
    Clock,
    Delivery,
    Health,
    Parse,
    ParseOptions,
    WithRoutes,
)
from router.records import RawReceipt
from router.schema import InboundMessage, Party, RawMessage, Receipt, Reply, Visibility

__all__ = ["ChannelWorld", "Failure", "MemoryChannel", "MemoryWorld", "PushWorld", "make_context"]

Failure: TypeAlias = Literal["down", "busy", "rejected", "cut", "stall"]
"""How the other side misbehaves at the next send: ``down`` nobody listens, ``busy`` asks to wait (429, 4yz),
``rejected`` will never take it (4xx, 5yz), ``cut`` takes it and drops the connection instead of answering,
``stall`` takes it and says nothing for ever."""


class _Cursors:
    """Saved positions that live as long as the folder's context is kept."""

    def __init__(self) -> None:
        self.saved: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self.saved.get(key)

    async def set(self, key: str, value: str) -> None:
        self.saved[key] = value


class _Clock:
    """The real time of day, and waits that take none of it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.001)


def make_context(data_dir: Path, *, clock: Clock | None = None) -> ChannelContext:
    """What a channel is made with. Keep it over a restart: it holds the saved cursors."""
    return ChannelContext(cursors=_Cursors(), clock=clock or _Clock(), data_dir=data_dir, public_url="http://127.0.0.1")


class ChannelWorld(ABC):
    """One account of a platform played for a test, and the channel that talks to it."""

    channel: Channel  # the object under test; restart() replaces it
    parse: Parse
    secrets: tuple[str, ...] = ()  # credentials in use; none may appear in any error

    @abstractmethod
    async def push(self, key: str, text: str) -> None:
        """Put one message at the source, under the source's own id ``key``. Returns at once, acknowledged or not."""

    @abstractmethod
    async def acknowledged(self) -> set[str]:
        """The keys that the source, as of now, believes to be taken and will not offer again."""

    @abstractmethod
    async def restart(self) -> None:
        """Close the channel and make it anew on the same saved state. A source that calls us then calls again for
        what was not acknowledged; one that we poll needs no more than this."""

    async def sent(self) -> list[str]:
        """The texts that reached the other side, in order; none where replies have no way out."""
        return []

    async def break_sending(self, failure: Failure) -> None:
        """Make the other side misbehave from now on; needed for every failure the contract's table keeps, and stall."""
        pytest.fail(f"{type(self).__name__} cannot play {failure!r}: give it break_sending")

    def reply(self, text: str = "We are looking into it.") -> Reply:
        """A reply that the channel can send; override where it needs more, such as a message id."""
        channel = self.channel
        to = Party(address="customer@example.org", id="42")
        audience: Visibility = channel.capabilities.reply[0] if channel.capabilities.reply else "private"
        return Reply(
            id="reply-1",
            case_id="CR-1",
            channel=channel.kind,
            account=channel.account,
            to=to,
            text=text,
            visibility=audience,
            conversation="42",
            in_reply_to_native="7",
        )

    async def close(self) -> None:  # noqa: B027 - not every world started something
        """Stop what the world started; the channel is closed by the contract."""


class PushWorld(ChannelWorld):
    """Base of worlds whose source calls us over HTTP: it serves the channel's routes on loopback and calls again
    after a restart for all that was not answered with 2xx. Call ``open`` before the first push."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}
        self._taken: set[str] = set()
        self._calls: set[asyncio.Task[None]] = set()

    @abstractmethod
    def make(self) -> Channel:
        """A new channel object on the saved state."""

    @abstractmethod
    async def post(self, session: ClientSession, base: str, key: str, text: str) -> int:
        """Make the platform's call to ``base`` plus the channel's path; the value is the status answered."""

    async def open(self) -> None:
        self.channel = self.make()
        assert isinstance(self.channel, WithRoutes), "the channel has no routes"
        app = web.Application()
        for route in self.channel.routes():
            app.router.add_route(route.method, route.path, route.handler)
        self.server = TestServer(app)
        await self.server.start_server()

    async def push(self, key: str, text: str) -> None:
        self._held[key] = text
        self._calls.add(asyncio.create_task(self._call(key, text)))

    async def _call(self, key: str, text: str) -> None:
        async with ClientSession() as session:
            if 200 <= await self.post(session, str(self.server.make_url("")).rstrip("/"), key, text) < 300:
                self._taken.add(key)

    async def acknowledged(self) -> set[str]:
        return set(self._taken)

    async def restart(self) -> None:
        await self._hang_up()
        await self.channel.close()
        await self.open()
        for key in self._held.keys() - self._taken:
            await self.push(key, self._held[key])

    async def close(self) -> None:
        await self._hang_up()

    async def _hang_up(self) -> None:
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        self._calls.clear()
        await self.server.close()


class MemoryChannel:
    """The twin: a channel without a platform. Put raw messages into ``source``; read ``sent``.

    What ``source`` holds stays there until acknowledged. An exception in ``fail`` is raised by the next sends.
    """

    def __init__(
        self, account: str = "test", *, kind: str = "memory", capabilities: Capabilities | None = None
    ) -> None:
        self.kind, self.account = kind, account
        self.capabilities = capabilities or Capabilities(max_length=1000)
        self.source: dict[str, RawMessage] = {}
        self.sent: list[Reply] = []
        self.fail: Exception | None = None
        self.stalled = False
        self._fresh: asyncio.Queue[RawMessage] = asyncio.Queue()

    def put(self, key: str, text: str) -> None:
        """Let a message arrive."""
        self.offer(RawMessage(channel=self.kind, account=self.account, native_id=key, body=text.encode(),
                              received_at=datetime.now(UTC)))  # fmt: skip

    def offer(self, raw: RawMessage) -> None:
        self.source[raw.native_id] = raw
        self._fresh.put_nowait(raw)

    async def receive(self) -> AsyncIterator[Delivery]:
        while True:
            raw = await self._fresh.get()

            async def ack(_: RawReceipt, key: str = raw.native_id) -> None:
                self.source.pop(key, None)

            yield Delivery(raw, ack)

    async def send(self, reply: Reply) -> Receipt:
        if self.capabilities.max_length is not None and len(reply.text) > self.capabilities.max_length:
            raise PermanentError(f"text is longer than {self.capabilities.max_length} characters")
        if self.stalled:
            await asyncio.Event().wait()
        if self.fail is not None:
            raise self.fail
        self.sent.append(reply)
        return Receipt(native_id=f"memory-{len(self.sent)}", sent_at=datetime.now(UTC))

    async def health(self) -> Health:
        return Health(ok=True)

    async def close(self) -> None:
        pass

    @staticmethod
    def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
        """The body is the text."""
        try:
            text = raw.body.decode()[: options.max_text_chars]
        except UnicodeDecodeError as error:
            raise ParseError("body is not UTF-8") from error
        own = {"channel": raw.channel, "account": raw.account, "native_id": raw.native_id}
        return [InboundMessage(**own, text=text, sender=Party(id="42"), received_at=raw.received_at)]


class MemoryWorld(ChannelWorld):
    """The twin's own world, and the shortest example of one."""

    def __init__(self) -> None:
        self.twin = MemoryChannel()
        self.channel = self.twin
        self.parse = MemoryChannel.parse
        self._keys: set[str] = set()

    async def push(self, key: str, text: str) -> None:
        self._keys.add(key)
        self.twin.put(key, text)

    async def acknowledged(self) -> set[str]:
        return self._keys - set(self.twin.source)

    async def restart(self) -> None:
        old, self.twin = self.twin, MemoryChannel()
        self.channel = self.twin
        for raw in old.source.values():
            self.twin.offer(raw)

    async def sent(self) -> list[str]:
        return [reply.text for reply in self.twin.sent]

    async def break_sending(self, failure: Failure) -> None:
        errors: dict[Failure, Exception] = {
            "down": TransientError("nobody listens"),
            "busy": TransientError("asked to wait", retry_after=1),
            "rejected": PermanentError("will never be taken"),
            "cut": UnknownOutcome("no answer"),
        }
        self.twin.fail, self.twin.stalled = errors.get(failure), failure == "stall"
