# SPDX-License-Identifier: Apache-2.0
"""Hands out cases that wait, takes back silent ones, gives those of absent people to deputies; one transaction each.

What stands is asked of the database each time, so a restart or another process changes nothing: a move is made only if
the case and the team's number of turns are still those that it was planned on, and is planned anew otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from router.assign.book import Assignments
from router.assign.plan import next_look, plan_moves, silent
from router.assign.records import AssignmentState, Move
from router.bell import Bell
from router.errors import Conflict, NotFound, StoreError
from router.interfaces import Clock, Store

__all__ = ["AssignmentLoop"]

log = structlog.get_logger(__name__)

_AT_ONCE = 50  # moves before others of this process are told
_LONGEST_SECONDS = 10.0  # the wall clock may have been set, and another process may have changed a case
_SHORTEST_SECONDS = 0.2  # between two looks; a burst of messages is looked at once
_STORE_SECONDS = 120.0
_MANY = 500  # cases that changed at once


class AssignmentLoop:
    """One for a process; several processes may share a database."""

    def __init__(
        self,
        store: Callable[[], Store],
        book: Callable[[], Assignments],
        *,
        clock: Clock,
        moved: Callable[[Sequence[Move]], None],
    ) -> None:
        """``store`` gives the store, which is open when ``run`` begins, ``book`` what is in force; ``moved`` is called
        with the moves that were made."""
        self._store = store
        self._book = book
        self._clock = clock
        self._moved = moved
        self._wake = Bell()
        self._next: datetime | None = None

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
                seconds = self._seconds_left()
            except (StoreError, TimeoutError) as error:
                log.error("assignment_store_unavailable", reason=str(error))  # noqa: TRY400 - the reason says it all
            if not done:
                await self._wake.wait_at_most(seconds)
            await asyncio.sleep(_SHORTEST_SECONDS)

    async def step(self) -> int:
        """Make every move that can be made now, up to a number. Returns how many were made."""
        book = self._book()
        teams = book.watched
        self._next = None
        if not teams:
            return 0
        while await self._store().track_assignments(teams) > _MANY:
            pass  # so at a time; many only when it is switched on for the first time
        now = self._clock.now()
        state = await self._store().assignment_state(teams)
        users = await self._store().users()
        acted = await self._acted(state, book, now)
        moves = plan_moves(state, book, users, now, acted=acted)
        made = await self._make(moves[:_AT_ONCE])
        if not moves:
            self._next = next_look(state, book, users, now)
        if made:
            self._moved(made)
        return len(made)

    async def _acted(self, state: AssignmentState, book: Assignments, now: datetime) -> dict[str, datetime]:
        """When the holders of cases that seem silent did something last; what is new of it is written down."""
        late = silent(state, book, now)
        if not late:
            return {}
        told = await self._store().last_actions({held.id: held.holder for held in late})
        news = {held.id: told[held.id] for held in late if held.id in told and told[held.id] > held.active_at}
        if news:
            await self._store().mark_active(news)
        return {held.id: told.get(held.id, held.active_at) for held in late}

    async def _make(self, moves: Sequence[Move]) -> list[Move]:
        made: list[Move] = []
        upset: set[str] = set()  # teams in which something else happened meanwhile: planned anew with the next look
        for move in moves:
            if move.team in upset:
                continue
            try:
                await self._store().settle_assignment(move)
            except (Conflict, NotFound):
                upset.add(move.team)
                self._wake.set()
                continue
            made.append(move)
            log.info(move.action, case_id=move.case_id, team=move.team)
        return made

    def _seconds_left(self) -> float:
        if self._next is None:
            return _LONGEST_SECONDS
        return min(max((self._next - self._clock.now()).total_seconds(), 0.05), _LONGEST_SECONDS)
