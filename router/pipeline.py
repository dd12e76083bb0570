# SPDX-License-Identifier: Apache-2.0
"""One batch from raw bytes to routed cases: read, thread, enrich, classify, route, commit.

Batches form by themselves: whatever waits when a worker is free is taken together, and one commit keeps it all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from router.config.models import BatchSettings, Limits, ThreadSettings
from router.crypto import reference_for
from router.decide import Batch, Item, draft_changes
from router.errors import Conflict, StoreError
from router.failpoints import failpoint
from router.interfaces import Classifier, ClassifierInput, Clock, Customers, Store
from router.notices import Notices
from router.parsing.pool import Reader
from router.records import Commit, RawOutcome, RawRecord
from router.rules.facts import Calendars
from router.rules.ruleset import RuleSet
from router.threads import case_ids_named, keys_wanted

__all__ = ["Pipeline"]

log = structlog.get_logger(__name__)

_MOST_UNFINISHED = 5  # attempts of one message, beyond the allowed failures, that may end without any outcome


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
        calendars: Callable[[], Calendars | None] = lambda: None,
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
        self._calendars = calendars
        self._worker = worker

    async def step(self) -> int:
        """Take one batch and finish it. Returns how many raw messages were taken."""
        batch = await self.take()
        if batch is None:
            return 0
        await self.finish(batch)
        return len(batch.records)

    async def take(self) -> Batch | None:
        """Claim what waits, at most one batch, and read it. Raises StoreError."""
        try:
            await self._reader.prepare()  # before the claim: who dies while it starts has tried no message
        except Exception:
            log.exception("reading_failed", size=0)
            return None
        records = await self._store.claim_raw(self._worker, limit=self._batches.max_messages)
        if not records:
            return None
        try:
            return await self._read(records)
        except Exception:  # the readers could not be started: that is no message's fault
            log.exception("reading_failed", size=len(records))
            given_back = tuple(
                RawOutcome(raw_id=record.id, state="new", reason="not read yet", counts=False) for record in records
            )
            await self._commit(Commit(outcomes=given_back))
            return None

    async def finish(self, batch: Batch) -> None:
        """Decide a batch; if it fails as a whole, each message alone, so that only the culprit suffers.

        Raises StoreError; then the messages come back when their lease runs out.
        """
        try:
            await self._process(batch)
        except StoreError:
            raise
        except Exception as error:
            if len(batch.records) > 1:
                log.warning("batch_split", size=len(batch.records), reason=type(error).__name__)
                for single in batch.split():
                    await self.finish(single)
                return
            record = batch.records[0]
            log.exception("message_failed", raw_id=record.id)
            reason = f"processing failed: {type(error).__name__}"
            await self._commit(Commit(outcomes=(self._failed(record, reason, final=False),)))

    async def _process(self, batch: Batch) -> None:
        items = await self._label(batch.items)
        for attempt in range(5):
            known = await self._store.lookup(
                source_keys=[item.message.source_key for item in items],
                thread_keys=list(dict.fromkeys(key for item in items for key in keys_wanted(item.message))),
                case_ids=[case_id for item in items for case_id in case_ids_named(item.message)],
                sender_keys=list(dict.fromkeys(key for item in items if (key := item.message.sender.key))),
            )
            draft = draft_changes(
                items,
                known,
                rules=self._rules(),
                notices=self._notices,
                key=self._key,
                now=self._clock.now(),
                threads=self._threads,
                calendars=self._calendars(),
            )
            try:
                await self._commit(draft.commit(list(batch.outcomes.values())))
            except Conflict:  # an agent or another worker was quicker; decide again on what is true now
                if attempt == 4:
                    raise
            else:
                for row in draft.audit:
                    log.info(row.action, case_id=row.case_id, team=row.team, route=row.detail["route"])
                return

    async def _commit(self, changes: Commit) -> None:
        failpoint("route.after_decide")
        await self._store.commit(changes)
        self._committed(changes)

    async def _read(self, records: Sequence[RawRecord]) -> Batch:
        """Parse; what cannot be read gets an outcome by raw id, what can becomes items."""
        everything = tuple(records)
        outcomes = {record.id: self._deadly(record) for record in records if self._is_deadly(record)}
        records = [record for record in records if record.id not in outcomes]
        items: list[Item] = []
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
                items.append(Item(record, stamped, reference_for(self._key, source)))
        return Batch(everything, outcomes, tuple(items))

    def _is_deadly(self, record: RawRecord) -> bool:
        """Failures are settled by ``_failed``; more attempts than it allows had no outcome at all."""
        return record.attempts > self._limits.attempts + _MOST_UNFINISHED

    def _deadly(self, record: RawRecord) -> RawOutcome:
        log.error("message_quarantined", raw_id=record.id, channel=record.raw.channel, attempts=record.attempts)
        reason = f"the process died {record.attempts - 1} times while working on it"
        return RawOutcome(raw_id=record.id, state="quarantined", reason=reason)

    def _failed(self, record: RawRecord, reason: str, *, final: bool) -> RawOutcome:
        state = "quarantined" if final or record.attempts >= self._limits.attempts else "new"
        if state == "quarantined":
            log.warning("message_quarantined", raw_id=record.id, channel=record.raw.channel, reason=reason)
        return RawOutcome(raw_id=record.id, state=state, reason=reason)

    async def _label(self, items: Sequence[Item]) -> list[Item]:
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
            replace(item, classification=label, customer=customer)
            for item, label, customer in zip(items, labels, customers, strict=True)
        ]
