# SPDX-License-Identifier: Apache-2.0
"""A form served on loopback, a customer with a browser, and a store that says yes or no."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from channels.webform.channel import WebformChannel
from channels.webform.config import Config
from router.crypto import reference_for
from router.interfaces import ChannelContext
from router.records import RawReceipt
from router.schema import RawMessage
from router.testing.channels import make_context
from router.testing.clock import ManualClock

URL = "/forms/support"


class Customer:
    def __init__(self, channel: WebformChannel, client: TestClient[Any, Any], clock: ManualClock) -> None:
        self.channel, self.client, self.clock = channel, client, clock
        self.kept: dict[str, RawMessage] = {}
        self.refuse = False

    async def open(self, query: str = "", **headers: str) -> tuple[ClientResponse, str]:
        async with self.client.get(URL + query, headers=headers) as answer:
            return answer, await answer.text()

    async def stamp(self) -> str:
        """Open the form, and take as long as people take."""
        _, page = await self.open()
        self.clock.advance(20)
        return stamp_in(page)

    async def send(self, query: str = "", *, headers: dict[str, str] | None = None, **values: str) -> tuple[int, str]:
        values = {"form": await self.stamp(), "text": "It broke."} | values
        async with self.client.post(URL + query, data=values, headers=headers or {}) as answer:
            return answer.status, await answer.text()

    async def store(self) -> None:
        async for delivery in self.channel.receive():
            raw = delivery.raw
            if self.refuse:
                await delivery.refuse(RuntimeError("disk full"))
                continue
            known = raw.native_id in self.kept
            self.kept.setdefault(raw.native_id, raw)
            reference = reference_for(b"k" * 32, raw.source_key)
            await delivery.ack(RawReceipt(raw_id=1, source_key=raw.source_key, reference=reference, duplicate=known))


def stamp_in(page: str) -> str:
    found = re.search(r'name="form" value="([^"]+)"', page)
    assert found is not None
    return found[1]


@pytest.fixture
def served(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Customer]]:
    @asynccontextmanager
    async def serve(**settings: Any) -> AsyncIterator[Customer]:
        clock = ManualClock()
        context = make_context(tmp_path, clock=clock)
        keyed = ChannelContext(
            cursors=context.cursors,
            clock=clock,
            data_dir=tmp_path,
            reference=lambda text: reference_for(b"k" * 32, text),
        )
        channel = WebformChannel("support", Config(**settings), keyed)
        app = web.Application()
        for route in channel.routes():
            app.router.add_route(route.method, route.path, route.handler)
        async with TestClient(TestServer(app)) as client:
            customer = Customer(channel, client, clock)
            store = asyncio.create_task(customer.store())
            yield customer
            store.cancel()
            await asyncio.wait({store})

    return serve


@pytest_asyncio.fixture
async def customer(served: Callable[..., AbstractAsyncContextManager[Customer]]) -> AsyncIterator[Customer]:
    async with served() as customer:
        yield customer
