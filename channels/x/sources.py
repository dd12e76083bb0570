# SPDX-License-Identifier: Apache-2.0
"""The three ways messages come from X: mentions polled, direct messages polled, mentions streamed.

Only polling moves a cursor. The stream is a quicker first copy of what a poll will see again; the store, which knows
a message by its id, keeps one.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from channels.payload import load_json
from channels.x.documents import newer_than, next_page, single_documents
from channels.x.offers import Batch
from router.errors import ParseError, PermanentError, SendError, TransientError
from router.interfaces import ChannelContext, Delivery
from router.records import RawReceipt
from router.schema import RawMessage

if TYPE_CHECKING:
    from channels.x.client import XClient

__all__ = ["Sources", "backoff_seconds"]

MENTIONS_WINDOW = 800  # X gives no more of the posts that mention somebody, however old the cursor
DIRECT_PAGES = 20
STREAM_SWEEP_SECONDS = 900  # how often polling looks for what the stream may have missed
STREAM_UNSETTLED = 200  # streamed messages waiting for their commit
_log = structlog.get_logger(__name__)

Documents = list[tuple[str, bytes]]  # native id and body


def backoff_seconds(failures: int) -> float:
    """How long to wait after so many failures in a row: doubling to five minutes, with jitter."""
    return min(300.0, 2.0 ** min(failures, 9)) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, hides nothing


@dataclass
class Sources:
    """What runs while an account is received from; each of the three methods runs until cancelled."""

    client: XClient
    account: str
    context: ChannelContext
    offer: Callable[[Delivery], Awaitable[None]]
    poll_seconds: float
    stream_rule: str = ""
    streaming: bool = False
    trouble: dict[str, str] = field(default_factory=dict)  # by source; gone when it is well again
    gaps: dict[str, str] = field(default_factory=dict)  # by source; stays, because somebody must look
    _sweep: asyncio.Event = field(default_factory=asyncio.Event)

    async def mentions(self) -> None:
        """Poll for posts that mention us."""
        seconds = max(self.poll_seconds, STREAM_SWEEP_SECONDS) if self.streaming else self.poll_seconds
        await self._poll("since_id", self._new_mentions, seconds)

    async def direct_messages(self) -> None:
        """Poll for direct messages."""
        await self._poll("dm_event_id", self._new_direct_messages, self.poll_seconds)

    async def stream(self) -> None:
        """Take posts as they are written; reconnect for ever, and have a poll fill the gap each time."""
        room = asyncio.Semaphore(STREAM_UNSETTLED)
        failures = 0

        def connected() -> None:
            nonlocal failures
            failures = 0
            self.trouble.pop("stream", None)
            self._sweep.set()

        while True:
            try:
                us, handle = await self.client.me()
                rule = self.stream_rule or f"@{handle} -is:retweet"
                await self.client.stream(rule, partial(self._take_line, us, room), connected)
            except SendError as exc:
                failures += 1
                await self._pause("stream", exc, failures)

    # --- polling -------------------------------------------------------------------------------------------------

    async def _poll(self, key: str, fetch: Callable[[str | None], Awaitable[Documents]], seconds: float) -> None:
        committed: set[str] = set()  # beyond the cursor: not offered twice when an earlier one was refused
        failures = 0
        while True:
            cursor = await self.context.cursors.get(key)
            try:
                documents = await fetch(cursor)
            except SendError as exc:
                failures += 1
                await self._pause(key, exc, failures)
                continue
            self.trouble.pop(key, None)
            raws = [self._raw(native, body) for native, body in documents]
            batch = Batch(raws, context=self.context, key=key, kept=frozenset(committed))
            await batch.begin()
            for delivery in batch.deliveries():
                await self.offer(delivery)
            await batch.settled()
            cursor = await self.context.cursors.get(key)
            committed = {native for native in committed | batch.committed if newer_than(_digits(native), cursor)}
            failures = failures + 1 if batch.refused else 0
            await self._until_next(backoff_seconds(failures) if batch.refused else seconds)

    async def _until_next(self, seconds: float) -> None:
        """Wait for the next turn, or for the stream to have reconnected."""
        self._sweep.clear()
        waits = {asyncio.ensure_future(self.context.clock.sleep(seconds)), asyncio.ensure_future(self._sweep.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _pause(self, source: str, exc: SendError, failures: int) -> None:
        wait = (exc.retry_after if isinstance(exc, TransientError) else None) or backoff_seconds(failures)
        self.trouble[source] = str(exc)
        _log.warning(
            "x_source_failed",
            account=self.account,
            source=source,
            error=type(exc).__name__,
            wait_seconds=round(wait, 1),
        )
        await self.context.clock.sleep(wait)

    async def _new_mentions(self, cursor: str | None) -> Documents:
        """All posts after the cursor, oldest first; without one, the newest page."""
        us, _ = await self.client.me()
        since, found, token = cursor, Documents(), None
        while True:
            try:
                page = await self.client.mentions(since=since, page=token)
            except PermanentError as exc:
                if since is None or "since_id" not in str(exc):
                    raise
                since = None  # the cursor is older than X looks back: take what there is
                self._gap("since_id")
                continue
            found += single_documents(page, for_user=us)
            token = next_page(page)
            if token is None or cursor is None:
                break
        if cursor is not None and len(found) >= MENTIONS_WINDOW:
            self._gap("since_id")
        return [(native, body) for native, body in reversed(found) if newer_than(native, cursor)]

    async def _new_direct_messages(self, cursor: str | None) -> Documents:
        """All events after the cursor, oldest first; without one, the newest page."""
        us, _ = await self.client.me()
        found, token = Documents(), None
        for _ in range(DIRECT_PAGES):
            page = await self.client.direct_messages(page=token)
            events = single_documents(page, for_user=us)
            found += [(f"dm/{native}" if native else "", body) for native, body in events if newer_than(native, cursor)]
            token = next_page(page)
            if token is None or cursor is None or any(not newer_than(native, cursor) for native, _ in events):
                break
        else:
            self._gap("dm_event_id")
        return found[::-1]

    def _gap(self, source: str) -> None:
        what = "posts" if source == "since_id" else "direct messages"
        self.gaps[source] = f"more {what} came than X still shows: some older ones may be missing, look on X itself"
        _log.warning("x_gap", account=self.account, source=source)

    # --- the stream ----------------------------------------------------------------------------------------------

    async def _take_line(self, us: str, room: asyncio.Semaphore, line: bytes) -> None:
        try:
            page: Any = load_json(line)
        except ParseError:
            page = None
        if isinstance(page, dict) and "data" not in page:
            raise TransientError("X ended the stream")  # it says why in "errors", and closes
        documents = single_documents(page, for_user=us) if isinstance(page, dict) else []
        for native, body in documents or [("", line)]:
            await room.acquire()
            await self.offer(_streamed(self._raw(native, body), room))

    def _raw(self, native: str, body: bytes) -> RawMessage:
        return RawMessage(
            channel="x",
            account=self.account,
            native_id=native or f"malformed/{hashlib.sha256(body).hexdigest()}",
            body=body,
            received_at=self.context.clock.now(),
        )


def _streamed(raw: RawMessage, room: asyncio.Semaphore) -> Delivery:
    async def ack(_: RawReceipt) -> None:
        room.release()

    async def refuse(_: Exception) -> None:  # the next poll offers it again
        room.release()

    return Delivery(raw=raw, ack=ack, refuse=refuse)


def _digits(native: str) -> str:
    return native.removeprefix("dm/")
