# SPDX-License-Identifier: Apache-2.0
"""One update to every case of an incident: each gets it on its own channel, in its own language, once.

Updates are kept first and sent by whoever looks next; the id of each reply is made of incident, number and case, so
that going through the cases again after a crash queues nothing twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Protocol

import structlog

from router.errors import Conflict, NotFound, UserInputError
from router.failpoints import failpoint
from router.incidents.records import Incident, IncidentUpdate
from router.incidents.signs import is_counted
from router.interfaces import Capabilities, Store
from router.records import Entry, OutboxRow
from router.schema import Case

__all__ = ["Fanout", "Preview", "Replies", "checked_texts", "reply_id"]

log = structlog.get_logger(__name__)

_AT_ONCE = 50
_LONGEST = 20_000
Preview = dict[tuple[str, str, str], int]  # channel, language of the text, what happens -> cases


class Replies(Protocol):
    """The part of ``router.replies.service.ReplyService`` that updates go out by."""

    async def submit(self, case_id: str, *, text: str, actor: str, once: str = "", language: str = "") -> OutboxRow: ...
    def capabilities(self, case: Case) -> Capabilities: ...


def checked_texts(texts: Mapping[str, str], *, default_language: str) -> dict[str, str]:
    """The texts without blanks around them. Raises UserInputError where the default language has none."""
    found = {language.strip().lower(): text.strip() for language, text in texts.items() if text.strip()}
    if default_language not in found:
        raise UserInputError(
            f"the update needs a text in {default_language}, for those whose language has none",
            fields={default_language: "write something"},
        )
    long = [language for language, text in found.items() if len(text) > _LONGEST]
    if long:
        raise UserInputError("the text is too long", fields=dict.fromkeys(long, f"at most {_LONGEST} characters"))
    return found


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

    async def preview(self, incident: Incident, texts: Mapping[str, str], *, default_language: str) -> Preview:
        """How many would get it, by channel, language of the text and what happens: sent, held or none."""
        counts: Counter[tuple[str, str, str]] = Counter()
        after = ""
        while page := await self._store.incident_cases(incident.id, after=after, limit=1000):
            after = page[-1].id
            for case in page:
                language = case.language if case.language in texts else default_language
                able = self._replies.capabilities(case).reply
                what = "none" if case.visibility not in able else "held" if case.visibility == "public" else "sent"
                counts[case.channel, language, what] += 1
        return dict(counts)

    async def step(self) -> int:
        """Go on with every update that is not through, one page each. Returns how many cases were gone through."""
        done = 0
        for update in await self._store.incident_updates(unfinished=True):
            done += await self._page(update)
        return done

    async def _page(self, update: IncidentUpdate) -> int:
        cases = await self._store.incident_cases(
            update.incident_id, after=update.last_case, until=update.at, limit=_AT_ONCE
        )
        tally = Counter(update.tally)
        for case in cases:
            tally[await self._one(update, case)] += 1
            failpoint("incident.after_reply")
        last = cases[-1].id if cases else update.last_case
        await self._store.advance_update(update, last_case=last, done=len(cases) < _AT_ONCE, tally=dict(tally))
        if len(cases) < _AT_ONCE:
            log.info("incident_update_done", incident=update.incident_id, number=update.number, **tally)
        return len(cases)

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
    return "held" if row.state == "awaiting_approval" else "queued"
