# SPDX-License-Identifier: Apache-2.0
"""A message that ends the whole process again and again: found alone, set aside in the end, and no other with it."""

from __future__ import annotations

from typing import Any

import pytest

from router.interfaces import ParseOptions
from router.parsing.pool import InlineReader
from router.testing.store import make_raw


async def deaths(works: Any, count: int) -> list[list[str]]:
    """The process takes what waits and dies, so many times; who was taken each time."""
    taken = []
    for _ in range(count):
        taken.append([record.raw.native_id for record in await works.store.claim_raw("pipeline", limit=16)])
        await works.store.release_raw()  # as the next process does when it starts
    return taken


async def test_message_that_ends_the_process_is_set_aside_alone(works: Any) -> None:
    """After two deaths each message of the batch is taken alone; after eight the deadly one goes to quarantine with
    its reason, its neighbours are cases, and it can be tried again."""
    bad = await works.put("bad", text="Where is my parcel?", sender={"address": "b@example.org"})
    good = [await works.put(key, text="Where is my parcel?", sender={"address": f"{key}@example.org"}) for key in "ac"]
    assert await deaths(works, 8) == [["bad", "a", "c"]] * 2 + [["bad"]] * 6
    await works.work()
    assert await works.fate(bad) == ("quarantined", "the process died 8 times while working on it")
    assert [(await works.case_of(raw_id)).team for raw_id in good] == ["delivery", "delivery"]
    await works.store.requeue_raw(bad, actor="mia")
    await works.work()
    assert (await works.case_of(bad)).team == "delivery"


async def test_few_deaths_harm_no_message(works: Any) -> None:
    """A process that is stopped some times leaves every message to become its case."""
    raw_id = await works.put("m1", text="Where is my parcel?")
    assert await deaths(works, 7) == [["m1"]] * 7
    await works.work()
    assert (await works.case_of(raw_id)).team == "delivery"


@pytest.mark.parametrize("when", ["before", "within"])
async def test_readers_that_cannot_start_count_no_attempt(works: Any, when: str) -> None:
    """However often the readers fail to start, no message has been tried, and none is suspected."""

    class NoReader:
        async def prepare(self) -> None:
            if when == "before":
                raise OSError("cannot fork")

        async def read(self, raws: Any) -> Any:
            raise OSError("cannot fork")

        async def close(self) -> None: ...

    await works.store.put_raw([make_raw(b"{}", native_id="m1")])
    pipeline = works.pipeline(reader=NoReader())
    for _ in range(20):
        assert await pipeline.step() == 0
    [record] = await works.store.claim_raw("pipeline", limit=1)
    assert record.attempts == 1


async def test_messages_are_held_only_once_readers_are_ready(works: Any) -> None:
    """Who dies while the readers start has tried no message: none is claimed before they are there."""
    raw_id = await works.put("m1", text="Where is my parcel?")
    states = []

    class SlowToStart(InlineReader):
        async def prepare(self) -> None:
            states.append((await works.fate(raw_id))[0])

    await works.pipeline(reader=SlowToStart(lambda _: ParseOptions())).step()
    assert states == ["new"]
    assert (await works.case_of(raw_id)).team == "delivery"
