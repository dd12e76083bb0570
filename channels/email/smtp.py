# SPDX-License-Identifier: Apache-2.0
"""Mail out through aiosmtplib: few connections, used again for a while, and an honest word on what became of a mail."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiosmtplib
import structlog

from channels.email.config import SmtpSettings
from channels.email.render import Envelope
from channels.email.smtp_errors import CREDENTIAL_RETRY_SECONDS, LIBRARY_ERRORS, Stage, error_for_code, map_error
from channels.email.tls import client_context
from router.errors import PermanentError, SendError, TransientError
from router.interfaces import Clock, Health

__all__ = ["SmtpSender", "dot_stuffed", "xtext"]

log = structlog.get_logger(__name__)

_IDLE_SECONDS = 20.0  # Postfix cuts idle clients after 5 minutes, others much sooner
_HEALTH_LASTS = timedelta(seconds=30)


@dataclass
class _Line:
    """An open connection and how often it was used."""

    client: aiosmtplib.SMTP
    used: int = 0


class SmtpSender:
    """The way out of one account."""

    def __init__(self, account: str, settings: SmtpSettings, clock: Clock) -> None:
        self._account, self._settings, self._clock = account, settings, clock
        self._server = f"smtp {settings.host}:{settings.usual_port}"
        self._free = asyncio.Semaphore(settings.connections)
        self._idle: list[_Line] = []
        self._reaper: asyncio.TimerHandle | None = None
        self._health: tuple[datetime, Health] | None = None

    async def send(self, envelope: Envelope) -> str:
        """Hand one mail over; returns the server's words, which usually name its queue id.

        Raises:
            TransientError: Not sent; try again.
            PermanentError: Not sent; the server will never take it.
            UnknownOutcome: The connection broke after the message and before the answer.
        """
        async with self._free:
            line = await self._take()
            try:
                words = await self._transact(line.client, envelope)
            except BaseException:
                line.client.close()
                raise
            self._put_back(line)
            return words

    async def health(self) -> Health:
        """Connect and log in now; the outcome is kept for half a minute."""
        now = self._clock.now()
        if self._health is not None and now - self._health[0] < _HEALTH_LASTS:
            return self._health[1]
        try:
            client = await self._connect()
        except SendError as error:
            health = Health(ok=False, detail=str(error))
        else:
            await _quit(client)
            health = Health(ok=True, detail=f"{self._server}: connected")
        self._health = (now, health)
        return health

    async def close(self) -> None:
        """Take leave of the server on every idle connection."""
        if self._reaper is not None:
            self._reaper.cancel()
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_quit(line.client) for line in idle))

    # --- connections ----------------------------------------------------------------------------------------------

    async def _take(self) -> _Line:
        while self._idle:
            line = self._idle.pop()
            try:
                await line.client.rset(timeout=5.0)
            except LIBRARY_ERRORS:  # the server has hung up meanwhile: nothing was under way
                line.client.close()
            else:
                return line
        return _Line(await self._connect())

    def _put_back(self, line: _Line) -> None:
        line.used += 1
        if line.used >= self._settings.messages_per_connection or not line.client.is_connected:
            line.client.close()
            return
        self._idle.append(line)
        if self._reaper is not None:
            self._reaper.cancel()
        self._reaper = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._reap)

    def _reap(self) -> None:
        for line in self._idle:
            line.client.close()
        self._idle.clear()

    async def _connect(self) -> aiosmtplib.SMTP:
        settings = self._settings
        try:
            context = None if settings.tls == "none" else client_context(settings.ca_file)
        except OSError as error:
            raise TransientError(
                f"{self._server}: 'ca_file' cannot be used: {error.strerror or error}",
                retry_after=CREDENTIAL_RETRY_SECONDS,
            ) from error
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.usual_port,
            timeout=settings.timeout_seconds,
            use_tls=settings.tls == "implicit",
            start_tls=False,  # done below: required, never "if offered"
            tls_context=context,
            local_hostname=settings.local_hostname or _own_name(),
        )
        try:
            async with self._stage("connect"):
                await client.connect()
                if settings.tls == "starttls":
                    await client.starttls()
                await client.ehlo()
            await self._log_in(client)
        except BaseException:
            client.close()
            raise
        return client

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        if self._settings.user is None or self._settings.password is None:
            return
        try:
            password = self._settings.password.read().get_secret_value()
        except (OSError, KeyError, UnicodeDecodeError) as error:
            sentence = f"{self._server}: the password cannot be read: {type(error).__name__}: {error}"
            raise TransientError(sentence, retry_after=CREDENTIAL_RETRY_SECONDS) from error
        async with self._stage("log-in"):
            await client.login(self._settings.user, password)

    @contextlib.asynccontextmanager
    async def _stage(self, stage: Stage) -> AsyncIterator[None]:
        """Whatever the library raises inside leaves as one of our errors, without the addresses it carries."""
        try:
            yield
            if stage != "answer":  # which is worth more than the wish to stop
                _heed_cancellation()
        except LIBRARY_ERRORS as error:
            mapped = map_error(error, stage, self._server)
            log.info("smtp_failed", account=self._account, stage=stage, outcome=type(mapped).__name__)
            raise mapped from None

    # --- one mail -------------------------------------------------------------------------------------------------

    async def _transact(self, client: aiosmtplib.SMTP, envelope: Envelope) -> str:
        if envelope.smtputf8 and not client.supports_extension("smtputf8"):
            raise PermanentError(f"{self._server}: the server does not know addresses beyond ASCII (SMTPUTF8)")
        async with self._stage("envelope"):
            encoding = "utf-8" if envelope.smtputf8 else "ascii"
            await client.mail(envelope.sender, options=_mail_options(client, envelope), encoding=encoding)
            await client.rcpt(envelope.recipient, options=_rcpt_options(client, envelope), encoding=encoding)
        async with self._stage("data"):
            ready = await client.execute_command(b"DATA", timeout=self._settings.timeout_seconds)
            if ready.code != 354:
                raise error_for_code(ready.code, ready.message, "data", self._server)
            protocol = client.protocol
            if protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("connection lost")
            protocol.write(dot_stuffed(envelope.message))
        async with self._stage("answer"):  # from here on the server may have it
            answer = await protocol.read_response(timeout=self._settings.data_seconds)
        if not 200 <= answer.code <= 299:
            raise error_for_code(answer.code, answer.message, "answer", self._server)
        return answer.message


def _heed_cancellation() -> None:
    """Before Python 3.12 ``asyncio.wait_for``, on which the library waits, forgets a cancellation that comes in the
    same moment as what is waited for. The send would go on, and the one who stopped it wait for nothing."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _mail_options(client: aiosmtplib.SMTP, envelope: Envelope) -> list[str]:
    options = []
    if client.supports_extension("size"):
        options.append(f"SIZE={len(envelope.message)}")
    if envelope.smtputf8:
        options += ["SMTPUTF8", "BODY=8BITMIME"]
    if client.supports_extension("dsn"):  # RFC 3461: a bounce names the case, and holds no more than the header
        options += ["RET=HDRS", f"ENVID={xtext(envelope.envid)[:100]}"]
    return options


def _rcpt_options(client: aiosmtplib.SMTP, envelope: Envelope) -> list[str]:
    if not client.supports_extension("dsn") or envelope.smtputf8:
        return []
    return ["NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{xtext(envelope.recipient)}"]


def xtext(text: str) -> str:
    """RFC 3461 section 4: printable ASCII, the rest and ``+`` and ``=`` as hexadecimal."""
    return "".join(chr(byte) if 33 <= byte <= 126 and byte not in b"+=" else f"+{byte:02X}" for byte in text.encode())


def dot_stuffed(message: bytes) -> bytes:
    """The message as it goes over the wire, end mark included (RFC 5321 section 4.5.2).

    Every line end is CR LF: a bare CR or LF could smuggle a second message past a lax server.
    """
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"


def _own_name() -> str:
    """How to greet: our full name, or the form of an address that RFC 5321 section 4.1.4 has for those without one."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


async def _quit(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit(timeout=2.0)
    except LIBRARY_ERRORS:  # it is over either way
        log.debug("smtp_quit_unanswered")
    finally:
        client.close()
