# SPDX-License-Identifier: Apache-2.0
"""The other end of the webhook channel: signs and posts until it is told 2xx, and takes replies as it is told to."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web
from standardwebhooks import Webhook

__all__ = ["ReplyReceiver", "WebhookSender", "reply_receiver", "webhook_secret"]


def webhook_secret(letter: str = "s") -> str:
    """A secret in the form that Standard Webhooks wants."""
    return "whsec_" + base64.b64encode(letter.encode() * 32).decode()


class WebhookSender:
    """A system that reports complaints; ``url`` is the address of the product, ``account`` the webhook account."""

    def __init__(self, url: str, *, account: str = "shop", secret: str | None = None) -> None:
        self.address = f"{url}/channels/webhook/{account}"
        self._webhook = Webhook(secret or webhook_secret())

    async def post(
        self, id_: str, body: Mapping[str, Any] | bytes, *, session: aiohttp.ClientSession | None = None
    ) -> tuple[int, dict[str, Any]]:
        """One attempt with a fresh stamp; the status and the decoded answer. Raises what aiohttp raises."""
        if session is None:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as own:
                return await self.post(id_, body, session=own)
        sent, now = body if isinstance(body, bytes) else json.dumps(body).encode(), datetime.now(UTC)
        headers = {
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(id_, now, sent.decode()),
            "Content-Type": "application/json",
        }
        async with session.post(self.address, data=io.BytesIO(sent), headers=headers) as answer:
            if answer.content_type == "application/json":
                return answer.status, await answer.json()
            return answer.status, {"error": await answer.text()}

    async def deliver(
        self,
        id_: str,
        body: Mapping[str, Any] | bytes,
        *,
        seconds: float = 60,
        session: aiohttp.ClientSession | None = None,
    ) -> dict[str, Any]:
        """Post again and again, as senders do, until the answer is 2xx; that answer. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    status, said = await self.post(id_, body, session=session)
                except (aiohttp.ClientError, OSError, ValueError):  # the other side died, perhaps while it answered
                    status, said = 0, {}
                if 200 <= status < 300:
                    return said
                await asyncio.sleep(0.1)


@dataclass
class ReplyReceiver:
    """Takes replies at ``url``. ``statuses`` are used up one a request, then 200; 0 keeps the reply and hangs up."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # webhook-id and body of every request kept
    refused: int = 0

    @property
    def replies(self) -> dict[str, dict[str, Any]]:
        """What the other side has: one of each webhook-id, since it knows what it has."""
        return dict(reversed(self.taken))

    async def wait_for(self, count: int, *, seconds: float = 20, automatic: bool = False) -> list[dict[str, Any]]:
        """Wait for so many different replies by people, or by the machine; in order of arrival."""
        async with asyncio.timeout(seconds):
            while len(found := [said for said in self._ordered() if said["automatic"] is automatic]) < count:
                await asyncio.sleep(0.05)
        return found

    def _ordered(self) -> list[dict[str, Any]]:
        return [self.replies[id_] for id_ in dict.fromkeys(id_ for id_, _ in self.taken)]


@asynccontextmanager
async def reply_receiver(*, secret: str | None = None) -> AsyncIterator[ReplyReceiver]:
    """A running receiver on 127.0.0.1; a reply whose signature is wrong is answered with 401."""
    receiver, webhook = ReplyReceiver(), Webhook(secret or webhook_secret())

    async def take(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            said = webhook.verify(body, dict(request.headers))
        except Exception:
            receiver.refused += 1
            return web.Response(status=401)
        status = receiver.statuses.pop(0) if receiver.statuses else 200
        if status < 300:
            receiver.taken.append((request.headers["webhook-id"], said))
        if status == 0:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=status or 200)

    app = web.Application()
    app.router.add_post("/replies", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/replies"
    try:
        yield receiver
    finally:
        await runner.cleanup()
