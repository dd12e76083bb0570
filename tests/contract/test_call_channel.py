# SPDX-License-Identifier: Apache-2.0
"""Logged calls keep the channel contract: the member of staff is the source."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from channels.call.channel import CallChannel
from channels.call.config import Config
from channels.call.parse import CallNote, parse
from router.errors import StoreError
from router.testing.channels import ChannelContract, ChannelWorld, make_context


class CallWorld(ChannelWorld):
    """Somebody at a desk who submits each note until the reference is shown."""

    def __init__(self, tmp_path: Path) -> None:
        self._context = make_context(tmp_path)
        self.parse = parse
        self._notes: dict[str, CallNote] = {}
        self._shown: set[str] = set()
        self._desk: set[asyncio.Task[None]] = set()
        self._sit_down()

    def _sit_down(self) -> None:
        self._calls = CallChannel("desk", Config(), self._context)
        self.channel = self._calls

    async def push(self, key: str, text: str) -> None:
        note = CallNote(id=f"form-{key}", summary=text, at=datetime(2026, 3, 2, tzinfo=UTC), logged_by="agent.one")
        self._notes.setdefault(key, note)
        self._desk.add(asyncio.create_task(self._submit(key)))

    async def _submit(self, key: str) -> None:
        with suppress(StoreError):
            await self._calls.submit(self._notes[key])
            self._shown.add(key)

    async def acknowledged(self) -> set[str]:
        return set(self._shown)

    async def restart(self) -> None:
        await self.close()
        await self.channel.close()
        self._sit_down()
        for key in self._notes.keys() - self._shown:
            self._desk.add(asyncio.create_task(self._submit(key)))

    async def close(self) -> None:
        for task in self._desk:
            task.cancel()
        await asyncio.gather(*self._desk, return_exceptions=True)
        self._desk.clear()


class TestCallChannel(ChannelContract):
    can_send = False

    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        return CallWorld(tmp_path)
