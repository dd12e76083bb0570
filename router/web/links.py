# SPDX-License-Identifier: Apache-2.0
"""Links that log somebody in, once: for a first log-in or a forgotten password, handed over by an operator."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from router.errors import NotFound
from router.interfaces import Store
from router.records import Session
from router.web.sessions import digest_of

__all__ = ["make_link", "open_link"]


async def make_link(store: Store, user: str, *, now: datetime, minutes: int) -> str:
    """The secret part of a link that works once within so many minutes.

    Raises:
        NotFound: No such user, or one who may not log in.
    """
    person = await store.user(user)
    if person is None or person.disabled:
        raise NotFound(f"no user '{user}' who may log in")
    token = secrets.token_urlsafe(32)
    await store.put_session(_session(token, user, now=now, length=timedelta(minutes=minutes), kind="link"))
    return token


async def open_link(store: Store, token: str, *, now: datetime, hours: int) -> str | None:
    """Spend a link: a browser session's token, or None if the link was used, ran out or never was."""
    link = await store.session(digest_of(token))
    if link is None or link.kind != "link" or not await store.end_session(link.token_digest):
        return None
    fresh = secrets.token_urlsafe(32)
    await store.put_session(_session(fresh, link.user, now=now, length=timedelta(hours=hours), kind="browser"))
    return fresh


def _session(token: str, user: str, *, now: datetime, length: timedelta, kind: str) -> Session:
    return Session(
        token_digest=digest_of(token), user=user, csrf=secrets.token_urlsafe(32), created_at=now,
        expires_at=now + length, kind=kind,
    )  # fmt: skip
