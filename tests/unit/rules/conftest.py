# SPDX-License-Identifier: Apache-2.0
"""Rules from a piece of YAML, and facts from a few words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from router.config.document import parse
from router.config.problems import Problems
from router.config.validate import validate
from router.errors import ConfigError
from router.rules.build import build
from router.rules.facts import Facts
from router.rules.matchers import KnownNames
from router.rules.model import RulesFile
from router.rules.ruleset import RuleSet
from router.schema import Classification, Customer, InboundMessage, Party

QUEUES = {name: f"{name}-team" for name in ("triage", "billing", "delivery", "safety", "social")}
MakeRules = Callable[[str], RuleSet]
MakeFacts = Callable[..., Facts]


@pytest.fixture
def make_rules() -> MakeRules:
    """Compile the text of a rules.yaml; ConfigError with its mistakes."""

    def make(text: str) -> RuleSet:
        problems = Problems(parse(text.encode(), "rules.yaml"))
        rules = validate(RulesFile, problems)
        known = KnownNames(
            queues=QUEUES, sinks=("room", "desk"), templates=("received", "short"), deadlines=("standard", "strict")
        )
        built = build(rules, problems, known) if rules else None
        if built is None or problems.mistakes:
            raise ConfigError(problems.mistakes)
        return built

    return make


@pytest.fixture
def make_facts() -> MakeFacts:
    """Facts about one mail; keywords replace fields of the message, ``labels``, ``customer`` and the rest of Facts."""

    def make(
        *,
        labels: dict[str, Any] | None = None,
        customer: dict[str, Any] | None = None,
        is_new: bool = True,
        messages: int | None = None,
        **message: Any,
    ) -> Facts:
        fields: dict[str, Any] = {
            "channel": "email",
            "account": "support",
            "native_id": "1",
            "sender": Party(address="Anna@Example.org", name="Anna"),
            "subject": "Where is my parcel",
            "text": "My parcel never came.",
        }
        labelled = {"kind": "complaint", "type": "delivery", "language": "en", **(labels or {})}
        return Facts(
            message=InboundMessage(**{**fields, **message}),
            classification=Classification(**labelled),
            customer=Customer(id="1", **customer) if customer is not None else None,
            is_new=is_new,
            messages=messages,
        )

    return make


@pytest.fixture
def holds(make_rules: MakeRules, make_facts: MakeFacts) -> Callable[..., bool]:
    """Whether one ``when``, in YAML flow style, holds for a mail; also that the walk with and without traces agree."""

    def check(when: str, **facts: Any) -> bool:
        rules = make_rules(f"root:\n  queue: triage\n  routes:\n    - {{name: one, queue: billing, when: {when}}}\n")
        made = make_facts(**facts)
        traced, fast = rules.decide(made), rules.decide(made, trace=False)
        assert traced.model_copy(update={"traces": ()}) == fast
        return traced.queue == "billing"

    return check
