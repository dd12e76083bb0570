# SPDX-License-Identifier: Apache-2.0
"""Every matcher on every type of field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from router.content import AlarmThen, CaseThen
from router.rules.facts import Facts
from router.rules.fields import FIELDS, View, find_field, nested
from router.schema import Attachment, Classification, Customer, Flags, InboundMessage, Party

Holds = Callable[..., bool]

OTHER = Party(address="x@example.org")
SCORES = {"scores": {"type": {"billing": 0.5, "refund": 0.2}}}
CASES: list[tuple[str, dict[str, Any], bool]] = [
    ("{type: delivery}", {}, True),
    ("{type: Delivery}", {}, True),
    ("{type: billing}", {}, False),
    ("{type: [billing, delivery]}", {}, True),
    ("{type: {is: [billing, refund]}}", {}, False),
    ("{type: {exists: false}}", {"labels": {"kind": "praise", "type": None}}, True),
    ("{type: delivery}", {"labels": {"kind": "praise", "type": None}}, False),
    ("{type: delivery, kind: complaint}", {}, True),
    ("{type: delivery, kind: praise}", {}, False),
    ("{also: refund}", {"labels": {"also": ("service", "refund")}}, True),
    ("{also: [fraud, privacy]}", {"labels": {"also": ("service",)}}, False),
    ("{also: {exists: true}}", {}, False),
    ("{urgency: {at_least: high}}", {"labels": {"urgency": "critical"}}, True),
    ("{urgency: {at_least: high}}", {"labels": {"urgency": "normal"}}, False),
    ("{urgency: {above: low, below: critical}}", {"labels": {"urgency": "high"}}, True),
    ("{language: [fi, et]}", {"labels": {"language": "fi"}}, True),
    ("{language: et}", {"labels": {"language": "und"}, "language": "et"}, True),
    ("{unsure: true}", {"labels": {"unsure": True}}, True),
    ("{confidence.type: {below: 0.5}}", {"labels": {"scores": {"type": {"delivery": 0.4}}}}, True),
    ("{scores.type.billing: {at_least: 0.3}}", {"labels": {"scores": {"type": {"billing": 0.3}}}}, True),
    ("{scores.type.billing: {below: 1}}", {}, False),
    ("{channel: email, account: support}", {}, True),
    ("{visibility: public}", {"visibility": "public"}, True),
    ("{event: edit}", {"event": "edit"}, True),
    ("{sender.address: anna@example.org}", {}, True),
    ("{sender.domain: [example.org]}", {}, True),
    ("{sender.domain: {exists: false}}", {"sender": Party(address="@anna")}, True),
    ("{to.address: help@example.org}", {"to": (OTHER, Party(address="Help@example.org"))}, True),
    ("{to.address: {matches: '^vip-'}}", {"to": (OTHER, Party(address="VIP-1@example.org"))}, True),
    ("{attachments.count: {at_least: 1, at_most: 2}}", {"attachments": (Attachment(),)}, True),
    ("{attachments.count: [0, 2]}", {"attachments": (Attachment(),)}, False),
    ("{attachments.names: {contains: invoice}}", {"attachments": (Attachment(filename="my invoice.pdf"),)}, True),
    ("{has_attachments: false}", {}, True),
    ("{rating: {at_most: 2}}", {"rating": 1.0}, True),
    ("{rating: {at_most: 2}}", {}, False),
    ("{rating: 5}", {"rating": 5.0}, True),
    ("{length: {above: 5}}", {}, True),
    ("{fields.order: 'A-1'}", {"fields": {"order": "a-1"}}, True),
    ("{fields.order: {exists: true}}", {}, False),
    ("{flags.bounce: true}", {"flags": Flags(bounce=True)}, True),
    ("{customer.known: false}", {}, True),
    ("{customer.tier: gold}", {"customer": {"tier": "Gold"}}, True),
    ("{customer.tags: [vip, press]}", {"customer": {"tags": ("press",)}}, True),
    ("{customer.fields.region: north}", {"customer": {"fields": {"region": "North"}}}, True),
    ("{history.is_new: false}", {"is_new": False}, True),
    ("{history.messages: {above: 2}}", {"is_new": False, "messages": 3}, True),
    ("{text: {contains: parcel}}", {}, True),
    ("{text: {contains: parce}}", {}, False),
    ("{text: {contains: 'parce*'}}", {}, True),
    ("{text: {contains: '*cel'}}", {}, True),
    ("{text: {contains: [fire, 'never  came']}}", {}, True),
    ("{text: {contains: ärger}}", {"text": "So ein ÄRGER!"}, True),
    ("{text: {contains: ger}}", {"text": "So ein Ärger!"}, False),
    ("{text: {matches: 'never\\s+c'}}", {}, True),
    ("{text: {matches: '^parcel'}}", {}, False),
    ("{text: {contains: old}}", {"text": "new > old", "reply_text": "new"}, False),
    ("{full_text: {contains: old}}", {"text": "new > old", "reply_text": "new"}, True),
    ("{any: [{type: billing}, {type: delivery}]}", {}, True),
    ("{any: [{type: billing}, {type: delivery, kind: praise}]}", {}, False),
    ("{all: [{type: delivery}, {kind: complaint}]}", {}, True),
    ("{not: {type: billing}}", {}, True),
    ("{not: {type: delivery, kind: praise}}", {}, True),
    ("{not: {any: [{type: delivery}, {type: billing}]}}", {}, False),
    ("{cel: 'type == \"delivery\" && length > 5'}", {}, True),
    ("{cel: 'to.address.exists(a, a.startsWith(\"vip\"))'}", {"to": (Party(address="vip@example.org"),)}, True),
    ("{cel: 'has(fields.order) && fields.order.startsWith(\"A\")'}", {"fields": {"order": "A1"}}, True),
    ("{cel: 'fields.order.startsWith(\"A\")'}", {}, False),
    ("{cel: 'rating < 3.0'}", {}, False),
    ("{cel: 'rating < 3.0'}", {"rating": 2.0}, True),
    ("{cel: 'scores.type.billing > scores.type.refund'}", {"labels": SCORES}, True),
    ("{cel: ['length > 5', 'length > 5000']}", {}, False),
    ("{cel: 'text.matches(\"(?i)PARCEL\")'}", {}, True),
]  # fmt: skip


@pytest.mark.parametrize(("when", "facts", "expected"), CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_condition_holds_as_the_reference_says(when: str, facts: dict[str, Any], expected: bool, holds: Holds) -> None:
    """Each matcher on each type of field, present and absent."""
    assert holds(when, **facts) is expected


def test_fields_cover_the_message() -> None:
    """Every field of the message can be asked about, but for what only the machinery needs."""
    asked = {field.name.split(".")[0] for field in FIELDS}
    renamed = {"text": "full_text", "language": "claimed_language", "reply_text": "text", "attachments": "attachments"}
    machinery = {
        "native_id", "message_id", "in_reply_to", "references", "reply_tokens", "html", "sent_at", "received_at",
        "hidden_text", "report",
    }  # fmt: skip
    wanted = {renamed.get(name, name) for name in InboundMessage.model_fields} - machinery
    assert wanted <= asked


def test_fields_cover_labels_customer_and_flags() -> None:
    """So can every label, every flag and every column of the customer record."""
    names = {field.name for field in FIELDS}
    assert {f"flags.{name}" for name in Flags.model_fields} <= names
    assert set(Classification.model_fields) - {"scores", "why", "model"} <= names
    assert {f"customer.{name}" for name in set(Customer.model_fields) - {"fields", "name"}} <= names


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_field_gives_its_declared_type_or_nothing(field: Any) -> None:
    """Getters never fail, on the emptiest message and on a full one, and give what the table says."""
    name = field.name.replace("*", {"scores": "type.billing", "days": "30"}.get(field.names, "order"))
    found = find_field(name)
    assert found is not None
    types = {"text": str, "urgency": str, "list": tuple, "number": int | float, "yes/no": bool}
    full = Facts(
        message=InboundMessage(
            channel="x", account="a", native_id="1", rating=4, fields={"order": "1"}, language="fi",
            sender=Party(address="a@b.example", name="n", id="1"), conversation="c",
            original_sender=Party(address="c@d.example"), received_at=datetime(2026, 1, 1, tzinfo=UTC),
        ),
        classification=Classification(kind="complaint", type="billing", scores={"type": {"billing": 0.5}}),
        customer=Customer(id="1", tier="g", language="fi", fields={"order": "1"}),
        now=datetime(2026, 1, 2, tzinfo=UTC), contacts=(datetime(2026, 1, 1, tzinfo=UTC),),
        case=CaseThen(team="t", queue="q", fields={"order": "1"}),
        alarm=AlarmThen(name="first", clock="first_response", state="warning", before="2h"),
    )  # fmt: skip
    assert isinstance(View(full)[name], types[field.type])
    bare = View(Facts(message=InboundMessage(channel="x", account="a", native_id="1")))
    assert bare[name] is None or isinstance(bare[name], types[field.type])


def test_nested_gives_expressions_what_the_table_names() -> None:
    """Every field is a CEL variable or a key of one."""
    facts = Facts(message=InboundMessage(channel="x", account="a", native_id="1", rating=4.0), messages=2,
                  classification=Classification(kind="other"), customer=Customer(id="1"),
                  now=datetime(2026, 1, 2, tzinfo=UTC), contacts=(datetime(2026, 1, 1, tzinfo=UTC),),
                  alarm=AlarmThen(name="first", clock="resolution", state="breached"))  # fmt: skip
    for field in FIELDS:
        root, _, rest = field.name.partition(".")
        value = nested(facts, root)
        if rest and rest != "*" and not rest.endswith(".*"):
            assert rest in value, field.name


def test_find_field_refuses_unknown_names() -> None:
    """Neither misspelt names nor open ones without their word."""
    assert all(find_field(name) is None for name in ("tpye", "fields", "fields.", "scores.type", "sender", "", "*"))
