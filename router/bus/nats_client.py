# SPDX-License-Identifier: Apache-2.0
"""One connection of the client library: how it is opened, and what its errors mean. No policy."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from nats import errors
from nats.aio.client import Client
from nats.aio.msg import Msg

__all__ = ["Address", "Heard", "Lost", "open_client", "reason_of"]

Heard = Callable[[str], None]
Lost = Callable[[Exception], None]

_CONNECT_SECONDS = 3
_CLOSE_SECONDS = 1.0
_PING_SECONDS = 20  # a peer that is gone without a word is noticed after three of these


@dataclass(frozen=True)
class Address:
    """Servers of one cluster, and who we are there."""

    servers: tuple[str, ...]  # without credentials
    tls: bool
    user: str = ""
    password: str | None = None  # None with a user: the user is a token

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read ``nats://user:password@host:4222``; several are parted by commas, the first that has credentials
        gives them for all. ``tls://`` insists on TLS. Raises ValueError, without the address."""
        try:
            parts = [urlsplit(part.strip()) for part in url.split(",")]
            good = all(part.scheme in ("nats", "tls") and part.hostname and part.port != 0 for part in parts)
        except ValueError:  # its text may hold a piece of the password
            good = False
        if not good:
            raise ValueError("not like nats://host:4222 or tls://host:4222")
        if len({part.scheme for part in parts}) > 1:
            raise ValueError("either all servers with TLS or none")
        known = next((part for part in parts if part.username), None)
        hosts = [f"[{part.hostname}]" if ":" in str(part.hostname) else part.hostname for part in parts]
        return cls(
            servers=tuple(
                f"{part.scheme}://{host}:{part.port or 4222}" for part, host in zip(parts, hosts, strict=True)
            ),
            tls=parts[0].scheme == "tls",
            user=unquote(known.username or "") if known else "",
            password=unquote(known.password) if known and known.password is not None else None,
        )

    def connector(
        self, open_: Callable[[Address, str, Heard, Lost], Awaitable[Client]]
    ) -> Callable[[str, Heard, Lost], Awaitable[Client]]:
        """``open_`` with this address filled in."""
        return lambda subject, heard, lost: open_(self, subject, heard, lost)


async def open_client(address: Address, subject: str, heard: Heard, lost: Lost) -> Client:
    """Connect and listen to ``subject``; nothing is left open when it raises. It never connects again by itself.

    Raises:
        nats.errors.Error, OSError, TimeoutError: No server could be reached, or it refused us.
    """
    client = Client()
    troubles: list[Exception] = []
    opened = False

    async def trouble(error: Exception) -> None:
        troubles.append(error)
        if opened:  # a permission that we lack, or an end: either way this connection is of no use any more
            lost(error)

    async def closed() -> None:
        lost(troubles[-1] if troubles else errors.ConnectionClosedError())

    async def received(message: Msg) -> None:
        heard(message.subject)

    try:
        await client.connect(
            servers=list(address.servers),
            name="complaint-router",
            allow_reconnect=False,
            max_reconnect_attempts=1,  # of each server, within this one call
            reconnect_time_wait=0,
            connect_timeout=_CONNECT_SECONDS,
            ping_interval=_PING_SECONDS,
            flush_timeout=_CONNECT_SECONDS,
            no_echo=True,
            error_cb=trouble,
            closed_cb=closed,
            **_credentials(address, client),
        )
        _insist_on_tls(address, client)
        await client.subscribe(subject, cb=received)
        await client.flush(timeout=_CONNECT_SECONDS)
        opened = True
        _raise_first(troubles)
    except errors.NoServersError:
        await _let_go(client)
        _raise_first(troubles[-1:])
        raise
    except BaseException:
        await _let_go(client)
        raise
    return client


async def _let_go(client: Client) -> None:
    """Close what never came to be. After a failed TLS handshake, asyncio 3.11 waits for ever for the end."""
    with suppress(TimeoutError, OSError, errors.Error):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await client.close()


def _raise_first(troubles: Sequence[Exception]) -> None:
    if troubles:
        raise troubles[0]


def _credentials(address: Address, client: Client) -> dict[str, Any]:
    """Who we are, told only when asked for, and with ``tls://`` only once the connection is encrypted."""
    options: dict[str, Any] = {"tls": ssl.create_default_context()} if address.tls else {}

    def shown(value: str) -> Callable[[], str]:
        def show() -> str:
            _insist_on_tls(address, client)
            return value

        return show

    if address.user and address.password is not None:
        return options | {"user": shown(address.user), "password": shown(address.password)}
    return options | ({"token": shown(address.user)} if address.user else {})


def _insist_on_tls(address: Address, client: Client) -> None:
    """The library (2.16) goes on in the clear when the server does not ask for TLS, even with ``tls://``."""
    if address.tls and not getattr(client, "_server_info", {}).get("tls_required"):
        raise errors.Error("nats: the server offers no TLS")


def reason_of(error: Exception) -> str:
    """What went wrong in a few words, without addresses and secrets."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, errors.Error):
        return str(error).removeprefix("nats: ") or type(error).__name__
    if isinstance(error, ssl.SSLError | socket.gaierror):
        return error.strerror or type(error).__name__
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)  # asyncio puts the address into the text of its own
    return type(error).__name__
