# SPDX-License-Identifier: Apache-2.0
"""One update to every case of an incident: each gets it on its own channel, in its own language, once.

Updates are kept first and sent by whoever looks next; the id of each reply is made of incident, number and case, so
that going through the cases again after a crash queues nothing twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Protocol

import structlog

from router.errors import Conflict, NotFound, UserInputError
from router.failpoints import failpoint
from router.incidents.records import IncidentUpdate
from router.incidents.signs import is_counted
from router.interfaces import Store
from router.records import Entry, OutboxRow
from router.schema import Case

__all__ = ["Fanout", "Replies", "reply_id"]

log = structlog.get_logger(__name__)

_AT_ONCE = 50


class Replies(Protocol):
    """The part of ``router.replies.service.ReplyService`` that updates go out by."""

    async def submit(self, case_id: str, *, text: str, actor: str, once: str = "", language: str = "") -> OutboxRow: ...
    async def withdraw(self, outbox_id: str, *, actor: str) -> OutboxRow: ...


def reply_id(update: IncidentUpdate, case_id: str) -> str:
    """The same for the same update and case."""
    words = f"incident-update\0{update.incident_id}\0{update.number}\0{case_id}"
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def _answered(entries: list[Entry]) -> bool:
    """Whether a person wrote: nothing goes to machines, lists and ourselves, nor to unclear senders."""
    received = [entry.message for entry in entries if entry.message is not None and entry.verified]
    return any(is_counted(message) and not message.flags.sender_ambiguous for message in received[-1:])


class Fanout:
    """Goes through the cases of updates, a page at a time."""

    def __init__(self, store: Store, replies: Replies) -> None:
        self._store = store
        self._replies = replies

    async def step(self) -> dict[str, int]:
        """Go on with every update that is not through, one page each. Returns what became of the cases gone through,
        in words."""
        done: Counter[str] = Counter()
        for update in await self._store.incident_updates(unfinished=True):
            done += await self._page(update)
        return dict(done)

    async def _page(self, update: IncidentUpdate) -> Counter[str]:
        cases = await self._store.incident_cases(
            update.incident_id, after=update.last_case, until=update.at, limit=_AT_ONCE, teams=update.teams or None
        )
        page: Counter[str] = Counter()
        for case in cases:
            page[await (self._take_back(update, case) if update.stopped_by else self._one(update, case))] += 1
            failpoint("incident.after_reply")
        last = cases[-1].id if cases else update.last_case
        tally = page + Counter(update.tally)
        kept = await self._store.advance_update(update, last_case=last, done=len(cases) < _AT_ONCE, tally=dict(tally))
        if not kept:
            await self._stopped_meanwhile(update, cases)
        elif len(cases) < _AT_ONCE:
            log.info("incident_update_done", incident=update.incident_id, number=update.number, **tally)
        return page

    async def _stopped_meanwhile(self, before: IncidentUpdate, cases: list[Case]) -> None:
        """Another process may have gone through these cases for a stop before their answers were queued here."""
        for now in await self._store.incident_updates(before.incident_id):
            if now.number == before.number and now.stopped_by and not before.stopped_by:
                for case in cases:
                    await self._take_back(now, case)

    async def _take_back(self, update: IncidentUpdate, case: Case) -> str:
        """Withdraw what has not left; what has left stays as it is."""
        key = reply_id(update, case.id)
        try:
            row = await self._store.outbox_row(key)
        except NotFound:
            return "not_queued"
        if row.state in ("awaiting_approval", "pending"):
            try:
                row = await self._replies.withdraw(key, actor=update.stopped_by)
            except Conflict:  # it left at the same moment, or somebody else withdrew it
                row = await self._store.outbox_row(key)
        return "withdrawn" if row.state == "withdrawn" else "left_before"

    async def _one(self, update: IncidentUpdate, case: Case) -> str:
        """Queue it for one case; what became of it, in a word."""
        key = reply_id(update, case.id)
        try:
            return _word(await self._store.outbox_row(key))
        except NotFound:
            pass
        if not _answered(await self._store.conversation(case.id)):
            return "machine"
        text, language = update.text_for(case.language)
        try:
            row = await self._replies.submit(case.id, text=text, actor=update.actor, once=key, language=language)
        except UserInputError as error:
            log.info("incident_update_not_sent", incident=update.incident_id, case_id=case.id, reason=str(error))
            return "not_reachable"
        except Conflict:  # another process queued it at the same moment
            return _word(await self._store.outbox_row(key))
        return _word(row)


def _word(row: OutboxRow) -> str:
    return {"awaiting_approval": "held", "withdrawn": "withdrawn"}.get(row.state, "queued")
