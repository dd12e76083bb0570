# SPDX-License-Identifier: Apache-2.0
"""A clock that tests set, and what every clock must do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from router.interfaces import Clock

__all__ = ["ClockContract", "ManualClock"]


class ManualClock:
    """Stands still until told; ``sleep`` moves it on and gives other tasks a turn."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)


class ClockContract:
    """Subclass and give a ``clock`` fixture."""

    def test_now_is_aware_and_utc(self, clock: Clock) -> None:
        """Times carry their zone, and it is UTC."""
        assert clock.now().utcoffset() == timedelta(0)

    async def test_sleep_lets_time_pass(self, clock: Clock) -> None:
        """After a sleep it is later by at least that much."""
        before = clock.now()
        await clock.sleep(0.01)
        assert clock.now() - before >= timedelta(seconds=0.009)

    async def test_sleep_lets_others_run(self, clock: Clock) -> None:
        """Other tasks get their turn, even for no time at all."""
        ran = asyncio.Event()
        task = asyncio.create_task(_set(ran))
        await clock.sleep(0)
        await task
        assert ran.is_set()


async def _set(event: asyncio.Event) -> None:
    event.set()
