# SPDX-License-Identifier: Apache-2.0
"""What a batch of labelled messages changes: which case each opens or joins, where it goes, what leaves. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from router.casework import asks_nothing, joined_case, new_case, with_report_told
from router.config.models import ThreadSettings
from router.notices import Notices
from router.records import AuditRow, Commit, Lookup, NewMessage, OutboxRow, RawOutcome, RawRecord, ThreadHit
from router.rules.facts import MAX_CONTACTS, Calendars, Facts, case_then
from router.rules.ruleset import RuleSet
from router.schema import Case, Classification, Customer, InboundMessage
from router.threads import Placement, keys_kept, keys_wanted, place, words_digest

__all__ = ["Batch", "Draft", "Item", "draft_changes"]


@dataclass(frozen=True)
class Item:
    """One parsed message of a batch and what is known of it so far."""

    record: RawRecord
    message: InboundMessage
    reference: str  # of the case it would open
    classification: Classification | None = None
    customer: Customer | None = None


@dataclass(frozen=True)
class Batch:
    """Raw messages taken together and what reading them gave."""

    records: tuple[RawRecord, ...]
    outcomes: dict[int, RawOutcome]  # of those that hold nothing to decide, by raw id
    items: tuple[Item, ...]

    def split(self) -> Iterator[Batch]:
        """One batch for each raw message."""
        for record in self.records:
            outcome = {record.id: self.outcomes[record.id]} if record.id in self.outcomes else {}
            yield Batch((record,), outcome, tuple(item for item in self.items if item.record.id == record.id))


@dataclass
class Draft:
    """The commit as it grows, and the store's knowledge with the batch's own findings laid over it."""

    known: Lookup
    fresh: dict[str, Case] = field(default_factory=dict)
    changed: dict[str, Case] = field(default_factory=dict)
    messages: list[NewMessage] = field(default_factory=list)
    outbox: list[OutboxRow] = field(default_factory=list)
    audit: list[AuditRow] = field(default_factory=list)
    outcomes: dict[int, RawOutcome] = field(default_factory=dict)  # by raw id

    def current(self, case: Case) -> Case:
        """The case as it is after what the batch did to it so far."""
        return self.fresh.get(case.id) or self.changed.get(case.id) or case

    def keep(self, case: Case) -> None:
        (self.fresh if case.id in self.fresh or case.id not in self.known.cases else self.changed)[case.id] = case

    def settle(self, record: RawRecord, *, reason: str = "", done: bool) -> None:
        """A raw message is done as soon as one of its messages is in a case."""
        before = self.outcomes.get(record.id)
        if done or before is None:
            state = "done" if done else "ignored"
            self.outcomes[record.id] = RawOutcome(raw_id=record.id, state=state, reason=reason)

    def view(self) -> Lookup:
        """What is known now, this batch's own messages first."""
        threads = dict(self.known.threads)
        for new in self.messages:
            case = self.current(self.fresh.get(new.case_id) or self.known.cases[new.case_id])
            hit = ThreadHit(
                case=case, sender_key=new.message.sender.key, digest=new.words_digest, source_key=new.message.source_key
            )
            for key in new.thread_keys:
                threads[key] = (hit, *threads.get(key, ()))
        return Lookup(known=self.known.known, threads=threads, cases=self.known.cases | self.changed | self.fresh)

    def contacts(self, sender_key: str) -> list[datetime]:
        """When this sender wrote before, newest first."""
        own = [new.message for new in self.messages if not new.copy_of and new.message.sender.key == sender_key]
        times = [message.received_at for message in reversed(own) if message.received_at is not None]
        return [*times, *self.known.contacts.get(sender_key, ())][:MAX_CONTACTS]

    def unanswered(self, case: Case) -> int:
        """Messages in the case since we last answered, with the one that comes now."""
        before = self.known.unanswered.get(case.id, 0)
        return 1 + before + sum(new.case_id == case.id and not new.copy_of for new in self.messages)

    def commit(self, outcomes: Sequence[RawOutcome]) -> Commit:
        """Everything as one transaction, with the outcomes of those that never got this far."""
        return Commit(
            outcomes=(*outcomes, *self.outcomes.values()),
            new_cases=tuple(self.fresh.values()),
            changed_cases=tuple(self.changed.values()),
            messages=tuple(self.messages),
            outbox=tuple(self.outbox),
            audit=tuple(self.audit),
            wanted=tuple(dict.fromkeys(key for new in self.messages for key in keys_wanted(new.message))),
            newest_key=self.known.newest_key,
        )


def draft_changes(
    items: Sequence[Item],
    known: Lookup,
    *,
    rules: RuleSet,
    notices: Notices,
    key: bytes,
    now: datetime,
    threads: ThreadSettings,
    calendars: Calendars | None = None,
) -> Draft:
    """Decide for each message in turn; later ones see what earlier ones of the batch did."""
    draft = Draft(known)
    taken = set(known.known)
    for item in items:
        source_key = item.message.source_key
        if source_key in taken:
            draft.settle(item.record, reason="known already", done=source_key in known.known)
        elif item.message.flags.own:
            draft.settle(item.record, reason="sent by ourselves", done=False)
        else:
            taken.add(source_key)
            placement = place(item.message, draft.view(), key=key, now=now, settings=threads)
            if item.message.event == "delete" and placement.how != "edit":
                draft.settle(item.record, reason="deletes a message that is not here", done=False)
                continue
            _decide(item, placement, draft, rules=rules, notices=notices, now=now, calendars=calendars)
            draft.settle(item.record, done=True)
    return draft


def _facts(item: Item, before: Case | None, draft: Draft, *, now: datetime, calendars: Calendars | None) -> Facts:
    """What the rules see of a message; ``before`` is the case it comes into."""
    message = item.message
    return Facts(
        message=message,
        classification=item.classification,
        customer=item.customer,
        is_new=before is None,
        messages=1 + (len(before.messages) if before is not None else 0),
        now=now,
        contacts=draft.contacts(message.sender.key) if message.sender.key else (),
        reopened=before is not None and before.state == "resolved" and not asks_nothing(message),
        unanswered=1 if before is None else draft.unanswered(before),
        deadlines=draft.known.deadlines.get(before.id, {}) if before is not None else {},
        calendars=calendars,
        case=case_then(before) if before is not None else None,
    )


def _decide(
    item: Item,
    placement: Placement,
    draft: Draft,
    *,
    rules: RuleSet,
    notices: Notices,
    now: datetime,
    calendars: Calendars | None,
) -> None:
    message, labels = item.message, item.classification
    assert labels is not None  # every item was labelled
    before = draft.current(placement.case) if placement.case is not None else None
    if before is not None:
        message = with_report_told(message)
    facts = _facts(item, before, draft, now=now, calendars=calendars)
    given = facts.given(with_calendars="time.in_calendar" in rules.asks)
    decision = rules.decide(facts).model_copy(update={"given": given, "customer": item.customer})
    if before is None:
        case = new_case(
            case_id=item.reference, message=message, labels=labels, decision=decision, customer=item.customer, now=now
        )
        leaving = notices.for_new(case, message, decision, now)
        if decision.answer and any(row.reply is not None for row in leaving):
            case = case.model_copy(update={"state": "waiting"})  # answered; a person looks if the customer comes back
        draft.outbox += leaving
    elif placement.how == "copy":
        case = before
    else:
        case = joined_case(before, message, labels, decision, now)
        if case.team != before.team:
            draft.outbox += notices.for_moved(case, message, decision, now)
        draft.outbox += notices.for_joined(case, message, decision, now)
    if case is not before:
        draft.keep(case.model_copy(update={"messages": (*case.messages, message.source_key)}))
    draft.messages.append(
        NewMessage(
            raw_id=item.record.id,
            case_id=case.id,
            message=message,
            classification=labels,
            decision=decision,
            copy_of=placement.copy_of,
            verified=placement.verified,
            words_digest=words_digest(message),
            thread_keys=keys_kept(message),
        )
    )
    action = "case_opened" if before is None else f"message_joined_by_{placement.how}"
    detail = {"source": message.source_key, "route": decision.route, "verified": str(placement.verified).lower()}
    draft.audit.append(AuditRow(at=now, actor="router", action=action, case_id=case.id, team=case.team, detail=detail))
