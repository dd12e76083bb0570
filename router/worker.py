# SPDX-License-Identifier: Apache-2.0
"""Keeps the pipeline busy: while one batch is decided, the next is being read."""

from __future__ import annotations

import asyncio

import structlog

from router.bell import Bell
from router.decide import Batch
from router.errors import StoreError
from router.interfaces import Store
from router.pipeline import Pipeline

__all__ = ["Worker"]

log = structlog.get_logger(__name__)

_POLL_SECONDS = 1.0  # how soon work left by another process, or a lease that ran out, is noticed


class Worker:
    """Runs one pipeline until cancelled."""

    def __init__(self, pipeline: Pipeline, store: Store, *, name: str) -> None:
        """``name`` is the one under which the pipeline claims."""
        self._pipeline = pipeline
        self._store = store
        self._name = name
        self._wake = Bell()

    def wake(self) -> None:
        """Something was kept; look now."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled. What was taken and not finished is given back then, and not blamed for the end."""
        ready: asyncio.Queue[Batch] = asyncio.Queue(maxsize=1)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(ready), name="pipeline-read")
                group.create_task(self._decide(ready), name="pipeline-decide")
        finally:
            await asyncio.shield(self._store.release_raw(worker=self._name, counts=False))

    async def _read(self, ready: asyncio.Queue[Batch]) -> None:
        while True:
            self._wake.clear()
            try:
                batch = await self._pipeline.take()
            except StoreError as error:
                log.error("store_unavailable", reason=str(error))  # noqa: TRY400 - the reason is the whole story
                batch = None
            if batch is not None:
                await ready.put(batch)
                continue
            await self._wake.wait_at_most(_POLL_SECONDS)

    async def _decide(self, ready: asyncio.Queue[Batch]) -> None:
        while True:
            batch = await ready.get()
            try:
                await self._pipeline.finish(batch)
            except StoreError as error:  # its messages come back when their lease runs out
                log.error("store_unavailable", reason=str(error))  # noqa: TRY400 - the reason is the whole story
