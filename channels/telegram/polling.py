# SPDX-License-Identifier: Apache-2.0
"""Long polling: offers each update and lets Telegram forget it only after the commit."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import structlog

from router.errors import SendError, TransientError
from router.failpoints import failpoint
from router.interfaces import ChannelContext, Delivery
from router.records import RawReceipt
from router.schema import RawMessage

__all__ = ["backoff_seconds", "poll", "raw_update"]

CURSOR = "update_id"
_log = structlog.get_logger(__name__)


def backoff_seconds(failures: int) -> float:
    """How long to wait after so many failures in a row: doubling to a minute, with jitter."""
    return min(60.0, 2.0 ** min(failures, 6)) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, hides nothing


def raw_update(update: Any, *, account: str, context: ChannelContext, body: bytes | None = None) -> RawMessage:
    """Wrap one update. ``body`` is what arrived, where each came alone; polled ones are written out again."""
    # ASCII escapes keep lone surrogates, which Telegram may send and UTF-8 cannot hold.
    body = body if body is not None else json.dumps(update, separators=(",", ":")).encode()
    ident = _update_id(update)
    return RawMessage(
        channel="telegram",
        account=account,
        native_id=f"malformed/{hashlib.sha256(body).hexdigest()}" if ident is None else f"update/{ident}",
        body=body,
        received_at=context.clock.now(),
    )


async def poll(
    fetch: Callable[..., Awaitable[list[Any]]], *, account: str, context: ChannelContext, note: Callable[[str], None]
) -> AsyncGenerator[Delivery, None]:
    """Offer updates for ever.

    The next poll confirms the last one to Telegram, so it waits until every update offered is committed or refused.
    The cursor moves over committed updates only as far as none before them is missing. ``note`` is told how the
    source is; "" is well.
    """
    cursor = await context.cursors.get(CURSOR)
    committed: set[int] = set()  # beyond the cursor: not offered again when an earlier one was refused
    failures = 0
    while True:
        try:
            updates = await fetch(offset=int(cursor) + 1 if cursor else None)
        except SendError as exc:
            failures += 1
            wait = (exc.retry_after if isinstance(exc, TransientError) else None) or backoff_seconds(failures)
            note(str(exc))
            _log.warning("telegram_poll_failed", account=account, error=type(exc).__name__, wait_seconds=round(wait, 1))
            await context.clock.sleep(wait)
            continue
        note("")
        before = cursor
        batch = _Batch(updates, context, kept=committed)
        await batch.begin()
        for index in batch.unsettled:
            yield batch.offer(index, raw_update(updates[index], account=account, context=context))
        await batch.settled()
        cursor = await context.cursors.get(CURSOR)
        committed = {ident for ident in committed | batch.committed if not cursor or ident > int(cursor)}
        # Telegram answers at once while anything waits, so what could not be kept must not be asked for at once.
        failures = failures + 1 if updates and cursor == before else 0
        if failures:
            await context.clock.sleep(backoff_seconds(failures))


class _Batch:
    """The updates of one poll and what became of each."""

    def __init__(self, updates: list[Any], context: ChannelContext, *, kept: set[int]) -> None:
        self.committed: set[int] = set()
        self._updates = updates
        self._context = context
        self._kept = {index for index, update in enumerate(updates) if _update_id(update) in kept}
        self._open = set(range(len(updates))) - self._kept
        self._next = 0
        self._lock = asyncio.Lock()
        self._all_settled = asyncio.Event()

    @property
    def unsettled(self) -> list[int]:
        return sorted(self._open)

    async def begin(self) -> None:
        """Take note of what was committed before and is offered by Telegram once more."""
        if not self._open:
            self._all_settled.set()
        await self._move_cursor()

    async def settled(self) -> None:
        await self._all_settled.wait()

    def offer(self, index: int, raw: RawMessage) -> Delivery:
        async def ack(_: RawReceipt) -> None:
            self._kept.add(index)
            try:
                await self._move_cursor()
            finally:
                self._settle(index)

        async def refuse(exc: Exception) -> None:
            _log.warning("telegram_update_refused", source_key=raw.source_key, error=type(exc).__name__)
            self._settle(index)

        return Delivery(raw=raw, ack=ack, refuse=refuse)

    def _settle(self, index: int) -> None:
        self._open.discard(index)
        if index in self._kept and (ident := _update_id(self._updates[index])) is not None:
            self.committed.add(ident)
        if not self._open:
            self._all_settled.set()

    async def _move_cursor(self) -> None:
        async with self._lock:
            last: int | None = None
            while self._next in self._kept:
                last = _update_id(self._updates[self._next]) or last
                self._next += 1
            if last is not None:
                failpoint("poll.before_offset_save")
                await self._context.cursors.set(CURSOR, str(last))
                failpoint("poll.after_offset_save")


def _update_id(update: Any) -> int | None:
    ident = update.get("update_id") if isinstance(update, dict) else None
    return ident if isinstance(ident, int) and not isinstance(ident, bool) else None
