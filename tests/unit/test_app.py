# SPDX-License-Identifier: Apache-2.0
"""The process as a whole: it starts, says that it is ready, reloads, and stops in order and soon."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from router.app import Application
from router.config.loader import load
from router.core import open_installation_store
from router.errors import ConfigError, StoreError
from router.records import User
from router.store.sql import SqlStore
from router.testing.product import PASSWORD, Product, make_installation
from router.testing.webhooks import WebhookSender, webhook_secret
from router.web.passwords import hash_password


def installation(tmp_path: Path, **more: Any) -> Path:
    (tmp_path / "webhook-secret").write_text(webhook_secret(), encoding="utf-8")
    shop = {"kind": "webhook", "account": "shop", "secrets": [{"file": str(tmp_path / "webhook-secret")}]}
    return make_installation(tmp_path / "config", channels=[shop | more])


class Running:
    """An application in this process, and a client of it."""

    def __init__(self, application: Application, address: str, stop: asyncio.Event) -> None:
        self.application = application
        self.address = address
        self._stop = stop
        self.task: asyncio.Task[None]

    async def stop(self) -> float:
        """Ask it to stop; the seconds it took."""
        began = time.monotonic()
        self._stop.set()
        await asyncio.wait_for(self.task, 30)
        return time.monotonic() - began

    async def token(self, name: str, role: str) -> dict[str, str]:
        """The header of somebody who is logged in."""
        person = User(name=name, role=role, teams=("billing",), password_hash=hash_password(PASSWORD))  # type: ignore[arg-type]
        await self.application.core.store.put_user(person)
        words = {"name": name, "password": PASSWORD}
        async with aiohttp.ClientSession(self.address) as session, session.post("/api/v1/tokens", json=words) as answer:
            return {"Authorization": f"Bearer {(await answer.json())['token']}"}


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Running]:
    application, stop = Application(load(folder)), asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def started(address: str) -> None:
        ready.set_result(address)

    task = asyncio.create_task(application.run(stop, started=started))
    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED, timeout=30)
    if task.done():
        task.result()
    made = Running(application, ready.result(), stop)
    made.task = task
    try:
        yield made
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def test_application_answers_and_stops(tmp_path: Path) -> None:
    """Once started it is ready; stopped, it has closed everything and can be started again on the same data."""
    folder = installation(tmp_path)
    for _ in range(2):
        async with running(folder) as app:
            async with aiohttp.ClientSession(app.address) as session:
                for path in ("/healthz", "/readyz", "/metrics"):
                    async with session.get(path) as answer:
                        assert answer.status == 200, path
            assert await app.stop() < 5


async def test_application_stops_with_a_stream_open(tmp_path: Path) -> None:
    """A browser that watches the queue does not hold the process; its stream ends."""
    async with running(installation(tmp_path)) as app:
        headers = await app.token("aino", "agent")
        async with aiohttp.ClientSession(app.address) as session, session.get("/events", headers=headers) as stream:
            assert stream.status == 200
            assert await stream.content.readline() == b"event: queue\n"
            assert await app.stop() < 5
            assert await stream.content.read() is not None


async def test_application_stopping_answers_the_request_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A webhook that waits for its commit when the stop is asked for is kept and gets its 2xx."""
    reached, go_on, put = asyncio.Event(), asyncio.Event(), SqlStore.put_raw

    async def slowly(self: SqlStore, raws: Any) -> Any:
        reached.set()
        await go_on.wait()
        return await put(self, raws)

    monkeypatch.setattr(SqlStore, "put_raw", slowly)
    async with running(installation(tmp_path)) as app:
        body = {"text": "You charged me twice", "sender": {"id": "1"}}
        posting = asyncio.create_task(WebhookSender(app.address).post("event-1", body))
        await asyncio.wait_for(reached.wait(), 10)
        stop = asyncio.create_task(app.stop())
        await asyncio.sleep(0.02)
        go_on.set()
        status, said = await posting
        assert (status // 100, said["duplicate"]) == (2, False)
        assert await stop < 6
    store = await open_installation_store(load(tmp_path / "config"))
    assert sum((await store.raw_states()).values()) == 1
    await store.close()


async def test_application_refuses_to_run_twice_on_the_same_data(tmp_path: Path) -> None:
    """The second start says who runs already, and the first is not disturbed."""
    folder = installation(tmp_path)
    async with running(folder) as app:
        with pytest.raises(StoreError, match=r"process \d+ already runs on .*data; stop it first"):
            await Application(load(folder)).run(asyncio.Event())
        async with aiohttp.ClientSession(app.address) as session, session.get("/readyz") as answer:
            assert answer.status == 200


async def test_application_says_when_its_port_is_taken(tmp_path: Path) -> None:
    """A port that somebody else has is named with the key to change, and nothing is left running or locked."""
    folder = installation(tmp_path)
    port = load(folder).settings.web.port
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", port)
    with pytest.raises(StoreError, match=rf"cannot listen on 127\.0\.0\.1:{port}.*web\.port"):
        await Application(load(folder)).run(asyncio.Event())
    server.close()
    await server.wait_closed()
    async with running(folder) as app:
        assert await app.stop() < 5


async def test_application_reloads_by_api_and_keeps_the_last_good(tmp_path: Path) -> None:
    """A mistake in the rules is answered with its place and changes nothing; good rules come into force."""
    folder = installation(tmp_path)
    rules = (folder / "rules.yaml").read_text(encoding="utf-8")
    async with running(folder) as app, aiohttp.ClientSession(app.address) as session:
        session.headers.update(await app.token("root", "admin"))
        live = app.application.live
        before = live.digest
        (folder / "rules.yaml").write_text(rules.replace("queue: refunds", "queue: refnds"), encoding="utf-8")
        async with session.post("/api/v1/reload", json={}) as answer:
            said = await answer.json()
        assert (said["ok"], live.digest) == (False, before)
        assert "did you mean 'refunds'?" in said["mistakes"][0]
        (folder / "rules.yaml").write_text(rules.replace("queue: refunds", "queue: billing"), encoding="utf-8")
        async with session.post("/api/v1/reload", json={}) as answer:
            said = await answer.json()
        assert said["ok"]
        assert live.digest != before
        assert app.application.metrics.config_ok._value.get() == 1


@pytest.mark.parametrize(
    ("secret", "sentence"), [(None, "No such file"), ("whsec_a", "wrong form")], ids=["missing", "bad-base64"]
)
def test_application_names_the_secret_that_does_not_fit(tmp_path: Path, secret: str | None, sentence: str) -> None:
    """A secret that cannot be used is a mistake of the configuration, told without its value."""
    folder = installation(tmp_path)
    (tmp_path / "webhook-secret").unlink()
    if secret is not None:
        (tmp_path / "webhook-secret").write_text(secret, encoding="utf-8")
    with pytest.raises(ConfigError, match=sentence) as caught:
        Application(load(folder))
    assert secret is None or secret not in str(caught.value)


@pytest.fixture
async def slow_site() -> AsyncIterator[tuple[str, asyncio.Event, Callable[[], int]]]:
    """A site that takes replies and answers them only after a while; its address, when it got one, how many."""
    got, count = asyncio.Event(), 0

    async def take(request: web.Request) -> web.Response:
        nonlocal count
        said = await request.json()
        if not said["automatic"]:
            count += 1
            got.set()
            await asyncio.sleep(1)
        return web.json_response({})

    site = web.Application()
    site.router.add_post("/replies", take)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/replies", got, lambda: count
    await runner.cleanup()


@pytest.mark.slow
async def test_sigterm_waits_for_the_send_under_way(tmp_path: Path, slow_site: Any) -> None:
    """Told to stop in the middle of a send, the process records how it ended, and ends with 0; it is not sent again."""
    address, got, count = slow_site
    product = Product(installation(tmp_path, reply_url=address))
    product.add_user("aino", "billing", "triage", "trust", "service")
    async with product:
        body = {"text": "You charged my card twice for one invoice!", "sender": {"id": "1"}, "language": "en"}
        await WebhookSender(product.url).deliver("event-1", body)
        [case] = await product.cases(user="aino")
        await product.api("POST", f"/cases/{case['id']}/replies", user="aino", text="Paid back.")
        await asyncio.wait_for(got.wait(), 10)
        assert await product.stop() == 0
    async with product:
        seen = await product.api("GET", f"/cases/{case['id']}", user="aino")
        assert [e["delivery"] for e in seen["conversation"] if e["text"] == "Paid back."] == ["sent"]
        assert seen["case"]["state"] == "waiting"
        assert await product.stop() == 0
    assert count() == 1
