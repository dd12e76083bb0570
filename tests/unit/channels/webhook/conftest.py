# SPDX-License-Identifier: Apache-2.0
"""A webhook account served on loopback, and a store that says yes or no."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from standardwebhooks import Webhook

from channels.webhook.channel import WebhookChannel
from channels.webhook.config import Config
from router.config.models import Secret
from router.records import RawReceipt
from router.schema import RawMessage
from router.testing.channels import make_context
from router.testing.clock import ManualClock

NEW, OLD = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"n", b"o"))


class Shop:
    """The sender's end: signs and posts, and what became of it."""

    def __init__(self, channel: WebhookChannel, client: TestClient[Any, Any], clock: ManualClock) -> None:
        self.channel, self.client, self.clock = channel, client, clock
        self.kept: dict[str, RawMessage] = {}
        self.refuse = False

    def headers(self, body: bytes, *, secret: str = NEW, age: float = 0, id_: str = "event-1") -> dict[str, str]:
        at = self.clock.now().replace(microsecond=0)
        at = at.fromtimestamp(at.timestamp() - age, at.tzinfo)
        signature = Webhook(secret).sign(id_, at, body.decode("utf-8", "replace"))
        return {"webhook-id": id_, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}

    async def post(self, body: Any, headers: Any = None, **how: Any) -> tuple[int, dict[str, Any]]:
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = self.headers(body, **how) if headers is None else headers
        async with self.client.post("/channels/webhook/shop", data=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type == "application/json" else {"error": text}

    async def store(self) -> None:
        async for delivery in self.channel.receive():
            raw = delivery.raw
            if self.refuse:
                await delivery.refuse(RuntimeError("disk full"))
                continue
            known = raw.native_id in self.kept
            self.kept.setdefault(raw.native_id, raw)
            key = raw.source_key
            await delivery.ack(RawReceipt(raw_id=1, source_key=key, reference="7K2M9-QXA4B", duplicate=known))


@pytest.fixture
def make_channel(tmp_path: Path) -> Callable[..., WebhookChannel]:
    def make(**settings: Any) -> WebhookChannel:
        for name, secret in (("new", NEW), ("old", OLD)):
            (tmp_path / name).write_text(secret)
        secrets = tuple(Secret(file=tmp_path / name) for name in ("new", "old"))
        context = make_context(tmp_path, clock=settings.pop("clock", ManualClock()))
        return WebhookChannel("shop", Config(secrets=secrets, **settings), context)

    return make


@asynccontextmanager
async def _served(channel: WebhookChannel, clock: ManualClock) -> AsyncIterator[Shop]:
    app = web.Application()
    for route in channel.routes():
        app.router.add_route(route.method, route.path, route.handler)
    async with TestClient(TestServer(app)) as client:
        yield Shop(channel, client, clock)


@pytest.fixture
def served() -> Callable[..., Any]:
    return _served


@pytest_asyncio.fixture
async def shop(make_channel: Callable[..., WebhookChannel]) -> AsyncIterator[Shop]:
    clock = ManualClock()
    async with _served(make_channel(clock=clock, max_bytes=200_000), clock) as shop:
        store = asyncio.create_task(shop.store())
        yield shop
        store.cancel()
        await asyncio.wait({store})
