# SPDX-License-Identifier: Apache-2.0
"""The X channel keeps what every channel promises, for posts and for direct messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from channels.x.channel import XChannel, create
from channels.x.config import Config
from channels.x.parse import parse
from channels.x.render import DIRECT_LIMIT
from router.errors import PermanentError
from router.interfaces import ChannelContext
from router.schema import Reply
from router.testing.channels import ChannelContract, ChannelWorld, Failure, make_context
from router.testing.servers.x import KEYS, XServer


def make(server: XServer, context: ChannelContext, *, direct: bool) -> XChannel:
    given: dict[str, Any] = {"base_url": server.base_url, "mentions": not direct, "direct_messages": direct}
    for name, value in KEYS.items():
        (context.data_dir / name).write_text(value, encoding="utf-8")
        given[name] = {"file": context.data_dir / name}
    return create("acme", Config.model_validate(given), context)


class XWorld(ChannelWorld):
    def __init__(self, server: XServer, context: ChannelContext, *, direct: bool) -> None:
        self.server, self.context, self.direct = server, context, direct
        self.parse, self.secrets = parse, tuple(KEYS.values())
        self.channel = make(server, context, direct=direct)
        self._keys: set[str] = set()

    async def push(self, key: str, text: str) -> None:
        self._keys.add(key)
        if self.direct:
            self.server.direct_message(text, id=key)
        else:
            await self.server.mention(text, id=key)

    async def acknowledged(self) -> set[str]:
        """X keeps no account of what was taken; the saved cursor says from where we ask on."""
        cursor = int(await self.context.cursors.get("dm_event_id" if self.direct else "since_id") or 0)
        return {key for key in self._keys if int(key) <= cursor}

    async def restart(self) -> None:
        await self.channel.close()
        self.channel = make(self.server, self.context, direct=self.direct)

    async def sent(self) -> list[str]:
        return [taken["text"] for taken in self.server.posted + self.server.directed]

    def reply(self, text: str = "We are looking into it.") -> Reply:
        place = {"visibility": "direct", "conversation": "42-77", "in_reply_to_native": "dm/7"} if self.direct else {}
        return super().reply(text).model_copy(update=place)

    async def break_sending(self, failure: Failure) -> None:
        path = "/messages" if self.direct else "/2/tweets"
        match failure:
            case "down":
                await self.server.stop()
            case "busy":
                self.server.answer_next(path, 429)
            case "rejected":
                self.server.answer_next(path, 403, {"detail": "You are not permitted to perform this action."})
            case "cut":
                self.server.hang_up_next(path)
            case "stall":
                self.server.stall_next(path)

    async def close(self) -> None:
        await self.server.stop()


class TestXPosts(ChannelContract):
    source_repeats = False  # since_id leaves out what was acknowledged

    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        return XWorld(await XServer().start(), make_context(tmp_path), direct=False)


class TestXDirectMessages(ChannelContract):
    source_repeats = False  # what is not above the cursor is left out

    async def test_over_long_text_is_refused_not_cut(self, world: ChannelWorld) -> None:
        """A direct message may be longer than a post, up to a limit of its own."""
        with pytest.raises(PermanentError):
            await world.channel.send(world.reply("x" * (DIRECT_LIMIT + 1)))
        assert await world.sent() == []
        longer = "x" * (1 + (world.channel.capabilities.max_length or 0))
        await world.channel.send(world.reply(longer))
        assert await world.sent() == [longer]

    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        return XWorld(await XServer().start(), make_context(tmp_path), direct=True)
