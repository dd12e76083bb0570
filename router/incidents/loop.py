# SPDX-License-Identifier: Apache-2.0
"""Looks at cases after they were committed, and goes on with updates; several processes may share a database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from router.bell import Bell
from router.errors import ComplaintRouterError
from router.incidents.fanout import Fanout
from router.incidents.records import IncidentRun
from router.incidents.settings import IncidentSettings
from router.interfaces import Clock, Store

__all__ = ["IncidentLoop"]

log = structlog.get_logger(__name__)

_AT_ONCE = 500  # cases a transaction
_LONGEST_SECONDS = 5.0
_LEAST_SECONDS = 0.5  # between looks, so that a stream of commits is looked at in batches
_STEP_SECONDS = 120.0


class IncidentLoop:
    """One for a process."""

    def __init__(
        self,
        store: Store,
        fanout: Fanout,
        *,
        settings: Callable[[], IncidentSettings],
        clock: Clock,
        changed: Callable[[IncidentRun], None],
        public_url: str = "",
    ) -> None:
        """``changed`` is called when cases joined or were answered, incidents opened, ended or fell silent, or sinks
        are to be told. ``settings`` are those of the moment: of ``mute`` only rules in force."""
        self._store = store
        self._fanout = fanout
        self._settings = settings
        self._clock = clock
        self._changed = changed
        self._public_url = public_url
        self._wake = Bell()

    def wake(self) -> None:
        """Cases changed; look now."""
        self._wake.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            self._wake.clear()
            busy = 0
            try:
                async with asyncio.timeout(_STEP_SECONDS):
                    busy = await self.step()
            except (ComplaintRouterError, TimeoutError) as error:
                log.error("incidents_not_looked_at", reason=str(error))  # noqa: TRY400 - the reason says it all
            except Exception:
                log.exception("incidents_failed")
            await asyncio.sleep(_LEAST_SECONDS)
            if not busy:
                await self._wake.wait_at_most(_LONGEST_SECONDS)

    async def step(self) -> int:
        """One look at new cases and one page of each update. Returns how much was done."""
        settings, run = self._settings(), IncidentRun()
        if settings.enabled:
            run = await self._store.watch_incidents(
                settings, now=self._clock.now(), limit=_AT_ONCE, public_url=self._public_url
            )
            for name in run.opened:
                log.warning("incident_opened", incident=name)
            for name in run.muted:
                log.info("incident_muted", incident=name)
            for name in run.resolved:
                log.info("incident_resolved", incident=name)
        run = run.model_copy(update={"answers": await self._fanout.step()})
        if run.opened or run.reopened or run.resolved or run.joined or run.notices or run.muted or run.answers:
            self._changed(run)
        return run.seen + sum(run.answers.values())
