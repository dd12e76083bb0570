# SPDX-License-Identifier: Apache-2.0
"""One Telegram bot as a channel: receive by polling or webhook, answer in the same chat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

import structlog

from channels.telegram.config import Config
from channels.telegram.polling import backoff_seconds, poll
from channels.telegram.render import MAX_UTF16_UNITS, render
from channels.telegram.webhook import Webhook
from router.errors import MissingExtra, SendError, TransientError
from router.interfaces import Capabilities, ChannelContext, Delivery, Health, WebRoute
from router.schema import Receipt, Reply

if TYPE_CHECKING:
    from channels.telegram.client import BotClient

__all__ = ["TelegramChannel", "create"]

_log = structlog.get_logger(__name__)


class TelegramChannel:
    """One bot."""

    kind = "telegram"
    capabilities = Capabilities(
        reply=("private", "public"), max_length=MAX_UTF16_UNITS, length_unit="utf16_units", threading=True
    )

    def __init__(self, account: str, config: Config, context: ChannelContext, client: BotClient) -> None:
        self.account = account
        self._config = config
        self._context = context
        self._client = client
        self._trouble = ""
        self._webhook: Webhook | None = None
        if config.mode == "webhook" and config.webhook_secret is not None:
            self._secret = config.webhook_secret.read().get_secret_value()
            self._webhook = Webhook(account=account, secret=self._secret, context=context)

    @property
    def path(self) -> str:
        """Where Telegram posts updates in webhook mode."""
        return f"/channels/telegram/{self.account}"

    async def receive(self) -> AsyncIterator[Delivery]:
        """Tell Telegram how we listen, then offer updates until cancelled."""
        if self._webhook is None:
            await self._announce()
            polled = poll(self._client.updates, account=self.account, context=self._context, note=self._note)
            async with aclosing(polled):
                async for delivery in polled:
                    yield delivery
            return
        # A webhook may be in place from before, so posts are taken while it is still being announced.
        announcing = asyncio.create_task(self._announce(), name=f"telegram-announce-{self.account}")
        try:
            while True:
                yield await self._webhook.next_delivery()
        finally:
            announcing.cancel()
            await asyncio.gather(announcing, return_exceptions=True)

    async def send(self, reply: Reply) -> Receipt:
        """Send one text into the chat of the case. Errors as in ``Channel.send``."""
        receipt = await self._client.send(render(reply))
        _log.info("telegram_sent", reply_id=reply.id, case_id=reply.case_id)
        return receipt

    async def health(self) -> Health:
        """Ask Telegram who we are, and repeat what the last poll ran into."""
        try:
            await self._client.username()
        except SendError as exc:
            return Health(ok=False, detail=str(exc))
        return Health(ok=not self._trouble, detail=self._trouble)

    async def close(self) -> None:
        await self._client.close()

    def routes(self) -> Sequence[WebRoute]:
        """The webhook's address; none when polling."""
        return (WebRoute("POST", self.path, self._webhook.answer),) if self._webhook is not None else ()

    async def _announce(self) -> None:
        failures = 0
        while True:
            try:
                if self._webhook is not None:
                    await self._client.use_webhook(self._context.public_url + self.path, self._secret)
                else:
                    await self._client.use_polling()
            except SendError as exc:
                failures += 1
                self._note(str(exc))
                wait = (exc.retry_after if isinstance(exc, TransientError) else None) or backoff_seconds(failures)
                _log.warning("telegram_announce_failed", account=self.account, error=type(exc).__name__)
                await self._context.clock.sleep(wait)
            else:
                self._note("")
                return

    def _note(self, trouble: str) -> None:
        self._trouble = trouble


def create(account: str, config: Config, context: ChannelContext) -> TelegramChannel:
    """Make the channel. Raises MissingExtra when python-telegram-bot is not installed."""
    try:
        from channels.telegram.client import BotClient
    except ModuleNotFoundError as exc:
        if (exc.name or "").partition(".")[0] in {"telegram", "httpx"}:
            raise MissingExtra("channel telegram", "telegram") from exc
        raise
    return TelegramChannel(account, config, context, BotClient(config))
