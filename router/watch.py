# SPDX-License-Identifier: Apache-2.0
"""What a process looks at from time to time so that people see it: gauges of the store, and the health of channels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from router.interfaces import Channel, Clock, Health, Store
from router.metrics import Metrics
from router.rules.live import LiveRules

__all__ = ["Watch"]

log = structlog.get_logger(__name__)

_REFRESH_SECONDS = 15.0
_HEALTH_SECONDS = 900.0


class Watch:
    """Both tasks run for as long as the process does; what fails is logged and tried again."""

    def __init__(
        self,
        store: Callable[[], Store],
        *,
        channels: Mapping[str, Channel],
        live: LiveRules,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._store = store
        self._channels = channels
        self._live = live
        self._metrics = metrics
        self._clock = clock

    async def look_after(self) -> None:
        """Refresh the gauges and the health of channels, for as long as the process runs."""
        while True:
            try:
                await self._gauge()
            except Exception:
                log.exception("measuring_failed")
            await self._clock.sleep(_REFRESH_SECONDS)

    async def _gauge(self) -> None:
        store = self._store()
        self._metrics.config_ok.set(0 if self._live.last_error else 1)
        self._metrics.rules.clear()
        self._metrics.rules.labels(self._live.digest).set(1)
        self._metrics.waiting.set(await store.pending_raw())
        self._metrics.open_cases.clear()  # a queue that is empty now is not counted by the store
        for (team, queue), count in (await store.queue_counts()).items():
            self._metrics.open_cases.labels(team, queue).set(count)
        tallies = await store.tallies(self._clock.now())
        self._metrics.overdue.labels("yes").set(tallies.overdue_statutory)
        self._metrics.overdue.labels("no").set(tallies.overdue)
        incidents = await store.incidents(state="open", limit=1000)
        for muted in (True, False):
            count = sum(one.is_muted(self._clock.now()) is muted for one in incidents)
            self._metrics.open_incidents.labels("yes" if muted else "no").set(count)
        for state in ("awaiting_approval", "pending", "parked", "failed"):
            self._metrics.outbox_rows.labels(state).set(tallies.outbox.get(state, 0))

    async def ask_channels(self) -> None:
        """See how each channel is, rarely: many ask their platform, and platforms count questions."""
        well: dict[str, bool] = {}
        await self._clock.sleep(_REFRESH_SECONDS)  # the first connections need a moment
        while True:
            for name, channel in self._channels.items():
                try:
                    async with asyncio.timeout(_HEALTH_SECONDS / 10):
                        health = await channel.health()
                except Exception as error:
                    health = Health(ok=False, detail=f"did not answer: {type(error).__name__}")
                self._metrics.channel_up.labels(channel.kind, channel.account).set(health.ok)
                if well.get(name, True) and not health.ok:
                    log.warning("channel_unwell", channel=channel.kind, account=channel.account, detail=health.detail)
                elif not well.get(name, True) and health.ok:
                    log.info("channel_well_again", channel=channel.kind, account=channel.account)
                well[name] = health.ok
            await self._clock.sleep(_HEALTH_SECONDS)
