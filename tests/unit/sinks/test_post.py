# SPDX-License-Identifier: Apache-2.0
"""What each outcome of one POST means for the outbox."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from router.errors import PermanentError, SendError, TransientError
from router.schema import Receipt
from router.sinks._post import post


class Peer:
    def __init__(self) -> None:
        self.status, self.headers, self.calls, self.url = 200, dict[str, str](), 0, ""

    async def take(self, _: web.Request) -> web.Response:
        self.calls += 1
        return web.Response(status=self.status, headers=self.headers)

    async def post(self) -> Receipt:
        return await post(self.url, body=b"{}", headers={}, timeout_seconds=10, sink="team")


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", peer.take)
    async with TestServer(app) as server:
        peer.url = str(server.make_url("/T0K3N"))
        yield peer


@pytest.mark.parametrize(
    ("status", "error"),
    [(301, PermanentError), (302, PermanentError), (307, PermanentError), (308, PermanentError), (400, PermanentError),
     (401, PermanentError), (404, PermanentError), (410, PermanentError), (408, TransientError), (425, TransientError),
     (429, TransientError), (500, TransientError), (502, TransientError), (503, TransientError)],
)  # fmt: skip
async def test_post_maps_every_status(peer: Peer, status: int, error: type[SendError]) -> None:
    """Each status is either worth another try or not; a redirect is never followed."""
    peer.status, peer.headers = status, {"Location": "/elsewhere"}
    with pytest.raises(error, match=str(status)) as caught:
        await peer.post()
    assert peer.calls == 1
    assert "T0K3N" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_post_takes_any_2xx_as_a_receipt(peer: Peer, status: int) -> None:
    """Receivers differ in how they say yes."""
    peer.status = status
    assert (await peer.post()).detail == f"HTTP {status}"


async def test_post_says_what_to_do_about_410(peer: Peer) -> None:
    """Standard Webhooks: 410 means that the receiver wants no more."""
    peer.status = 410
    with pytest.raises(PermanentError, match="remove the sink"):
        await peer.post()


@pytest.mark.parametrize(
    ("told", "low", "high"),
    [
        ("30", 30, 30), ("9" * 400, 86400, 86400), ("soon", None, None), ("-1", None, None), ("", None, None),
        ("in ten minutes", 500, 600),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0, 0), ("٣", None, None), ("Mon, 99 Foo 2001 99:99:99 GMT", None, None),
    ],
)  # fmt: skip
async def test_post_passes_on_retry_after(peer: Peer, told: str, low: float | None, high: float | None) -> None:
    """Seconds and dates are understood and bounded; anything else is no wish at all."""
    if told == "in ten minutes":  # made here: the time of the collection may be long past
        told = format_datetime(datetime.now(UTC) + timedelta(seconds=600))
    peer.status, peer.headers = 429, {"Retry-After": told.encode().decode("latin-1") if told.isascii() else "x"}
    with pytest.raises(TransientError) as caught:
        await peer.post()
    wait = caught.value.retry_after
    assert wait is low is None or (wait is not None and low is not None and high is not None and low <= wait <= high)


def _client_errors() -> list[type[BaseException]]:
    found = [value for value in vars(aiohttp.client_exceptions).values() if inspect.isclass(value)]
    return [each for each in found if issubclass(each, aiohttp.ClientError | OSError)]


@pytest.mark.parametrize("error", [*_client_errors(), TimeoutError, OSError, ConnectionResetError])
async def test_post_lets_no_client_error_out(monkeypatch: Any, error: type[BaseException]) -> None:
    """Every error of the HTTP library becomes one of ours, and none of its words, which may hold the address."""

    def fail(*_: object, **__: object) -> None:
        raise error.__new__(error)

    monkeypatch.setattr(aiohttp.ClientSession, "post", fail)
    with pytest.raises(TransientError) as caught:
        await post("http://127.0.0.1:1/T0K3N", body=b"", headers={}, timeout_seconds=1, sink="team")
    assert caught.value.__suppress_context__


async def test_post_gives_up_on_a_stall() -> None:
    """An answer that never comes is waited for only so long."""
    import asyncio

    async def stall(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", stall)
    async with TestServer(app) as server:
        with pytest.raises(TransientError, match="Timeout"):
            await post(str(server.make_url("/")), body=b"", headers={}, timeout_seconds=0.1, sink="team")
