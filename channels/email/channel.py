# SPDX-License-Identifier: Apache-2.0
"""The e-mail channel: its sources side by side, its way out, its health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog

from channels.email.backoff import Backoff
from channels.email.config import Config
from channels.email.render import message_id_of, render
from channels.email.source import KIND, Source
from router.errors import PermanentError
from router.interfaces import Capabilities, ChannelContext, Delivery, Health
from router.schema import Receipt, Reply

__all__ = ["EmailChannel", "create"]

log = structlog.get_logger(__name__)

_AHEAD = 8  # messages held before anybody asks for them; each may be as large as the limit


class EmailChannel:
    """One mail account."""

    kind = KIND

    def __init__(self, account: str, config: Config, context: ChannelContext) -> None:
        self.account = account
        self.capabilities = Capabilities(reply=("private",) if config.smtp else (), subject=True)
        self._config, self._context = config, context
        self._sources = _make_sources(account, config, context)
        self._sender = None
        if config.smtp is not None:
            from channels.email.smtp import SmtpSender

            self._sender = SmtpSender(account, config.smtp, context.clock)

    @property
    def listening(self) -> tuple[str, int] | None:
        """Host and port of the listener while it runs; its port may have been chosen by the system."""
        addresses = (getattr(source, "address", None) for source in self._sources)
        return next((address for address in addresses if address is not None), None)

    async def receive(self) -> AsyncIterator[Delivery]:
        """Offer what all sources have, as it comes."""
        ready: asyncio.Queue[Delivery] = asyncio.Queue(maxsize=_AHEAD)
        tasks = [asyncio.create_task(self._keep_running(source, ready)) for source in self._sources]
        try:
            while True:
                yield await ready.get()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_running(self, source: Source, ready: asyncio.Queue[Delivery]) -> None:
        backoff = Backoff()
        while True:
            try:
                await source.run(ready.put)
            except Exception:  # the task's end: a bug in one source must not silence the others
                log.exception("email_source_failed", account=self.account)
            await self._context.clock.sleep(backoff.next())

    async def send(self, reply: Reply) -> Receipt:
        """Send one reply as one mail to one recipient; see ``Channel.send``."""
        if self._sender is None:
            raise PermanentError(f"account {self.account} has no 'smtp': it cannot send")
        if reply.visibility == "public":
            raise PermanentError("mail has no public replies")
        envelope = render(reply, self._config, now=self._context.clock.now())
        words = await self._sender.send(envelope)
        return Receipt(
            native_id=message_id_of(reply, self._config), sent_at=self._context.clock.now(), detail=words[:200]
        )

    async def health(self) -> Health:
        """The worst of all parts, with a line on each."""
        parts = [await source.health() for source in self._sources]
        if self._sender is not None:
            parts.append(await self._sender.health())
        if not parts:
            return Health(ok=False, detail="no source and no 'smtp' is configured: add imap, listener, folder or smtp")
        since = max((part.since for part in parts if part.since is not None), default=None)
        return Health(ok=all(part.ok for part in parts), detail="; ".join(part.detail for part in parts), since=since)

    async def close(self) -> None:
        """Close the way out; the sources close with ``receive``."""
        if self._sender is not None:
            await self._sender.close()


def _make_sources(account: str, config: Config, context: ChannelContext) -> list[Source]:
    """The sources configured; each library is imported only where it is used."""
    sources: list[Source] = []
    if config.imap is not None:
        from channels.email.imap import ImapSource

        sources += [ImapSource(account, config.imap, mailbox, context) for mailbox in config.imap.mailboxes]
    if config.listener is not None:
        from channels.email.listener import ListenerSource

        sources.append(ListenerSource(account, config, config.listener, context))
    if config.folder is not None:
        from channels.email.folder import FolderSource

        sources.append(FolderSource(account, config.folder, context))
    return sources


def create(account: str, config: Config, context: ChannelContext) -> EmailChannel:
    """Make the channel of one account; nothing is connected yet."""
    return EmailChannel(account, config, context)
