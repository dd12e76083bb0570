# SPDX-License-Identifier: Apache-2.0
"""Log-in, log-out and who is asking: sessions kept on the server, guesses counted and stopped."""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Literal

import structlog
from aiohttp import web

from router.errors import UserInputError
from router.records import AuditRow, Commit, Session, User
from router.web.context import CONTEXT, WebContext
from router.web.passwords import check_password, hash_password, needs_rehash

__all__ = ["GUARD", "LoginGuard", "Principal", "cookie_name", "log_in", "log_out", "principal_of", "still_valid"]

log = structlog.get_logger(__name__)

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 100
_LONGEST_PASSWORD = 1000


class TooManyAttempts(UserInputError):
    """Log-in is refused for a while, right password or not."""

    status = 429
    code = "too_many_attempts"


class LoginRefused(UserInputError):
    """Name and password do not fit, for whatever reason."""

    status = 401
    code = "login_refused"


@dataclass(frozen=True)
class Principal:
    """Who is asking, and by which log-in."""

    user: User
    session: Session


class LoginGuard:
    """Counts failed log-ins of the last quarter of an hour, per account and per address.

    An attempt counts as failed from its start, so that many at once cannot slip through together.
    """

    def __init__(self) -> None:
        self._tries: dict[tuple[str, str], deque[datetime]] = {}

    def start(self, account: str, address: str, now: datetime) -> None:
        """Count an attempt. Raises TooManyAttempts, and then counts nothing."""
        self._forget(now)
        keys = (("account", account, PER_ACCOUNT), ("address", address, PER_ADDRESS))
        for kind, name, most in keys:
            tries = self._tries.get((kind, name))
            if tries is not None and len(tries) >= most:
                minutes = max(1, math.ceil((tries[0] + WINDOW - now).total_seconds() / 60))
                raise TooManyAttempts(
                    f"Too many failed log-ins. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
                )
        for kind, name, _ in keys:
            self._tries.setdefault((kind, name), deque()).append(now)

    def succeed(self, account: str, address: str) -> None:
        """The password was right: the account's failures are forgotten, the address loses this attempt only."""
        self._tries.pop(("account", account), None)
        if tries := self._tries.get(("address", address)):
            tries.pop()

    def _forget(self, now: datetime) -> None:
        for key, tries in list(self._tries.items()):
            while tries and tries[0] + WINDOW <= now:
                tries.popleft()
            if not tries:
                del self._tries[key]


GUARD: web.AppKey[LoginGuard] = web.AppKey("login_guard", LoginGuard)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def cookie_name(context: WebContext) -> str:
    """``__Host-`` binds the cookie to this host over https; browsers refuse the prefix without https."""
    return "__Host-session" if context.secure else "session"


async def log_in(
    request: web.Request, *, name: str, password: str, kind: Literal["browser", "api"]
) -> tuple[str, Session]:
    """Check name and password and open a session. Returns the token, which is kept nowhere, and the session.

    Raises:
        TooManyAttempts: Ten failures of the account, or a hundred from the address, within 15 minutes.
        LoginRefused: Anything else; the sentence does not tell what was wrong.
    """
    context, guard = request.app[CONTEXT], request.app[GUARD]
    now, account, address = context.clock.now(), name.strip().casefold()[:64], _client(request)
    guard.start(account, address, now)
    user = await context.store.user(account)
    usable = user is not None and not user.disabled and len(password) <= _LONGEST_PASSWORD
    fits = await check_password(user.password_hash if user and usable else "", password[:_LONGEST_PASSWORD])
    if user is None or not usable or not fits:
        log.info("login_refused", kind=kind)
        raise LoginRefused("This name and password do not fit together.")
    guard.succeed(account, address)
    if needs_rehash(user.password_hash):
        await context.store.put_user(user.model_copy(update={"password_hash": hash_password(password)}))
    token = secrets.token_urlsafe(32)
    session = Session(
        token_digest=digest_of(token),
        user=user.name,
        csrf=secrets.token_urlsafe(32),
        created_at=now,
        expires_at=now + timedelta(hours=context.settings.web.session_hours),
        kind=kind,
    )
    await context.store.put_session(session)
    await context.store.commit(Commit(audit=(AuditRow(at=now, actor=user.name, action="logged_in"),)))
    log.info("login_accepted", kind=kind, role=user.role)
    return token, session


def _client(request: web.Request) -> str:
    """The address that asks; behind a proxy that we trust, the one it saw: the last entry, which it wrote itself."""
    peer, trusted = request.remote or "?", request.app[CONTEXT].settings.web.trusted_proxies
    seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        by_proxy = any(ip_address(peer) in network for network in trusted)
        return str(ip_address(seen)) if by_proxy and seen else peer
    except ValueError:
        return peer


async def log_out(context: WebContext, principal: Principal) -> None:
    """End the session; its token is worth nothing from now on."""
    await context.store.end_session(principal.session.token_digest)


async def still_valid(context: WebContext, token_digest: str) -> Principal | None:
    """Who the session belongs to, or None when it ended, ran out, or the user was disabled."""
    session = await context.store.session(token_digest)
    if session is None or not hmac.compare_digest(session.token_digest, token_digest):
        return None
    user = await context.store.user(session.user)
    if user is None or user.disabled or session.expires_at <= context.clock.now():
        await context.store.end_session(token_digest)
        return None
    return Principal(user=user, session=session)


async def principal_of(request: web.Request) -> Principal | None:
    """Who is asking: by bearer token (API) or by cookie (browser); None when nobody we know."""
    context = request.app[CONTEXT]
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token, kind = bearer.strip(), "api"
    else:
        token, kind = request.cookies.get(cookie_name(context), ""), "browser"
    if not token or len(token) > 200:
        return None
    found = await still_valid(context, digest_of(token))
    return found if found is not None and found.session.kind == kind else None
