# SPDX-License-Identifier: Apache-2.0
"""Raw first: kept, then the source is told; when it cannot be kept, the source keeps it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from router.errors import StoreError, UserInputError
from router.intake import Intake
from router.interfaces import Delivery
from router.records import RawReceipt
from router.schema import RawMessage
from router.testing.clock import ManualClock
from router.testing.store import make_raw, memory_store


class Source:
    """A channel that offers deliveries, then raises, or waits for ever."""

    kind, account = "email", "support"

    def __init__(self, *rounds: Sequence[Delivery | Exception]) -> None:
        self.rounds = list(rounds)
        self.offered = 0
        self.quiet = asyncio.Event()

    async def receive(self) -> AsyncIterator[Delivery]:
        for item in self.rounds.pop(0) if self.rounds else ():
            if isinstance(item, Exception):
                raise item
            self.offered += 1
            yield item
        self.quiet.set()
        await asyncio.Event().wait()


class Told:
    """What a source was told."""

    def __init__(self, *, fails: bool = False) -> None:
        self.said: list[Any] = []
        self.fails = fails

    def delivery(self, body: bytes = b"hello", **more: Any) -> Delivery:
        return Delivery(make_raw(body, **more), ack=self._tell, refuse=self._tell)

    async def _tell(self, what: Any) -> None:
        self.said.append(what)
        if self.fails:
            raise ConnectionResetError("the source hung up")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[Any]:
    made = await memory_store(clock=clock)
    yield made
    await made.close()


def intake(store: Any, clock: ManualClock, kept: Callable[[], None] = lambda: None) -> Intake:
    return Intake(store, clock=clock, max_bytes=1024, kept=kept)


async def run_until(work: Intake, source: Source) -> None:
    """Let the intake work until the source has nothing more."""
    task = asyncio.create_task(work.run(source))  # type: ignore[arg-type]
    await asyncio.wait_for(source.quiet.wait(), 5)
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_take_tells_after_the_commit(store: Any, clock: ManualClock) -> None:
    """The source gets the receipt of a message that is in the store by then, and the pipeline is woken."""
    seen: list[bytes] = []
    woken: list[bool] = []

    async def ack(receipt: RawReceipt) -> None:
        seen.append((await store.raw(receipt.raw_id)).body)

    await intake(store, clock, lambda: woken.append(True)).take(Delivery(make_raw(b"hello"), ack=ack))
    assert seen == [b"hello"]
    assert woken == [True]


async def test_take_duplicate_is_acknowledged(store: Any, clock: ManualClock) -> None:
    """What is known already is taken from its source as well, or it would be offered for ever."""
    told, work = Told(), intake(store, clock)
    await work.take(told.delivery())
    await work.take(told.delivery())
    assert [receipt.duplicate for receipt in told.said] == [False, True]


async def test_take_leaves_refused_message_at_its_source(
    store: Any, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the database refuses, the source is told to keep the message, and nothing is woken."""

    async def refuse(_: Sequence[RawMessage]) -> Any:
        raise StoreError("disk full")

    monkeypatch.setattr(store, "put_raw", refuse)
    told, woken = Told(), []
    await intake(store, clock, lambda: woken.append(True)).take(told.delivery())
    assert [type(error) for error in told.said] == [StoreError]
    assert woken == []


async def test_take_refuses_what_is_too_large(store: Any, clock: ManualClock) -> None:
    """A message over the limit is refused with 413 and keeps no byte here."""
    told = Told()
    await intake(store, clock).take(told.delivery(b"x" * 1025))
    [error] = told.said
    assert isinstance(error, UserInputError)
    assert (error.status, await store.pending_raw()) == (413, 0)
    await intake(store, clock).keep(make_raw(b"x" * 1024))
    assert await store.pending_raw() == 1


async def test_take_survives_a_source_that_cannot_be_told(store: Any, clock: ManualClock) -> None:
    """The message stays kept; that the source could not be told is in the log, without its words."""
    with capture_logs() as logged:
        await intake(store, clock).take(Told(fails=True).delivery(b"secret words"))
    assert await store.pending_raw() == 1
    assert [(line["event"], line["log_level"]) for line in logged] == [
        ("message_kept", "debug"),
        ("source_not_told", "error"),
    ]
    assert "secret words" not in str(logged)


async def test_keep_notices_a_key_used_again(store: Any, clock: ManualClock) -> None:
    """The same key with other bytes is a duplicate that somebody should look at."""
    work = intake(store, clock)
    await work.keep(make_raw(b"one", native_id="1"))
    with capture_logs() as logged:
        receipt = await work.keep(make_raw(b"two", native_id="1"))
    assert (receipt.duplicate, receipt.differs) == (True, True)
    assert [line["event"] for line in logged] == ["source_key_reused"]


async def test_run_starts_a_broken_channel_again_with_growing_pauses(store: Any, clock: ManualClock) -> None:
    """A channel that raises is started again; each time in a row it waits longer, at most a minute."""
    told, pauses = Told(), []
    sleep = clock.sleep

    async def note(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(seconds)

    clock.sleep = note  # type: ignore[method-assign]
    broken = [[RuntimeError("bug in the library")] for _ in range(7)]
    await run_until(intake(store, clock), Source(*broken, [told.delivery()]))
    assert pauses == [2, 4, 8, 16, 32, 60, 60]
    assert len(told.said) == 1


async def test_run_restarts_a_channel_that_ends(store: Any, clock: ManualClock) -> None:
    """A channel that stops offering by itself is started again: receiving has no end."""

    class Ending(Source):
        async def receive(self) -> AsyncIterator[Delivery]:
            if self.rounds:
                for item in self.rounds.pop(0):
                    yield item  # type: ignore[misc]
                return
            async for item in super().receive():
                yield item

    told = Told()
    await run_until(intake(store, clock), Ending([told.delivery(b"1")], [told.delivery(b"2")]))
    assert await store.pending_raw() == 2


async def test_run_bounds_what_is_in_flight(store: Any, clock: ManualClock) -> None:
    """A source that answers slowly has 64 messages under way at most, however much it offers."""
    let_go = asyncio.Event()
    waiting = 0
    most = 0

    async def ack(_: RawReceipt) -> None:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        await let_go.wait()
        waiting -= 1

    source = Source([Delivery(make_raw(str(n).encode()), ack=ack) for n in range(200)])
    task = asyncio.create_task(intake(store, clock).run(source))  # type: ignore[arg-type]
    while waiting < 64:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)
    assert (most, source.offered) == (64, 65)
    let_go.set()
    await asyncio.wait_for(source.quiet.wait(), 5)
    assert await store.pending_raw() == 200
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_run_commits_deliveries_together(store: Any, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliveries that come at once share commits instead of waiting for one each."""
    put, sizes = store.put_raw, []

    async def count(raws: Sequence[RawMessage]) -> Any:
        sizes.append(len(raws))
        return await put(raws)

    monkeypatch.setattr(store, "put_raw", count)
    told = Told()
    await run_until(intake(store, clock), Source([told.delivery(str(n).encode()) for n in range(60)]))
    assert (sum(sizes), len(told.said)) == (60, 60)
    assert len(sizes) < 10


async def test_run_unexpected_failure_of_one_leaves_it_at_its_source(
    store: Any, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug met while keeping one message is logged, refuses that message and stops no other."""
    put = store.put_raw

    async def broken(raws: Sequence[RawMessage]) -> Any:
        if any(raw.body == b"bad" for raw in raws):
            raise RuntimeError("bug")
        return await put(raws)

    monkeypatch.setattr(store, "put_raw", broken)
    bad, good = Told(), Told()
    work = intake(store, clock)
    await work.take(bad.delivery(b"bad"))
    await work.take(good.delivery(b"good"))
    assert [type(one).__name__ for one in bad.said] == ["StoreError"]
    assert await store.pending_raw() == 1
