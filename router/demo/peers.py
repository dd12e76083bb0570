# SPDX-License-Identifier: Apache-2.0
"""The outside world of the demo: a mail server and a web site on this machine that take our answers and keep them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from router.testing.servers.mailsink import mail_sink

__all__ = ["peers"]


@asynccontextmanager
async def peers() -> AsyncIterator[tuple[int, str]]:
    """Yields the port of the mail server and the address that takes public answers."""
    site = web.Application()

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"ok": True})

    site.router.add_post("/replies", take)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        async with mail_sink() as mail:
            yield mail.port, f"http://127.0.0.1:{port}/replies"
    finally:
        await runner.cleanup()
