# SPDX-License-Identifier: Apache-2.0
"""The e-mail channel keeps every channel's promises, fed from a folder and over SMTP, answering over SMTP with TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from abc import abstractmethod
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib

from channels.email.channel import EmailChannel, create
from channels.email.config import Config
from router.interfaces import ChannelContext
from router.registry import channel_parse
from router.testing.channels import ChannelContract, ChannelWorld, Failure, make_context
from router.testing.servers.certificates import make_certificates
from router.testing.servers.mailsink import MailSink, mail_sink

PASSWORD = "correct-horse-öäå"


def mail(key: str, text: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Jane <customer@example.org>"
    message["To"] = "support@example.org"
    message["Subject"] = "Parcel"
    message["Message-ID"] = f"<{key}@example.org>"
    message.set_content(text)
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


class EmailWorld(ChannelWorld):
    """A sink that wants TLS and a log-in on the way out; the way in is what the subclasses differ in."""

    secrets = (PASSWORD,)
    channel: EmailChannel

    async def open(self, tmp_path: Path) -> None:
        self.parse = channel_parse("email")
        self.folder = tmp_path / "inbox"
        self.folder.mkdir()
        self.stack = contextlib.AsyncExitStack()
        certificates = await asyncio.to_thread(make_certificates, tmp_path / "tls", "localhost")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.cert, certificates.key)
        self.sink: MailSink = await self.stack.enter_async_context(mail_sink(users={"support": PASSWORD}, tls=context))
        (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
        smtp = {
            "host": "localhost",
            "port": self.sink.port,
            "ca_file": certificates.ca,
            "user": "support",
            "password": {"file": tmp_path / "password"},
        }
        self.config = Config.model_validate({"address": "support@example.org", "smtp": smtp, **self.source()})
        self.context: ChannelContext = make_context(tmp_path)
        self.channel = create("support", self.config, self.context)

    @abstractmethod
    def source(self) -> dict[str, Any]: ...

    async def restart(self) -> None:
        await self.channel.close()
        self.channel = create("support", self.config, self.context)

    async def sent(self) -> list[str]:
        return [mail.text for mail in self.sink.mails]

    async def break_sending(self, failure: Failure) -> None:
        if failure == "down":
            await self.stack.aclose()
        else:
            self.sink.mood = failure

    async def close(self) -> None:
        await self.stack.aclose()


class FolderWorld(EmailWorld):
    """Mail arrives as .eml files."""

    def source(self) -> dict[str, Any]:
        return {"folder": {"path": self.folder}}

    async def push(self, key: str, text: str) -> None:
        (self.folder / f".{key}").write_bytes(mail(key, text))
        (self.folder / f".{key}").rename(self.folder / f"{key}.eml")

    async def acknowledged(self) -> set[str]:
        return {path.stem for path in (self.folder / "done").glob("*.eml")}


class ListenerWorld(EmailWorld):
    """A mail server hands mail over by SMTP, and again what was not answered with 250."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.taken: set[str] = set()
        self.calls: set[asyncio.Task[None]] = set()

    def source(self) -> dict[str, Any]:
        return {"listener": {"port": 0}}

    async def push(self, key: str, text: str) -> None:
        self.held[key] = text
        self.calls.add(asyncio.create_task(self.hand_over(key, text)))

    async def hand_over(self, key: str, text: str) -> None:
        while self.channel.listening is None:
            await asyncio.sleep(0.005)
        host, port = self.channel.listening
        with contextlib.suppress(aiosmtplib.SMTPException):
            async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False, local_hostname="relay") as client:
                await client.sendmail("customer@example.org", ["support@example.org"], mail(key, text))
                self.taken.add(key)

    async def acknowledged(self) -> set[str]:
        return set(self.taken)

    async def restart(self) -> None:
        await self.end_calls()
        await super().restart()
        for key in self.held.keys() - self.taken:
            await self.push(key, self.held[key])

    async def end_calls(self) -> None:
        for call in self.calls:
            call.cancel()
        await asyncio.gather(*self.calls, return_exceptions=True)
        self.calls.clear()

    async def close(self) -> None:
        await self.end_calls()
        await super().close()


class TestEmailFolder(ChannelContract):
    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        world = FolderWorld()
        await world.open(tmp_path)
        return world


class TestEmailListener(ChannelContract):
    async def make_world(self, tmp_path: Path) -> ChannelWorld:
        world = ListenerWorld()
        await world.open(tmp_path)
        return world
