# SPDX-License-Identifier: Apache-2.0
"""What needs a hand: messages that could not be read, sends that failed or may have arrived, the configuration."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from aiohttp import web

from router.interfaces import Channel, Health
from router.web import access
from router.web.context import CONTEXT, WebContext
from router.web.pages.models import news_of
from router.web.render import render, user_of, went_well

__all__ = ["raw_response", "routes"]

log = structlog.get_logger(__name__)
routes = web.RouteTableDef()

_HEALTH_SECONDS = 3.0


@routes.get("/trouble")
async def show(request: web.Request) -> web.StreamResponse:
    """Quarantine, sends in trouble and the state of channels and configuration, as far as the user may see them."""
    access.require(access.may_see_trouble(user_of(request)))
    return await render(request, "trouble.html", await _values(request), here="trouble")


async def _values(request: web.Request) -> dict[str, Any]:
    context, user = request.app[CONTEXT], user_of(request)
    return {
        "quarantine": await context.store.quarantined(limit=200),
        "rows": await access.outbox_rows_for(context.store, user, states=("parked", "failed"), limit=200),
        "raw_states": await context.store.raw_states(),
        "health": await _health(context),
        "people": {person.name: person.display_name or person.name for person in await context.store.users()},
        "can_reload": access.may_configure(user) and context.reload is not None,
        "drift": context.drift(),
        "models": await news_of(context),
        "mistakes": [],
        "needs_restart": [],
    }


async def _health(context: WebContext) -> dict[str, Health]:
    """How each channel is; one that does not say so in time is not well."""

    async def ask(channel: Channel) -> Health:
        try:
            async with asyncio.timeout(_HEALTH_SECONDS):
                return await channel.health()
        except TimeoutError:
            return Health(ok=False, detail=f"no answer within {_HEALTH_SECONDS:.0f} seconds")
        except Exception:  # a channel's fault must not take this page away; the asking ends here
            log.exception("channel_health_failed", channel=channel.kind)
            return Health(ok=False, detail="its health could not be asked; see the log")

    answers = await asyncio.gather(*(ask(channel) for channel in context.channels.values()))
    return dict(zip(context.channels, answers, strict=True))


@routes.post(r"/quarantine/{raw:\d{1,18}}/retry")
async def retry(request: web.Request) -> web.StreamResponse:
    """Read the message once more, for instance after an update."""
    context, user = request.app[CONTEXT], user_of(request)
    access.require(access.may_see_trouble(user))
    await context.store.requeue_raw(int(request.match_info["raw"]), actor=user.name)
    return went_well("retried", "/trouble")


@routes.get(r"/quarantine/{raw:\d{1,18}}/raw")
async def download(request: web.Request) -> web.StreamResponse:
    """The bytes as they arrived, as a file to save, never to show."""
    return await raw_response(request, int(request.match_info["raw"]))


async def raw_response(request: web.Request, raw_id: int) -> web.Response:
    """Used by page and API alike."""
    raw = await access.raw_for(request.app[CONTEXT].store, user_of(request), raw_id)
    headers = {
        "Content-Disposition": f'attachment; filename="quarantined-{raw_id}.bin"',
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }
    return web.Response(body=raw.body, content_type="application/octet-stream", headers=headers)


@routes.post("/reload")
async def reload(request: web.Request) -> web.StreamResponse:
    """Read the configuration again; with mistakes in it the last good one stays."""
    context, user = request.app[CONTEXT], user_of(request)
    access.require(access.may_configure(user) and context.reload is not None)
    assert context.reload is not None  # narrowed by the line above
    result = await context.reload()
    found = {"mistakes": list(result.get("mistakes", ())), "needs_restart": list(result.get("needs_restart", ()))}
    if not found["mistakes"] and not found["needs_restart"]:
        return went_well("reloaded", "/trouble")
    status = 422 if found["mistakes"] else 200
    return await render(request, "trouble.html", {**await _values(request), **found}, status=status, here="trouble")
