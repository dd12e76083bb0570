# SPDX-License-Identifier: Apache-2.0
"""A real Dovecot that cannot be trusted, refuses us, dies or forgets: nothing is lost and health says what to do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from channels.email.channel import create
from router.interfaces import ChannelContext, Health
from router.testing.channels import eventually, make_context, offers, receipt
from router.testing.servers.certificates import make_certificates
from router.testing.servers.dovecot import DovecotServer, dovecot

pytestmark = pytest.mark.integration

MAIL = b"From: jane@example.org\r\nSubject: Parcel\r\nMessage-ID: <1@example.org>\r\n\r\nIt never came.\r\n"


async def put(server: DovecotServer, body: bytes = MAIL) -> None:
    await asyncio.to_thread(server.deliver, body)


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_imap_refuses_a_certificate_of_an_unknown_authority(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext, tls: str
) -> None:
    """Without our authority's certificate there is no log-in and no fallback, and health names the way out."""
    port = imap_server.tls_port if tls == "implicit" else imap_server.port
    health = await create("support", imap_config(tls=tls, port=port, ca_file=None), context).health()
    assert not health.ok
    assert "certificate refused" in health.detail
    assert "ca_file" in health.detail
    assert "Login: user" not in imap_server.log()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_imap_refuses_a_certificate_for_another_host(
    tmp_path: Path, imap_config: Any, context: ChannelContext, tls: str
) -> None:
    """A certificate of the right authority for the wrong name is refused in the same way."""
    other = make_certificates(tmp_path / "other", "mail.example.org")
    with dovecot(other) as server:
        port = server.tls_port if tls == "implicit" else server.port
        health = await create("support", imap_config(tls=tls, port=port, ca_file=server.ca_file), context).health()
        assert "Login: user" not in server.log()
    assert not health.ok
    assert "mismatch" in health.detail.lower()
    assert "set 'host' to a name the certificate carries" in health.detail


async def test_imap_that_drops_starttls_gets_no_password(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext
) -> None:
    """A server that no longer offers STARTTLS is refused, not spoken to in the clear."""
    imap_server.stop()
    imap_server.start(tls=False)
    health = await create("support", imap_config(tls="starttls", port=imap_server.port), context).health()
    assert not health.ok
    assert "TLS" in health.detail
    assert "Login: user" not in imap_server.log()


async def test_imap_log_in_failure_says_what_to_do_and_no_secret(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext, tmp_path: Path
) -> None:
    """A wrong password is told as such, in health while running too, without the password."""
    (tmp_path / "wrong").write_text("not-the-password-9")
    channel = create("support", imap_config(password={"file": tmp_path / "wrong"}), context)
    health = await channel.health()
    assert not health.ok
    assert "check 'user' and 'password'" in health.detail
    assert "not-the-password-9" not in health.detail


async def test_imap_missing_mailbox_is_told(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext
) -> None:
    """A mailbox that does not exist is named in health."""
    health = await create("support", imap_config(mailboxes=["Nowhere"]), context).health()
    assert not health.ok
    assert "'Nowhere'" in health.detail


@pytest.mark.parametrize("how", ["cut", "restart"])
async def test_imap_comes_back_after_the_server_dies(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext, how: str
) -> None:
    """After a cut session or a restarted server mail flows again, and nothing comes twice."""
    channel = create("support", imap_config(), context)
    await put(imap_server)
    async with offers(channel) as next_one:
        first = await next_one()
        await asyncio.sleep(0.2)
        if how == "cut":
            imap_server.cut_sessions()
        else:
            await asyncio.to_thread(imap_server.stop)
            await eventually(lambda: _ill(channel), "health shows the outage")
            await asyncio.to_thread(imap_server.start)
        await first.ack(receipt(first))  # stored while the line was down
        await put(imap_server, MAIL.replace(b"<1@", b"<2@"))
        second = await next_one()
        assert second.raw.transport.uid == 2

        async def flagged() -> bool:
            return "\\Seen" in (await asyncio.to_thread(imap_server.flags))[1]

        await eventually(flagged, "the ack that was given during the outage reaches the server")
        assert (await channel.health()).ok


async def _ill(channel: Any) -> bool:
    health: Health = await channel.health()
    return not health.ok


async def test_imap_lists_anew_when_uidvalidity_changes(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext
) -> None:
    """When the server numbers its messages anew they are all offered again, under new ids, and none is skipped."""
    await put(imap_server)
    async with offers(create("support", imap_config(), context)) as next_one:
        first = await next_one()
        await first.ack(receipt(first))
    imap_server.stop()
    await asyncio.sleep(1.1)  # Dovecot makes the number from the time of day in seconds
    for index in (imap_server.home / "mail").rglob("dovecot*"):
        index.unlink()
    imap_server.start()
    await put(imap_server, MAIL.replace(b"<1@", b"<2@"))
    async with offers(create("support", imap_config(), context)) as next_one:
        again, new = await next_one(), await next_one()
    assert again.raw.digest == first.raw.digest
    assert again.raw.native_id != first.raw.native_id
    assert b"<2@" in new.raw.body


async def test_imap_that_is_not_there_is_told_not_raised(
    imap_server: DovecotServer, imap_config: Any, tmp_path: Path
) -> None:
    """A server that does not answer makes an unhealthy channel, which keeps trying."""
    imap_server.stop()
    channel = create("support", imap_config(), make_context(tmp_path))
    async with offers(channel) as next_one:
        pending = asyncio.ensure_future(next_one())
        await eventually(lambda: _ill(channel), "health shows it")
        assert "refused" in (await channel.health()).detail.lower()
        await asyncio.to_thread(imap_server.start)
        await put(imap_server)
        assert (await pending).raw.body == MAIL
