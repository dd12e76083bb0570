# SPDX-License-Identifier: Apache-2.0
"""The only module that imports python-telegram-bot: one bot's calls, with every error in the product's own words."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from typing import Any

import httpx
import telegram
from telegram import error as tg
from telegram.request import HTTPXRequest

from channels.telegram.config import Config
from channels.telegram.render import Outgoing
from router.errors import PermanentError, SendError, TransientError, UnknownOutcome
from router.schema import Receipt

__all__ = ["BotClient", "translate"]

UPDATES = (
    "message", "edited_message", "channel_post", "edited_channel_post", "business_message",
    "edited_business_message", "deleted_business_messages", "callback_query",
)  # fmt: skip

# The library's own switch to give durations as timedelta; without it every one of them is a warning.
os.environ.setdefault("PTB_TIMEDELTA", "1")

_CREDENTIAL_SECONDS = 300.0  # a person must act; the reply must survive until then
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


class _Request(HTTPXRequest):
    """HTTP for the bot, without the library's log line that holds the whole answer, customer's words included."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        code, payload = await super().do_request(*args, **kwargs)
        if code == 429 and b'"retry_after"' not in payload:  # from a proxy: the library would call it a network error
            raise tg.RetryAfter(timedelta(seconds=30))
        return code, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(payload)
        except (ValueError, RecursionError) as exc:
            raise tg.TelegramError("Invalid server response") from exc
        if not isinstance(answer, dict):
            raise tg.TelegramError("Invalid server response")
        return answer


class _UpdatesRequest(_Request):
    """Keeps the updates as JSON, because the library refuses a whole batch for one field that it does not know."""

    def __init__(self, *, read_seconds: float) -> None:
        super().__init__(connection_pool_size=1, read_timeout=read_seconds, connect_timeout=read_seconds)
        self.kept: list[Any] = []

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        self.kept = []
        code, payload = await super().do_request(*args, **kwargs)
        if code != 200:
            return code, payload
        kept = self.parse_json_payload(payload).get("result")
        if not isinstance(kept, list):
            raise tg.TelegramError("Invalid server response")
        self.kept = kept
        return code, b'{"ok":true,"result":[]}'


class BotClient:
    """One bot. Every method raises SendError kinds only; messages hold no token and no customer text."""

    def __init__(self, config: Config) -> None:
        # These write addresses that hold the token, or the texts of messages, at info and debug.
        for name in ("httpx", "httpcore", "telegram"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._config = config
        self._lock = asyncio.Lock()
        self._requests: tuple[_Request, _UpdatesRequest] | None = None
        self._bot: telegram.Bot | None = None

    async def updates(self, *, offset: int | None) -> list[Any]:
        """Wait up to ``poll_seconds`` for updates from ``offset`` on, as decoded JSON in the order given."""
        async with (
            self._calling() as bot,
            asyncio.timeout(self._config.poll_seconds + self._config.request_seconds * 2),
        ):
            await bot.get_updates(
                offset=offset, limit=100, timeout=timedelta(seconds=self._config.poll_seconds), allowed_updates=UPDATES
            )
            return self._requests[1].kept if self._requests else []

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Send one message."""
        answered = None
        if outgoing.answered is not None:
            # The customer may have deleted the message meanwhile; the answer is due all the same.
            answered = telegram.ReplyParameters(outgoing.answered, allow_sending_without_reply=True)
        async with self._calling() as bot, asyncio.timeout(self._config.request_seconds * 2):
            message = await bot.send_message(
                chat_id=outgoing.chat_id,
                text=outgoing.text,
                reply_parameters=answered,
                message_thread_id=outgoing.topic,
                business_connection_id=outgoing.business_connection,
            )
        sent_at = message.date.astimezone(UTC)
        return Receipt(native_id=f"{message.chat_id}/{message.message_id}", sent_at=sent_at, url=message.link or "")

    async def username(self) -> str:
        """Ask who we are; fails when the token is no longer good."""
        async with self._calling() as bot, asyncio.timeout(self._config.request_seconds * 2):
            return (await bot.get_me()).username or ""

    async def use_polling(self) -> None:
        """Take away a webhook, which would refuse polling; waiting updates are kept."""
        async with self._calling() as bot, asyncio.timeout(self._config.request_seconds * 2):
            await bot.delete_webhook(drop_pending_updates=False)

    async def use_webhook(self, url: str, secret: str) -> None:
        """Have updates posted to ``url`` with ``secret`` in a header."""
        async with self._calling() as bot, asyncio.timeout(self._config.request_seconds * 2):
            await bot.set_webhook(url, allowed_updates=UPDATES, secret_token=secret, drop_pending_updates=False)

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        requests: Sequence[_Request] = self._requests or ()
        self._requests = self._bot = None
        for request in requests:
            await request.shutdown()

    @asynccontextmanager
    async def _calling(self) -> AsyncIterator[telegram.Bot]:
        try:
            yield await self._open()
        except (tg.TelegramError, TimeoutError) as exc:
            raise translate(exc) from exc
        except (KeyError, TypeError, ValueError) as exc:  # an answer of another shape than the library knows
            raise UnknownOutcome(f"Telegram answered in a form that cannot be read: {type(exc).__name__}") from None

    async def _open(self) -> telegram.Bot:
        async with self._lock:
            if self._bot is None:
                try:
                    token = self._config.token.read().get_secret_value()
                except (OSError, KeyError, UnicodeDecodeError) as exc:
                    raise TransientError(
                        f"the Telegram token cannot be read: {type(exc).__name__}",
                        retry_after=_CREDENTIAL_SECONDS,
                    ) from exc
                seconds = self._config.request_seconds
                calls = _Request(
                    connection_pool_size=8, read_timeout=seconds, connect_timeout=seconds, pool_timeout=seconds
                )
                polls = _UpdatesRequest(read_seconds=seconds)
                self._requests = (calls, polls)
                self._bot = telegram.Bot(
                    token, base_url=f"{self._config.base_url}/bot", request=calls, get_updates_request=polls
                )
            return self._bot


def translate(exc: tg.TelegramError | TimeoutError) -> SendError:
    """Say what an error of the library means for whoever must decide what happens next.

    The library's sentence is repeated only where Telegram explains a refusal; others may hold the token.
    """
    name = type(exc).__name__
    found: SendError = UnknownOutcome(f"Telegram did not answer in order: {name}")
    match exc:
        case tg.RetryAfter():
            found = TransientError("Telegram asks to slow down", retry_after=_seconds(exc.retry_after))
        case tg.InvalidToken():
            found = TransientError("Telegram does not know this bot: check the token", retry_after=_CREDENTIAL_SECONDS)
        case tg.Conflict():
            found = TransientError("another program polls this bot or set a webhook: stop it", retry_after=60)
        case tg.ChatMigrated():
            found = PermanentError("the group became a supergroup with another id: answer in the new chat")
        case tg.Forbidden() | tg.BadRequest():
            found = PermanentError(f"Telegram refused: {exc.message}")
        case tg.EndPointNotFound() | tg.PassportDecryptionError():
            found = PermanentError(f"Telegram refused: {name}")
        case tg.NetworkError() if isinstance(exc.__cause__, _NOT_SENT):
            found = TransientError(f"Telegram cannot be reached: {type(exc.__cause__).__name__}")
    return found


def _seconds(wait: timedelta | float) -> float:
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
