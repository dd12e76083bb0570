# SPDX-License-Identifier: Apache-2.0
"""Staff log a phone call or a visit, so that a spoken complaint takes the same way as a written one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from aiohttp import web

from router.errors import NotFound, UserInputError
from router.web import access
from router.web.context import CONTEXT, CallLog
from router.web.render import render, user_of, went_well

__all__ = ["call_log", "routes"]

routes = web.RouteTableDef()

FIELDS = ("id", "at", "kind", "summary", "caller", "phone", "email", "language")


def call_log(request: web.Request) -> CallLog:
    """The channel that takes notes of calls. Raises NotFound where none is configured or the user has no business."""
    access.require(access.may_read_cases(user_of(request)))
    channel = request.app[CONTEXT].call_log()
    if channel is None:
        raise NotFound("No channel for calls is configured; channels.yaml takes one of kind 'call'.")
    return channel


async def _page(
    request: web.Request, values: Mapping[str, str], *, problem: UserInputError | None = None, reference: str = ""
) -> web.Response:
    shown = {
        "values": values,
        "problem": str(problem or ""),
        "fields": problem.fields if problem else {},
        "reference": reference,
        "languages": request.app[CONTEXT].settings.languages,
    }
    return await render(request, "call.html", shown, status=problem.status if problem else 200, here="call")


@routes.get("/calls/new")
async def show(request: web.Request) -> web.StreamResponse:
    """The empty form; its id and time are fixed now, so that sent twice it is one complaint."""
    call_log(request)
    values = dict.fromkeys(FIELDS, "") | {
        "id": uuid.uuid4().hex,
        "at": request.app[CONTEXT].clock.now().isoformat(timespec="seconds"),
        "kind": "phone",
    }
    reference = request.query.get("ref", "")[:40]
    return await _page(request, values, reference=reference if reference.replace("-", "").isalnum() else "")


@routes.post("/calls/new")
async def keep(request: web.Request) -> web.StreamResponse:
    """Hand the note to the channel and show the reference to tell the caller; the same one twice is one complaint."""
    channel, user = call_log(request), user_of(request)
    form = await request.post()
    note = {name: str(form.get(name, "")).replace("\r\n", "\n").strip() for name in FIELDS}
    try:
        receipt = await channel.submit({**note, "logged_by": user.name})
    except UserInputError as error:
        return await _page(request, note, problem=error)
    return went_well("logged", f"/calls/new?ref={receipt.reference}")
