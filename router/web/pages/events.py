# SPDX-License-Identifier: Apache-2.0
"""Server-sent events: small signs that something the user sees has changed. They carry case ids and no words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable

import structlog
from aiohttp import web

from router.errors import NotFound
from router.records import AuditRow, User
from router.web import access
from router.web.context import CONTEXT, WebContext
from router.web.render import user_of
from router.web.security import PRINCIPAL, set_headers
from router.web.sessions import still_valid

__all__ = ["CLOSING", "end_streams", "routes", "set_up"]

log = structlog.get_logger(__name__)
routes = web.RouteTableDef()

CLOSING: web.AppKey[asyncio.Event] = web.AppKey("streams_closing", asyncio.Event)
LOOK_SECONDS = 4.0  # so often the session is checked again, and what other processes committed is seen
SETTLE_SECONDS = 0.2  # bursts of commits become one event
_MOST_CASES = 50
_AT_ONCE = 1000


def set_up(app: web.Application) -> None:
    """One sign for all streams that the server is stopping."""
    app[CLOSING] = asyncio.Event()


async def end_streams(app: web.Application) -> None:
    """Open streams would hold a stopping server for a minute."""
    app[CLOSING].set()


@routes.get("/events")
async def events(request: web.Request) -> web.StreamResponse:
    """``?team=`` a team's queue, ``?case=`` one case, neither: everything the user sees.

    Events: ``queue`` (load the list again; data lists the cases changed) and ``case`` (load the case again). The
    first comes at once, so that nothing between loading a page and opening its stream is missed.
    """
    context, user = request.app[CONTEXT], user_of(request)
    access.require(access.may_read_cases(user))
    team, case_id = request.query.get("team"), request.query.get("case")
    if team is not None:
        access.team_for(context, user, team)
    if case_id is not None:
        await access.case_for(context.store, user, case_id)
    seen = await context.store.last_audit()
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    set_headers(request, response)
    await response.prepare(request)
    try:
        await _send(response, "case" if case_id else "queue", [case_id] if case_id else [])
        await _follow(request, response, seen, team, case_id)
    except ConnectionError:
        log.debug("stream_left")
    return response


async def _follow(
    request: web.Request, response: web.StreamResponse, seen: int, team: str | None, case_id: str | None
) -> None:
    context, closing = request.app[CONTEXT], request.app[CLOSING]
    digest = request[PRINCIPAL].session.token_digest
    quiet = True
    while not closing.is_set():
        if quiet:  # else something may have come while the last news were told
            await _wait(context, closing, LOOK_SECONDS)
        principal = await still_valid(context, digest)
        if principal is None or closing.is_set():
            return
        if case_id is not None and not await _still_sees(context, principal.user, case_id):
            return
        rows = await _news(context, seen)
        if not rows:
            if quiet:
                await response.write(b": still here\n\n")
            quiet = True
            continue
        quiet = False
        seen = rows[-1].seq
        changed = _changed(principal.user, rows, team, case_id)
        if changed is not None:
            await _send(response, "case" if case_id else "queue", changed)
        await asyncio.sleep(SETTLE_SECONDS)


async def _news(context: WebContext, seen: int) -> list[AuditRow]:
    rows = await context.store.audit(after=seen, limit=_AT_ONCE)
    while (
        rows and len(rows) % _AT_ONCE == 0 and (more := await context.store.audit(after=rows[-1].seq, limit=_AT_ONCE))
    ):
        rows += more
    return rows


async def _wait(context: WebContext, closing: asyncio.Event, seconds: float) -> None:
    waiting = [asyncio.ensure_future(context.changes.wait(seconds)), asyncio.ensure_future(closing.wait())]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _still_sees(context: WebContext, user: User, case_id: str) -> bool:
    try:
        await access.case_for(context.store, user, case_id)
    except NotFound:
        return False
    return True


def _changed(user: User, rows: Iterable[AuditRow], team: str | None, case_id: str | None) -> list[str] | None:
    """Ids of the cases that changed and that the user may know of; None when nothing concerns this stream."""
    if case_id is not None:
        return [case_id] if any(row.case_id == case_id for row in rows) else None
    mine = [row for row in rows if row.team and access.sees_team(user, row.team) and team in (None, row.team)]
    return list(dict.fromkeys(row.case_id for row in mine if row.case_id))[:_MOST_CASES] if mine else None


async def _send(response: web.StreamResponse, name: str, cases: list[str]) -> None:
    await response.write(f"event: {name}\ndata: {json.dumps({'cases': cases})}\n\n".encode())
