# SPDX-License-Identifier: Apache-2.0
"""One batch from raw bytes to routed cases: read, thread, enrich, classify, route, commit.

Batches form by themselves: whatever waits when a worker is free is taken together, and one commit keeps it all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from router.casework import joined_case, new_case
from router.config.models import BatchSettings, Limits, ThreadSettings
from router.crypto import reference_for
from router.errors import Conflict, StoreError
from router.failpoints import failpoint
from router.interfaces import Classifier, ClassifierInput, Clock, Customers, Store
from router.notices import Notices
from router.parsing.pool import Reader
from router.records import AuditRow, Commit, Lookup, NewMessage, OutboxRow, RawOutcome, RawRecord, ThreadHit
from router.rules.facts import Facts
from router.rules.ruleset import RuleSet
from router.schema import Case, Classification, Customer, InboundMessage
from router.threads import Placement, case_ids_named, keys_kept, keys_wanted, place, words_digest

__all__ = ["Pipeline"]

log = structlog.get_logger(__name__)

_POLL_SECONDS = 1.0  # how soon work left by another process, or a lease that ran out, is noticed


@dataclass(frozen=True)
class _Item:
    """One parsed message of the batch and what is known of it so far."""

    record: RawRecord
    message: InboundMessage
    reference: str  # of the case it would open
    classification: Classification | None = None
    customer: Customer | None = None


@dataclass
class _Draft:
    """The commit as it grows, and the store's knowledge with the batch's own findings laid over it."""

    known: Lookup
    fresh: dict[str, Case] = field(default_factory=dict)
    changed: dict[str, Case] = field(default_factory=dict)
    messages: list[NewMessage] = field(default_factory=list)
    outbox: list[OutboxRow] = field(default_factory=list)
    audit: list[AuditRow] = field(default_factory=list)
    ignored: dict[int, str] = field(default_factory=dict)

    def current(self, case: Case) -> Case:
        return self.fresh.get(case.id) or self.changed.get(case.id) or case

    def keep(self, case: Case) -> None:
        (self.fresh if case.id in self.fresh or case.id not in self.known.cases else self.changed)[case.id] = case

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


class Pipeline:
    """Raw messages to cases. ``rules`` gives the rule set in force; ``committed`` is called after each batch."""

    def __init__(
        self,
        store: Store,
        *,
        reader: Reader,
        classifier: Classifier,
        rules: Callable[[], RuleSet],
        customers: Customers,
        notices: Notices,
        key: bytes,
        clock: Clock,
        limits: Limits,
        batches: BatchSettings,
        threads: ThreadSettings,
        committed: Callable[[Commit], None],
        worker: str = "pipeline",
    ) -> None:
        self._store = store
        self._reader = reader
        self._classifier = classifier
        self._rules = rules
        self._customers = customers
        self._notices = notices
        self._key = key
        self._clock = clock
        self._limits = limits
        self._batches = batches
        self._threads = threads
        self._committed = committed
        self._worker = worker
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something was kept; look now."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled. A batch under way is finished or given back, never half done."""
        while True:
            self._wake.clear()
            try:
                done = await self.step()
            except StoreError as error:
                log.error("store_unavailable", reason=str(error))  # noqa: TRY400 - the reason is the whole story
                done = 0
            if not done:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_SECONDS):
                        await self._wake.wait()

    async def step(self) -> int:
        """Take one batch and finish it. Returns how many raw messages were taken."""
        records = await self._store.claim_raw(self._worker, limit=self._batches.max_messages)
        if records:
            await self._finish(records)
        return len(records)

    async def _finish(self, records: Sequence[RawRecord]) -> None:
        """Process a batch; if it fails as a whole, each message alone, so that only the culprit suffers."""
        try:
            await self._process(records)
        except StoreError:
            raise
        except Exception as error:
            if len(records) > 1:
                log.warning("batch_split", size=len(records), reason=type(error).__name__)
                for record in records:
                    await self._finish([record])
                return
            log.exception("message_failed", raw_id=records[0].id)
            reason = f"processing failed: {type(error).__name__}"
            await self._commit(Commit(outcomes=(self._failed(records[0], reason, final=False),)))

    async def _process(self, records: Sequence[RawRecord]) -> None:
        outcomes, items = await self._read(records)
        items = await self._label(items)
        for attempt in range(5):
            draft = await self._decide(items)
            done = [self._outcome(record, items, draft) for record in records if record.id not in outcomes]
            changes = Commit(
                outcomes=(*outcomes.values(), *done),
                new_cases=tuple(draft.fresh.values()),
                changed_cases=tuple(draft.changed.values()),
                messages=tuple(draft.messages),
                outbox=tuple(draft.outbox),
                audit=tuple(draft.audit),
            )
            try:
                await self._commit(changes)
            except Conflict:  # an agent or another worker was quicker; decide again on what is true now
                if attempt == 4:
                    raise
            else:
                return

    async def _commit(self, changes: Commit) -> None:
        failpoint("route.after_decide")
        await self._store.commit(changes)
        self._committed(changes)

    async def _read(self, records: Sequence[RawRecord]) -> tuple[dict[int, RawOutcome], list[_Item]]:
        """Parse; what cannot be read gets an outcome by raw id, what can becomes items."""
        outcomes: dict[int, RawOutcome] = {}
        items: list[_Item] = []
        answers = await self._reader.read([record.raw for record in records])
        for record, answer in zip(records, answers, strict=True):
            if answer.error:
                outcomes[record.id] = self._failed(record, answer.error, final=answer.final)
            elif not answer.messages:
                outcomes[record.id] = RawOutcome(raw_id=record.id, state="ignored", reason="holds no message")
            for index, message in enumerate(answer.messages):
                stamped = (
                    message
                    if message.received_at
                    else message.model_copy(update={"received_at": record.raw.received_at})
                )
                source = record.raw.source_key if index == 0 else message.source_key
                items.append(_Item(record, stamped, reference_for(self._key, source)))
        return outcomes, items

    def _failed(self, record: RawRecord, reason: str, *, final: bool) -> RawOutcome:
        state = "quarantined" if final or record.attempts >= self._limits.attempts else "new"
        if state == "quarantined":
            log.warning("message_quarantined", raw_id=record.id, channel=record.raw.channel, reason=reason)
        return RawOutcome(raw_id=record.id, state=state, reason=reason)

    async def _label(self, items: Sequence[_Item]) -> list[_Item]:
        """Look up customers and classify, the whole batch at once; the model works beside the loop."""
        batch = [
            ClassifierInput(
                text=f"{item.message.subject}\n{item.message.words}".strip(),
                channel=item.message.channel,
                language=item.message.language,
            )
            for item in items
        ]
        failpoint("classify.mid")
        labels = await asyncio.to_thread(self._classifier.classify, batch) if batch else []
        customers = await self._customers.find([item.message for item in items])
        return [
            _Item(item.record, item.message, item.reference, label, customer)
            for item, label, customer in zip(items, labels, customers, strict=True)
        ]

    async def _decide(self, items: Sequence[_Item]) -> _Draft:
        known = await self._store.lookup(
            source_keys=[item.message.source_key for item in items],
            thread_keys=list(dict.fromkeys(key for item in items for key in keys_wanted(item.message))),
            case_ids=[case_id for item in items for case_id in case_ids_named(item.message)],
        )
        draft = _Draft(known)
        taken = set(known.known)
        rules = self._rules()
        for item in items:
            if item.message.source_key in taken:
                draft.ignored[item.record.id] = "known already"
            elif item.message.flags.own:
                draft.ignored[item.record.id] = "sent by ourselves"
            else:
                taken.add(item.message.source_key)
                self._decide_one(item, draft, rules)
        return draft

    def _decide_one(self, item: _Item, draft: _Draft, rules: RuleSet) -> None:
        now, message = self._clock.now(), item.message
        placement = place(message, draft.view(), key=self._key, now=now, settings=self._threads)
        assert item.classification is not None  # every item was labelled
        before = draft.current(placement.case) if placement.case is not None else None
        decision = rules.decide(
            Facts(
                message=message,
                classification=item.classification,
                customer=item.customer,
                is_new=before is None,
                now=now,
            )
        )
        if before is None:
            case = new_case(
                case_id=item.reference,
                message=message,
                labels=item.classification,
                decision=decision,
                customer=item.customer,
                now=now,
            )
            draft.outbox += self._notices.for_new(case, message, decision, now)
        elif placement.how == "copy":
            case = before
        else:
            case = joined_case(before, message, item.classification, decision, now)
        if case is not before:
            draft.keep(case)
        draft.messages.append(self._stored(item, case, placement).model_copy(update={"decision": decision}))
        action = "case_opened" if before is None else f"message_joined_by_{placement.how}"
        detail = {"source": message.source_key, "route": decision.route, "verified": str(placement.verified).lower()}
        draft.audit.append(
            AuditRow(at=now, actor="router", action=action, case_id=case.id, team=case.team, detail=detail)
        )

    @staticmethod
    def _stored(item: _Item, case: Case, placement: Placement) -> NewMessage:
        return NewMessage(
            raw_id=item.record.id,
            case_id=case.id,
            message=item.message,
            classification=item.classification,
            copy_of=placement.copy_of,
            verified=placement.verified,
            words_digest=words_digest(item.message),
            thread_keys=keys_kept(item.message),
        )

    @staticmethod
    def _outcome(record: RawRecord, items: Sequence[_Item], draft: _Draft) -> RawOutcome:
        mine = {item.message.source_key for item in items if item.record.id == record.id}
        if any(new.raw_id == record.id for new in draft.messages):
            return RawOutcome(raw_id=record.id, state="done")
        state = "done" if mine & set(draft.known.known) else "ignored"
        return RawOutcome(raw_id=record.id, state=state, reason=draft.ignored.get(record.id, ""))
