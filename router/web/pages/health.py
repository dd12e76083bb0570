# SPDX-License-Identifier: Apache-2.0
"""For machines that watch: is the process alive, can it work, what does it count."""

from __future__ import annotations

import asyncio

from aiohttp import web

from router.errors import StoreError
from router.web.context import CONTEXT

__all__ = ["routes"]

routes = web.RouteTableDef()

_STORE_SECONDS = 2.0


@routes.get("/healthz")
async def alive(_: web.Request) -> web.StreamResponse:
    """The process answers; nothing else is asked."""
    return web.json_response({"ok": True})


@routes.get("/readyz")
async def ready(request: web.Request) -> web.StreamResponse:
    """The database answers; 503 when it does not within two seconds."""
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            await request.app[CONTEXT].store.last_audit()
    except (StoreError, TimeoutError):
        return web.json_response({"ready": False, "waiting_for": "database"}, status=503)
    return web.json_response({"ready": True})


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.StreamResponse:
    """Prometheus text; counts only."""
    give = request.app[CONTEXT].metrics
    if give is None:
        raise web.HTTPNotFound
    return web.Response(body=give(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
