# SPDX-License-Identifier: Apache-2.0
"""The bus against a real NATS server: heard by the others, there again after an outage, credentials kept safe."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest
import trustme
from structlog.testing import capture_logs

from router.bus import BusEvent
from router.bus.nats import NatsBus
from router.clock import SystemClock
from router.testing.servers import ServerMissing, free_port, skip_or_fail
from router.testing.servers.nats import NatsServer, nats_server

pytestmark = pytest.mark.integration


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., NatsServer]]:
    """Starts a server with the options given."""
    with contextlib.ExitStack() as stack:

        def started(options: Sequence[str] = ()) -> NatsServer:
            try:
                return stack.enter_context(nats_server(tmp_path, options=options))
            except ServerMissing as error:
                skip_or_fail(error)

        yield started


class Process:
    """One of several processes: its bus and what it heard."""

    def __init__(self, url: str) -> None:
        self.bus = NatsBus(url, clock=SystemClock())
        self.heard: list[BusEvent] = []

    async def wait_heard(self, *expected: BusEvent) -> None:
        """Wait until exactly this was heard."""
        await until(lambda: len(self.heard) >= len(expected), f"{self.heard} instead of {expected}")
        assert self.heard == list(expected)


@contextlib.asynccontextmanager
async def process(url: str, *, up: bool = True) -> AsyncIterator[Process]:
    made = Process(url)
    made.bus.subscribe(made.heard.append)
    try:
        if up:
            await until(lambda: made.bus.health().ok, "connecting")
        yield made
    finally:
        await made.bus.close()


async def until(ready: Callable[[], bool], what: str, *, seconds: float = 20) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not ready():
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"not within {seconds:g} s: {what}")


async def test_event_wakes_the_others_and_not_oneself(start: Callable[..., NatsServer]) -> None:
    """What one process tells, each other hears once, and it does not hear itself."""
    url = start().url
    async with process(url) as one, process(url) as two, process(url) as three:
        one.bus.publish("raw")
        await two.wait_heard("raw")
        await three.wait_heard("raw")
        two.bus.publish("changed")
        await one.wait_heard("changed")
        await three.wait_heard("raw", "changed")
        assert two.heard == ["raw"]


async def test_server_killed_and_started_again(start: Callable[..., NatsServer]) -> None:
    """While it is away, publishing returns at once and health says so; when it is back, events are heard again."""
    server = start()
    with capture_logs() as logs:
        async with process(server.url) as one, process(server.url) as two:
            server.kill()
            await until(lambda: not one.bus.health().ok and not two.bus.health().ok, "noticing")
            began = asyncio.get_running_loop().time()
            for _ in range(1000):
                one.bus.publish("raw")
            assert asyncio.get_running_loop().time() - began < 0.5
            await until(lambda: "refused" in one.bus.health().detail, "the reason")
            server.start()
            await until(lambda: one.bus.health().ok and two.bus.health().ok, "coming back")
            one.bus.publish("outbox")
            await two.wait_heard("outbox")
            await asyncio.sleep(0.1)
            assert two.heard == ["outbox"], "what was told while it was away is gone"
    told = sorted(line["event"] for line in logs if line["log_level"] != "debug")
    assert told == ["bus_connected"] * 4 + ["bus_down"] * 2


async def test_server_that_comes_later(tmp_path: Path) -> None:
    """A process that starts before its broker works without it and takes it when it comes."""
    try:
        server = NatsServer(tmp_path)
    except ServerMissing as error:
        skip_or_fail(error)
    async with process(server.url, up=False) as one:
        await until(lambda: "refused" in one.bus.health().detail, "the reason")
        assert not one.bus.health().ok
        try:
            server.start()
            await until(lambda: one.bus.health().ok, "coming")
            assert "refused" not in one.bus.health().detail
        finally:
            server.kill()


@pytest.mark.parametrize("credentials", ["aino:a%20word@", "wrong:word@", ""], ids=["right", "wrong", "none"])
async def test_credentials(start: Callable[..., NatsServer], credentials: str) -> None:
    """With name and password it is let in; else the outage says why, and never shows them."""
    server = start(["--user", "aino", "--pass", "a word"])
    with capture_logs() as logs:
        async with process(server.url.replace("//", f"//{credentials}"), up=False) as one:
            if credentials.startswith("aino"):
                await until(lambda: one.bus.health().ok, "being let in")
            else:
                await until(lambda: "uthorization" in one.bus.health().detail, "being refused")
    assert "word" not in str(logs)


async def test_token(start: Callable[..., NatsServer]) -> None:
    """A user without a password is a token."""
    server = start(["--auth", "a/token"])
    async with process(server.url.replace("//", "//a%2Ftoken@")) as one:
        assert one.bus.health().ok


async def test_missing_permission_is_an_outage(start: Callable[..., NatsServer], tmp_path: Path) -> None:
    """Who may connect but not listen is told so, instead of hearing nothing for ever."""
    file = tmp_path / "nats.conf"
    file.write_text(
        'authorization { users = [ { user: a, password: b, permissions: { subscribe: "other.>" } } ] }',
        encoding="utf-8",
    )
    server = start(["-c", str(file)])
    async with process(server.url.replace("//", "//a:b@"), up=False) as one:
        await until(lambda: "ermission" in one.bus.health().detail, "being refused")
        assert not one.bus.health().ok


async def test_several_servers_are_tried(start: Callable[..., NatsServer]) -> None:
    """Of several addresses, one that answers is enough."""
    url = f"nats://127.0.0.1:{free_port()},{start().url}"
    async with process(url) as one:
        assert one.bus.health().ok


async def test_tls_is_insisted_on(start: Callable[..., NatsServer]) -> None:
    """With tls:// a server without TLS gets no password, and the outage says what is missing."""
    server = start(["--user", "aino", "--pass", "word", "-DV"])
    async with process(server.url.replace("nats://", "tls://aino:word@"), up=False) as one:
        await until(lambda: "no TLS" in one.bus.health().detail, "being careful")
    said = server.log.read_text(encoding="utf-8")
    assert "CONNECT" not in said


async def test_tls_with_a_certificate_that_is_known(
    start: Callable[..., NatsServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate is checked: with its authority known it connects, else not."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    for part in issued.cert_chain_pems:
        part.write_to_path(tmp_path / "cert.pem", append=True)
    options = ["--tls", "--tlscert", str(tmp_path / "cert.pem"), "--tlskey", str(tmp_path / "key.pem")]
    url = start([*options, "--user", "aino", "--pass", "word"]).url.replace("nats://", "tls://aino:word@")
    async with process(url, up=False) as one:
        await until(lambda: "CERTIFICATE" in one.bus.health().detail.upper(), "distrust")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with process(url) as one:
        assert one.bus.health().ok


async def test_server_that_falls_silent(start: Callable[..., NatsServer]) -> None:
    """A server that no longer answers stops neither the publisher nor the end of the process."""
    server = start()
    loop = asyncio.get_running_loop()
    async with process(server.url) as one:
        server.freeze()
        began = loop.time()
        for _ in range(20):
            one.bus.publish("raw")
            await asyncio.sleep(0.03)
        assert loop.time() - began < 5
        began = loop.time()
    assert loop.time() - began < 5
