# SPDX-License-Identifier: Apache-2.0
"""The complaint form keeps the channel contract: the browser is the source, and the reference page its receipt."""

from __future__ import annotations

import re
from pathlib import Path

from aiohttp import ClientSession

from channels.webform.channel import WebformChannel
from channels.webform.config import Config
from channels.webform.parse import parse
from router.testing.channels import ChannelContract, ChannelWorld, PushWorld, make_context


class WebformWorld(PushWorld):
    """A customer who fills the form, and presses the button again when the page does not come."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__()
        self.parse = parse
        self._context = make_context(tmp_path)
        self._stamps: dict[str, str] = {}

    def make(self) -> WebformChannel:
        return WebformChannel("support", Config(min_seconds=0), self._context)

    async def post(self, session: ClientSession, base: str, key: str, text: str) -> int:
        url = f"{base}/forms/support"
        if key not in self._stamps:
            async with session.get(url) as page:
                found = re.search(r'name="form" value="([^"]+)"', await page.text())
                assert found is not None
                self._stamps[key] = found[1]
        async with session.post(url, data={"form": self._stamps[key], "text": text}) as answer:
            return answer.status


class TestWebformChannel(ChannelContract):
    can_send = False

    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        world = WebformWorld(tmp_path)
        await world.open()
        return world
