# SPDX-License-Identifier: Apache-2.0
"""Raw first: what a channel offers is committed, and only then is its source told.

One task a channel reads its deliveries; commits of all channels are gathered into one transaction.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from router.batcher import Batcher
from router.errors import ComplaintRouterError, StoreError, UserInputError
from router.interfaces import Channel, Clock, Delivery, Store
from router.records import RawReceipt
from router.schema import RawMessage

__all__ = ["Intake"]

log = structlog.get_logger(__name__)

_IN_FLIGHT = 64  # deliveries of one channel being committed or acknowledged at a time
_ACK_SECONDS = 60.0


class Intake:
    """Keeps what channels deliver. ``kept`` is called after each commit, to wake the pipeline."""

    def __init__(
        self, store: Store, *, clock: Clock, max_bytes: int, kept: Callable[[], None], max_batch: int = 256
    ) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._kept = kept
        self._put = Batcher[RawMessage, RawReceipt](store.put_raw, max_items=max_batch)

    async def keep(self, raw: RawMessage) -> RawReceipt:
        """Commit one raw message.

        Raises:
            UserInputError: It is larger than the installation takes (status 413).
            StoreError: Nothing was kept; the source must offer it again.
        """
        if len(raw.body) > self._max_bytes:
            raise UserInputError(f"larger than {self._max_bytes} bytes", status=413)
        receipt = await self._put(raw)
        if receipt.differs:
            log.warning("source_key_reused", channel=raw.channel, account=raw.account, raw_id=receipt.raw_id)
        self._kept()
        return receipt

    async def run(self, channel: Channel) -> None:
        """Take what one channel offers until cancelled. A channel that breaks is started again with a pause."""
        pause = 1.0
        while True:
            began = time.monotonic()
            try:
                await self._drain(channel)
                log.warning("channel_ended", channel=channel.kind, account=channel.account)
            except Exception:
                log.exception("channel_broke", channel=channel.kind, account=channel.account, pause_seconds=pause)
            pause = 1.0 if time.monotonic() - began > 300 else min(pause * 2, 60.0)
            await self._clock.sleep(pause)

    async def _drain(self, channel: Channel) -> None:
        free = asyncio.Semaphore(_IN_FLIGHT)
        async with asyncio.TaskGroup() as group:
            async for delivery in channel.receive():
                await free.acquire()
                task = group.create_task(self.take(delivery), name=f"take-{channel.kind}-{channel.account}")
                task.add_done_callback(lambda _: free.release())

    async def take(self, delivery: Delivery) -> None:
        """Keep one delivery and tell its source; when it cannot be kept, the source keeps it."""
        raw = delivery.raw
        try:
            receipt = await self.keep(raw)
        except ComplaintRouterError as error:
            log.warning(
                "message_refused", channel=raw.channel, account=raw.account, size=len(raw.body), reason=str(error)
            )
            await self._tell(delivery, delivery.refuse(error))
            return
        except Exception as error:
            log.exception("message_not_kept", channel=raw.channel, account=raw.account, size=len(raw.body))
            await self._tell(delivery, delivery.refuse(StoreError(f"it could not be kept: {type(error).__name__}")))
            return
        log.debug("message_kept", raw_id=receipt.raw_id, channel=raw.channel, duplicate=receipt.duplicate)
        await self._tell(delivery, delivery.ack(receipt))

    async def _tell(self, delivery: Delivery, telling: object) -> None:
        """A source that cannot be told offers the message again, which is then known as a duplicate."""
        try:
            async with asyncio.timeout(_ACK_SECONDS):
                await telling  # type: ignore[misc]
        except Exception:
            log.exception("source_not_told", channel=delivery.raw.channel, account=delivery.raw.account)
