# SPDX-License-Identifier: Apache-2.0
"""Two processes on one PostgreSQL wake each other over NATS, and work on without it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from router.app import Application
from router.config.loader import load
from router.records import User
from router.testing.product import PASSWORD, Product, make_installation
from router.testing.servers import ServerMissing, skip_or_fail
from router.testing.servers.nats import NatsServer, nats_server
from router.testing.webhooks import WebhookSender, reply_receiver, webhook_secret
from router.web.passwords import hash_password

pytestmark = [pytest.mark.integration, pytest.mark.slow]

COMPLAINT = {
    "text": "You charged me twice for one invoice. I want my money back!",
    "language": "en",
    "sender": {"address": "anna@example.com"},
}
NEVER = 3600.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[NatsServer]:
    try:
        with nats_server(tmp_path) as made:
            yield made
    except ServerMissing as error:
        skip_or_fail(error)


def machine(folder: Path, name: str, database: str, broker: NatsServer, reply_url: str) -> Path:
    """The configuration of one machine; database, broker and key are shared."""
    for file, value in (
        ("webhook", webhook_secret()), ("database", database), ("broker", broker.url),
        ("key", "one key for all machines of this shop"),
    ):  # fmt: skip
        (folder / file).write_text(value, encoding="utf-8")
    shop = {
        "kind": "webhook", "account": "shop", "secrets": [{"file": str(folder / "webhook")}], "reply_url": reply_url,
    }  # fmt: skip
    settings = {
        "store": {"kind": "postgresql", "url": {"file": str(folder / "database")}},
        "bus": {"kind": "nats", "url": {"file": str(folder / "broker")}},
        "secret": {"file": str(folder / "key")},
        "logs": {"format": "json"},
    }
    return make_installation(folder / name, channels=[shop], settings=settings)


async def until(ready: Callable[[], bool], what: str, *, seconds: float = 30) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not ready():
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"not within {seconds:g} s: {what}")


# --- in this process, with polling switched off: whatever happens was told over the bus ---------------------------


@pytest.fixture
def no_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks unless told."""
    monkeypatch.setattr("router.worker._POLL_SECONDS", NEVER)
    monkeypatch.setattr("router.outbox._POLL_SECONDS", NEVER)
    monkeypatch.setattr("router.web.pages.events.LOOK_SECONDS", NEVER)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[Application, str]]:
    """An application that is ready and connected to its broker, and its address."""
    application, stop = Application(load(folder)), asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def started(address: str) -> None:
        ready.set_result(address)

    task = asyncio.create_task(application.run(stop, started=started))
    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED, timeout=30)
    if task.done():
        task.result()
    try:
        await until(lambda: application.bus.health().ok, "connecting to the broker")
        yield application, ready.result()
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


class Stream:
    """What a page that is open in a browser is told."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._lines = answer.content

    async def next(self, *, seconds: float = 20) -> tuple[str, Any]:
        """Wait for the next event; its name and data."""
        async with asyncio.timeout(seconds):
            while not (line := await self._lines.readline()).startswith(b"event: "):
                assert line, "the stream ended"
            return line.decode()[7:].strip(), json.loads((await self._lines.readline())[6:])


async def log_in(session: aiohttp.ClientSession, application: Application) -> None:
    person = User(name="aino", role="agent", teams=("billing",), password_hash=hash_password(PASSWORD))
    await application.core.store.put_user(person)
    async with session.post("/api/v1/tokens", json={"name": "aino", "password": PASSWORD}) as answer:
        session.headers["Authorization"] = f"Bearer {(await answer.json())['token']}"


@pytest.mark.usefixtures("no_polling")
async def test_one_process_wakes_pipeline_outbox_and_pages_of_another(
    tmp_path: Path, database: str, broker: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that one process took and does not work on is worked by the other at once, whose work the pages of
    the first show at once; so with a reply."""
    async with AsyncExitStack() as stack:
        shop = await stack.enter_async_context(reply_receiver())
        folders = [machine(tmp_path, name, database, broker, shop.url) for name in ("one", "two")]
        (one, address), (two, _) = [await stack.enter_async_context(running(folder)) for folder in folders]
        monkeypatch.setattr(one.core.worker, "wake", lambda: None)
        monkeypatch.setattr(one.outbox, "wake", lambda: None)
        client = await stack.enter_async_context(aiohttp.ClientSession(address))
        await log_in(client, one)
        stream = Stream(await client.get("/events?team=billing"))
        assert await stream.next() == ("queue", {"cases": []})

        told = await WebhookSender(address).deliver("event-1", COMPLAINT)
        case_id = told["reference"]
        assert await stream.next() == ("queue", {"cases": [case_id]})
        await shop.wait_for(1, automatic=True)

        case = Stream(await client.get(f"/events?case={case_id}"))
        await case.next()
        async with client.post(f"/api/v1/cases/{case_id}/replies", json={"text": "We have paid it back."}) as answer:
            assert answer.ok, await answer.text()
        [reply] = await shop.wait_for(1)
        assert reply["case_id"] == case_id
        assert (await case.next())[0] == "case"

        broker.kill()
        await until(lambda: not one.bus.health().ok and not two.bus.health().ok, "noticing that the broker is gone")
        assert b"complaint_router_bus_up 0.0" in one.metrics.render()


# --- in processes of their own -----------------------------------------------------------------------------------


def logged(product: Product, event: str) -> int:
    """How often the process wrote this event."""
    lines = [line for line in product.log().splitlines() if line.startswith("{")]
    return sum(json.loads(line)["event"] == event for line in lines)


async def test_reload_reaches_the_other_process_and_an_outage_stops_nothing(
    tmp_path: Path, database: str, broker: NatsServer
) -> None:
    """What is asked of one is done by both; with the broker dead, messages and replies still arrive, and when it is
    back they find it."""
    async with reply_receiver() as shop:
        one, two = (Product(machine(tmp_path, name, database, broker, shop.url)) for name in ("one", "two"))
        one.add_user("aino", "billing")
        one.add_user("root", role="admin")
        async with one, two:
            await until(lambda: logged(one, "bus_connected") == logged(two, "bus_connected") == 1, "connecting")
            assert logged(two, "rules_reloaded") == 0
            await one.api("POST", "/reload", user="root")
            await until(lambda: logged(two, "rules_reloaded") == 1, "reloading")

            broker.kill()
            await until(lambda: logged(one, "bus_down") == logged(two, "bus_down") == 1, "noticing")
            for number in range(10):
                product = (one, two)[number % 2]
                sender = {"sender": {"address": f"c{number}@example.com"}}
                await WebhookSender(product.url).deliver(f"event-{number}", COMPLAINT | sender)
            cases = await two.cases(user="aino", count=10)
            await two.api("POST", f"/cases/{cases[0]['id']}/replies", user="aino", text="We have paid it back.")
            await shop.wait_for(1)
            await shop.wait_for(10, automatic=True)

            broker.start()
            await until(lambda: logged(one, "bus_connected") == logged(two, "bus_connected") == 2, "coming back")
            await two.api("POST", "/reload", user="root")
            await until(lambda: logged(one, "rules_reloaded") == 2, "reloading")
            assert logged(two, "rules_reloaded") == 2
            assert logged(one, "bus_down") == logged(two, "bus_down") == 1
        assert len(shop.taken) == 11
