# SPDX-License-Identifier: Apache-2.0
"""Sends what waits in the outbox: lease, write "attempting", act, record. Never twice; a doubt goes to a person."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from router.bell import Bell
from router.errors import ComplaintRouterError, Conflict, PermanentError, StoreError, TransientError, UnknownOutcome
from router.failpoints import failpoint
from router.interfaces import Channel, Clock, Sink, Store
from router.records import OutboxRow, OutboxState
from router.schema import Receipt

__all__ = ["Outbox", "backoff"]

log = structlog.get_logger(__name__)

_POLL_SECONDS = 1.0
_SEND_SECONDS = 180.0  # channels have shorter limits of their own and know better what a silence means
_LEASE_SECONDS = 240.0
_STOP_SECONDS = 60.0  # what is still under way then is parked at the next start
_PARALLEL = 8
_MAX_ATTEMPTS = 16  # with the pauses below: about three days
_RENEW_EVERY = 15.0


def backoff(attempt: int, *, spread: float) -> timedelta:
    """Pause after the given attempt (1 for the first): 5 s doubling to 6 h, times ``spread`` (0.8 to 1.2)."""
    return timedelta(seconds=min(5.0 * 2 ** min(attempt - 1, 20), 6 * 3600) * spread)


class Outbox:
    """One sender. Several may run, in any number of processes; fences keep them apart."""

    def __init__(
        self,
        store: Store,
        *,
        channels: Mapping[str, Channel],
        sinks: Mapping[str, Sink],
        clock: Clock,
        settled: Callable[[OutboxRow], None],
        worker: str = "outbox",
    ) -> None:
        """``channels`` is keyed ``kind:account``; ``settled`` is called whenever a row changes its state."""
        self._store = store
        self._channels = channels
        self._sinks = sinks
        self._clock = clock
        self._settled = settled
        self._worker = worker
        self._wake = Bell()

    def wake(self) -> None:
        """Something was queued; look now."""
        self._wake.set()

    @property
    def resend(self) -> list[str]:
        """Targets that refuse repeats themselves: an interrupted send to them is simply made again."""
        idempotent = [name for name, channel in self._channels.items() if channel.capabilities.idempotent_send]
        return [*idempotent, *self._sinks]

    async def run(self) -> None:
        """Send until cancelled. A send under way gets its time to end, so that its outcome is known."""
        checked = self._clock.now() - timedelta(days=1)
        while True:
            self._wake.clear()
            done = 0
            try:
                if (self._clock.now() - checked).total_seconds() >= _RENEW_EVERY:
                    await self._store.park_interrupted(resend=self.resend)
                    checked = self._clock.now()
                done = await self.step()
            except StoreError as error:
                log.error("store_unavailable", reason=str(error))  # noqa: TRY400 - the reason is the whole story
            if not done:
                await self._wake.wait_at_most(_POLL_SECONDS)

    async def step(self) -> int:
        """Send what is due, a few at a time. Returns how many were tried."""
        rows = await self._store.lease_outbox(self._worker, limit=_PARALLEL, lease_seconds=_LEASE_SECONDS)
        if rows:
            failpoint("lease.after_take")
            sends = [asyncio.create_task(self._send(row), name=f"send-{row.id}") for row in rows]
            try:
                await asyncio.shield(asyncio.gather(*sends))
            except asyncio.CancelledError:
                await asyncio.wait(sends, timeout=_STOP_SECONDS)
                raise
        return len(rows)

    async def _send(self, row: OutboxRow) -> None:
        """One attempt, start to record. Ends its task, so whatever goes wrong is logged here."""
        try:
            if not await self._store.start_attempt(row, lease_seconds=_LEASE_SECONDS):
                return  # withdrawn since, or another sender has it
            failpoint("reply.before_send")
            await self._settle(row.model_copy(update={"attempts": row.attempts + 1}))
        except Conflict:
            log.warning("send_lease_lost", outbox=row.id, case_id=row.case_id)
        except Exception:
            log.exception("send_broke", outbox=row.id, case_id=row.case_id)

    async def _settle(self, row: OutboxRow) -> None:
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                receipt = await self._act(row)
        except TransientError as error:
            await self._later(row, error)
        except PermanentError as error:
            await self._end(row, "failed", str(error))
        except (UnknownOutcome, TimeoutError) as error:
            if row.target in self.resend:
                await self._later(row, TransientError(str(error) or "no answer in time"))
            else:
                await self._end(row, "parked", str(error) or "no answer in time; it may or may not have arrived")
        except Exception as error:
            if not isinstance(error, ComplaintRouterError):
                log.exception("send_raised", outbox=row.id, target=row.target)
            await self._end(row, "parked", f"the channel broke: {type(error).__name__}")
        else:
            failpoint("reply.after_send_before_record")
            await self._store.settle_outbox(row, state="sent", receipt=receipt)
            failpoint("reply.after_record")
            log.info(
                "sent", outbox=row.id, kind=row.kind, case_id=row.case_id, target=row.target, attempts=row.attempts
            )
            self._settled(row.model_copy(update={"state": "sent"}))

    async def _act(self, row: OutboxRow) -> Receipt:
        if row.event is not None:
            sink = self._sinks.get(row.target)
            if sink is None:
                raise PermanentError(f"no sink is named '{row.target}' any more")
            return await sink.forward(row.event)
        channel = self._channels.get(row.target)
        if channel is None or row.reply is None:
            raise PermanentError(f"no channel is named '{row.target}' any more")
        return await channel.send(row.reply)

    async def _later(self, row: OutboxRow, error: TransientError) -> None:
        if row.attempts >= _MAX_ATTEMPTS:
            await self._end(row, "failed", f"given up after {row.attempts} attempts: {error}")
            return
        pause = backoff(row.attempts, spread=random.uniform(0.8, 1.2))  # noqa: S311 - jitter
        if error.retry_after is not None:
            pause = max(pause, timedelta(seconds=min(error.retry_after, 24 * 3600)))
        await self._store.settle_outbox(row, state="pending", error=str(error), next_at=self._clock.now() + pause)
        log.info(
            "send_postponed", outbox=row.id, target=row.target, attempts=row.attempts, seconds=pause.total_seconds()
        )
        self._settled(row)

    async def _end(self, row: OutboxRow, state: OutboxState, reason: str) -> None:
        await self._store.settle_outbox(row, state=state, error=reason)
        log.warning("send_ended", outbox=row.id, kind=row.kind, state=state, case_id=row.case_id, target=row.target)
        self._settled(row.model_copy(update={"state": state}))
