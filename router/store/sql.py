# SPDX-License-Identifier: Apache-2.0
"""The store: ``router.interfaces.Store`` over the statements beside it, for SQLite and PostgreSQL alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from router.assign.records import AssignmentState, ChooseNext, Move
from router.clock import SystemClock
from router.config.models import StoreSettings
from router.deadlines.records import AlarmRecord, ClockRow, ClockRun, PlanClocks
from router.errors import StoreError
from router.interfaces import Clock
from router.learning.records import CorrectedMessage, Correction, LabelSummary, PersonLabels, Unlabelled
from router.records import (
    AuditRow,
    CaseChange,
    CaseFilter,
    Commit,
    Entry,
    Lookup,
    OutboxRow,
    OutboxState,
    QuarantineItem,
    RawFate,
    RawOutcome,
    RawReceipt,
    RawRecord,
    Tallies,
)
from router.schema import Case, RawMessage, Receipt, Reply
from router.store import (
    assignments,
    cases,
    clocks,
    conversation,
    corrections,
    history,
    intake,
    outbox,
    tallies,
)
from router.store.database import Database, PostgresDatabase, SqliteDatabase
from router.store.migrate import migrate
from router.store.raw_files import INLINE_BYTES, RawFiles
from router.store.with_incidents import WithIncidents
from router.store.with_people import WithPeople

__all__ = ["SqlStore", "open_store"]


async def open_store(
    settings: StoreSettings, *, data_dir: Path, reference: Callable[[str], str], clock: Clock | None = None
) -> SqlStore:
    """Open the database of an installation, bringing its schema up to date first.

    Raises:
        StoreError: It cannot be reached, or its schema is newer than this program.
    """
    database: Database
    if settings.kind == "postgresql":
        assert settings.url is not None  # the settings model refuses postgresql without an address
        database = PostgresDatabase(settings.url.read().get_secret_value())
    else:
        database = SqliteDatabase(data_dir / "router.db")
    try:
        await database.write(migrate)
    except BaseException:
        await database.close()
        raise
    # With PostgreSQL the processes may be on several machines, which share no folder: every body stays in its row.
    files = RawFiles(data_dir / "raw") if settings.kind == "sqlite" else None
    return SqlStore(database, files=files, reference=reference, clock=clock or SystemClock())


class SqlStore(WithIncidents, WithPeople):
    """See ``router.interfaces.Store``."""

    def __init__(
        self, database: Database, *, files: RawFiles | None, reference: Callable[[str], str], clock: Clock
    ) -> None:
        self._db = database
        self._files = files
        self._reference = reference
        self._clock = clock

    # --- intake ---

    async def put_raw(self, raws_: Sequence[RawMessage]) -> list[RawReceipt]:
        files = self._files
        for raw in raws_:
            if files is not None and len(raw.body) > INLINE_BYTES:
                await asyncio.to_thread(files.put, raw.digest, raw.body)
        inline = INLINE_BYTES if files is not None else None
        return await self._db.write(lambda c: intake.put(c, raws_, reference=self._reference, inline_bytes=inline))

    async def claim_raw(self, worker: str, *, limit: int, lease_seconds: float = 60) -> list[RawRecord]:
        lease = timedelta(seconds=lease_seconds)
        rows = await self._db.write(
            lambda c: intake.claim(c, worker=worker, limit=limit, now=self._clock.now(), lease=lease)
        )
        records, gone = [], []
        for row in rows:
            try:
                body = await self._body(row)
            except StoreError as error:  # one lost file must not hold up the messages beside it
                gone.append(RawOutcome(raw_id=row.id, state="quarantined", reason=str(error)))
                continue
            records.append(RawRecord(id=row.id, raw=intake.to_raw(row, body), attempts=row.attempts))
        if gone:
            await self._db.write(lambda c: intake.finish(c, gone))
        return records

    async def release_raw(self, *, worker: str | None = None, counts: bool = True) -> int:
        return await self._db.write(lambda c: intake.release(c, worker=worker, counts=counts))

    async def lookup(
        self,
        *,
        source_keys: Sequence[str],
        thread_keys: Sequence[str],
        case_ids: Sequence[str],
        sender_keys: Sequence[str] = (),
    ) -> Lookup:
        def look(connection: Connection) -> Lookup:
            found = cases.lookup(connection, source_keys=source_keys, wanted=thread_keys, case_ids=case_ids)
            more = {
                "contacts": history.contacts(connection, sender_keys),
                "unanswered": history.unanswered(connection, list(found.cases)),
                "deadlines": clocks.standings(connection, list(found.cases), now=self._clock.now()),
            }
            return found.model_copy(update=more)

        return await self._db.read(look)

    async def commit(self, changes: Commit) -> None:
        await self._db.write(lambda c: cases.commit(c, changes))

    async def pending_raw(self) -> int:
        return await self._db.read(intake.pending)

    async def raw_fates(self, raw_ids: Sequence[int]) -> dict[int, RawFate]:
        return await self._db.read(lambda c: intake.fates(c, raw_ids))

    async def raw_states(self) -> dict[str, int]:
        return await self._db.read(intake.states)

    async def tallies(self, now: datetime) -> Tallies:
        return await self._db.read(lambda c: tallies.count(c, now))

    # --- quarantine ---

    async def quarantined(self, *, limit: int = 100) -> list[QuarantineItem]:
        return await self._db.read(lambda c: intake.quarantined(c, limit=limit))

    async def quarantine_item(self, raw_id: int) -> QuarantineItem:
        return await self._db.read(lambda c: intake.quarantine_item(c, raw_id))

    async def raw(self, raw_id: int) -> RawMessage:
        row = await self._db.read(lambda c: intake.get(c, raw_id))
        return intake.to_raw(row, await self._body(row))

    async def _body(self, row: Row[Any]) -> bytes:
        if row.body is not None:
            return bytes(row.body)
        if self._files is None:
            raise StoreError("the message is a file of another machine")
        return await asyncio.to_thread(self._files.get, row.digest)

    async def requeue_raw(self, raw_id: int, *, actor: str) -> None:
        def work(c: Connection) -> None:
            intake.requeue(c, raw_id)
            self._log(c, actor=actor, action="quarantine_retried", detail={"raw": str(raw_id)})

        await self._db.write(work)

    # --- cases ---

    async def cases(self, which: CaseFilter) -> list[Case]:
        return await self._db.read(lambda c: cases.listed(c, which))

    async def case(self, case_id: str) -> Case:
        return await self._db.read(lambda c: cases.get(c, case_id))

    async def conversation(self, case_id: str) -> list[Entry]:
        return await self._db.read(lambda c: conversation.entries(c, case_id))

    async def change_case(self, case_id: str, change: CaseChange, *, version: int, actor: str) -> Case:
        now = self._clock.now()

        def work(c: Connection) -> Case:
            before = cases.get(c, case_id)
            after = cases.change(c, case_id, change, version=version, actor=actor, now=now)
            corrections.keep_change(c, before, after, actor=actor, now=now)
            return after

        return await self._db.write(work)

    async def add_note(self, case_id: str, text: str, *, actor: str) -> None:
        now = self._clock.now()
        await self._db.write(lambda c: cases.add_note(c, case_id, text, actor=actor, now=now))

    async def queue_counts(self) -> dict[tuple[str, str], int]:
        return await self._db.read(cases.queue_counts)

    # --- corrections ---

    async def corrections(self, case_id: str) -> list[Correction]:
        return await self._db.read(lambda c: corrections.listed(c, case_id))

    async def put_label(
        self, source_key: str, labels: PersonLabels, *, actor: str, teams: Sequence[str] | None = None
    ) -> Correction:
        now = self._clock.now()
        return await self._db.write(
            lambda c: corrections.put_label(c, source_key, labels, actor=actor, teams=teams, now=now)
        )

    async def corrected(
        self, *, after: int = 0, since: datetime | None = None, limit: int = 1000
    ) -> list[CorrectedMessage]:
        return await self._db.read(lambda c: corrections.corrected(c, after=after, since=since, limit=limit))

    async def unlabelled(
        self, *, teams: Sequence[str] | None = None, since: datetime | None = None, limit: int = 1000
    ) -> list[Unlabelled]:
        return await self._db.read(lambda c: corrections.unlabelled(c, teams=teams, since=since, limit=limit))

    async def label_summaries(self, *, since: datetime, until: datetime, limit: int = 20_000) -> list[LabelSummary]:
        return await self._db.read(lambda c: corrections.summaries(c, since=since, until=until, limit=limit))

    # --- clocks ---

    async def restart_clocks(self, digest: str, *, empty: bool) -> bool:
        return await self._db.write(lambda c: clocks.restart(c, digest, empty=empty))

    async def advance_clocks(
        self, plan: PlanClocks, *, now: datetime, limit: int, without: Sequence[str] = ()
    ) -> ClockRun:
        return await self._db.write(lambda c: clocks.advance(c, plan, now=now, limit=limit, without=without))

    async def next_alarm(self) -> datetime | None:
        return await self._db.read(clocks.next_alarm)

    async def alarms(self, case_id: str) -> list[AlarmRecord]:
        return await self._db.read(lambda c: clocks.alarms_of(c, case_id))

    async def clocks(self, case_id: str) -> list[ClockRow]:
        return await self._db.read(lambda c: clocks.of_case(c, case_id))

    async def due_clocks(
        self, *, until: datetime | None = None, teams: Sequence[str] | None = None, limit: int = 100
    ) -> list[ClockRow]:
        return await self._db.read(lambda c: clocks.between(c, until=until, teams=teams, limit=limit))

    # --- assignment ---

    async def track_assignments(self, teams: Sequence[str]) -> int:
        if not await self._db.read(lambda c: bool(assignments.stale(c, teams) or assignments.over(c, teams))):
            return 0  # looking takes no lock
        now = self._clock.now()
        return await self._db.write(lambda c: assignments.track(c, teams, now=now))

    async def assignment_state(self, teams: Sequence[str]) -> AssignmentState:
        return await self._db.read(lambda c: assignments.state(c, teams))

    async def last_actions(self, holders: Mapping[str, str]) -> dict[str, datetime]:
        return await self._db.read(lambda c: assignments.last_actions(c, holders))

    async def mark_active(self, times: Mapping[str, datetime]) -> None:
        await self._db.write(lambda c: assignments.active(c, times))

    async def settle_assignment(self, move: Move) -> Case:
        now = self._clock.now()
        return await self._db.write(lambda c: assignments.settle(c, move, now=now))

    async def assign_next(self, teams: Sequence[str], choose: ChooseNext) -> Case | None:
        now = self._clock.now()
        return await self._db.write(lambda c: assignments.take_next(c, teams, choose, now=now))

    # --- outbox ---

    async def enqueue(self, row: OutboxRow, *, actor: str) -> None:
        def work(c: Connection) -> None:
            outbox.insert_row(c, row)
            self._log(c, actor=actor, action=f"{row.kind}_queued", row=row)

        await self._db.write(work)

    async def outbox_row(self, outbox_id: str) -> OutboxRow:
        return await self._db.read(lambda c: outbox.get(c, outbox_id))

    async def outbox_rows(
        self, *, states: Sequence[OutboxState], teams: Sequence[str] | None = None, limit: int = 100
    ) -> list[OutboxRow]:
        return await self._db.read(lambda c: outbox.listed(c, states=states, teams=teams, limit=limit))

    async def lease_outbox(self, worker: str, *, limit: int, lease_seconds: float = 60) -> list[OutboxRow]:
        length = timedelta(seconds=lease_seconds)
        return await self._db.write(
            lambda c: outbox.lease(c, worker=worker, limit=limit, now=self._clock.now(), length=length)
        )

    async def start_attempt(self, row: OutboxRow, *, lease_seconds: float = 120) -> bool:
        length = timedelta(seconds=lease_seconds)
        return await self._db.write(lambda c: outbox.start(c, row, now=self._clock.now(), length=length))

    async def settle_outbox(
        self,
        row: OutboxRow,
        *,
        state: OutboxState,
        error: str = "",
        receipt: Receipt | None = None,
        next_at: datetime | None = None,
    ) -> None:
        now = self._clock.now()

        def work(c: Connection) -> None:
            outbox.settle(c, row, state=state, error=error, receipt=receipt, next_at=next_at, now=now)
            if state != "pending":
                self._log(c, actor="outbox", action=f"{row.kind}_{state}", row=row)

        await self._db.write(work)

    async def park_interrupted(
        self, *, expired_only: bool = True, resend: Sequence[str] = (), worker: str | None = None
    ) -> int:
        now = self._clock.now()
        return await self._db.write(
            lambda c: outbox.park_interrupted(c, now=now, expired_only=expired_only, resend=resend, worker=worker)
        )

    async def decide_outbox(
        self, outbox_id: str, state: OutboxState, *, digest: str, actor: str, reply: Reply | None = None
    ) -> OutboxRow:
        now = self._clock.now()

        def work(c: Connection) -> OutboxRow:
            row = outbox.decide(c, outbox_id, state=state, digest=digest, actor=actor, now=now, reply=reply)
            action = "edited" if reply is not None else {"pending": "released"}.get(state, state)
            self._log(c, actor=actor, action=f"{row.kind}_{action}", row=row)
            return row

        return await self._db.write(work)

    async def close(self) -> None:
        await self._db.close()

    def _log(
        self,
        connection: Connection,
        *,
        actor: str,
        action: str,
        row: OutboxRow | None = None,
        detail: dict[str, str] | None = None,
    ) -> None:
        cases.add_audit(
            connection,
            [
                AuditRow(
                    at=self._clock.now(),
                    actor=actor,
                    action=action,
                    case_id=row.case_id if row else "",
                    team=row.team if row else "",
                    detail=outbox.detail(row) if row else detail or {},
                )
            ],
        )
