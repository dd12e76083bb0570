# SPDX-License-Identifier: Apache-2.0
"""Sending: every ending of an attempt, and none twice."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from router.errors import PermanentError, TransientError, UnknownOutcome
from router.interfaces import Capabilities, Health, Store
from router.outbox import Outbox, backoff
from router.records import OutboxState
from router.schema import Receipt, Reply
from router.testing.clock import ManualClock
from router.testing.store import memory_store
from router.testing.store_contract import make_reply_row, open_case


class Peer:
    """A channel whose next answers are set by the test."""

    kind, account = "email", "support"

    def __init__(self, clock: ManualClock, *, idempotent: bool = False) -> None:
        self.capabilities = Capabilities(idempotent_send=idempotent)
        self.sent: list[str] = []
        self.errors: list[Exception] = []
        self._clock = clock

    async def send(self, reply: Reply) -> Receipt:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(reply.id)
        return Receipt(native_id="n", sent_at=self._clock.now())

    async def health(self) -> Health:
        return Health(ok=True)

    async def close(self) -> None: ...


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[Store]:
    made = await memory_store(clock=clock)
    await open_case(made)
    yield made
    await made.close()


def outbox(store: Store, peer: Peer, clock: ManualClock) -> Outbox:
    return Outbox(store, channels={"email:support": peer}, sinks={}, clock=clock, settled=lambda _: None)  # type: ignore[dict-item]


async def test_outbox_sends_once(store: Store, clock: ManualClock) -> None:
    """A reply is sent, recorded, and not sent again."""
    peer = Peer(clock)
    await store.enqueue(make_reply_row(), actor="aino")
    sender = outbox(store, peer, clock)
    assert [await sender.step(), await sender.step()] == [1, 0]
    assert peer.sent == ["r1"]
    assert (await store.outbox_row("r1")).state == "sent"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (TransientError("busy"), "pending"),
        (PermanentError("no such person"), "failed"),
        (UnknownOutcome("cut off"), "parked"),
        (TimeoutError(), "parked"),
        (RuntimeError("bug"), "parked"),
    ],
    ids=["transient", "permanent", "unknown", "timeout", "bug"],
)
async def test_outbox_error_decides_state(
    store: Store, clock: ManualClock, error: Exception, state: OutboxState
) -> None:
    """Certainly unsent is tried again or given up; a doubt waits for a person."""
    peer = Peer(clock)
    peer.errors.append(error)
    await store.enqueue(make_reply_row(), actor="aino")
    await outbox(store, peer, clock).step()
    row = await store.outbox_row("r1")
    assert (row.state, row.attempts) == (state, 1)
    assert peer.sent == []


async def test_outbox_transient_waits_as_told(store: Store, clock: ManualClock) -> None:
    """Retry-After is obeyed, then the message goes."""
    peer = Peer(clock)
    peer.errors.append(TransientError("slow down", retry_after=600))
    await store.enqueue(make_reply_row(), actor="aino")
    sender = outbox(store, peer, clock)
    await sender.step()
    clock.advance(599)
    assert await sender.step() == 0
    clock.advance(2)
    await sender.step()
    assert peer.sent == ["r1"]


async def test_outbox_unknown_goes_again_where_repeats_are_refused(store: Store, clock: ManualClock) -> None:
    """Where the platform drops repeats by our key, a doubt is simply sent again."""
    peer = Peer(clock, idempotent=True)
    peer.errors.append(UnknownOutcome("cut off"))
    await store.enqueue(make_reply_row(), actor="aino")
    sender = outbox(store, peer, clock)
    await sender.step()
    clock.advance(60)
    await sender.step()
    assert peer.sent == ["r1"]


async def test_outbox_missing_channel_is_a_dead_letter(store: Store, clock: ManualClock) -> None:
    """A reply for a channel that is gone is shown as failed, not lost."""
    await store.enqueue(make_reply_row(target="x:gone"), actor="aino")
    await outbox(store, Peer(clock), clock).step()
    row = await store.outbox_row("r1")
    assert row.state == "failed"
    assert "x:gone" in row.error


async def test_outbox_gives_up_in_the_end(store: Store, clock: ManualClock) -> None:
    """What never works becomes a dead letter after the last attempt."""
    peer = Peer(clock)
    peer.errors = [TransientError("down")] * 30
    await store.enqueue(make_reply_row(), actor="aino")
    sender = outbox(store, peer, clock)
    for _ in range(20):
        await sender.step()
        clock.advance(8 * 3600)
    assert (await store.outbox_row("r1")).state == "failed"


def test_backoff_grows_and_is_capped() -> None:
    """5 s, 10 s, 20 s ... never more than 6 h."""
    assert [backoff(n, spread=1.0).total_seconds() for n in (1, 2, 3)] == [5, 10, 20]
    assert backoff(60, spread=1.0) == timedelta(hours=6)
