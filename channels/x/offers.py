# SPDX-License-Identifier: Apache-2.0
"""The messages of one poll and what became of each; moves the cursor over what was committed without a gap."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import structlog

from router.failpoints import failpoint
from router.interfaces import ChannelContext, Delivery
from router.records import RawReceipt
from router.schema import RawMessage

__all__ = ["Batch"]

_log = structlog.get_logger(__name__)


class Batch:
    """Messages oldest first. The cursor under ``key`` becomes the id of the last one before which none is missing."""

    def __init__(
        self, raws: Sequence[RawMessage], *, context: ChannelContext, key: str, kept: frozenset[str] = frozenset()
    ) -> None:
        self.committed: set[str] = set()
        self.refused = False
        self._raws = raws
        self._context = context
        self._key = key
        self._kept = {index for index, raw in enumerate(raws) if raw.native_id in kept}
        self._open = set(range(len(raws))) - self._kept
        self._next = 0
        self._lock = asyncio.Lock()
        self._all_settled = asyncio.Event()

    async def begin(self) -> None:
        """Take note of what was committed before and is offered by X once more."""
        if not self._open:
            self._all_settled.set()
        await self._move_cursor()

    def deliveries(self) -> Iterator[Delivery]:
        """All that was not committed before, oldest first."""
        return map(self._offer, sorted(self._open))

    async def settled(self) -> None:
        """Wait until each is committed or refused."""
        await self._all_settled.wait()

    def _offer(self, index: int) -> Delivery:
        raw = self._raws[index]

        async def ack(_: RawReceipt) -> None:
            self._kept.add(index)
            self.committed.add(raw.native_id)
            try:
                await self._move_cursor()
            finally:
                self._settle(index)

        async def refuse(exc: Exception) -> None:
            _log.warning("x_message_refused", source_key=raw.source_key, error=type(exc).__name__)
            self.refused = True
            self._settle(index)

        return Delivery(raw=raw, ack=ack, refuse=refuse)

    def _settle(self, index: int) -> None:
        self._open.discard(index)
        if not self._open:
            self._all_settled.set()

    async def _move_cursor(self) -> None:
        async with self._lock:
            last = ""
            while self._next in self._kept:
                native = self._raws[self._next].native_id.removeprefix("dm/")
                last = native if native.isdecimal() else last
                self._next += 1
            if last:
                failpoint("poll.before_offset_save")
                await self._context.cursors.set(self._key, last)
                failpoint("poll.after_offset_save")
