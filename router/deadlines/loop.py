# SPDX-License-Identifier: Apache-2.0
"""Keeps the clocks of all cases: tells them again when a case changes, and raises alarms when they are due.

What is due is asked of the database each time, so a restart, a jump of the clock or another process changes nothing:
an alarm is raised by whoever first writes its key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from router.bell import Bell
from router.deadlines.advance import plan_clocks
from router.deadlines.book import Deadlines
from router.deadlines.records import AlarmKey, AskRoutes, CaseHistory, ClockPlan, ClockRow, ClockRun, Question
from router.errors import StoreError
from router.interfaces import Clock, Store
from router.schema import Case, Decision

__all__ = ["DeadlineLoop"]

log = structlog.get_logger(__name__)

_AT_ONCE = 50  # cases a transaction
_LONGEST_SECONDS = 5.0  # the wall clock may have been set meanwhile, and another process may have changed a case
_STORE_SECONDS = 120.0
_AGAIN = timedelta(hours=1)  # before a case whose clocks could not be told is tried again


class DeadlineLoop:
    """One for a process; several processes may share a database."""

    def __init__(
        self,
        store: Store,
        *,
        deadlines: Callable[[], Deadlines],
        clock: Clock,
        told: Callable[[ClockRun], None],
        public_url: str = "",
        ask: AskRoutes | None = None,
    ) -> None:
        """``deadlines`` gives those in force; ``told`` is called whenever clocks of cases were told; ``ask`` are the
        routes in force, asked what a warning or a miss brings."""
        self._store = store
        self._deadlines = deadlines
        self._clock = clock
        self._told = told
        self._public_url = public_url
        self._ask = ask
        self._wake = Bell()
        self._digest: str | None = None
        self._failed: dict[str, datetime] = {}

    def wake(self) -> None:
        """A case changed; look now."""
        self._wake.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            self._wake.clear()
            done, seconds = 0, _LONGEST_SECONDS
            try:
                async with asyncio.timeout(_STORE_SECONDS):
                    done = await self.step()
                    if not done:
                        seconds = await self._seconds_left()
            except (StoreError, TimeoutError) as error:
                log.error("deadlines_store_unavailable", reason=str(error))  # noqa: TRY400 - the reason says it all
            if not done:
                await self._wake.wait_at_most(seconds)

    async def step(self) -> int:
        """Tell the clocks of a number of cases that need it and raise what is due. Returns how many."""
        deadlines = self._deadlines()
        if deadlines.digest != self._digest:
            if await self._store.restart_clocks(deadlines.digest, empty=not deadlines.entries):
                log.info("clocks_restarted", deadlines=len(deadlines.names))
                self._failed.clear()
            self._digest = deadlines.digest
        if not deadlines.entries:
            return 0
        now = self._clock.now()
        self._failed = {case_id: at for case_id, at in self._failed.items() if now - _AGAIN < at <= now}
        run = await self._store.advance_clocks(
            self._planner(deadlines), now=now, limit=_AT_ONCE, without=tuple(self._failed)
        )
        self._failed |= dict.fromkeys(run.failed, now)
        for case_id, alarm in run.alarms:
            late = round((now - alarm.due_at).total_seconds())
            log.info("deadline_alarm", case_id=case_id, deadline=alarm.name, kind=alarm.kind, seconds_past_due=late)
        if run.cases:
            self._told(run)
        return run.cases

    def _planner(
        self, deadlines: Deadlines
    ) -> Callable[[Case, CaseHistory, Mapping[str, ClockRow], Mapping[AlarmKey, datetime], datetime], ClockPlan | None]:
        def plan(
            case: Case,
            history: CaseHistory,
            before: Mapping[str, ClockRow],
            fired: Mapping[AlarmKey, datetime],
            now: datetime,
        ) -> ClockPlan | None:
            try:
                return plan_clocks(
                    case, history, before, fired, now,
                    deadlines=deadlines, public_url=self._public_url, ask=self._asked if self._ask else None,
                )  # fmt: skip
            except Exception:  # one case must not stop the clocks of the others
                log.exception("clocks_not_told", case_id=case.id)
                return None

        return plan

    def _asked(self, question: Question) -> Decision | None:
        """What routes say; where they cannot be asked, what the deadline itself says must not wait for them."""
        assert self._ask is not None  # handed on only then
        try:
            return self._ask(question)
        except Exception:
            log.exception("alarm_routes_not_asked", case_id=question.case.id, deadline=question.alarm.name)
            return None

    async def _seconds_left(self) -> float:
        at = await self._store.next_alarm()
        if at is None:
            return _LONGEST_SECONDS
        return min(max((at - self._clock.now()).total_seconds(), 0.05), _LONGEST_SECONDS)
