# SPDX-License-Identifier: Apache-2.0
"""A team's queue as a list, the nearest deadline first or the most urgent and then oldest, with filters."""

from __future__ import annotations

from typing import Any, get_args

from aiohttp import web

from router.errors import UserInputError
from router.records import CaseFilter, Order, User
from router.schema import CaseState
from router.web import access
from router.web.context import CONTEXT
from router.web.first_words import list_words
from router.web.render import is_fragment, render, user_of

__all__ = ["routes"]

routes = web.RouteTableDef()

PAGE = 50
_ORDERS: tuple[Order, ...] = get_args(Order)
_STATES: dict[str, tuple[CaseState, ...]] = {
    "active": ("open", "waiting"),
    "open": ("open",),
    "waiting": ("waiting",),
    "resolved": ("resolved",),
    "all": get_args(CaseState),
}


@routes.get("/queues")
async def nothing(request: web.Request) -> web.StreamResponse:
    """For an agent who is in no team yet."""
    access.require(access.may_read_cases(user_of(request)))
    return await render(request, "no_team.html", {})


@routes.get("/queues/{team}")
async def show(request: web.Request) -> web.StreamResponse:
    """The list, or only its changing part when htmx asks."""
    context, user = request.app[CONTEXT], user_of(request)
    access.require(access.may_read_cases(user))
    name = access.team_for(context, user, request.match_info["team"])
    team = context.team(name)
    which = _filter(request, user, name, default="due" if context.has_deadlines() else "urgency")
    found = await access.cases_for(context.store, user, which)
    cases = found[:PAGE]
    people = {person.name: person.display_name or person.name for person in await context.store.users()}
    values: dict[str, Any] = {
        "team": team,
        "cases": cases,
        "words": await list_words(request.app, cases),
        "people": people,
        "query": {key: request.query.get(key, "") for key in ("state", "queue", "assigned", "sort", "q")},
        "page": which.offset // PAGE + 1,
        "more": len(found) > PAGE,
        "states": tuple(_STATES),
        "orders": _ORDERS if context.has_deadlines() else (),
        "order": which.order,
        "incidents": await access.incidents_for(context.store, user, state="open", team=name),
        "hands_out": name in context.assignments().teams,
    }
    template = "_queue_list.html" if is_fragment(request) else "queue.html"
    return await render(request, template, values, here=f"queue:{name}:{request.query.get('queue', '')}")


def _filter(request: web.Request, user: User, team: str, *, default: Order) -> CaseFilter:
    query = request.query
    page = query.get("page", "1")
    state = query.get("state") or "active"
    order = next((one for one in _ORDERS if one == query.get("sort")), default)
    if not page.isascii() or not page.isdigit() or not 1 <= int(page[:6]) <= 10_000 or state not in _STATES:
        raise UserInputError("There is no such page of the list.", status=400)
    return CaseFilter(
        teams=(team,),
        states=_STATES[state],
        queue=query.get("queue") or None,
        assigned_to=user.name if query.get("assigned") == "me" else None,
        search=query.get("q", "").strip()[:200] or None,
        order=order,
        limit=PAGE + 1,
        offset=(int(page[:6]) - 1) * PAGE,
    )
