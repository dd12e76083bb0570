# SPDX-License-Identifier: Apache-2.0
"""What wraps every request of ours: who asks, where a form came from, how large a body may be, headers, errors.

Routes of channels are left as their channels made them; only the headers that they did not set are added.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from yarl import URL

from router.errors import Forbidden, StoreError, UserInputError
from router.web.context import CONTEXT, WebContext
from router.web.problems import answer_problem
from router.web.sessions import Principal, principal_of

__all__ = ["CHANNEL_ROUTES", "MAX_BODY", "PRINCIPAL", "PUBLIC_PATHS", "middlewares"]

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CHANNEL_ROUTES: web.AppKey[set[web.AbstractRoute]] = web.AppKey("channel_routes", set)
PRINCIPAL: web.RequestKey[Principal] = web.RequestKey("principal", Principal)
MAX_BODY = 256 * 1024
PUBLIC_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/login", "/api/v1/tokens", "/api/v1/openapi.json"})

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # "no-referrer" would make browsers send "Origin: null" with our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def _is_channel(request: web.Request) -> bool:
    return request.match_info.route in request.app[CHANNEL_ROUTES]


def _is_public(request: web.Request) -> bool:
    return request.path in PUBLIC_PATHS or request.path.startswith(("/static/", "/login/"))


@web.middleware
async def headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Set the security headers a handler did not set itself."""
    try:
        response = await handler(request)
    except web.HTTPException as answer:
        set_headers(request, answer)
        raise
    if not response.prepared:
        set_headers(request, response)
    return response


def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """The same for answers that are streamed and so must carry them before they start."""
    for name, value in _HEADERS.items():
        if _is_channel(request) and name == "Content-Security-Policy":
            continue
        response.headers.setdefault(name, value)
    if request.app[CONTEXT].secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.path.startswith("/static/"):
        fresh = "public, max-age=31536000, immutable" if "v" in request.query else "no-cache"
        response.headers.setdefault("Cache-Control", fresh)
    else:
        response.headers.setdefault("Cache-Control", "no-store")


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what went wrong into an answer that says so: JSON under /api, a page elsewhere."""
    if _is_channel(request):
        return await handler(request)
    try:
        return await handler(request)
    except UserInputError as error:
        return await answer_problem(request, error.status, error.code, str(error), error.fields)
    except StoreError:
        log.exception("web_store_failed", path=request.match_info.route.name)
        return await answer_problem(request, 503, "store", "The database cannot be reached just now. Try again.")
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return await answer_problem(request, error.status, *_known(error.status), headers=_kept(error))
    except Exception:  # the request ends here
        log.exception("web_request_failed", method=request.method)
        return await answer_problem(request, 500, "internal", "Something went wrong here. It was logged.")


def _known(status: int) -> tuple[str, str]:
    known = {
        404: ("not_found", "There is nothing here under this address, or it is not yours to see."),
        405: ("method_not_allowed", "This address does not take that method."),
        413: ("too_large", f"That is more than this address takes ({MAX_BODY // 1024} kB)."),
    }
    return known.get(status, ("refused", "The request cannot be answered."))


def _kept(error: web.HTTPException) -> dict[str, str]:
    return {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}


@web.middleware
async def limits(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Hold the bodies of our own routes to ``MAX_BODY``; channels have the larger limit of the application."""
    if _is_channel(request) or request.method in _SAFE_METHODS:
        return await handler(request)
    if request.content_length is not None and request.content_length > MAX_BODY:
        raise web.HTTPRequestEntityTooLarge(max_size=MAX_BODY, actual_size=request.content_length)
    return await handler(request.clone(client_max_size=MAX_BODY))


@web.middleware
async def authentication(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who asks; nobody gets further than the public paths. Then check where a change comes from."""
    if _is_channel(request):
        return await handler(request)
    if not _is_public(request):
        principal = await principal_of(request)
        if principal is None:
            return await _ask_to_log_in(request)
        request[PRINCIPAL] = principal
    if request.method in _SAFE_METHODS:
        return await handler(request)
    await _check_source(request)
    response = await handler(request)
    request.app[CONTEXT].changed()
    return response


async def _ask_to_log_in(request: web.Request) -> web.StreamResponse:
    if request.path.startswith("/api/") or request.path == "/events":
        sentence = "Log in first: a bearer token from POST /api/v1/tokens, or the session of a browser."
        return await answer_problem(request, 401, "log_in", sentence, headers={"WWW-Authenticate": "Bearer"})
    if "HX-Request" in request.headers:
        login = URL("/login").with_query(next=_path_of(request.headers.get("HX-Current-URL", "")))
        return web.Response(status=401, headers={"HX-Redirect": str(login)})
    back = {"next": request.path_qs} if request.method == "GET" and request.path != "/" else {}
    return web.Response(status=303, headers={"Location": str(URL("/login").with_query(back))})


def _path_of(address: str) -> str:
    """The page that a browser shows, to come back to: what was being written there waits in the browser."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")


def same_origin(context: WebContext, request: web.Request) -> bool:
    """Whether a browser says that the request came from one of our own pages."""
    public = urlsplit(context.settings.public_url)
    ours = {f"{public.scheme}://{public.netloc}", f"{request.scheme}://{request.host}"}
    origin = request.headers.get("Origin")
    if origin is None:
        referrer = urlsplit(request.headers.get("Referer", ""))
        origin = f"{referrer.scheme}://{referrer.netloc}"
    return origin in ours and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


async def _check_source(request: web.Request) -> None:
    """A change by cookie needs our own origin and the session's own token; by bearer token it needs neither."""
    principal = request.get(PRINCIPAL)
    by_browser = principal.session.kind == "browser" if principal else request.path == "/login"
    if not by_browser:
        return
    if not same_origin(request.app[CONTEXT], request):
        raise Forbidden("This came from another site, so nothing was done.")
    if principal is None:
        return
    given = request.headers.get("X-CSRF-Token", "")
    if not given and request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        given = str((await request.post()).get("csrf", ""))
    if not hmac.compare_digest(given.encode(), principal.session.csrf.encode()):
        raise Forbidden("The form is from an older log-in. Go back, load the page again and repeat it.")


middlewares = (headers, errors, limits, authentication)
