# SPDX-License-Identifier: Apache-2.0
"""Wake-ups over NATS: plain subjects, at most once, nothing kept by the server.

The connection is made and made again by a task of its own; why not by the library's, and why no stream, is in
``docs/decisions/0011-bus.md``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, get_args

import structlog

from router.bus import BusEvent, Handler
from router.bus.nats_client import Address, open_client, reason_of
from router.interfaces import Clock, Health

__all__ = ["Connect", "Connection", "NatsBus", "pause"]

log = structlog.get_logger(__name__)

_SUBJECT = "complaint-router"
_CONNECT_SECONDS = 10.0
_SEND_SECONDS = 5.0
_CLOSE_SECONDS = 5.0
_GATHER_SECONDS = 0.02  # after telling, so long what happens is gathered: at most 50 wake-ups a second and kind
_STEADY_SECONDS = 60.0  # a connection that lasted so long makes the next pauses short again
_KINDS: tuple[BusEvent, ...] = get_args(BusEvent)


class Connection(Protocol):
    """What is used of the library's client."""

    async def publish(self, subject: str, payload: bytes = b"") -> None: ...
    async def close(self) -> None: ...


Connect = Callable[[str, Callable[[str], None], Callable[[Exception], None]], Awaitable[Connection]]
"""Subjects to listen to, called with the subject of each event, called once with the reason when it is over."""


def pause(failures: int, *, spread: float) -> float:
    """Seconds before the next try, after so many failures in a row: 0.5 doubling to 30, times ``spread``."""
    return float(min(0.5 * 2 ** min(failures - 1, 10), 30.0)) * spread


class NatsBus:
    """Keeps one connection; while there is none, events are dropped and the others find the work by polling."""

    def __init__(self, url: str, *, clock: Clock, connect: Connect | None = None) -> None:
        """``url`` as in ``bus.url``. Raises ValueError, without the address, when it has the wrong form."""
        self._connect = connect or Address.parse(url).connector(open_client)
        self._clock = clock
        self._handler: Handler | None = None
        self._task: asyncio.Task[None] | None = None
        self._noted: dict[BusEvent, None] = {}  # what is to be told, each once, in order
        self._work = asyncio.Event()  # something is noted, or the connection was lost
        self._up = False
        self._trouble = "not connected yet"
        self._since: datetime | None = None

    def publish(self, what: BusEvent) -> None:
        if self._up:
            self._noted[what] = None
            self._work.set()

    def subscribe(self, handler: Handler) -> None:
        assert self._task is None, "a bus is subscribed to once"
        self._handler = handler
        self._task = asyncio.create_task(self._stay_connected(), name="bus")

    def health(self) -> Health:
        if self._up:
            return Health(ok=True, since=self._since)
        detail = f"NATS: {self._trouble}; check bus.url and the server. Other processes find work by polling meanwhile"
        return Health(ok=False, detail=detail, since=self._since)

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task], timeout=_CLOSE_SECONDS)

    async def _stay_connected(self) -> None:
        failures = 0
        while True:
            began = self._clock.now()
            try:
                await self._use_one_connection()
            except Exception as error:  # whatever a library meets there is an outage, and an outage is not our end
                lasted = (self._clock.now() - began).total_seconds()
                failures = 1 if lasted >= _STEADY_SECONDS else failures + 1
                self._lost(error)
            finally:
                self._up = False
                self._noted.clear()
            await self._clock.sleep(pause(failures, spread=random.uniform(0.5, 1.0)))  # noqa: S311 - jitter

    async def _use_one_connection(self) -> None:
        """Connect and tell what is noted until the connection is lost. Always raises, with the reason."""
        reasons: list[Exception] = []

        def lost(reason: Exception) -> None:
            reasons.append(reason)
            self._work.set()

        async with asyncio.timeout(_CONNECT_SECONDS):
            connection = await self._connect(f"{_SUBJECT}.*", self._heard, lost)
        try:
            self._up, self._since = True, self._clock.now()
            log.info("bus_connected")
            while not reasons:
                await self._work.wait()
                self._work.clear()
                await self._tell(connection)
            raise reasons[0]
        finally:
            await self._leave(connection)

    async def _tell(self, connection: Connection) -> None:
        noted, self._noted = self._noted, {}
        async with asyncio.timeout(_SEND_SECONDS):
            for what in noted:
                await connection.publish(f"{_SUBJECT}.{what}")
        if noted:
            await self._clock.sleep(_GATHER_SECONDS)

    async def _leave(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await connection.close()
        except Exception as error:  # it is gone either way
            log.debug("bus_not_closed", reason=type(error).__name__)

    def _lost(self, error: Exception) -> None:
        """Note what is wrong now; write it down once an outage, at its beginning."""
        self._trouble = reason_of(error)
        if self._up or self._since is None:
            self._since = self._clock.now()
            log.warning("bus_down", reason=self._trouble)

    def _heard(self, subject: str) -> None:
        what = next((kind for kind in _KINDS if subject == f"{_SUBJECT}.{kind}"), None)
        if what is None or self._handler is None:
            log.debug("bus_event_unknown")  # of a newer version beside this one
            return
        log.debug("bus_event", what=what)
        try:
            self._handler(what)
        except Exception:  # the library's task ends its call here
            log.exception("bus_handler_failed", what=what)
