# SPDX-License-Identifier: Apache-2.0
"""Who of a team is there, which cases wait in which order, and the button that gives somebody the next one."""

from __future__ import annotations

from aiohttp import web

from router.assign.view import team_view
from router.web import access
from router.web.context import CONTEXT
from router.web.desk import take_next
from router.web.render import render, user_of, went_well

__all__ = ["routes"]

routes = web.RouteTableDef()


@routes.get("/queues/{team}/waiting")
async def show(request: web.Request) -> web.StreamResponse:
    """Members with what they have and when they are back, and the waiting cases in order."""
    context, user = request.app[CONTEXT], user_of(request)
    access.require(access.may_read_cases(user))
    name = access.team_for(context, user, request.match_info["team"])
    book = context.assignments().teams
    access.require(name in book)
    state = await context.store.assignment_state((name,))
    users = await context.store.users()
    values = {
        "team": context.team(name),
        "view": team_view(book[name], state, users, context.clock.now()),
        "people": {person.name: person.display_name or person.name for person in users},
    }
    return await render(request, "waiting.html", values, here=f"queue:{name}:")


@routes.post("/queues/{team}/next")
async def take(request: web.Request) -> web.StreamResponse:
    """Give the user the next case, and show it."""
    context, user = request.app[CONTEXT], user_of(request)
    access.require(access.may_read_cases(user))
    name = access.team_for(context, user, request.match_info["team"])
    access.require(name in context.assignments().teams)
    case = await take_next(context, user, (name,))
    if case is None:
        return went_well("none_waits", f"/queues/{name}")
    context.changed()
    return went_well("changed", f"/cases/{case.id}")
