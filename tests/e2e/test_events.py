# SPDX-License-Identifier: Apache-2.0
"""The live stream of the real process: stays open, tells each user what concerns them, and ends when it should."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from router.testing.product import PASSWORD, Product, make_installation
from router.testing.webhooks import WebhookSender, webhook_secret

pytestmark = pytest.mark.slow

COMPLAINT = {"text": "You charged me twice for one invoice. I want my money back!", "sender": {"id": "c1"}}


class Stream:
    """One listener; ``lines`` grows until ``ended``."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for line in self._answer.content:
            self.lines.append(line.decode().strip())

    async def ended(self, *, seconds: float) -> None:
        """Wait for an orderly end: the last chunk, not a broken line."""
        async with asyncio.timeout(seconds):
            await self._reading

    @property
    def is_open(self) -> bool:
        return not self._reading.done()

    @property
    def events(self) -> list[tuple[str, list[str]]]:
        """Name and case ids of each event."""
        pairs = zip(self.lines, self.lines[1:], strict=False)
        return [(a[7:], json.loads(b[6:])["cases"]) for a, b in pairs if a.startswith("event: ")]

    async def wait_for(self, count: int, *, seconds: float = 10) -> list[tuple[str, list[str]]]:
        async with asyncio.timeout(seconds):
            while len(self.events) < count:
                assert self.is_open, self.lines
                await asyncio.sleep(0.02)
        return self.events


@asynccontextmanager
async def logged_in(product: Product, user: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(product.url, timeout=aiohttp.ClientTimeout(total=60)) as session:
        async with session.post("/api/v1/tokens", json={"name": user, "password": PASSWORD}) as answer:
            session.headers["Authorization"] = f"Bearer {(await answer.json())['token']}"
        yield session


async def test_events_stay_live_and_end_with_the_session_and_at_shutdown(tmp_path: Path) -> None:
    """A new case is told within seconds to its team only; logging out and SIGTERM end the streams, and quickly."""
    (tmp_path / "webhook-secret").write_text(webhook_secret(), encoding="utf-8")
    channel = {"kind": "webhook", "account": "shop", "secrets": [{"file": str(tmp_path / "webhook-secret")}]}
    product = Product(make_installation(tmp_path / "config", channels=[channel]))
    product.add_user("aino", "billing")
    product.add_user("eero", "delivery")
    await product.start()
    async with logged_in(product, "aino") as aino, logged_in(product, "eero") as eero:
        async with aiohttp.ClientSession(product.url) as nobody:
            assert (await nobody.get("/events", allow_redirects=False)).status != 200
        assert (await eero.get("/events?team=billing")).status == 404
        everything, billing, other = [
            Stream(await session.get(path, headers={"Accept": "text/event-stream"}))
            for session, path in ((aino, "/events"), (aino, "/events?team=billing"), (eero, "/events"))
        ]
        for stream in (everything, billing, other):
            assert await stream.wait_for(1) == [("queue", [])]
        told = await WebhookSender(product.url).deliver("event-1", COMPLAINT)
        case_id = told["reference"]
        for stream in (everything, billing):
            assert (await stream.wait_for(2))[1] == ("queue", [case_id])
        case = Stream(await aino.get(f"/events?case={case_id}"))
        await case.wait_for(1)
        await product.api("POST", f"/cases/{case_id}/notes", user="aino", text="Called back.")
        assert (await case.wait_for(2))[1] == ("case", [case_id])
        async with asyncio.timeout(10):
            while ": still here" not in other.lines:  # quiet streams breathe
                await asyncio.sleep(0.1)
        assert other.events == [("queue", [])]
        assert everything.is_open

        assert (await eero.delete("/api/v1/tokens/current")).ok
        await other.ended(seconds=6)
        assert everything.is_open
        began = time.monotonic()
        assert await product.stop() == 0
        assert time.monotonic() - began < 15
        for stream in (everything, billing, case):
            await stream.ended(seconds=5)
