# SPDX-License-Identifier: Apache-2.0
"""A scripted server that does what the protocol allows and Dovecot seldom does: renumbering between two answers, and
mail whose order is not that of its dates. No mail may be passed over, and no old one come in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from channels.email.channel import EmailChannel, create
from channels.email.config import Config
from router.interfaces import ChannelContext
from router.testing.channels import make_context, offers, receipt

Script = Callable[["Mailbox", int], str]


class Mailbox:
    """The messages by UID, in the order of their numbers."""

    def __init__(self, uids: list[int], *, recent: set[int], after: Script) -> None:
        self.uids, self.recent, self.after = uids, recent, after

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            writer.write(b"* OK ready\r\n")
            while line := (await reader.readline()).decode():
                tag, _, command = line.strip().partition(" ")
                writer.write(f"{self._answer(command)}{tag} OK done\r\n".encode())
                await writer.drain()

    def _answer(self, command: str) -> str:
        if command.startswith("CAPABILITY"):
            return "* CAPABILITY IMAP4rev1\r\n"
        if command.startswith(("SELECT", "EXAMINE")):
            last = f"* OK [UIDNEXT {max(self.uids) + 1}] fine\r\n"
            return f"* {len(self.uids)} EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n{last}"
        if match := re.match(r"UID SEARCH UID (\d+):\*( SINCE)?", command):
            found = [u for u in self.uids if u >= int(match[1]) and (not match[2] or u in self.recent)]
            return f"* SEARCH {' '.join(map(str, found or self.uids[-1:]))}\r\n"
        if match := re.match(r"UID FETCH (\S+) (.*)", command):
            ranges = [part.partition(":") for part in match[1].split(",")]
            wanted = {u for first, _, last in ranges for u in range(int(first), int(last or first) + 1)}
            return "".join(self._fetched(uid, match[2]) for uid in list(self.uids) if uid in wanted)
        return ""

    def _fetched(self, uid: int, items: str) -> str:
        body = f"From: {uid}@example.org\r\n\r\nNumber {uid}.\r\n"
        told = f"BODY[] {{{len(body)}}}\r\n{body}" if "BODY" in items else f"RFC822.SIZE {len(body)}"
        line = f"* {self.uids.index(uid) + 1} FETCH (UID {uid} {told})\r\n"
        return line + self.after(self, uid)


@asynccontextmanager
async def reading(
    mailbox: Mailbox, folder: Path, context: ChannelContext, **settings: object
) -> AsyncIterator[EmailChannel]:
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0)
    secret = folder / "password"
    secret.write_text("x", encoding="utf-8")
    imap = {
        "host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "tls": "none", "user": "u",
        "password": {"file": str(secret)}, "after": "leave", "poll_seconds": 0.1, **settings,
    }  # fmt: skip
    config = Config.model_validate({"address": "support@example.org", "imap": imap})
    async with server:
        yield create("support", config, context)


async def uids_offered(mailbox: Mailbox, folder: Path, count: int, *, saved: str = "", **settings: object) -> list[int]:
    """The UIDs of so many offers, and of what comes within half a second more; ``saved``: where a run before ended."""
    found: list[int] = []
    context = make_context(folder)
    if saved:
        await context.cursors.set("imap:u@127.0.0.1/INBOX", saved)
    async with reading(mailbox, folder, context, **settings) as channel, offers(channel) as next_one:
        try:
            async with asyncio.timeout(10):
                while len(found) < count:
                    delivery = await next_one()
                    found.append(delivery.raw.transport.uid or 0)
                    assert delivery.raw.body.endswith(f"Number {found[-1]}.\r\n".encode())
                    await delivery.ack(receipt(delivery))
            async with asyncio.timeout(0.5):
                found.append((await next_one()).raw.transport.uid or 0)
        except TimeoutError:
            pass
    return found


def deletes_102_after_103(mailbox: Mailbox, uid: int) -> str:
    """Somebody deletes an old mail while we are told of newer ones (RFC 3501 section 7.4.1)."""
    if uid != 103 or 102 not in mailbox.uids:
        return ""
    mailbox.uids.remove(102)
    return "* 1 EXPUNGE\r\n"


def tells_flags(mailbox: Mailbox, uid: int) -> str:
    """Somebody marks another mail; its number is the UID of one that we asked for."""
    del mailbox, uid
    return "* 2 FETCH (FLAGS (\\Seen))\r\n"


@pytest.mark.parametrize(
    ("uids", "after", "offered"),
    [([102, 103, 104, 105], deletes_102_after_103, [103, 104, 105]), ([1, 2, 3], tells_flags, [1, 2, 3])],
    ids=["renumbered", "flags"],
)
async def test_no_mail_is_passed_over_for_what_others_do(
    tmp_path: Path, uids: list[int], after: Script, offered: list[int]
) -> None:
    """Answers are told apart by UID: a number may mean another message from one line to the next."""
    assert await uids_offered(Mailbox(uids, recent=set(uids), after=after), tmp_path, len(offered)) == offered


async def test_start_new_leaves_old_mail_alone_whatever_its_number(tmp_path: Path) -> None:
    """After a new UIDVALIDITY old mail may stand above recent mail: it is bounded by its date and never comes in."""
    mailbox = Mailbox([1, 2, 3], recent={1}, after=lambda *_: "")
    saved = '{"uidvalidity": 6, "uid": 40, "since": "1-Jun-2026"}'
    assert await uids_offered(mailbox, tmp_path, 1, saved=saved, start="new") == [1]
