# SPDX-License-Identifier: Apache-2.0
"""The sinks and their twin keep one contract, against receiving ends on loopback."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import json
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.smtp import SMTP
from standardwebhooks import Webhook

from router.config.models import Secret
from router.sinks import email as email_sink
from router.sinks import slack, webhook
from router.testing.channels import Failure
from router.testing.sinks import MemorySinkWorld, SinkContract, SinkWorld

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
STATUS = {"busy": 429, "rejected": 410}


class HttpWorld(SinkWorld):
    """An address that takes POST; ``kind`` decides what it understands."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind, self._folder = kind, folder
        self._failure: Failure | None = None
        self._got: list[tuple[str, str]] = []

    async def start(self) -> HttpWorld:
        app = web.Application()
        app.router.add_post("/hook/T0K3N", self._take)
        self._server = TestServer(app)
        await self._server.start_server()
        self._make(str(self._server.make_url("/hook/T0K3N")))
        return self

    def _make(self, url: str) -> None:
        (self._folder / "secret").write_text(SECRET if self._kind == "webhook" else url)
        secret = Secret(file=self._folder / "secret")
        if self._kind == "webhook":
            self.sink = webhook.create("test", webhook.Config(url=url, secret=secret))
            self.secrets = (SECRET, SECRET.removeprefix("whsec_"))
        else:
            self.sink = slack.create("test", slack.Config(url=secret))
            self.secrets = ("T0K3N",)

    async def _take(self, request: web.Request) -> web.Response:
        body, key = await request.read(), ""
        if self._kind == "webhook":
            Webhook(SECRET).verify(body, dict(request.headers))
            key = request.headers["webhook-id"]
        if self._failure not in STATUS:
            self._got.append((key, json.dumps(json.loads(body), ensure_ascii=False)))
        if self._failure == "cut":
            assert request.transport is not None
            request.transport.abort()
        if self._failure == "stall":
            await asyncio.Event().wait()
        return web.Response(status=STATUS.get(str(self._failure), 200))

    async def received(self) -> list[tuple[str, str]]:
        return self._got

    async def break_receiving(self, failure: Failure) -> None:
        self._failure = failure
        if failure == "down":
            self._make("http://127.0.0.1:1/hook/T0K3N")

    async def close(self) -> None:
        await self._server.close()


class MailWorld(SinkWorld):
    """A mail server that takes one team's mail."""

    def __init__(self) -> None:
        self._failure: Failure | None = None
        self._got: list[tuple[str, str]] = []

    async def start(self) -> MailWorld:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, hostname="mx.example.org"), "127.0.0.1", 0)
        self._make(self._server.sockets[0].getsockname()[1])
        return self

    def _make(self, port: int) -> None:
        config = email_sink.Config(
            to=["team@example.org"], sender="router@example.org", host="127.0.0.1", port=port, security="none"
        )
        self.sink = email_sink.create("test", config)

    async def handle_RCPT(self, _: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self._failure in ("busy", "rejected"):
            return "450 later" if self._failure == "busy" else "550 never"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self._got.append((message["Message-ID"], f"{message['Subject']}\n{message.get_content()}"))
        if self._failure == "cut":
            server.transport.abort()
        if self._failure == "stall":
            await asyncio.Event().wait()
        return "250 taken"

    async def received(self) -> list[tuple[str, str]]:
        return self._got

    async def break_receiving(self, failure: Failure) -> None:
        self._failure = failure
        if failure == "down":
            self._make(1)

    async def close(self) -> None:
        self._server.close()
        await asyncio.sleep(0)


class TestMemorySink(SinkContract):
    async def make_world(self, tmp_path: Path) -> SinkWorld:
        return MemorySinkWorld()


class TestWebhookSink(SinkContract):
    async def make_world(self, tmp_path: Path) -> SinkWorld:
        return await HttpWorld("webhook", tmp_path).start()


class TestSlackSink(SinkContract):
    has_key = False

    async def make_world(self, tmp_path: Path) -> SinkWorld:
        return await HttpWorld("slack", tmp_path).start()


class TestEmailSink(SinkContract):
    async def make_world(self, tmp_path: Path) -> SinkWorld:
        return await MailWorld().start()
