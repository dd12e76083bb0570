# SPDX-License-Identifier: Apache-2.0
"""The bus over NATS, with a connection that the tests play."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from router.bus import BusEvent
from router.bus.nats import NatsBus, pause
from router.testing.clock import ManualClock

pytest.importorskip("nats", reason="needs the extra 'nats'")

from router.bus.nats_client import Address, reason_of


class FakeServer:
    """Connections that are made while ``open`` is set, and what was published on them."""

    def __init__(self) -> None:
        self.open = True
        self.error: Exception = ConnectionRefusedError(111, "Connection refused")
        self.tries = 0
        self.published: list[str] = []
        self.closed = 0
        self.stuck = False
        self.heard: Callable[[str], None] = lambda subject: None
        self.lost: Callable[[Exception], None] = lambda error: None

    async def connect(
        self, subject: str, heard: Callable[[str], None], lost: Callable[[Exception], None]
    ) -> "FakeServer":
        assert subject == "complaint-router.*"
        self.tries += 1
        if not self.open:
            raise self.error
        self.heard, self.lost = heard, lost
        return self

    async def publish(self, subject: str, payload: bytes = b"") -> None:
        assert payload == b""
        if self.stuck:
            await asyncio.Event().wait()
        self.published.append(subject)

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@contextlib.asynccontextmanager
async def subscribed(
    server: FakeServer, clock: ManualClock, heard: list[BusEvent] | None = None
) -> AsyncIterator[NatsBus]:
    bus = NatsBus("nats://127.0.0.1:1", clock=clock, connect=server.connect)
    bus.subscribe((heard if heard is not None else []).append)
    try:
        yield bus
    finally:
        await bus.close()


async def turns(count: int = 20) -> None:
    """Let other tasks run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_publish_tells_each_kind_once(server: FakeServer, clock: ManualClock) -> None:
    """A burst of one event becomes one, in the order in which the kinds were first told."""
    async with subscribed(server, clock) as bus:
        await turns()
        for what in ("outbox", "raw", "outbox", "outbox", "changed"):
            bus.publish(what)
        await turns()
        assert server.published == [f"complaint-router.{what}" for what in ("outbox", "raw", "changed")]
        bus.publish("raw")
        await turns()
        assert server.published[3:] == ["complaint-router.raw"]
        assert bus.health().ok


async def test_heard_event_reaches_the_handler(server: FakeServer, clock: ManualClock) -> None:
    """Events of others are handed on by their kind; one that is not known is left alone."""
    heard: list[BusEvent] = []
    async with subscribed(server, clock, heard):
        await turns()
        for what in ("raw", "outbox", "newer", "changed", "reload"):
            server.heard(f"complaint-router.{what}")
    assert heard == ["raw", "outbox", "changed", "reload"]


async def test_handler_that_raises_is_logged(server: FakeServer, clock: ManualClock) -> None:
    """A mistake in whoever is woken does not reach the library, and the next event is handed on."""
    bus = NatsBus("nats://127.0.0.1:1", clock=clock, connect=server.connect)

    def broken(what: BusEvent) -> None:
        raise RuntimeError(what)

    bus.subscribe(broken)
    await turns()
    with capture_logs() as logs:
        server.heard("complaint-router.raw")
        server.heard("complaint-router.raw")
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["bus_handler_failed"] * 2
    await bus.close()


async def test_outage_is_one_line_and_drops_events(server: FakeServer, clock: ManualClock) -> None:
    """However long it lasts, an outage is told once; events of that time are dropped, later ones are told."""
    async with subscribed(server, clock) as bus:
        await turns()
        with capture_logs() as logs:
            server.open = False
            server.lost(ConnectionResetError(104, "Connection reset by peer"))
            await turns(100)
            assert server.tries > 5
            assert not bus.health().ok
            assert "Connection refused" in bus.health().detail
            bus.publish("raw")
            server.open = True
            await turns()
        assert [(line["event"], line.get("reason")) for line in logs] == [
            ("bus_down", "Connection reset by peer"), ("bus_connected", None),
        ]  # fmt: skip
        assert bus.health().ok
        bus.publish("outbox")
        await turns()
        assert server.published == ["complaint-router.outbox"]
    assert server.closed == 2


async def test_outage_at_the_start_is_one_line(server: FakeServer, clock: ManualClock) -> None:
    """A server that is not there when the process starts is told of once, and taken when it comes."""
    server.open = False
    with capture_logs() as logs:
        async with subscribed(server, clock) as bus:
            await turns(100)
            assert not bus.health().ok
            server.open = True
            await turns()
            assert bus.health().ok
    assert [line["event"] for line in logs] == ["bus_down", "bus_connected"]


@pytest.mark.parametrize("error", [RuntimeError("hush"), TimeoutError(), ValueError("hush")], ids=type)
async def test_any_error_of_the_library_is_an_outage(server: FakeServer, clock: ManualClock, error: Exception) -> None:
    """Whatever connecting raises, it is tried again; a text that nobody vouches for is not written down."""
    server.open, server.error = False, error
    with capture_logs() as logs:
        async with subscribed(server, clock) as bus:
            await turns()
            assert "hush" not in bus.health().detail
            server.open = True
            await turns()
            assert bus.health().ok
    assert "hush" not in str(logs)


async def test_connections_that_do_not_last_are_made_ever_more_seldom(server: FakeServer, clock: ManualClock) -> None:
    """A server that takes us and drops us at once is not asked twice a second for ever."""
    times = []
    async with subscribed(server, clock):
        for _ in range(12):
            await turns()
            times.append(clock.now())
            server.lost(ConnectionResetError(104, "Connection reset by peer"))
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert 0.25 <= gaps[0] <= 0.5
    assert all(15 <= gap <= 30 for gap in gaps[-3:])


async def test_close_while_connecting_and_twice(clock: ManualClock) -> None:
    """Closing ends a connection attempt under way, and may be asked for again."""

    async def never(subject: str, heard: object, lost: object) -> FakeServer:
        await asyncio.Event().wait()
        raise AssertionError

    bus = NatsBus("nats://127.0.0.1:1", clock=clock, connect=never)
    before = asyncio.all_tasks()
    bus.subscribe(lambda what: None)
    await turns()
    await bus.close()
    await bus.close()
    assert asyncio.all_tasks() == before


async def test_close_while_a_send_is_stuck(server: FakeServer, clock: ManualClock) -> None:
    """A send that never ends holds neither the publisher nor the end of the process."""
    server.stuck = True
    async with subscribed(server, clock) as bus:
        await turns()
        bus.publish("raw")
        await turns()
    assert server.closed == 1


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.5), (2, 1.0), (7, 30.0), (1000, 30.0)])
def test_pause_doubles_up_to_half_a_minute(failures: int, seconds: float) -> None:
    """Half a second, doubled with each failure, never more than thirty; the spread multiplies it."""
    assert pause(failures, spread=1.0) == seconds
    assert pause(failures, spread=0.5) == seconds / 2


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("nats://a.example.com", Address(("nats://a.example.com:4222",), tls=False)),
        ("tls://a.example.com:7", Address(("tls://a.example.com:7",), tls=True)),
        ("nats://u:p%40q@[::1]:5", Address(("nats://[::1]:5",), tls=False, user="u", password="p@q")),
        ("nats://a:1, nats://tok%2Fen@b:2", Address(("nats://a:1", "nats://b:2"), tls=False, user="tok/en")),
    ],
    ids=["plain", "tls", "password-and-ipv6", "cluster-and-token"],
)
def test_address_is_read(url: str, address: Address) -> None:
    """Servers without credentials, and the credentials by themselves, decoded."""
    assert Address.parse(url) == address


def test_reason_names_no_address() -> None:
    """What an error of the network is called, not where."""
    assert reason_of(ConnectionRefusedError(111, "Connect call failed ('10.0.0.1', 1)")) == "Connection refused"
    assert reason_of(OSError("Multiple exceptions: 10.0.0.1")) == "OSError"
