# SPDX-License-Identifier: Apache-2.0
"""Mail out of a real Dovecot: what arrives is offered once, and the mailbox is told after the commit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import channels.email.imap as imap_module
from channels.email.channel import EmailChannel, create
from channels.email.imap_session import ImapSession
from channels.email.parse import parse
from router.errors import ParseError
from router.interfaces import ChannelContext, Delivery, ParseOptions
from router.testing.channels import eventually, offers, receipt
from router.testing.servers.dovecot import DovecotServer

pytestmark = pytest.mark.integration


def mail(number: int, text: str = "My parcel never came.") -> bytes:
    return (
        f"From: jane@example.org\r\nTo: support@example.org\r\nSubject: Number {number}\r\n"
        f"Message-ID: <{number}@example.org>\r\n\r\n{text}\r\n"
    ).encode()


async def take(channel: EmailChannel, count: int) -> list[Delivery]:
    """Receive and acknowledge so many messages."""
    taken = []
    async with offers(channel) as next_one:
        for _ in range(count):
            taken.append(await next_one())
            await taken[-1].ack(receipt(taken[-1]))
    return taken


async def put(server: DovecotServer, *bodies: bytes, **where: str) -> None:
    for body in bodies:
        await asyncio.to_thread(server.deliver, body, **where)


async def flags(server: DovecotServer, mailbox: str = "INBOX") -> dict[int, set[str]]:
    return await asyncio.to_thread(server.flags, mailbox)


async def test_imap_offers_new_mail_within_seconds_by_idle(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext
) -> None:
    """A message that arrives while we wait is offered at once, whole, with its place in the mailbox."""
    channel = create("support", imap_config(idle_seconds=600), context)
    await put(imap_server, mail(1))
    async with offers(channel) as next_one:
        await next_one()
        await asyncio.sleep(0.3)  # let it enter IDLE
        await put(imap_server, mail(2, "Ä second one"))
        async with asyncio.timeout(3):
            raw = (await next_one()).raw
    assert raw.body == mail(2, "Ä second one")
    assert raw.transport.mailbox == "INBOX"
    assert raw.native_id == f"INBOX/{raw.transport.uidvalidity}/{raw.transport.uid}"


@pytest.mark.parametrize("tls", ["implicit", "starttls", "none"])
async def test_imap_works_with_each_kind_of_encryption(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext, tls: str
) -> None:
    """TLS from the start, STARTTLS, and plain text on loopback all deliver."""
    port = imap_server.tls_port if tls == "implicit" else imap_server.port
    await put(imap_server, mail(1))
    taken = await take(create("support", imap_config(tls=tls, port=port), context), 1)
    assert taken[0].raw.body == mail(1)


@pytest.mark.parametrize(("flag", "stored"), [(r"\Seen", r"\Seen"), ("$Routed", "$Routed")])
async def test_imap_flags_only_after_the_ack(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext, flag: str, stored: str
) -> None:
    """Before the commit the message looks untouched, after it carries the flag."""
    channel = create("support", imap_config(flag=flag), context)
    await put(imap_server, mail(1))
    async with offers(channel) as next_one:
        delivery = await next_one()
        assert stored not in (await flags(imap_server))[1]
        await delivery.ack(receipt(delivery))

        async def flagged() -> bool:
            return stored in (await flags(imap_server))[1]

        await eventually(flagged, "the flag is set")


@pytest.mark.parametrize("move", [True, False], ids=["MOVE", "COPY and UID EXPUNGE"])
async def test_imap_moves_after_the_ack(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext, monkeypatch: pytest.MonkeyPatch, move: bool
) -> None:
    """An acknowledged message leaves for a folder that is made when missing, whatever its name; others stay."""
    if not move:
        monkeypatch.setattr(ImapSession, "_refresh_abilities", _without(ImapSession._refresh_abilities, "MOVE"))
    await put(imap_server, mail(1), mail(2))
    await put(imap_server, mail(3), flags=r"(\Deleted)")  # somebody else's business
    channel = create("support", imap_config(after="move", move_to='Erledigt "Ä" & Co'), context)
    async with offers(channel) as next_one:
        first, _ = await next_one(), await next_one()
        await first.ack(receipt(first))

        async def gone() -> bool:
            return set(await flags(imap_server)) == {2, 3}

        await eventually(gone, "the message has left")
    assert len(await flags(imap_server, '"Erledigt \\"&AMQ-\\" &- Co"')) == 1


def _without(refresh: Any, ability: str) -> Any:
    async def refreshed(self: ImapSession) -> None:
        await refresh(self)
        self.abilities -= {ability}

    return refreshed


async def test_imap_leaves_the_mailbox_alone_when_told(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext
) -> None:
    """With 'leave' nothing changes in the mailbox and still nothing is offered twice."""
    await put(imap_server, mail(1))
    await take(create("support", imap_config(after="leave"), context), 1)
    assert await flags(imap_server) == {1: {"\\Recent"}} or await flags(imap_server) == {1: set()}
    await put(imap_server, mail(2))
    taken = await take(create("support", imap_config(after="leave"), context), 1)
    assert taken[0].raw.transport.uid == 2


async def test_imap_takes_mail_that_a_person_has_read_already(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext
) -> None:
    """State is kept by UID: what somebody opened in a mail reader is not skipped."""
    await put(imap_server, mail(1), flags=r"(\Seen)")
    assert (await take(create("support", imap_config(), context), 1))[0].raw.body == mail(1)


async def test_imap_position_never_runs_ahead_of_the_commit(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext
) -> None:
    """With the first of two messages unacknowledged, a restart offers it again although the second was stored."""
    await put(imap_server, mail(1), mail(2))
    async with offers(create("support", imap_config(), context)) as next_one:
        await next_one()
        second = await next_one()
        await second.ack(receipt(second))
    async with offers(create("support", imap_config(), context)) as next_one:
        again = await next_one()
    assert again.raw.transport.uid == 1


async def test_imap_offers_a_refused_message_again(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be stored comes back by itself, without a restart."""
    monkeypatch.setattr(imap_module, "_REFUSED_RETRY_SECONDS", 0.1)
    await put(imap_server, mail(1))
    async with offers(create("support", imap_config(), context)) as next_one:
        first = await next_one()
        await first.refuse(RuntimeError("disk full"))
        assert (await next_one()).raw.source_key == first.raw.source_key


async def test_imap_keeps_what_is_too_large_in_the_mailbox_and_says_so(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An oversized message is marked, listed in health and offered as its header, which goes to quarantine with the
    reason; it is neither flagged nor moved, the next one is unaffected, and a restart does not list it again."""
    monkeypatch.setattr(imap_module, "_REFUSED_RETRY_SECONDS", 0.1)
    large = mail(1, "x" * 5000)
    await put(imap_server, large, mail(2))
    config = imap_config(max_message_bytes=2000)
    channel = create("support", config, context)
    async with offers(channel) as next_one:
        left, delivery = await next_one(), await next_one()
        assert left.raw.body == large[: large.index(b"\r\n\r\n") + 4]
        assert left.raw.transport.left_bytes == len(large)
        with pytest.raises(ParseError, match=f"larger than the limit: {len(large)} bytes"):
            parse(left.raw, ParseOptions())
        assert delivery.raw.body == mail(2)
        await left.refuse(RuntimeError("disk full"))
        again = await next_one()
        assert (again.raw.source_key, again.raw.body) == (left.raw.source_key, left.raw.body)
        await again.ack(receipt(again))
        await delivery.ack(receipt(delivery))
        await eventually(lambda: _is_done(context, 2), "the position is saved")
        health = await channel.health()
    assert health.ok
    assert "1 messages over 2000 bytes" in health.detail
    assert "$TooLarge" in (await flags(imap_server))[1]
    await put(imap_server, mail(3))
    assert [one.raw.body for one in await take(create("support", config, context), 1)] == [mail(3)]


async def test_imap_with_start_new_leaves_old_mail_alone(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext
) -> None:
    """The first time, only what arrives from now on is taken; after a restart nothing is missed."""
    await put(imap_server, mail(1))
    config = imap_config(start="new")
    async with offers(create("support", config, context)) as next_one:
        pending = asyncio.ensure_future(next_one())
        await eventually(lambda: _saved(context), "the position is saved")
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)
    await put(imap_server, mail(2))
    assert (await take(create("support", config, context), 1))[0].raw.body == mail(2)


async def _is_done(context: ChannelContext, uid: int) -> bool:
    return any(f'"uid":{uid},' in saved for saved in context.cursors.saved.values())  # type: ignore[attr-defined]


async def _saved(context: ChannelContext) -> bool:
    return bool(context.cursors.saved)  # type: ignore[attr-defined] # the twin shows what it keeps


async def test_imap_reads_a_backlog_in_order_and_once(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext
) -> None:
    """A hundred and twenty waiting messages come in order of arrival, each once, all flagged in the end."""
    with imap_server.session(None) as client:
        for number in range(120):
            client.append("INBOX", None, None, mail(number))
    taken = await take(create("support", imap_config(), context), 120)
    assert [item.raw.transport.uid for item in taken] == list(range(1, 121))
    assert all("\\Seen" in held for held in (await flags(imap_server)).values())


async def test_imap_follows_several_mailboxes(
    imap_server: DovecotServer, imap_config: Any, context: ChannelContext
) -> None:
    """Every mailbox named is read, each with its own position."""
    with imap_server.session(None) as client:
        client.create("Beschwerden")
    await put(imap_server, mail(1))
    await put(imap_server, mail(2), mailbox="Beschwerden")
    taken = await take(create("support", imap_config(mailboxes=["INBOX", "Beschwerden"]), context), 2)
    assert {item.raw.transport.mailbox for item in taken} == {"INBOX", "Beschwerden"}
