# SPDX-License-Identifier: Apache-2.0
"""A small made-up installation: two teams, four people, a few cases, and clients that are logged in as each of them."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from router.config.models import RouterSettings, TeamSettings
from router.errors import UserInputError
from router.interfaces import Capabilities, Channel, Store, WebRoute
from router.records import Commit, NewMessage, OutboxRow, RawOutcome, RawReceipt, Session, User
from router.replies.service import ReplyService
from router.schema import (
    Attachment,
    Case,
    Classification,
    ConditionTrace,
    Decision,
    Evidence,
    InboundMessage,
    Party,
    RouteTrace,
)
from router.testing.channel_worlds import MemoryChannel
from router.testing.clock import ManualClock
from router.testing.store import TEST_KEY, make_raw, memory_store
from router.web.app import create_app
from router.web.context import WebContext
from router.web.passwords import hash_password

PASSWORD = "a long password for tests"
PASSWORD_HASH = hash_password(PASSWORD)
CAPABILITIES = {
    "email": Capabilities(reply=("private",), subject=True),
    "x": Capabilities(reply=("public", "direct"), max_length=280, length_unit="weighted_280"),
    "call": Capabilities(reply=()),
}
TRACES = (
    RouteTrace(route="root", depth=0, matched=True),
    RouteTrace(
        route="root/vip",
        depth=1,
        matched=False,
        conditions=(ConditionTrace(path="customer.tier", wanted="gold", seen="silver", held=False),),
    ),
)


class HookedChannel(MemoryChannel):
    """One that is called over HTTP as well; nothing is sent through it here."""

    def __init__(self, kind: str) -> None:
        super().__init__("support", kind=kind, capabilities=CAPABILITIES[kind])

    def routes(self) -> Sequence[WebRoute]:
        async def hook(request: web.Request) -> web.StreamResponse:
            return web.Response(text=str(len(await request.read())))

        return [WebRoute("POST", f"/hooks/{self.kind}", hook)]


class CallChannel(HookedChannel):
    """Takes notes of calls and keeps them in a list, the same one once."""

    def __init__(self) -> None:
        super().__init__("call")
        self.notes: list[dict[str, str]] = []

    async def submit(self, note: Mapping[str, str]) -> RawReceipt:
        if note["summary"] in ("", "refuse me"):
            raise UserInputError("the words are refused", fields={"summary": "refused"})
        if dict(note) not in self.notes:
            self.notes.append(dict(note))
        return RawReceipt(raw_id=1, source_key="call:support:1", reference="7K2M9-QXA4B", duplicate=False)


class Bell:
    """Wakes those who wait when a test rings."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    async def wait(self, timeout: float) -> None:
        await self.event.wait()
        self.event.clear()


@dataclass
class World:
    """What the tests hold in their hands."""

    store: Store
    clock: ManualClock
    context: WebContext
    server: TestServer
    bell: Bell
    call: CallChannel
    clients: list[TestClient[Any, Any]] = field(default_factory=list)

    async def client(self, user: str | None = None) -> Any:
        """A browser; logged in as ``user`` if given. Has ``csrf`` and sends our own origin."""
        client: Any = TestClient(self.server, cookie_jar=CookieJar(unsafe=True))
        client.origin = f"http://127.0.0.1:{self.server.port}"
        self.clients.append(client)
        if user is not None:
            client.token, client.csrf = await self.session(user, "browser")
            client.session.cookie_jar.update_cookies({"session": client.token}, self.server.make_url("/"))
        return client

    async def session(self, user: str, kind: Any) -> tuple[str, str]:
        token, csrf = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        now = self.clock.now()
        digest = hashlib.sha256(token.encode()).hexdigest()
        await self.store.put_session(
            Session(
                token_digest=digest,
                user=user,
                csrf=csrf,
                created_at=now,
                expires_at=now + timedelta(hours=12),
                kind=kind,
            )
        )
        return token, csrf

    async def bearer(self, user: str) -> dict[str, str]:
        token, _ = await self.session(user, "api")
        return {"Authorization": f"Bearer {token}"}

    async def post(self, client: Any, path: str, **form: str) -> Any:
        """Send a form as our own page would."""
        data = {"csrf": client.csrf, **form}
        return await client.post(path, data=data, headers={"Origin": client.origin}, allow_redirects=False)

    async def add_case(
        self,
        case_id: str,
        *,
        team: str = "delivery",
        channel: str = "email",
        text: str = "My parcel is lost.",
        **more: Any,
    ) -> Case:
        """One case with one message."""
        now, visibility = self.clock.now(), "public" if channel == "x" else "private"
        raw = make_raw(case_id.encode(), native_id=case_id, channel=channel)
        (receipt,) = await self.store.put_raw([raw])
        sender = more.pop("sender", Party(name="Aino", address="aino@example.org"))
        message: dict[str, Any] = {
            "channel": channel, "account": "support", "native_id": case_id, "sender": sender, "text": text,
            "subject": more.get("subject", ""), "received_at": now, "visibility": visibility,
            "attachments": (Attachment(filename="burn.jpg", content_type="image/jpeg", size=2048),),
        }  # fmt: skip
        message |= more.pop("message", {})
        labels = Classification(
            kind="complaint", type="delivery", language="en", scores={"type": {"delivery": 0.91}},
            why={"type": (Evidence(text="lost", start=text.find("lost"), end=text.find("lost") + 4, weight=1.0),)},
        )  # fmt: skip
        decision = Decision(team=team, queue=team, route="root/lost", urgency="high", traces=TRACES)
        case = Case(
            id=case_id, team=team, queue=team, kind="complaint", type="delivery", urgency=more.pop("urgency", "high"),
            language="en", channel=channel, account="support", visibility=visibility, sender=sender,
            subject=more.pop("subject", ""), created_at=now, updated_at=now, **more,
        )  # fmt: skip
        new = NewMessage(
            raw_id=receipt.raw_id, case_id=case_id, message=InboundMessage(**message), classification=labels,
            decision=decision,
        )  # fmt: skip
        outcome = RawOutcome(raw_id=receipt.raw_id, state="done")
        await self.store.commit(Commit(outcomes=(outcome,), new_cases=(case,), messages=(new,)))
        return case

    async def add_quarantined(self) -> int:
        """One message that could not be read."""
        (receipt,) = await self.store.put_raw([make_raw(b"<script>raw</script>", native_id="broken")])
        await self.store.claim_raw("test", limit=10)
        outcome = RawOutcome(raw_id=receipt.raw_id, state="quarantined", reason="unreadable <b>reason</b>")
        await self.store.commit(Commit(outcomes=(outcome,)))
        return receipt.raw_id

    async def park(self, row: OutboxRow) -> None:
        """Let the send of a row end with nobody knowing how."""
        leased = next(one for one in await self.store.lease_outbox("test", limit=10) if one.id == row.id)
        await self.store.start_attempt(leased)
        await self.store.settle_outbox(leased, state="parked", error="the line went dead")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """The installation, with a case for each of two teams."""
    clock = ManualClock()
    store = await memory_store(clock=clock)
    call, bell = CallChannel(), Bell()
    channels: dict[str, Channel] = {
        "email:support": HookedChannel("email"),
        "x:support": HookedChannel("x"),
        "call:support": call,
    }
    replies = ReplyService(store, channels=channels, mail={}, key=TEST_KEY, clock=clock, queued=lambda: None)
    reload: Callable[[], Awaitable[dict[str, Any]]] = _reload
    context = WebContext(
        store=store,
        settings=RouterSettings(company="Nordwind"),
        teams=(
            TeamSettings(name="delivery", title="Delivery", queues=("delivery", "lost")),
            TeamSettings(name="billing"),
        ),
        channels=channels,
        replies=replies,
        clock=clock,
        metrics=lambda: b"cases_total 1\n",
        reload=reload,
        changes=bell,
    )
    for name, role, teams in (
        ("anna", "agent", ("delivery",)), ("ben", "agent", ("delivery",)), ("otto", "agent", ("billing",)),
        ("mia", "manager", ()), ("root", "admin", ()),
    ):  # fmt: skip
        await store.put_user(
            User(name=name, display_name=name.title(), role=role, teams=teams, password_hash=PASSWORD_HASH)  # type: ignore[arg-type]
        )
    server = TestServer(create_app(context))
    await server.start_server()
    made = World(store=store, clock=clock, context=context, server=server, bell=bell, call=call)
    await made.add_case("D1111-AAAAA", subject="Lost parcel")
    await made.add_case("B2222-BBBBB", team="billing", subject="Charged twice")
    yield made
    for client in made.clients:
        await client.close()
    await server.close()
    await store.close()


async def _reload() -> dict[str, Any]:
    return {"ok": True, "digest": "abc", "mistakes": [], "needs_restart": []}
