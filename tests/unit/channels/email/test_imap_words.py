# SPDX-License-Identifier: Apache-2.0
"""What is written into IMAP commands cannot become another command."""

from __future__ import annotations

import asyncio

import pytest

from channels.email.config import ImapSettings
from channels.email.imap_session import ImapSession, quote_mailbox, uid_set
from router.errors import TransientError


@pytest.mark.parametrize(
    ("name", "quoted"),
    [("INBOX", '"INBOX"'), ('a"b\\c', '"a\\"b\\\\c"'), ("Öt & co", '"&ANY-t &- co"'), ("日本", '"&ZeVnLA-"')],
)
def test_quote_mailbox_escapes_and_encodes(name: str, quoted: str) -> None:
    """Quotes, backslashes and letters beyond ASCII arrive as the name they are."""
    assert quote_mailbox(name) == quoted


@pytest.mark.parametrize("name", ["", "a\r\nx DELETE INBOX", "a\nb", "a\0b", "a\x7fb"])
def test_quote_mailbox_refuses_control_characters(name: str) -> None:
    """A line break in a folder name is an attack or a mistake; it is not sent."""
    with pytest.raises(ValueError, match="control characters"):
        quote_mailbox(name)


@pytest.mark.parametrize(
    ("uids", "text"), [([5], "5"), ([1, 2, 3, 7, 9, 10], "1:3,7,9:10"), ([10, 9, 9], "9:10"), ([], "")]
)
def test_uid_set_joins_runs(uids: list[int], text: str) -> None:
    """Runs are joined so that long lists stay short commands."""
    assert uid_set(uids) == text


@pytest.mark.parametrize(
    ("greeting", "tls", "sentence"),
    [
        (b"* PREAUTH welcome\r\n", "starttls", "before encryption"),
        (b"* OK no TLS here\r\n", "starttls", "TLS not supported"),
        (b"220 smtp.example.org ESMTP\r\n", "none", "no response"),
        (b"* BYE too busy\r\n", "none", "connect"),
    ],
    ids=["preauth", "starttls-stripped", "not-imap", "bye"],
)
async def test_imap_session_refuses_a_server_that_is_not_safe(
    monkeypatch: pytest.MonkeyPatch, greeting: bytes, tls: str, sentence: str
) -> None:
    """Neither PREAUTH nor a missing STARTTLS makes us go on in the clear, and no password leaves."""
    monkeypatch.setenv("IMAP_PASSWORD", "very-secret")
    heard: list[bytes] = []

    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(greeting)
        while line := await reader.readline():
            heard.append(line)
            if b"CAPABILITY" in line:
                writer.write(b"* CAPABILITY IMAP4rev1\r\n" + line.split()[0] + b" OK done\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    settings = ImapSettings.model_validate({
        "host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "tls": tls, "timeout_seconds": 0.3,
        "user": "support", "password": {"env": "IMAP_PASSWORD"},
    })  # fmt: skip
    async with server:
        with pytest.raises(TransientError, match=sentence):
            await ImapSession.open(settings)
        for writer in writers:
            writer.close()
            await writer.wait_closed()
    assert not [line for line in heard if b"very-secret" in line or b"LOGIN" in line or b"AUTHENTICATE" in line]
