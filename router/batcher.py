# SPDX-License-Identifier: Apache-2.0
"""Batches that form by themselves: alone, an item goes at once; under load, all that came meanwhile go together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["Batcher"]

I = TypeVar("I")  # noqa: E741 - item
O = TypeVar("O")  # noqa: E741 - outcome


class Batcher(Generic[I, O]):
    """Turns single calls into calls with everything that waits. One batch is under way at a time."""

    def __init__(self, work: Callable[[Sequence[I]], Awaitable[Sequence[O]]], *, max_items: int) -> None:
        """``work`` answers in the order of its items; if it raises, every caller of that batch gets the error."""
        self._work = work
        self._max_items = max_items
        self._waiting: list[tuple[I, asyncio.Future[O]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def __call__(self, item: I) -> O:
        future: asyncio.Future[O] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run(), name="batcher")
        return await future

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._max_items], self._waiting[self._max_items :]
            try:
                answers = await self._work([item for item, _ in batch])
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
