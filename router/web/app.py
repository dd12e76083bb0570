# SPDX-License-Identifier: Apache-2.0
"""The web application put together: pages, API, events, and the routes of channels that are called over HTTP."""

from __future__ import annotations

from aiohttp import web

from router.interfaces import WithRoutes
from router.web import first_words
from router.web.api.routes import add_api
from router.web.context import CONTEXT, WebContext
from router.web.pages import (
    calls,
    case,
    events,
    health,
    incidents,
    label,
    login,
    models,
    queue,
    replies,
    trouble,
    waiting,
)  # fmt: skip
from router.web.render import STATIC, set_up_templates
from router.web.security import CHANNEL_ROUTES, middlewares
from router.web.sessions import GUARD, LoginGuard

__all__ = ["create_app"]

_ENVELOPE = 1024 * 1024  # what a webhook may add around a message of the largest size


def create_app(context: WebContext) -> web.Application:
    """The application for one process; the caller runs it and stops it.

    Raises:
        ValueError: A channel asks for a path that is taken.
    """
    app = web.Application(
        middlewares=middlewares, client_max_size=context.settings.limits.max_message_bytes + _ENVELOPE
    )
    app[CONTEXT] = context
    app[GUARD], app[CHANNEL_ROUTES] = LoginGuard(), set()
    events.set_up(app)
    first_words.set_up(app)
    set_up_templates(app, context.settings.types.titles)
    for page in (health, login, queue, waiting, case, replies, incidents, trouble, label, models, calls, events):
        app.router.add_routes(page.routes)
    add_api(app)
    app.router.add_static("/static", STATIC)
    _add_channels(app, context)
    app.on_shutdown.append(events.end_streams)
    return app


def _add_channels(app: web.Application, context: WebContext) -> None:
    taken = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    for name, channel in context.channels.items():
        if not isinstance(channel, WithRoutes):
            continue
        for route in channel.routes():
            if (route.method.upper(), route.path) in taken:
                raise ValueError(f"channel {name}: {route.method} {route.path} is taken already")
            taken.add((route.method.upper(), route.path))
            for method in ("GET", "HEAD") if route.method.upper() == "GET" else (route.method,):
                app[CHANNEL_ROUTES].add(app.router.add_route(method, route.path, route.handler))
