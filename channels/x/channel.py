# SPDX-License-Identifier: Apache-2.0
"""One X account as a channel: receive mentions and direct messages, answer in the thread or in the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

import structlog

from channels.x.config import Config
from channels.x.render import DIRECT_LIMIT, Post, render
from channels.x.sources import Sources
from router.errors import MissingExtra, SendError, TransientError
from router.interfaces import Capabilities, ChannelContext, Delivery, Health
from router.schema import Receipt, Reply

if TYPE_CHECKING:
    from channels.x.client import XClient

__all__ = ["XChannel", "create"]

_FRESH_SECONDS = 60  # an answer this young says enough about the connection; X counts every question
_log = structlog.get_logger(__name__)


class XChannel:
    """One account."""

    kind = "x"

    def __init__(self, account: str, config: Config, context: ChannelContext, client: XClient) -> None:
        self.account = account
        self.capabilities = Capabilities(
            reply=("public", "direct"),
            max_length=config.post_limit,
            max_lengths={"direct": DIRECT_LIMIT},
            length_unit="weighted_280",
            threading=True,
        )
        self._config = config
        self._context = context
        self._client = client
        self._sources: Sources | None = None
        self._well_at: datetime | None = None

    async def receive(self) -> AsyncIterator[Delivery]:
        """Run the configured sources side by side and offer what they bring, until cancelled."""
        found: asyncio.Queue[Delivery | BaseException] = asyncio.Queue()  # bounded by what the sources let wait
        sources = self._sources = Sources(
            client=self._client,
            account=self.account,
            context=self._context,
            offer=found.put,
            poll_seconds=self._config.poll_seconds,
            stream_rule=self._config.stream_rule,
            streaming=self._config.stream,
        )
        wanted = {
            sources.mentions: self._config.mentions or self._config.stream,
            sources.direct_messages: self._config.direct_messages,
            sources.stream: self._config.stream,
        }
        tasks = [
            asyncio.create_task(run(), name=f"x-{self.account}-{run.__name__}") for run, on in wanted.items() if on
        ]

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (broken := task.exception()) is not None:
                found.put_nowait(broken)

        for task in tasks:
            task.add_done_callback(ended)
        try:
            while True:
                delivery = await found.get()
                if isinstance(delivery, BaseException):  # a mistake of ours; sources wait out what the network does
                    raise delivery
                yield delivery
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, reply: Reply) -> Receipt:
        """Send one text, in public only when the reply is public. Errors as in ``Channel.send``."""
        out = render(reply, post_limit=self._config.post_limit)
        if isinstance(out, Post):
            native = await self._client.post(out)
            receipt = Receipt(native_id=native, sent_at=self._now(), url=f"https://x.com/i/status/{native}")
        else:
            receipt = Receipt(native_id=f"dm/{await self._client.direct(out)}", sent_at=self._now())
        self._well_at = self._now()
        _log.info("x_sent", reply_id=reply.id, case_id=reply.case_id, public=isinstance(out, Post))
        return receipt

    async def health(self) -> Health:
        """Ask X who we are, unless it answered a moment ago, and repeat what the sources ran into."""
        if self._well_at is None or (self._now() - self._well_at).total_seconds() > _FRESH_SECONDS:
            try:
                await self._client.me(fresh=True)
            except SendError as exc:
                if not (isinstance(exc, TransientError) and "slow down" in str(exc)):
                    return Health(ok=False, detail=str(exc))
            self._well_at = self._now()
        trouble, gaps = (self._sources.trouble, self._sources.gaps) if self._sources else ({}, {})
        return Health(ok=not trouble, detail="; ".join([*trouble.values(), *gaps.values()]))

    async def close(self) -> None:
        await self._client.close()

    def _now(self) -> datetime:
        return self._context.clock.now()


def create(account: str, config: Config, context: ChannelContext) -> XChannel:
    """Make the channel. Raises MissingExtra when tweepy or what its asynchronous half needs is not installed."""
    if not all(find_spec(name) for name in ("tweepy", "async_lru", "oauthlib")):
        raise MissingExtra("channel x", "x")
    from channels.x.client import XClient

    return XChannel(account, config, context, XClient(config, context.clock))
