# SPDX-License-Identifier: Apache-2.0
"""Sending against a loopback server that behaves well, badly and not at all."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiosmtplib
import pytest

from channels.email.config import SmtpSettings
from channels.email.render import Envelope
from channels.email.smtp import SmtpSender, dot_stuffed, xtext
from router.errors import PermanentError, SendError, TransientError, UnknownOutcome
from router.testing.servers.mailsink import MailSink, Mood, mail_sink


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


def envelope(body: bytes = b"Subject: x\r\n\r\nHello\r\n", **changes: str) -> Envelope:
    fields = {"sender": "support@example.org", "recipient": "jane@example.com", "envid": "CR-1"} | changes
    return Envelope(**fields, message=body)


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    async with mail_sink() as running:
        yield running


def sender(port: int, **changes: object) -> SmtpSender:
    settings = {"host": "127.0.0.1", "port": port, "tls": "none", "timeout_seconds": 2, "local_hostname": "us"}
    return SmtpSender("support", SmtpSettings.model_validate(settings | changes), Clock())


async def test_send_uses_a_connection_again_but_not_for_ever(sink: MailSink) -> None:
    """Messages share a connection up to the limit; then a new one is made."""
    out = sender(sink.port, messages_per_connection=2)
    for _ in range(3):
        await out.send(envelope())
    await out.close()
    assert (len(sink.mails), sink.connections) == (3, 2)


async def test_send_opens_no_more_connections_than_allowed(sink: MailSink) -> None:
    """Twenty sends at once share two connections."""
    out = sender(sink.port, connections=2)
    await asyncio.gather(*(out.send(envelope()) for _ in range(20)))
    await out.close()
    assert len(sink.mails) == 20
    assert sink.connections <= 2


@pytest.mark.parametrize("step", ["connect", "ehlo", "mail", "execute_command"])
async def test_send_stops_though_the_library_forgets_the_cancellation(
    sink: MailSink, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The library goes on as if nothing had been said; the send ends all the same, and before the message leaves."""
    plain = getattr(aiosmtplib.SMTP, step)
    reached = asyncio.Event()

    async def forgetful(self: aiosmtplib.SMTP, *given: object, **named: object) -> object:
        reached.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(10)
        return await plain(self, *given, **named)

    monkeypatch.setattr(aiosmtplib.SMTP, step, forgetful)
    out = sender(sink.port)
    task = asyncio.create_task(out.send(envelope()))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    await out.close()
    assert sink.mails == []


async def test_send_survives_a_server_that_hung_up_between_messages(sink: MailSink) -> None:
    """A kept connection that the server closed meanwhile is replaced, and the message goes out once."""
    out = sender(sink.port)
    await out.send(envelope())
    for line in out._idle:
        assert line.client.transport is not None
        line.client.transport.abort()  # type: ignore[attr-defined]
    await out.send(envelope())
    await out.close()
    assert len(sink.mails) == 2


@pytest.mark.parametrize(
    ("mood", "expected", "kept"),
    [("busy", TransientError, 0), ("rejected", PermanentError, 0), ("late_busy", TransientError, 0),
     ("late_rejected", PermanentError, 0), ("cut", UnknownOutcome, 1), ("stall", UnknownOutcome, 1)],
)  # fmt: skip
async def test_send_tells_what_became_of_the_mail(
    sink: MailSink, mood: Mood, expected: type[SendError], kept: int
) -> None:
    """Refused for now, refused for good, or nobody knows: never a guess, and no address in the words."""
    sink.mood = mood
    out = sender(sink.port, data_seconds=0.2)
    with pytest.raises(expected) as caught:
        await out.send(envelope())
    assert type(caught.value) is expected
    assert len(sink.mails) == kept
    assert "jane@example.com" not in "".join(traceback.format_exception(caught.value))
    await out.close()


async def test_send_to_nobody_listening_may_be_tried_again() -> None:
    """Without a connection nothing was sent, and health says the same."""
    async with mail_sink() as gone:
        port = gone.port
    out = sender(port)
    with pytest.raises(TransientError):
        await out.send(envelope())
    assert not (await out.health()).ok


@asynccontextmanager
async def scripted(cut_after: bytes = b"never") -> AsyncIterator[int]:
    """A bare server that answers 250 to everything, and hangs up at one command."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            if line.startswith(cut_after):
                break
            writer.write(b"250 OK\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for writer in writers:
            writer.close()
            await writer.wait_closed()


@pytest.mark.parametrize("cut_after", [b"EHLO", b"MAIL", b"RCPT", b"DATA"])
async def test_connection_lost_before_the_message_is_certainly_not_sent(cut_after: bytes) -> None:
    """A line that breaks at any command up to DATA leaves nothing behind: it may be tried again."""
    async with scripted(cut_after) as port:
        out = sender(port)
        with pytest.raises(TransientError):
            await out.send(envelope())
        await out.close()


async def test_address_beyond_ascii_needs_a_server_that_knows_them() -> None:
    """Without SMTPUTF8 such a mail can never be sent there."""
    made = envelope(recipient="jürgen@example.com").model_copy(update={"smtputf8": True})
    async with scripted() as port:
        out = sender(port)
        with pytest.raises(PermanentError, match="SMTPUTF8"):
            await out.send(made)
        await out.close()


@pytest.mark.parametrize("body", [
    b".", b"..", b".\r\n.\r\n", b"a\r\n.\r\nMAIL FROM:<x@example.org>\r\n", b"a\n.\nb", b"a\r.\rb",
    b"a\r\n.\nb\n.\r\nc", b"",
], ids=repr)  # fmt: skip
async def test_lone_dots_and_odd_line_ends_cannot_end_the_message(sink: MailSink, body: bytes) -> None:
    """Whatever the body holds, one message arrives, whole, with CR LF line ends."""
    out = sender(sink.port)
    await out.send(envelope(body))
    await out.close()
    wanted = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").replace(b"\n", b"\r\n") + b"\r\n"
    assert [mail.body for mail in sink.mails] == [wanted]


def test_dot_stuffed_ends_with_one_lone_dot() -> None:
    """The end mark is there once and nothing inside looks like it."""
    wire = dot_stuffed(b"a\r\n.\r\n..b\r\n")
    assert wire == b"a\r\n..\r\n...b\r\n.\r\n"


def test_xtext_escapes_what_options_cannot_hold() -> None:
    """Spaces, plus, equals and letters beyond ASCII are written as hexadecimal."""
    assert xtext("a+b =ä") == "a+2Bb+20+3D+C3+A4"
