# SPDX-License-Identifier: Apache-2.0
"""An SMTP or LMTP server of our own on aiosmtpd, in our own loop: 250 is said only after the commit."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.email.backoff import Backoff
from channels.email.config import Config, ListenerSettings
from channels.email.envelope import is_allowed
from channels.email.source import KIND, Offer, State
from router.failpoints import failpoint
from router.interfaces import ChannelContext, Delivery, Health
from router.records import RawReceipt
from router.schema import RawMessage, Transport

__all__ = ["ListenerSource", "transaction_id"]

log = structlog.get_logger(__name__)

_TRY_LATER = "451 4.3.0 Not stored, please try again later"
_LONGEST_LINE = 2 * 1024 * 1024  # RFC 5321 allows 1,000; complaints with one endless line are taken all the same
_COMMANDS = 1000  # of one kind in one session


def transaction_id(sender: str, recipients: list[str], content: bytes) -> str:
    """The same for a transaction that is repeated because its 250 got lost, and for nothing else."""
    digest = hashlib.sha256()
    for part in (sender, *sorted(recipients)):
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    digest.update(b"\0" + content)
    return f"smtp/{digest.hexdigest()}"


class _Conversation:
    """What both protocols do differently from aiosmtpd: long lines are taken, and the moment after 250 has a name."""

    line_length_limit = _LONGEST_LINE
    storing = False
    others: set[Any]  # connections open now
    limit: int
    _turned_away = False

    def connection_made(self, transport: Any) -> None:
        if self not in self.others and len(self.others) >= self.limit:
            self._turned_away = True
            transport.write(b"421 4.3.2 Too many connections, please try again later\r\n")
            transport.close()
            return
        self.others.add(self)
        super().connection_made(transport)  # type: ignore[misc] # here and below: the other base class has it

    def connection_lost(self, error: Exception | None) -> None:
        self.others.discard(self)
        if not self._turned_away:
            super().connection_lost(error)  # type: ignore[misc]

    def eof_received(self) -> bool | None:
        return None if self._turned_away else super().eof_received()  # type: ignore[misc]

    async def push(self, status: str | bytes) -> None:
        await super().push(status)  # type: ignore[misc]
        if self.storing:
            self.storing = False
            if str(status).startswith("250"):
                failpoint("smtp.after_250")


class _Smtp(_Conversation, SMTP):
    """SMTP as we speak it."""


class _Lmtp(_Conversation, LMTP):
    """LMTP as we speak it."""


class ListenerSource:
    """One listening port of one account."""

    def __init__(self, account: str, config: Config, settings: ListenerSettings, context: ChannelContext) -> None:
        self._account, self._settings, self._context = account, settings, context
        self._accepted = config.accepted
        self._state = State()
        self._offer: Offer | None = None
        self._open: set[Any] = set()
        self.address: tuple[str, int] | None = None  # where we listen, while we do

    @property
    def name(self) -> str:
        return f"{self._settings.protocol} listener {self._settings.host}:{self._settings.port}"

    async def run(self, offer: Offer) -> None:
        """Listen until cancelled; see ``Source.run``."""
        # aiosmtpd logs every command and line at info and debug: addresses and words of customers.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        backoff = Backoff()
        self._offer, self._state.running = offer, True
        try:
            while True:
                try:
                    await self._listen(self._tls())
                except OSError as error:
                    self._tell(ok=False, detail=f"{self.name}: cannot listen: {error.strerror or error}")
                    log.warning("listener_failed", account=self._account)
                    await self._context.clock.sleep(backoff.next())
        finally:
            self._state.running, self._offer = False, None

    async def health(self) -> Health:
        return self._state.health or Health(ok=True, detail=f"{self.name}: not started")

    def _tell(self, *, ok: bool, detail: str) -> None:
        self._state.tell(ok=ok, detail=detail, now=self._context.clock.now())

    def _tls(self) -> ssl.SSLContext | None:
        if self._settings.tls is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._settings.tls.cert_file, self._settings.tls.key_file)
        return context

    async def _listen(self, context: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: self._protocol(context), self._settings.host, self._settings.port, start_serving=False
        )
        try:
            host, port = server.sockets[0].getsockname()[:2]
            await server.start_serving()
            self.address = (str(host), int(port))
            self._tell(ok=True, detail=f"{self._settings.protocol} listener {host}:{port}: listening")
            log.info("listener_started", account=self._account, port=port)
            await asyncio.Event().wait()  # until cancelled
        finally:
            self.address = None
            server.close()
            for conversation in list(self._open):
                conversation.transport.close()

    def _protocol(self, context: ssl.SSLContext | None) -> asyncio.Protocol:
        made: _Smtp | _Lmtp = (_Lmtp if self._settings.protocol == "lmtp" else _Smtp)(
            _Handler(self),
            data_size_limit=self._settings.max_message_bytes,
            enable_SMTPUTF8=True,
            hostname=self._settings.hostname,
            ident="ready",
            tls_context=context,
            require_starttls=bool(self._settings.tls and self._settings.tls.required),
            timeout=self._settings.session_seconds,
            auth_exclude_mechanism=["PLAIN", "LOGIN"],
            command_call_limit={"*": _COMMANDS},
            loop=asyncio.get_running_loop(),
        )
        made.others, made.limit = self._open, self._settings.max_connections
        return made

    async def store(self, session: Session, envelope: Envelope) -> bool:
        """Offer one transaction and wait for the commit; False: it was not kept, or not in time."""
        content = envelope.original_content or b""
        sender = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
        recipients = [str(item) for item in envelope.rcpt_tos]
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        async def ack(_: RawReceipt) -> None:
            if not kept.done():
                kept.set_result(True)

        async def refuse(_: Exception) -> None:
            if not kept.done():
                kept.set_result(False)

        raw = RawMessage(
            channel=KIND,
            account=self._account,
            native_id=transaction_id(sender, recipients, content),
            body=content,
            received_at=self._context.clock.now(),
            transport=Transport(
                envelope_sender=sender,
                envelope_recipients=tuple(recipients),
                peer=str(session.peer[0]) if session.peer else None,
            ),
        )
        if self._offer is None:
            return False
        try:
            async with asyncio.timeout(self._settings.commit_seconds):
                await self._offer(Delivery(raw, ack, refuse))
                return await kept
        except TimeoutError:
            log.warning("listener_commit_late", account=self._account)
            return False

    def takes(self, recipient: str, already: int) -> str:
        """Empty if mail for ``recipient`` is taken, else the refusal."""
        if already >= self._settings.max_recipients:
            return "452 4.5.3 Too many recipients"
        if not is_allowed(recipient, self._accepted):
            return "550 5.1.1 No such recipient here"
        return ""


class _Handler:
    """aiosmtpd's hooks, named as it wants them."""

    def __init__(self, source: ListenerSource) -> None:
        self._source = source

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._source.takes(address, len(envelope.rcpt_tos))
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        failpoint("smtp.after_data_dot")
        kept = await self._source.store(session, envelope)
        answer = "250 2.0.0 Stored" if kept else _TRY_LATER
        if kept:
            failpoint("smtp.before_250")
        server.storing = True
        # RFC 2033 section 4.2: LMTP answers once for each recipient.
        return "\r\n".join([answer] * (len(envelope.rcpt_tos) if isinstance(server, LMTP) else 1))

    async def handle_exception(self, error: Exception) -> str:
        log.error("listener_session_failed", error=type(error).__name__)
        return _TRY_LATER
