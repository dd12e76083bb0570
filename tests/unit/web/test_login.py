# SPDX-License-Identifier: Apache-2.0
"""Log-in, sessions, forgery protection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from router.records import User
from router.web import passwords
from router.web.app import create_app

PASSWORD = "a long password for tests"


async def _try(client: Any, name: str, password: str, origin: str | None = None) -> Any:
    form = {"name": name, "password": password, "next": "/queues/delivery"}
    return await client.post("/login", data=form, headers={"Origin": origin or client.origin}, allow_redirects=False)


async def test_login_opens_a_session_whose_token_is_stored_only_as_digest(world: Any) -> None:
    """The cookie is HttpOnly and SameSite=Lax, and the store knows its digest alone."""
    client = await world.client()
    answer = await _try(client, "anna", PASSWORD)
    assert (answer.status, answer.headers["Location"]) == (303, "/queues/delivery")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert await world.store.session(answer.cookies["session"].value) is None
    assert (await client.get("/queues/delivery")).status == 200


async def test_login_refuses_unknown_wrong_and_disabled_alike(world: Any) -> None:
    """Whatever does not fit, the answer is the same."""
    await world.store.put_user(
        User(name="gone", disabled=True, password_hash=(await world.store.user("anna")).password_hash)
    )
    client = await world.client()
    pages = []
    for name, password in (("anna", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD)):
        answer = await _try(client, name, password)
        assert answer.status == 401
        pages.append((await answer.text()).replace(name, ""))
    assert len(set(pages)) == 1


async def test_login_locks_an_account_after_ten_failures_for_a_quarter_of_an_hour(world: Any, monkeypatch: Any) -> None:
    """Even the right password is refused then, and accepted once the time has passed."""
    client = await world.client()
    monkeypatch.setattr("router.web.sessions.check_password", _never)
    for _ in range(10):
        assert (await _try(client, "anna", "guess")).status == 401
    monkeypatch.undo()
    assert (await _try(client, "anna", PASSWORD)).status == 429
    world.clock.advance(15 * 60)
    assert (await _try(client, "anna", PASSWORD)).status == 303


async def test_login_stops_an_address_after_a_hundred_failures(world: Any, monkeypatch: Any) -> None:
    """Guessing many names from one place ends too."""
    client = await world.client()
    monkeypatch.setattr("router.web.sessions.check_password", _never)
    answers = [(await _try(client, f"user{number}", "guess")).status for number in range(101)]
    assert answers == [401] * 100 + [429]


async def test_login_costs_the_same_for_names_that_do_not_exist(monkeypatch: Any) -> None:
    """A hash is checked in either case, once."""
    checked: list[str] = []
    monkeypatch.setattr(passwords, "_hasher", _Counting(checked))
    assert [await passwords.check_password(given, "x") for given in ("$argon2id$known", "")] == [True, False]
    assert len(checked) == 2


class _Counting:
    def __init__(self, checked: list[str]) -> None:
        self.checked = checked

    def hash(self, _: str) -> str:
        return "$argon2id$nobody"

    def verify(self, password_hash: str, _: str) -> bool:
        self.checked.append(password_hash)
        return True


async def test_cookie_is_bound_to_the_host_over_https(world: Any) -> None:
    """With an https address the cookie is Secure and carries the __Host- prefix, and HSTS is sent."""
    settings = world.context.settings.model_copy(update={"public_url": "https://desk.example.org"})
    server = TestServer(create_app(replace(world.context, settings=settings)))
    async with TestClient(server) as client:
        form = {"name": "anna", "password": PASSWORD}
        headers = {"Origin": "https://desk.example.org"}
        answer = await client.post("/login", data=form, headers=headers, allow_redirects=False)
        assert answer.headers["Set-Cookie"].startswith("__Host-session=")
        assert "; Secure" in answer.headers["Set-Cookie"]
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


async def _never(*_: object) -> bool:
    return False


@pytest.mark.parametrize(
    "target", ["//evil.example.org", "/\\evil.example.org", "https://evil.example.org", "javascript:x"]
)
async def test_login_sends_nobody_elsewhere(world: Any, target: str) -> None:
    """A foreign address to go on to is replaced by our front door."""
    client = await world.client()
    form = {"name": "anna", "password": PASSWORD, "next": target}
    answer = await client.post("/login", data=form, headers={"Origin": client.origin}, allow_redirects=False)
    assert answer.headers["Location"] == "/"


async def test_login_from_another_site_is_refused(world: Any) -> None:
    """A foreign page cannot log somebody in."""
    assert (await _try(await world.client(), "anna", PASSWORD, "https://evil.example.org")).status == 403


async def test_session_ends_when_the_user_is_disabled(world: Any) -> None:
    """The next request already finds no session."""
    client = await world.client("anna")
    assert (await client.get("/queues/delivery")).status == 200
    await world.store.put_user((await world.store.user("anna")).model_copy(update={"disabled": True}))
    answer = await client.get("/queues/delivery", allow_redirects=False)
    assert answer.headers["Location"] == "/login?next=/queues/delivery"


async def test_session_runs_out(world: Any) -> None:
    """After the configured hours the log-in is over."""
    client = await world.client("anna")
    world.clock.advance(12 * 3600 + 1)
    assert (await client.get("/queues/delivery", allow_redirects=False)).status == 303


async def test_logout_makes_the_token_worthless(world: Any) -> None:
    """A copied cookie does not outlive the log-out."""
    client = await world.client("anna")
    assert (await world.post(client, "/logout")).status == 303
    client.session.cookie_jar.update_cookies({"session": client.token}, world.server.make_url("/"))
    assert (await client.get("/queues/delivery", allow_redirects=False)).status == 303


@pytest.mark.parametrize(
    ("csrf", "origin"),
    [("", None), ("wrong", None), (None, "https://evil.example.org"), (None, "null"), (None, "")],
    ids=["no token", "wrong token", "foreign origin", "null origin", "empty origin"],
)
async def test_change_without_our_token_or_origin_is_refused(world: Any, csrf: str | None, origin: str | None) -> None:
    """Nothing is written for a form that another site sent."""
    client = await world.client("anna")
    data = {"csrf": client.csrf if csrf is None else csrf, "text": "forged note"}
    headers = {"Origin": client.origin if origin is None else origin}
    answer = await client.post("/cases/D1111-AAAAA/notes", data=data, headers=headers, allow_redirects=False)
    assert answer.status == 403
    assert not [entry for entry in await world.store.conversation("D1111-AAAAA") if entry.direction == "note"]


async def test_browser_cookie_is_no_bearer_token_and_the_reverse(world: Any) -> None:
    """A session works only in the way it was opened for."""
    client = await world.client("anna")
    bearer = await world.bearer("anna")
    plain = await world.client()
    assert (await plain.get("/api/v1/me", headers={"Authorization": f"Bearer {client.token}"})).status == 401
    plain.session.cookie_jar.update_cookies({"session": bearer["Authorization"][7:]}, world.server.make_url("/"))
    assert (await plain.get("/queues/delivery", allow_redirects=False)).status == 303
