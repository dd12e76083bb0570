# SPDX-License-Identifier: Apache-2.0
"""The e-mail channel keeps every channel's promises when its mail is in a real Dovecot."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from channels.email.channel import create
from channels.email.config import Config
from router.registry import channel_parse
from router.testing.channels import ChannelContract, ChannelWorld, make_context
from router.testing.servers import ServerMissing, skip_or_fail
from router.testing.servers.certificates import make_certificates
from router.testing.servers.dovecot import DovecotServer, dovecot

pytestmark = pytest.mark.integration


class ImapWorld(ChannelWorld):
    """A mailbox; what is flagged as seen counts as taken."""

    secrets = (DovecotServer.password,)

    def __init__(self, tmp_path: Path) -> None:
        self.stack = contextlib.ExitStack()
        self.server = self.stack.enter_context(dovecot(make_certificates(tmp_path / "tls", "localhost")))
        (tmp_path / "password").write_text(self.server.password, encoding="utf-8")
        imap = {
            "host": "localhost",
            "port": self.server.tls_port,
            "ca_file": self.server.ca_file,
            "user": self.server.user,
            "password": {"file": tmp_path / "password"},
        }
        self.config = Config.model_validate({"address": "support@example.org", "imap": imap})
        self.context = make_context(tmp_path)
        self.parse = channel_parse("email")
        self.channel = create("support", self.config, self.context)
        self.keys: list[str] = []

    async def push(self, key: str, text: str) -> None:
        self.keys.append(key)
        body = f"From: jane@example.org\r\nMessage-ID: <{key}@example.org>\r\nSubject: x\r\n\r\n{text}\r\n"
        await asyncio.to_thread(self.server.deliver, body.encode())

    async def acknowledged(self) -> set[str]:
        flags = await asyncio.to_thread(self.server.flags)
        return {self.keys[uid - 1] for uid, held in flags.items() if "\\Seen" in held}

    async def restart(self) -> None:
        await self.channel.close()
        self.channel = create("support", self.config, self.context)

    async def close(self) -> None:
        await asyncio.to_thread(self.stack.close)


class TestImap(ChannelContract):
    source_repeats = False  # a second copy in the mailbox has a UID of its own
    can_send = False

    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        try:
            return await asyncio.to_thread(ImapWorld, tmp_path)
        except ServerMissing as error:
            skip_or_fail(error)
