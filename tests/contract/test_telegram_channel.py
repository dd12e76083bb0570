# SPDX-License-Identifier: Apache-2.0
"""The Telegram channel keeps what every channel promises, polling and by webhook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from channels.telegram.channel import TelegramChannel, create
from channels.telegram.config import Config
from channels.telegram.parse import parse
from router.interfaces import ChannelContext
from router.testing.channels import ChannelContract, ChannelWorld, Failure, PushWorld, make_context
from router.testing.servers.telegram import TelegramServer

SECRET = "loopback-secret_1"


def make(server: TelegramServer, context: ChannelContext, **settings: Any) -> TelegramChannel:
    for name, value in (("token", server.token), ("secret", SECRET)):
        (context.data_dir / name).write_text(value, encoding="utf-8")
    given = {"token": {"file": context.data_dir / "token"}, "base_url": server.base_url, "poll_seconds": 1}
    return create("bot", Config.model_validate(given | settings), context)


async def break_sending(server: TelegramServer, failure: Failure) -> None:
    match failure:
        case "down":
            await server.stop()
        case "busy":
            server.fail_next("sendMessage", 429, "Too Many Requests", retry_after=5)
        case "rejected":
            server.fail_next("sendMessage", 403, "Forbidden: bot was blocked by the user")
        case "cut":
            server.hang_up_next("sendMessage")
        case "stall":
            server.stall_next("sendMessage")


class PollingWorld(ChannelWorld):
    def __init__(self, server: TelegramServer, context: ChannelContext) -> None:
        self.server, self.context = server, context
        self.channel, self.parse, self.secrets = make(server, context), parse, (server.token, SECRET)
        self._keys: set[str] = set()

    async def push(self, key: str, text: str) -> None:
        self._keys.add(key)
        await self.server.push({"update_id": int(key), "message": self.server.message(text)})

    async def acknowledged(self) -> set[str]:
        """The saved cursor is what the next poll confirms to Telegram."""
        cursor = int(await self.context.cursors.get("update_id") or 0)
        return {key for key in self._keys if int(key) <= cursor}

    async def restart(self) -> None:
        await self.channel.close()
        self.channel = make(self.server, self.context)

    async def sent(self) -> list[str]:
        return [taken["text"] for taken in self.server.sent]

    async def break_sending(self, failure: Failure) -> None:
        await break_sending(self.server, failure)

    async def close(self) -> None:
        await self.server.stop()


class HookWorld(PushWorld):
    def __init__(self, server: TelegramServer, context: ChannelContext) -> None:
        super().__init__()
        self.telegram, self.context = server, context
        self.parse, self.secrets = parse, (server.token, SECRET)
        self._restarting = False

    def make(self) -> TelegramChannel:
        secret = {"file": self.context.data_dir / "secret"}
        return make(self.telegram, self.context, mode="webhook", webhook_secret=secret)

    async def post(self, session: ClientSession, base: str, key: str, text: str) -> int:
        update = {"update_id": int(key), "message": self.telegram.message(text, message_id=int(key), date=1772442000)}
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        async with session.post(f"{base}/channels/telegram/bot", json=update, headers=headers) as answer:
            return answer.status

    async def sent(self) -> list[str]:
        return [taken["text"] for taken in self.telegram.sent]

    async def break_sending(self, failure: Failure) -> None:
        await break_sending(self.telegram, failure)

    async def restart(self) -> None:
        self._restarting = True  # only the channel is made anew, Telegram stays
        await super().restart()
        self._restarting = False

    async def close(self) -> None:
        await super().close()
        if not self._restarting:
            await self.telegram.stop()


class TestTelegramPolling(ChannelContract):
    source_repeats = False  # the offset of the next poll makes Telegram forget what was acknowledged

    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        return PollingWorld(await TelegramServer().start(), make_context(tmp_path))


class TestTelegramWebhook(ChannelContract):
    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        world = HookWorld(await TelegramServer().start(), make_context(tmp_path))
        await world.open()
        return world
