# SPDX-License-Identifier: Apache-2.0
"""Batches that form by themselves."""

import asyncio
from collections.abc import Sequence

import pytest

from router.batcher import Batcher


async def test_batcher_alone_does_not_wait() -> None:
    """A single item is worked on at once, by itself."""
    sizes: list[int] = []

    async def work(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        return [item * 2 for item in items]

    batcher = Batcher(work, max_items=10)
    assert await batcher(21) == 42
    assert sizes == [1]


async def test_batcher_gathers_under_load() -> None:
    """What comes while a batch is under way goes together, up to the limit, each with its own answer."""
    sizes: list[int] = []
    gate = asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        await gate.wait()
        return [-item for item in items]

    batcher = Batcher(work, max_items=4)
    calls = [asyncio.create_task(batcher(n)) for n in range(10)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*calls) == [-n for n in range(10)]
    assert max(sizes) <= 4
    assert len(sizes) <= 4


async def test_batcher_error_reaches_every_caller_and_goes_on() -> None:
    """A failed batch fails its callers; the next one works."""
    fail = True

    async def work(items: Sequence[int]) -> list[int]:
        if fail:
            raise ValueError("no")
        return list(items)

    batcher = Batcher(work, max_items=4)
    results = await asyncio.gather(batcher(1), batcher(2), return_exceptions=True)
    assert all(isinstance(result, ValueError) for result in results)
    fail = False
    assert await batcher(3) == 3


async def test_batcher_cancelled_caller_harms_nobody() -> None:
    """One caller that gives up does not spoil the others' batch."""
    gate = asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        await gate.wait()
        return list(items)

    batcher = Batcher(work, max_items=4)
    first, second = asyncio.create_task(batcher(1)), asyncio.create_task(batcher(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    gate.set()
    assert await second == 2
