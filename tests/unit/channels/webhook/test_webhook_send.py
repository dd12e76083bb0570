# SPDX-License-Identifier: Apache-2.0
"""How answers leave by webhook."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from router.errors import PermanentError, TransientError
from router.interfaces import WithRoutes
from router.registry import channel_config, channel_factory, channel_kinds, channel_parse
from router.schema import Party, Reply


class Peer:
    """Answers every POST with ``status`` and remembers the headers."""

    def __init__(self) -> None:
        self.status, self.headers = 200, dict[str, str]()
        self.seen: list[dict[str, str]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.seen.append(dict(request.headers))
        return web.Response(status=self.status, headers=self.headers)


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", peer.take)
    async with TestServer(app) as server:
        peer.url = str(server.make_url("/replies"))
        yield peer


def _reply() -> Reply:
    to = Party(address="customer@example.org")
    return Reply(id="r-1", case_id="CR-1", channel="webhook", account="shop", to=to, text="Sorry.")


@pytest.mark.parametrize(
    ("status", "error"),
    [(301, PermanentError), (307, PermanentError), (400, PermanentError), (404, PermanentError), (410, PermanentError),
     (408, TransientError), (429, TransientError), (500, TransientError), (503, TransientError)],
)  # fmt: skip
async def test_send_maps_every_status(peer: Peer, make_channel: Any, status: int, error: type[Exception]) -> None:
    """Each status is either worth another try or not, and a redirect is never followed."""
    peer.status, peer.headers = status, {"Location": "/elsewhere"}
    with pytest.raises(error, match=str(status)):
        await make_channel(reply_url=peer.url).send(_reply())
    assert len(peer.seen) == 1


@pytest.mark.parametrize(("told", "wait"), [("30", 30.0), ("9" * 500, 86400.0), ("soon", None), ("-1", None),
                                            ("Fri, 01 Jan 2100 00:00:00 GMT", 86400.0)])  # fmt: skip
async def test_send_passes_on_retry_after(peer: Peer, make_channel: Any, told: str, wait: float | None) -> None:
    """The platform's wish to wait reaches the outbox, within reason."""
    peer.status, peer.headers = 429, {"Retry-After": told}
    with pytest.raises(TransientError) as caught:
        await make_channel(reply_url=peer.url).send(_reply())
    assert caught.value.retry_after == wait


async def test_send_retries_under_the_same_key(peer: Peer, make_channel: Any) -> None:
    """Two attempts at one reply carry one webhook-id, so the other side can tell."""
    channel = make_channel(reply_url=peer.url)
    await channel.send(_reply())
    await channel.send(_reply())
    assert [seen["webhook-id"] for seen in peer.seen] == ["r-1", "r-1"]


async def test_send_without_reply_url_is_refused(make_channel: Any) -> None:
    """An account that only reports cannot be answered, and says so in its capabilities."""
    channel = make_channel()
    assert channel.capabilities.reply == ()
    with pytest.raises(PermanentError, match="reply_url"):
        await channel.send(_reply())


def _client_errors() -> list[type[BaseException]]:
    found = [value for value in vars(aiohttp.client_exceptions).values() if inspect.isclass(value)]
    return [each for each in found if issubclass(each, aiohttp.ClientError | OSError)]


@pytest.mark.parametrize("error", [*_client_errors(), TimeoutError, ConnectionResetError])
async def test_send_lets_no_client_error_out(monkeypatch: Any, make_channel: Any, error: type[BaseException]) -> None:
    """Every error of the HTTP library becomes one of ours."""

    def fail(*_: object, **__: object) -> None:
        raise error.__new__(error)

    monkeypatch.setattr(aiohttp.ClientSession, "post", fail)
    with pytest.raises(TransientError):
        await make_channel(reply_url="http://127.0.0.1:1/").send(_reply())


def test_webhook_folder_is_found_by_the_registry(make_channel: Any) -> None:
    """The three names that make a channel are where the registry looks for them."""
    assert {"call", "webform", "webhook"} <= set(channel_kinds())
    for kind in ("call", "webform", "webhook"):
        assert channel_config(kind).model_fields
        assert callable(channel_parse(kind))
        assert callable(channel_factory(kind))
    assert isinstance(make_channel(), WithRoutes)
