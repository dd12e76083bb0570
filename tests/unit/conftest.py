# SPDX-License-Identifier: Apache-2.0
"""The core at work on a store in memory: a made-up channel whose bodies are JSON, the keyword classifier, our rules."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from router.casework import new_case
from router.config.loader import Configuration, load
from router.config.models import BatchSettings, Limits, ThreadSettings
from router.config.shipped import shipped_config
from router.customers import NoCustomers
from router.errors import ParseError
from router.interfaces import Capabilities, Classifier, ParseOptions, Store
from router.notices import Notices
from router.parsing.pool import InlineReader, Reader
from router.pipeline import Pipeline
from router.records import CaseFilter, Commit, OutboxRow
from router.replies.service import MailRoute
from router.rules.ruleset import RuleSet
from router.schema import Case, Classification, Decision, InboundMessage, RawMessage
from router.testing.classifier import KeywordClassifier
from router.testing.clock import ManualClock
from router.testing.store import TEST_KEY, make_raw, memory_store

MAIL = MailRoute(mail_domain="shop.example", reply_pattern="support+{token}@shop.example")
ROUTES = {
    "email:support": MAIL,
    "email:sales": MAIL,
    "webform:support": MailRoute(MAIL.mail_domain, MAIL.reply_pattern, ("email", "support")),
}
ABLE = {
    "email:support": Capabilities(reply=("private",), subject=True),
    "email:sales": Capabilities(reply=("private",), subject=True),
    "webform:support": Capabilities(reply=()),
    "telegram:shop": Capabilities(reply=("private",), max_length=4096, length_unit="utf16_units"),
    "x:shop": Capabilities(reply=("public", "direct"), max_length=280, length_unit="weighted_280"),
}


def read_json(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    """The reader of every channel here: a message's fields as JSON, a list of such, or how it is to fail."""
    try:
        said = json.loads(raw.body)
    except ValueError as error:
        raise ParseError("not JSON") from error
    if isinstance(said, dict) and "crash" in said:
        raise RuntimeError(said["crash"])
    same = {"channel": raw.channel, "account": raw.account, "received_at": raw.received_at}
    return [
        InboundMessage.model_validate({**same, "native_id": raw.native_id, **one})
        for one in (said if isinstance(said, list) else [said])
    ]


@dataclass
class Works:
    """A pipeline and all around it."""

    store: Store
    clock: ManualClock
    configuration: Configuration
    team_sinks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)
    classifier: Classifier = field(default_factory=KeywordClassifier)
    reader: Reader = field(default_factory=lambda: InlineReader(lambda _: ParseOptions()))
    rules: Callable[[], RuleSet] | None = None

    def notices(self) -> Notices:
        return Notices(
            company="Example Shop",
            public_url="https://router.example.org",
            templates=lambda: self.configuration.templates,
            capabilities=ABLE,
            mail=ROUTES,
            team_sinks=self.team_sinks,
            key=TEST_KEY,
        )

    def pipeline(self, **changes: Any) -> Pipeline:
        made: dict[str, Any] = {
            "reader": self.reader,
            "classifier": self.classifier,
            "rules": self.rules or (lambda: self.configuration.rules),
            "customers": NoCustomers(),
            "notices": self.notices(),
            "key": TEST_KEY,
            "clock": self.clock,
            "limits": Limits(attempts=3),
            "batches": BatchSettings(max_messages=16),
            "threads": ThreadSettings(),
            "committed": self.commits.append,
        }
        return Pipeline(self.store, **(made | changes))

    async def put(self, key: str, /, *, channel: str = "email", account: str = "support", **fields: Any) -> int:
        """Keep one message with these fields; its raw id."""
        fields.setdefault("sender", {"address": "anna@example.org", "name": "Anna"})
        if channel == "email":
            fields.setdefault("message_id", f"{key}@example.org")
        return await self.put_body(json.dumps(fields).encode(), native_id=key, channel=channel, account=account)

    async def put_body(self, body: bytes, **more: Any) -> int:
        [receipt] = await self.store.put_raw([make_raw(body, received_at=self.clock.now(), **more)])
        return receipt.raw_id

    async def work(self, **changes: Any) -> None:
        """Let the pipeline take batches until nothing waits."""
        pipeline = self.pipeline(**changes)
        while await pipeline.step():
            pass

    async def take(self, key: str, /, **fields: Any) -> Case:
        """One message alone through the pipeline; the case it is in then."""
        raw_id = await self.put(key, **fields)
        await self.work()
        return await self.case_of(raw_id)

    async def case_of(self, raw_id: int) -> Case:
        [case_id] = (await self.store.raw_fates([raw_id]))[raw_id].case_ids
        return await self.store.case(case_id)

    async def cases(self) -> list[Case]:
        return await self.store.cases(CaseFilter(states=None, with_messages=True))

    async def fate(self, raw_id: int) -> tuple[str, str]:
        fate = (await self.store.raw_fates([raw_id]))[raw_id]
        return fate.state, fate.reason

    async def outgoing(self, kind: str) -> list[OutboxRow]:
        return [row for row in await self.store.outbox_rows(states=["pending"]) if row.kind == kind]


@pytest.fixture(scope="session")
def shipped() -> Configuration:
    """The configuration that ships."""
    return load(shipped_config())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def works(monkeypatch: pytest.MonkeyPatch, shipped: Configuration, clock: ManualClock) -> AsyncIterator[Works]:
    """A pipeline over a store in memory."""
    monkeypatch.setattr("router.parsing.child.channel_parse", lambda kind: read_json)
    store = await memory_store(clock=clock)
    yield Works(store, clock, shipped)
    await store.close()


@pytest.fixture
def decide(shipped: Configuration) -> Callable[..., tuple[Case, InboundMessage, Decision]]:
    """What one message alone would become, without store or pipeline."""
    clock = ManualClock()

    def made(
        *, labels: Classification | None = None, decision: dict[str, Any] | None = None, **fields: Any
    ) -> tuple[Case, InboundMessage, Decision]:
        from router.rules.facts import Facts

        base: dict[str, Any] = {"channel": "email", "account": "support", "native_id": "n1", "received_at": clock.now()}
        base |= {"sender": {"address": "anna@example.org", "name": "Anna"}, "text": "The parcel never came."}
        message = InboundMessage.model_validate(base | fields)
        labels = labels or Classification(kind="complaint", type="delivery", language=message.language or "en")
        found = shipped.rules.decide(Facts(message=message, classification=labels, now=clock.now()))
        found = found.model_copy(update=decision or {})
        case = new_case(
            case_id="7K2M9-QXA4B", message=message, labels=labels, decision=found, customer=None, now=clock.now()
        )
        return case, message, found

    return made
