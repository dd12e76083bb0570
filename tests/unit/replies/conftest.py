# SPDX-License-Identifier: Apache-2.0
"""Answers written in a small office: three channels, real cases from the pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from router.interfaces import Capabilities
from router.records import OutboxRow
from router.replies.service import MailRoute, ReplyService
from router.testing.store import TEST_KEY

_MAIL = MailRoute("shop.example", "support+{token}@shop.example")


@dataclass(frozen=True)
class Able:
    """All that writing an answer asks of a channel."""

    capabilities: Capabilities


@dataclass
class Office:
    """The service, and the pipeline that makes its cases."""

    works: Any
    service: ReplyService
    woken: list[bool]

    async def case(self, channel: str = "email", **fields: Any) -> str:
        """The id of a new case on a channel."""
        account = {"email": "support", "webform": "support"}.get(channel, "shop")
        case = await self.works.take("c1", channel=channel, account=account, **{"text": "my parcel is lost", **fields})
        return str(case.id)

    async def post(self, **fields: Any) -> str:
        """The id of a case about a public post."""
        return await self.case("x", visibility="public", message_id="c1", sender={"id": "5"}, **fields)

    async def park(self, row: OutboxRow) -> None:
        """Let the send of a row end with nobody knowing how."""
        rows = await self.works.store.lease_outbox("test", limit=10)
        [leased] = [one for one in rows if one.id == row.id]
        await self.works.store.start_attempt(leased)
        await self.works.store.settle_outbox(leased, state="parked", error="the line went dead")


@pytest.fixture
def office(works: Any) -> Office:
    """Mail, a form answered by mail, a chat, public posts; the form of another account has no way back."""
    woken: list[bool] = []
    mail = Able(Capabilities(reply=("private",), subject=True))
    service = ReplyService(
        works.store,
        channels={
            "email:support": mail,
            "webform:support": Able(Capabilities(reply=())),
            "telegram:shop": Able(Capabilities(max_length=20, length_unit="utf16_units")),
            "x:shop": Able(
                Capabilities(
                    reply=("public", "direct"),
                    max_length=280,
                    max_lengths={"direct": 10_000},
                    length_unit="weighted_280",
                )
            ),
        },  # type: ignore[dict-item]
        mail={"email:support": _MAIL, "webform:support": MailRoute("shop.example", via=("email", "support"))},
        key=TEST_KEY,
        clock=works.clock,
        queued=lambda: woken.append(True),
    )
    return Office(works, service, woken)
