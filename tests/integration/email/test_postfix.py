# SPDX-License-Identifier: Apache-2.0
"""A real Postfix between us and the world, in both directions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from channels.email.channel import EmailChannel, create
from channels.email.config import Config
from router.errors import TransientError
from router.interfaces import ChannelContext
from router.schema import Party, Reply
from router.testing.channels import eventually, offers, receipt
from router.testing.servers import ServerMissing, skip_or_fail
from router.testing.servers.certificates import Certificates, make_certificates
from router.testing.servers.dovecot import DovecotServer
from router.testing.servers.mailsink import MailSink, mail_sink
from router.testing.servers.postfix import PostfixServer, postfix

pytestmark = pytest.mark.integration


@pytest.fixture
async def sink(relay_port: int) -> AsyncIterator[MailSink]:
    async with mail_sink(port=relay_port) as running:
        yield running


TOKEN = "cr-7k2m9qxa4babcdefghijklmnopqrstuvwx"


def channel(relay: PostfixServer, context: ChannelContext, **changes: Any) -> EmailChannel:
    smtp = {"host": "localhost", "port": relay.port, "ca_file": relay.ca_file, "timeout_seconds": 10} | changes
    config = {"address": "support@example.org", "return_path": "bounce+{token}@example.org", "smtp": smtp}
    return create("support", Config.model_validate(config), context)


def reply(**changes: Any) -> Reply:
    fields: dict[str, Any] = {
        "id": "r-1", "case_id": "CR-7", "channel": "email", "account": "support", "subject": "Re: Päckchen",
        "to": Party(address="jane@example.com", name="Jane"), "text": "Es kommt morgen.\n.\n..\nFrom here – ä ß õ",
        "message_id": f"{TOKEN}.r-1@example.org", "in_reply_to": "q@example.com", "references": ("p@example.com",),
    }  # fmt: skip
    return Reply(**(fields | changes))


async def test_reply_passes_through_a_real_relay_unchanged(
    relay: PostfixServer, sink: MailSink, context: ChannelContext
) -> None:
    """Text, thread and return path arrive at the customer's server as they left, sent over verified TLS."""
    out = channel(relay, context)
    got = await out.send(reply(reply_address="support+t0ken@example.org"))
    mail = (await sink.wait_for(1))[0]
    await out.close()
    assert got.native_id == f"{TOKEN}.r-1@example.org"
    assert mail.text == reply().text
    assert (mail.sender, mail.recipients) == (f"bounce+{TOKEN}@example.org", ("jane@example.com",))
    assert mail.message["Message-ID"] == f"<{TOKEN}.r-1@example.org>"
    assert mail.message["In-Reply-To"] == "<q@example.com>"
    assert mail.message["References"] == "<p@example.com> <q@example.com>"
    assert mail.message["Reply-To"] == "support+t0ken@example.org"
    assert mail.message["Subject"] == "Re: Päckchen"
    assert "with ESMTPS" in mail.message["Received"]


async def test_bounce_names_the_case(relay: PostfixServer, sink: MailSink, context: ChannelContext) -> None:
    """When the customer's server refuses, the bounce comes to the return path of the case and carries its id."""
    sink.refused.add("jane@example.com")
    out = channel(relay, context)
    await out.send(reply())
    await out.close()
    bounce = (await sink.wait_for(1))[0]
    assert bounce.sender == ""
    assert bounce.recipients == (f"bounce+{TOKEN}@example.org",)
    assert f"Original-Envelope-Id: {TOKEN}.r-1".encode() in bounce.body


async def test_relay_with_a_wrong_certificate_gets_nothing(
    relay: PostfixServer, context: ChannelContext, tmp_path: Path
) -> None:
    """Without trust in the relay nothing is sent and health names the certificate."""
    stranger = make_certificates(tmp_path / "stranger", "localhost")
    out = channel(relay, context, ca_file=stranger.ca)
    with pytest.raises(TransientError, match="certificate refused"):
        await out.send(reply())
    health = await out.health()
    assert not health.ok
    assert "certificate refused" in health.detail


async def test_relay_by_another_name_gets_nothing(relay: PostfixServer, context: ChannelContext) -> None:
    """A certificate for another host name is refused as well."""
    out = channel(relay, context, host="127.0.0.1")
    with pytest.raises(TransientError, match="set 'host'"):
        await out.send(reply())


async def test_listener_behind_a_real_relay_gets_everything_once_stored(
    relay: PostfixServer, relay_port: int, context: ChannelContext
) -> None:
    """What we could not store is kept by the relay and comes again as the same message, until we could."""
    config = {"address": "support@example.org", "listener": {"port": relay_port}}
    inbound = create("support", Config.model_validate(config), context)
    async with offers(inbound) as next_one:
        first = asyncio.ensure_future(next_one())
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=relay.port, start_tls=False) as client:
            body = b"From: jane@example.com\r\nSubject: Parcel\r\n\r\nIt never came.\r\n"
            await client.sendmail("jane@example.com", ["support+t0ken@example.org"], body)
        refused = await first
        await refused.refuse(RuntimeError("disk full"))
        again = await next_one()
        await again.ack(receipt(again))
        assert again.raw.native_id == refused.raw.native_id
        assert again.raw.transport.envelope_recipients == ("support+t0ken@example.org",)

        async def sent() -> bool:
            return "status=sent (250 2.0.0 Stored)" in relay.log()

        await eventually(sent, "the relay knows that it is stored")


async def test_mail_sent_by_smtp_reaches_us_through_postfix_and_dovecot(
    certificates: Certificates, imap_server: DovecotServer, imap_config: Any, context: ChannelContext
) -> None:
    """The whole way of a customer's mail: client, relay, delivery into the mailbox, IDLE, and us."""
    if not imap_server.has_lmtp:
        skip_or_fail(ServerMissing("Dovecot has no LMTP: apt-get install dovecot-lmtpd", "dovecot-lmtpd"))
    way_in = postfix(certificates, relay_port=imap_server.lmtp_port, protocol="lmtp")
    server = await asyncio.to_thread(way_in.__enter__)
    try:
        async with offers(create("support", imap_config(), context)) as next_one:
            async with aiosmtplib.SMTP(hostname="127.0.0.1", port=server.port, start_tls=False) as client:
                body = "From: jane@example.com\r\nSubject: Paketti\r\n\r\nPaketti ei tullut.\r\n"
                await client.sendmail("jane@example.com", ["support@example.org"], body)
            assert b"Paketti ei tullut." in (await next_one()).raw.body
    finally:
        await asyncio.to_thread(way_in.__exit__, None, None, None)
