# SPDX-License-Identifier: Apache-2.0
"""Log-in and log-out in the browser, and the way from the front door to the first queue."""

from __future__ import annotations

import aiohttp_jinja2
from aiohttp import web
from yarl import URL

from router.errors import UserInputError
from router.web import access
from router.web.context import CONTEXT, WebContext
from router.web.links import open_link
from router.web.render import user_of
from router.web.security import PRINCIPAL
from router.web.sessions import cookie_name, digest_of, log_in, log_out, principal_of

__all__ = ["routes"]

routes = web.RouteTableDef()


def _local(target: str) -> str:
    """Where to go after log-in: only a path of our own, whatever the address bar was made to say."""
    if target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable() and "\\" not in target:
        return target
    return "/"


def _page(
    request: web.Request, *, name: str = "", problem: str = "", after: str = "", status: int = 200
) -> web.Response:
    values = {
        "company": request.app[CONTEXT].settings.company,
        "next": _local(after or request.query.get("next", "/")),
        "name": name,
        "problem": problem,
    }
    return aiohttp_jinja2.render_template("login.html", request, values, status=status)


def _set_cookie(context: WebContext, response: web.Response, token: str) -> None:
    response.set_cookie(
        cookie_name(context), token, path="/", httponly=True, secure=context.secure, samesite="Lax",
        max_age=context.settings.web.session_hours * 3600,
    )  # fmt: skip


@routes.get("/login")
async def show(request: web.Request) -> web.StreamResponse:
    """The form; whoever is logged in goes on to the first queue."""
    if await principal_of(request) is not None:
        return web.Response(status=303, headers={"Location": "/"})
    return _page(request)


@routes.post("/login")
async def enter(request: web.Request) -> web.StreamResponse:
    """Check name and password; a new session every time, the one brought along is ended."""
    form = await request.post()
    name, password = str(form.get("name", "")), str(form.get("password", ""))
    context = request.app[CONTEXT]
    try:
        token, _ = await log_in(request, name=name, password=password, kind="browser")
    except UserInputError as error:
        return _page(request, name=name[:64], problem=str(error), after=str(form.get("next", "")), status=error.status)
    if old := request.cookies.get(cookie_name(context), ""):
        await context.store.end_session(digest_of(old))
    response = web.Response(status=303, headers={"Location": _local(str(form.get("next", "/")))})
    _set_cookie(context, response, token)
    return response


@routes.get("/login/{link}", allow_head=False)
async def enter_by_link(request: web.Request) -> web.StreamResponse:
    """Spend a link that an operator handed over; a spent one leads to the form."""
    context = request.app[CONTEXT]
    hours = context.settings.web.session_hours
    token = await open_link(context.store, request.match_info["link"], now=context.clock.now(), hours=hours)
    if token is None:
        return _page(request, problem="This link was used already or has run out.", status=410)
    response = web.Response(status=303, headers={"Location": "/"})
    _set_cookie(context, response, token)
    return response


@routes.post("/logout")
async def leave(request: web.Request) -> web.StreamResponse:
    """End the session here and in the browser."""
    context = request.app[CONTEXT]
    await log_out(context, request[PRINCIPAL])
    response = web.Response(status=303, headers={"Location": "/login"})
    response.del_cookie(cookie_name(context), path="/", httponly=True, secure=context.secure, samesite="Lax")
    return response


@routes.get("/")
async def front(request: web.Request) -> web.StreamResponse:
    """To the first queue where something waits for whoever is asking; administrators to what needs a hand."""
    user, context = user_of(request), request.app[CONTEXT]
    teams = access.visible_teams(context, user) if access.may_read_cases(user) else []
    busy = {team for (team, _), count in (await context.store.queue_counts()).items() if count}
    teams.sort(key=lambda team: team not in busy)
    target = f"/queues/{teams[0]}" if teams else ("/trouble" if access.may_see_trouble(user) else "/queues")
    if done := request.query.get("done", ""):
        target = str(URL(target).with_query(done=done[:40]))  # said where one arrives
    return web.Response(status=303, headers={"Location": target})
