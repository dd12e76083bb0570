# SPDX-License-Identifier: Apache-2.0
"""The listener promises 250 only for what is stored, and takes nothing it should not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from channels.email.config import Config
from channels.email.listener import ListenerSource, transaction_id
from router.interfaces import Delivery
from router.testing.channels import eventually, make_context, receipt
from router.testing.servers.certificates import make_certificates

MAIL = b"Subject: Parcel\r\n\r\nIt never came.\r\n"
Offer = Callable[[Delivery], Awaitable[None]]


class Keeper:
    """Stores everything at once, or what the test puts in its place."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []

    async def __call__(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        await delivery.ack(receipt(delivery))


@asynccontextmanager
async def listening(offer: Offer, tmp_path: Path, **changes: Any) -> AsyncIterator[int]:
    config = Config.model_validate({"address": "support@example.org", "listener": {"port": 0} | changes})
    assert config.listener is not None
    source = ListenerSource("support", config, config.listener, make_context(tmp_path))
    task = asyncio.create_task(source.run(offer))

    async def ready() -> bool:
        return source.address is not None

    try:
        await eventually(ready, "it listens")
        assert source.address is not None
        yield source.address[1]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def client(port: int, **options: Any) -> aiosmtplib.SMTP:
    options = {"start_tls": False, "local_hostname": "relay.example.org", "timeout": 5} | options
    return aiosmtplib.SMTP(hostname="localhost", port=port, **options)


async def deliver(port: int, body: bytes = MAIL, to: str = "support@example.org", **options: Any) -> str:
    async with client(port, **options) as smtp:
        _, words = await smtp.sendmail("jane@example.com", [to], body)
        return str(words)


async def test_listener_keeps_the_bytes_and_the_envelope(tmp_path: Path) -> None:
    """What arrives is offered as it was sent, with sender, recipients and peer beside it."""
    keeper = Keeper()
    async with listening(keeper, tmp_path) as port:
        await deliver(port, b"Subject: x\r\n\r\n..dots\r\n\xff\xfe bytes\r\n", to="support+tok@example.org")
    raw = keeper.deliveries[0].raw
    assert raw.body == b"Subject: x\r\n\r\n..dots\r\n\xff\xfe bytes\r\n"
    assert raw.transport.envelope_sender == "jane@example.com"
    assert raw.transport.envelope_recipients == ("support+tok@example.org",)
    assert raw.transport.peer in {"127.0.0.1", "::1"}


async def test_listener_takes_bounces(tmp_path: Path) -> None:
    """Mail with the null sender, as bounces have it, is taken."""
    keeper = Keeper()
    async with listening(keeper, tmp_path) as port, client(port) as smtp:
        await smtp.ehlo()
        await smtp.execute_command(b"MAIL", b"FROM:<>")
        await smtp.rcpt("support@example.org")
        await smtp.data(MAIL)
    assert keeper.deliveries[0].raw.transport.envelope_sender == ""


async def test_listener_says_250_only_after_the_ack(tmp_path: Path) -> None:
    """While the store works the client waits; a refusal, or a store that takes too long, is answered 451."""
    held: asyncio.Queue[Delivery] = asyncio.Queue()
    async with listening(held.put, tmp_path, commit_seconds=0.3) as port:
        waiting = asyncio.create_task(deliver(port))
        delivery = await held.get()
        assert not waiting.done()
        await delivery.ack(receipt(delivery))
        assert "Stored" in await waiting

        waiting = asyncio.create_task(deliver(port))
        await (await held.get()).refuse(RuntimeError("disk full"))
        for attempt in (waiting, asyncio.create_task(deliver(port))):
            with pytest.raises(aiosmtplib.SMTPDataError) as caught:
                await attempt
            assert caught.value.code == 451


async def test_repeated_transaction_has_one_id(tmp_path: Path) -> None:
    """A retry after a lost 250 has the same native id; another sender, recipient or text has another."""
    keeper = Keeper()
    async with listening(keeper, tmp_path) as port:
        for body in (MAIL, MAIL, MAIL + b"more\r\n"):
            await deliver(port, body)
    ids = [delivery.raw.native_id for delivery in keeper.deliveries]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].startswith("smtp/")
    assert transaction_id("a", ["b", "c"], b"") == transaction_id("a", ["c", "b"], b"")
    assert transaction_id("a", ["b"], b"") != transaction_id("", ["a", "b"], b"")


@pytest.mark.parametrize("recipient", ["support@example.net", "other@example.org", "root@localhost"])
async def test_listener_is_no_relay(tmp_path: Path, recipient: str) -> None:
    """Mail for anybody but the account is refused at once."""
    keeper = Keeper()
    async with listening(keeper, tmp_path) as port:
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as caught:
            await deliver(port, to=recipient)
    assert caught.value.recipients[0].code == 550
    assert not keeper.deliveries


@pytest.mark.parametrize("announced", [True, False])
async def test_listener_refuses_what_is_too_large(tmp_path: Path, announced: bool) -> None:
    """Above the limit the answer is 552, whether the size was announced or not, and nothing is offered."""
    keeper = Keeper()
    async with listening(keeper, tmp_path, max_message_bytes=2048) as port, client(port) as smtp:

        async def hand_over() -> None:
            await smtp.mail("jane@example.com", options=["SIZE=3000"] if announced else [])
            await smtp.rcpt("support@example.org")
            await smtp.data(b"x" * 3000 + b"\r\n")

        with pytest.raises(aiosmtplib.SMTPResponseException) as caught:
            await hand_over()
    assert caught.value.code == 552
    assert not keeper.deliveries


async def test_listener_takes_one_endless_line(tmp_path: Path) -> None:
    """A line of a megabyte is against the standard and still a complaint."""
    keeper = Keeper()
    async with listening(keeper, tmp_path) as port:
        await deliver(port, b"Subject: x\r\n\r\n" + b"y" * 1024 * 1024 + b"\r\n")
    assert len(keeper.deliveries[0].raw.body) > 1024 * 1024


@pytest.mark.parametrize("end", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r"], ids=repr)
async def test_listener_cannot_be_smuggled_into(tmp_path: Path, end: bytes) -> None:
    """Only CR LF . CR LF ends a message; commands behind anything else are text."""
    keeper = Keeper()
    inner = b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<support@example.org>\r\nDATA\r\nSubject: smuggled\r\n"
    async with listening(keeper, tmp_path) as port:
        reader, writer = await asyncio.open_connection("localhost", port)
        writer.write(b"EHLO x\r\nMAIL FROM:<jane@example.com>\r\nRCPT TO:<support@example.org>\r\nDATA\r\n")
        writer.write(b"Subject: x\r\n\r\nhello" + end + inner + b"\r\n.\r\nQUIT\r\n")
        answer = await reader.read()
        writer.close()
    assert answer.count(b"250 2.0.0 Stored") == 1
    assert [delivery.raw.transport.envelope_sender for delivery in keeper.deliveries] == ["jane@example.com"]


async def test_lmtp_answers_once_for_each_recipient(tmp_path: Path) -> None:
    """LMTP wants one answer a recipient after the data (RFC 2033 section 4.2)."""
    keeper = Keeper()
    async with listening(keeper, tmp_path, protocol="lmtp") as port:
        reader, writer = await asyncio.open_connection("localhost", port)
        writer.write(b"LHLO relay\r\nMAIL FROM:<jane@example.com>\r\nRCPT TO:<support@example.org>\r\n"
                     b"RCPT TO:<support+a@example.org>\r\nDATA\r\n" + MAIL + b".\r\nQUIT\r\n")  # fmt: skip
        answer = await reader.read()
        writer.close()
    assert answer.count(b"250 2.0.0 Stored") == 2
    assert len(keeper.deliveries) == 1


async def test_listener_turns_away_too_many_connections(tmp_path: Path) -> None:
    """Above the limit a connection is answered 421, and a place is free again when one leaves."""
    keeper = Keeper()
    async with listening(keeper, tmp_path, max_connections=1) as port:
        async with client(port):
            with pytest.raises(aiosmtplib.SMTPConnectResponseError) as caught:
                await deliver(port)
            assert caught.value.code == 421

        async def free() -> bool:
            try:
                await deliver(port)
            except aiosmtplib.SMTPConnectError:
                return False
            return True

        await eventually(free, "the place is free again")
    assert len(keeper.deliveries) == 1


async def test_listener_offers_starttls(tmp_path: Path) -> None:
    """With a certificate mail can come encrypted, and must when that is required."""
    made = make_certificates(tmp_path / "tls", "localhost")
    keeper = Keeper()
    tls = {"cert_file": made.cert, "key_file": made.key, "required": True}
    async with listening(keeper, tmp_path, tls=tls) as port:
        context = ssl.create_default_context(cafile=str(made.ca))
        await deliver(port, start_tls=True, tls_context=context)
        with pytest.raises(aiosmtplib.SMTPException):
            await deliver(port)
    assert len(keeper.deliveries) == 1


async def test_listener_port_in_use_is_told(tmp_path: Path) -> None:
    """A port that is taken makes the source unhealthy; it keeps trying."""
    taken = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    config = Config.model_validate({"address": "support@example.org", "listener": {"port": port}})
    assert config.listener is not None
    source = ListenerSource("support", config, config.listener, make_context(tmp_path))
    task = asyncio.create_task(source.run(Keeper()))

    async def ill() -> bool:
        return not (await source.health()).ok

    async def well() -> bool:
        return (await source.health()).ok

    await eventually(ill, "health shows it")
    taken.close()
    await taken.wait_closed()
    await eventually(well, "it listens after all")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
