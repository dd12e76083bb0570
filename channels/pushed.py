# SPDX-License-Identifier: Apache-2.0
"""For channels whose messages are handed to us while somebody waits: offer one, and hear the store's word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from router.errors import StoreError
from router.interfaces import Delivery
from router.records import RawReceipt
from router.schema import RawMessage

__all__ = ["Pushed"]


class Pushed:
    """A queue between a request that waits and whoever runs ``receive``."""

    def __init__(self, *, seconds: float) -> None:
        """``seconds``: how long one offer may take until its commit."""
        self._seconds = seconds
        self._offered: asyncio.Queue[Delivery] = asyncio.Queue(maxsize=100)

    async def offer(self, raw: RawMessage) -> RawReceipt:
        """Return once the message is committed.

        Raises:
            StoreError: Not kept, or not in time; the same message may be offered again.
        """
        committed: asyncio.Queue[RawReceipt | Exception] = asyncio.Queue()
        try:
            async with asyncio.timeout(self._seconds):
                await self._offered.put(Delivery(raw, ack=committed.put, refuse=committed.put))
                answer = await committed.get()
        except TimeoutError as error:
            raise StoreError("not committed in time; send it again") from error
        if isinstance(answer, Exception):
            raise StoreError("not kept; send it again") from answer
        return answer

    async def receive(self) -> AsyncIterator[Delivery]:
        """What was offered, in order, for ever."""
        while True:
            yield await self._offered.get()
