# SPDX-License-Identifier: Apache-2.0
"""The address Telegram posts updates to: checked by a shared secret, answered only after the commit."""

from __future__ import annotations

import asyncio
import hmac
from typing import Any

import structlog
from aiohttp import web

from channels.payload import load_json
from channels.telegram.polling import raw_update
from router.errors import ParseError
from router.failpoints import failpoint
from router.interfaces import ChannelContext, Delivery
from router.records import RawReceipt
from router.schema import RawMessage

__all__ = ["SECRET_HEADER", "Webhook"]

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - Bot API, setWebhook: the name of the header
_COMMIT_SECONDS = 20.0  # Telegram gives up a post after about a minute and repeats it
_log = structlog.get_logger(__name__)


class Webhook:
    """Hands each posted update to whoever receives, and answers with what became of it."""

    def __init__(self, *, account: str, secret: str, context: ChannelContext, commit_seconds: float = _COMMIT_SECONDS):
        self._account = account
        self._secret = secret.encode()
        self._context = context
        self._commit_seconds = commit_seconds
        self._waiting: asyncio.Queue[Delivery] = asyncio.Queue(maxsize=256)

    async def next_delivery(self) -> Delivery:
        """Wait for the next update."""
        return await self._waiting.get()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Take one update.

        200 when it is committed; 401 without the secret, 403 with a wrong one; 503 when it could not be kept, so
        that Telegram sends it again. What cannot be read is kept as it is and answered 200: repeating it helps nobody.
        """
        given = request.headers.get(SECRET_HEADER)
        if given is None:
            return web.Response(status=401, text="the secret header is missing")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret):
            return web.Response(status=403, text="the secret is wrong")
        failpoint("hook.after_verify")
        body = await request.read()
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        raw = raw_update(_readable(body), account=self._account, context=self._context, body=body)
        try:
            async with asyncio.timeout(self._commit_seconds):
                await self._waiting.put(_delivery(raw, kept))
                committed = await kept
        except TimeoutError:
            _log.warning("telegram_webhook_not_committed", source_key=raw.source_key)
            committed = False
        if not committed:
            return web.Response(status=503, headers={"Retry-After": "5"}, text="try again")
        failpoint("hook.before_2xx")
        return web.Response(text="kept")


def _delivery(raw: RawMessage, kept: asyncio.Future[bool]) -> Delivery:
    async def ack(_: RawReceipt) -> None:
        if not kept.done():  # Telegram may have hung up; it will post the update again
            kept.set_result(True)

    async def refuse(exc: Exception) -> None:
        _log.warning("telegram_update_refused", source_key=raw.source_key, error=type(exc).__name__)
        if not kept.done():
            kept.set_result(False)

    return Delivery(raw=raw, ack=ack, refuse=refuse)


def _readable(body: bytes) -> Any:
    try:
        return load_json(body)
    except ParseError:
        return None
