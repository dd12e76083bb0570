# SPDX-License-Identifier: Apache-2.0
"""One mailbox followed over IMAP: what is new by UID, offered, and told to the server after the commit.

State is kept by UID and never by \\Seen, so people may read, flag and delete in parallel and nothing is skipped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from channels.email.backoff import Backoff
from channels.email.config import ImapSettings
from channels.email.imap_session import ImapSession, Selected
from channels.email.ledger import Ledger, Position
from channels.email.source import KIND, Offer, State
from router.errors import TransientError
from router.failpoints import failpoint
from router.interfaces import ChannelContext, Delivery, Health
from router.records import RawReceipt
from router.schema import RawMessage, Transport

__all__ = ["TOO_LARGE", "ImapSource"]

log = structlog.get_logger(__name__)

TOO_LARGE = "$TooLarge"  # keyword set on mail that stays in the mailbox for its size
_LOOK_AHEAD = 100  # messages whose sizes are asked for at once
_BATCH_MESSAGES = 50
_HEADER_BYTES = 64 * 1024  # of a message that is too large
_BATCH_BYTES = 8 * 1024 * 1024
_REFUSED_RETRY_SECONDS = 30.0
_LAST_WORDS_SECONDS = 5.0


class ImapSource:
    """One mailbox of one account."""

    def __init__(self, account: str, settings: ImapSettings, mailbox: str, context: ChannelContext) -> None:
        self._account, self._settings, self._mailbox, self._context = account, settings, mailbox, context
        self._key = f"imap:{settings.user}@{settings.host}/{mailbox}"
        self._state = State()
        self._readonly = settings.after == "leave"
        self._too_large: set[int] = set()
        self._complaint = ""  # what the server would not do for us
        self._wake = asyncio.Event()
        self._ledger = Ledger(Position(uidvalidity=0, uid=0))
        self._uidnext = 0  # when the mailbox was taken up: everything below was there before
        self._again: dict[int, float] = {}  # refused UID to the loop time of its next try

    @property
    def name(self) -> str:
        return f"imap {self._settings.host} {self._mailbox}"

    async def run(self, offer: Offer) -> None:
        """Follow the mailbox; see ``Source.run``."""
        backoff = Backoff()
        self._ledger = Ledger(Position(uidvalidity=0, uid=0))  # what was not acknowledged is offered anew
        self._state.running = True
        try:
            while True:
                try:
                    await self._follow(offer, backoff)
                except TransientError as error:
                    pause = max(backoff.next(), error.retry_after or 0.0)
                    self._tell(ok=False, detail=str(error))
                    log.warning(
                        "imap_interrupted", account=self._account, pause_seconds=round(pause, 1), reason=str(error)
                    )
                    await self._context.clock.sleep(pause)
        finally:
            self._state.running = False

    async def health(self) -> Health:
        """What the running source knows, else the outcome of a log-in now."""
        known = self._state.health
        if known is not None:
            return known
        try:
            session = await ImapSession.open(self._settings)
            try:
                await session.select(self._mailbox, readonly=True)
            finally:
                await session.close()
        except TransientError as error:
            return Health(ok=False, detail=str(error))
        return Health(ok=True, detail=f"{self.name}: log-in works")

    # --- one connection -------------------------------------------------------------------------------------------

    async def _follow(self, offer: Offer, backoff: Backoff) -> None:
        session = await ImapSession.open(self._settings)
        try:
            await self._take_up(session, await session.select(self._mailbox, readonly=self._readonly))
            self._tell(ok=True)
            log.info("imap_connected", account=self._account, idle="IDLE" in session.abilities)
            while True:
                self._wake.clear()
                session.heard_of_new_mail()
                await self._tell_server(session)
                await self._offer_new(session, offer)
                await self._offer_again(session, offer)
                backoff.reset()
                if not self._wake.is_set() and not session.heard_of_new_mail():
                    await self._wait(session)
        except asyncio.CancelledError:
            if self._ledger.acked:  # stored already: saves the next start a duplicate
                with suppress(TransientError, TimeoutError):
                    async with asyncio.timeout(_LAST_WORDS_SECONDS):
                        await self._tell_server(session)
            raise
        finally:
            await session.close()

    async def _take_up(self, session: ImapSession, selected: Selected) -> None:
        """Find the place to go on from; a changed UIDVALIDITY (RFC 3501 section 2.3.1.1) means listing anew."""
        if self._ledger.position.uidvalidity != selected.uidvalidity:
            saved = await self._context.cursors.get(self._key)
            position = Position.model_validate_json(saved) if saved else self._beginning(selected)
            if position.uidvalidity != selected.uidvalidity:
                log.warning("imap_uidvalidity_changed", account=self._account)
                position = Position(uidvalidity=selected.uidvalidity, uid=0, since=position.since)
            self._ledger = Ledger(position)
            self._uidnext = selected.uidnext
            self._again.clear()
            await self._save()
        if not self._readonly:
            self._too_large = set(await session.search(f"KEYWORD {TOO_LARGE}"))

    def _beginning(self, selected: Selected) -> Position:
        if self._settings.start == "all":
            return Position(uidvalidity=selected.uidvalidity, uid=0)
        yesterday = self._context.clock.now() - timedelta(days=1)  # SINCE compares days in the server's time zone
        return Position(uidvalidity=selected.uidvalidity, uid=max(0, selected.uidnext - 1), since=_imap_date(yesterday))

    async def _save(self) -> None:
        failpoint("poll.before_offset_save")
        await self._context.cursors.set(self._key, self._ledger.position.model_dump_json())
        failpoint("poll.after_offset_save")

    async def _wait(self, session: ImapSession) -> None:
        """Until the server has news, an ack is to be told, a refused message is due, or IDLE must be renewed."""
        due = min(self._again.values(), default=float("inf")) - asyncio.get_running_loop().time()
        if "IDLE" not in session.abilities:
            await self._woken(min(due, self._settings.poll_seconds))
            return
        idle = await session.start_idle(self._settings.idle_seconds)
        if session.heard_of_new_mail():
            return
        woken = asyncio.ensure_future(self._wake.wait())
        try:
            patience = self._settings.idle_seconds + self._settings.timeout_seconds
            either: set[asyncio.Future[Any]] = {idle, woken}
            done, _ = await asyncio.wait(
                either, timeout=max(0.0, min(due, patience)), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            woken.cancel()
        if idle in done:
            idle.result()
        elif not done and due > patience:
            raise TransientError(f"{self.name}: the server does not end IDLE any more")

    async def _woken(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()

    # --- from the server ------------------------------------------------------------------------------------------

    async def _offer_new(self, session: ImapSession, offer: Offer) -> None:
        first, since = self._ledger.listed + 1, self._ledger.position.since
        bound = f" SINCE {since}" if since and self._ledger.listed == 0 else ""
        # "n:*" always holds the last message, even when its UID is below n.
        new = [uid for uid in await session.search(f"UID {first}:*{bound}") if uid >= first]
        for start in range(0, len(new), _LOOK_AHEAD):
            await self._offer_some(session, offer, new[start : start + _LOOK_AHEAD])
        if bound:  # what was there before and is older must not come in with the next, unbounded look
            self._ledger.pass_by([self._uidnext - 1])

    async def _offer_some(self, session: ImapSession, offer: Offer, uids: Sequence[int]) -> None:
        sizes = {uid: int(entry.get(b"RFC822.SIZE") or 0) for uid, entry in
                 (await session.fetch(uids, "(UID RFC822.SIZE)")).items()}  # fmt: skip
        self._ledger.finish(uid for uid in uids if uid not in sizes)  # deleted meanwhile
        large = {uid: size for uid, size in sizes.items() if size > self._settings.max_message_bytes}
        if large:
            await self._set_aside(session, offer, large)
        fitting = [uid for uid in uids if uid in sizes and uid not in large]
        for batch in _batches(fitting, sizes):
            await self._offer_batch(session, offer, batch)
            await self._tell_server(session)
        self._ledger.pass_by(uids)

    async def _offer_again(self, session: ImapSession, offer: Offer) -> None:
        now = asyncio.get_running_loop().time()
        due = [uid for uid, when in self._again.items() if when <= now]
        for uid in due:
            del self._again[uid]
            await self._offer_some(session, offer, [uid])

    async def _offer_batch(self, session: ImapSession, offer: Offer, uids: Sequence[int]) -> None:
        fetched = await session.fetch(uids, "(UID INTERNALDATE BODY.PEEK[])")
        failpoint("fetch.after_body")
        for uid in uids:
            entry = fetched.get(uid)
            body = entry.get(b"BODY[]") if entry else None
            if isinstance(body, bytes):
                self._ledger.offer(uid)
                self._ledger.pass_by([uid])
                await offer(self._delivery(uid, body, entry.get(b"INTERNALDATE") if entry else None))
            else:  # deleted between listing and fetching
                self._ledger.finish([uid])

    def _delivery(self, uid: int, body: bytes, stamp: Any, *, left_bytes: int | None = None) -> Delivery:
        """``left_bytes``: the body is only the header of a message of that size, which stays where it is."""
        ledger, now = self._ledger, self._context.clock.now()
        uidvalidity = ledger.position.uidvalidity
        arrived = stamp.astimezone(UTC) if isinstance(stamp, datetime) and stamp.tzinfo else now

        async def ack(_: RawReceipt) -> None:
            if left_bytes is None:
                ledger.ack(uid)
            else:  # neither flagged as taken nor moved
                ledger.finish([uid])
            self._wake.set()

        async def refuse(_: Exception) -> None:
            if ledger is self._ledger:
                self._again[uid] = asyncio.get_running_loop().time() + _REFUSED_RETRY_SECONDS
                self._wake.set()

        raw = RawMessage(
            channel=KIND,
            account=self._account,
            native_id=f"{self._mailbox}/{uidvalidity}/{uid}" + ("" if left_bytes is None else "/header"),
            body=body,
            received_at=min(arrived, now),
            transport=Transport(mailbox=self._mailbox, uidvalidity=uidvalidity, uid=uid, left_bytes=left_bytes),
        )
        return Delivery(raw, ack, refuse)

    # --- to the server --------------------------------------------------------------------------------------------

    async def _set_aside(self, session: ImapSession, offer: Offer, sizes: Mapping[int, int]) -> None:
        """Mark what is too large, and offer its header, so that it is listed in quarantine with the reason."""
        uids = sorted(sizes)
        if not self._readonly:
            await session.store(uids, TOO_LARGE)
        self._too_large |= set(uids)
        log.warning("imap_message_too_large", account=self._account, uids=list(uids),
                    max_bytes=self._settings.max_message_bytes)  # fmt: skip
        self._tell(ok=True)
        fetched = await session.fetch(uids, f"(UID INTERNALDATE BODY.PEEK[HEADER]<0.{_HEADER_BYTES}>)")
        for uid in uids:
            entry = fetched.get(uid, {})
            header = next((value for key, value in entry.items() if key.startswith(b"BODY[HEADER]")), None)
            if isinstance(header, bytes):
                self._ledger.offer(uid)
                self._ledger.pass_by([uid])
                await offer(self._delivery(uid, header, entry.get(b"INTERNALDATE"), left_bytes=sizes[uid]))
            else:
                self._ledger.finish([uid])

    async def _tell_server(self, session: ImapSession) -> None:
        """Flag or move what is stored, then save how far we are."""
        before, uids = self._ledger.position, self._ledger.acked
        if uids:
            if not await self._flag_or_move(session, uids):
                self._complaint = f"the server does not let us {self._settings.after} messages in {self._mailbox}"
                log.warning("imap_after_refused", account=self._account, after=self._settings.after)
                self._tell(ok=True)
            self._ledger.finish(uids)
        if self._ledger.position != before:
            await self._save()

    async def _flag_or_move(self, session: ImapSession, uids: Sequence[int]) -> bool:
        if self._settings.after == "leave":
            return True
        if self._settings.after == "move":
            return await session.move(
                uids, self._settings.move_to, before_removal=lambda: failpoint("fetch.mid_expunge")
            )
        failpoint("fetch.before_flag_seen")
        stored = await session.store(uids, self._settings.flag)
        failpoint("fetch.after_flag_seen")
        return stored

    def _tell(self, *, ok: bool, detail: str = "") -> None:
        if ok:
            parts = [f"{self.name}: connected", self._complaint]
            if self._too_large:
                parts.append(
                    f"{len(self._too_large)} messages over {self._settings.max_message_bytes} bytes were left in the "
                    "mailbox" + ("" if self._readonly else f", marked {TOO_LARGE}")
                )
            detail = "; ".join(part for part in parts if part)
        self._state.tell(ok=ok, detail=detail, now=self._context.clock.now())


def _batches(uids: Sequence[int], sizes: dict[int, int]) -> list[list[int]]:
    """Cut into runs that are small enough to hold in memory."""
    batches: list[list[int]] = []
    room = 0
    for uid in uids:
        if not batches or len(batches[-1]) >= _BATCH_MESSAGES or room < sizes[uid]:
            batches.append([])
            room = _BATCH_BYTES
        batches[-1].append(uid)
        room -= sizes[uid]
    return batches


def _imap_date(moment: datetime) -> str:
    """RFC 3501 section 9, date-text; month names must not follow the locale."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{moment.day}-{months[moment.month - 1]}-{moment.year}"
