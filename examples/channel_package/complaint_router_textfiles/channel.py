# SPDX-License-Identifier: Apache-2.0
"""Offers each file, and renames it to .done once the product has stored it."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from complaint_router_textfiles.config import Config
from router.errors import PermanentError
from router.interfaces import Capabilities, ChannelContext, Delivery, Health
from router.records import RawReceipt
from router.schema import RawMessage, Receipt, Reply


class TextFilesChannel:
    kind = "textfiles"
    capabilities = Capabilities(reply=())  # nobody can be answered by a file

    def __init__(self, account: str, config: Config, context: ChannelContext) -> None:
        self.account, self._config, self._clock = account, config, context.clock
        self._offered: set[str] = set()  # waiting for their commit

    async def receive(self) -> AsyncIterator[Delivery]:
        while True:
            for path in await asyncio.to_thread(self._waiting):
                self._offered.add(path.name)
                raw = RawMessage(
                    channel=self.kind,
                    account=self.account,
                    native_id=path.name,  # the same file again, after a crash too, is the same message
                    body=await asyncio.to_thread(path.read_bytes),
                    received_at=self._clock.now(),
                )
                yield Delivery(raw, ack=partial(self._done, path), refuse=partial(self._keep, path))
            await self._clock.sleep(self._config.poll_seconds)

    def _waiting(self) -> list[Path]:
        return sorted(path for path in self._config.path.glob("*.txt") if path.name not in self._offered)

    async def _done(self, path: Path, _: RawReceipt) -> None:
        await asyncio.to_thread(path.rename, path.with_suffix(".done"))
        self._offered.discard(path.name)

    async def _keep(self, path: Path, _: Exception) -> None:
        self._offered.discard(path.name)  # it is offered again at the next look

    async def send(self, reply: Reply) -> Receipt:
        raise PermanentError(f"textfiles {self.account}: a file cannot be answered")

    async def health(self) -> Health:
        there = await asyncio.to_thread(self._config.path.is_dir)
        return Health(ok=there, detail=f"{self._config.path}: {'readable' if there else 'make this folder'}")

    async def close(self) -> None:
        """Nothing is held open."""


def create(account: str, config: Config, context: ChannelContext) -> TextFilesChannel:
    return TextFilesChannel(account, config, context)
