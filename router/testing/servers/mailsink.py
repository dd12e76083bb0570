# SPDX-License-Identifier: Apache-2.0
"""An SMTP server in the test's own loop that keeps what it gets, and misbehaves when told to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

__all__ = ["MailSink", "SunkMail", "mail_sink"]

Mood = Literal["good", "busy", "rejected", "cut", "stall", "late_busy", "late_rejected"]
"""``busy`` and ``rejected`` answer RCPT with 451 and 550, ``late_...`` answer the message so; ``cut`` keeps the message
and hangs up instead of answering; ``stall`` keeps it and says nothing."""


@dataclass(frozen=True)
class SunkMail:
    """One message as it came in."""

    sender: str
    recipients: tuple[str, ...]
    body: bytes
    options: tuple[str, ...] = ()

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.body, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def text(self) -> str:
        """The body with plain line ends, without the last one."""
        content: str = self.message.get_content()
        return content.replace("\r\n", "\n").removesuffix("\n")


@dataclass
class MailSink:
    """What arrived, where it listens, and how it behaves."""

    port: int = 0
    mood: Mood = "good"
    mails: list[SunkMail] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)  # recipients that get 550 in any mood
    users: dict[str, str] = field(default_factory=dict)
    connections: int = 0
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def wait_for(self, count: int, *, seconds: float = 15) -> list[SunkMail]:
        """Wait until ``count`` messages came."""
        async with asyncio.timeout(seconds), self.arrived:
            await self.arrived.wait_for(lambda: len(self.mails) >= count)
        return self.mails

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.mood == "busy":
            return "451 4.7.1 Come back later"
        if self.mood == "rejected" or address in self.refused:
            return f"550 5.1.1 <{address}>: no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.mood in ("late_busy", "late_rejected"):
            return "452 4.3.1 Disk full" if self.mood == "late_busy" else "554 5.6.0 We do not like it"
        sender = "" if envelope.mail_from == "<>" else envelope.mail_from
        mail = SunkMail(sender, tuple(envelope.rcpt_tos), envelope.content, tuple(envelope.mail_options))
        async with self.arrived:
            self.mails.append(mail)
            self.arrived.notify_all()
        if self.mood == "cut":
            assert server.transport is not None
            server.transport.abort()  # type: ignore[attr-defined]
        if self.mood in ("cut", "stall"):
            await asyncio.Event().wait()
        return "\r\n".join(["250 OK"] * (len(envelope.rcpt_tos) if isinstance(server, LMTP) else 1))

    def check(self, server: SMTP, session: Any, envelope: Any, mechanism: str, login: object) -> AuthResult:
        assert isinstance(login, LoginPassword)
        known = self.users.get(login.login.decode()) == login.password.decode()
        return AuthResult(success=known, handled=True)


@contextlib.asynccontextmanager
async def mail_sink(
    *,
    protocol: Literal["smtp", "lmtp"] = "smtp",
    users: dict[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    implicit_tls: bool = False,
    port: int = 0,
) -> AsyncIterator[MailSink]:
    """A running sink on 127.0.0.1; with ``users`` it wants a log-in, with ``tls`` it offers STARTTLS or is all TLS."""
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    sink = MailSink(users=users or {})
    loop = asyncio.get_running_loop()
    made: list[SMTP] = []

    def factory() -> SMTP:
        sink.connections += 1
        made.append(
            (LMTP if protocol == "lmtp" else SMTP)(
                sink,
                enable_SMTPUTF8=True,
                hostname="sink.example.org",
                tls_context=None if implicit_tls else tls,
                auth_required=bool(users),
                auth_require_tls=bool(users) and not implicit_tls and tls is not None,
                authenticator=sink.check,
                loop=loop,
            )
        )
        return made[-1]

    server = await loop.create_server(factory, "127.0.0.1", port, ssl=tls if implicit_tls else None)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        for conversation in made:
            if conversation.transport is not None:
                conversation.transport.close()
        await asyncio.sleep(0)
