# SPDX-License-Identifier: Apache-2.0
"""The twin and the smallest real channel keep the same contract."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook

from channels.webhook.channel import WebhookChannel
from channels.webhook.config import Config
from channels.webhook.parse import parse
from router.config.models import Secret
from router.testing.channels import ChannelContract, ChannelWorld, Failure, MemoryWorld, PushWorld, make_context

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


class WebhookWorld(PushWorld):
    """A shop system that signs its complaints and takes signed answers."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__()
        self.parse, self.secrets = parse, (SECRET, SECRET.removeprefix("whsec_"))
        self._context, self._folder = make_context(tmp_path), tmp_path
        self._failure: Failure | None = None
        self.answers: list[web.BaseRequest] = []
        self._texts: list[str] = []

    async def start(self) -> WebhookWorld:
        (self._folder / "secret").write_text(SECRET)
        app = web.Application()
        app.router.add_post("/replies", self._take)
        self._shop = TestServer(app)
        await self._shop.start_server()
        await self.open()
        return self

    def make(self) -> WebhookChannel:
        url = str(self._shop.make_url("/replies")) if self._failure != "down" else "http://127.0.0.1:1/replies"
        return WebhookChannel(
            "shop", Config(secrets=[Secret(file=self._folder / "secret")], reply_url=url), self._context
        )

    async def post(self, session: ClientSession, base: str, key: str, text: str) -> int:
        body, now = json.dumps({"id": key, "text": text}), datetime.now(UTC)
        headers = {
            "webhook-id": f"event-{key}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(f"event-{key}", now, body),
        }
        async with session.post(f"{base}/channels/webhook/shop", data=body, headers=headers) as answer:
            return answer.status

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        Webhook(SECRET).verify(body, dict(request.headers))
        if self._failure in (None, "cut", "stall"):
            self._texts.append(json.loads(body)["text"])
        if self._failure == "cut":
            assert request.transport is not None
            request.transport.abort()
        if self._failure == "stall":
            await asyncio.Event().wait()
        status = {"busy": 429, "rejected": 410}.get(str(self._failure), 200)
        return web.Response(status=status, headers={"Retry-After": "30"} if status == 429 else {})

    async def sent(self) -> list[str]:
        return self._texts

    async def break_sending(self, failure: Failure) -> None:
        self._failure = failure
        if failure == "down":
            self.channel = self.make()

    async def close(self) -> None:
        await super().close()
        await self._shop.close()


class TestMemoryChannel(ChannelContract):
    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        return MemoryWorld()


class TestWebhookChannel(ChannelContract):
    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        return await WebhookWorld(tmp_path).start()
