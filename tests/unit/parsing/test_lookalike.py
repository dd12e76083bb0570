# SPDX-License-Identifier: Apache-2.0
"""Look-alike names and characters that hide: flagged and told, never removed; ordinary writing is left in peace."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.interfaces import ParseOptions
from router.parsing.enrich import enriched
from router.schema import InboundMessage

OPTIONS = ParseOptions(own=("support@example.org", "@example_shop"))


def read(**fields: Any) -> InboundMessage:
    message = InboundMessage.model_validate({"channel": "email", "account": "a", "native_id": "1"} | fields)
    return enriched(message, OPTIONS)


@pytest.mark.parametrize(
    "fields",
    [
        {"sender": {"address": "jane@exаmple.com"}},  # a Cyrillic a
        {"sender": {"address": "jane@xn--exmple-4nf.com"}},  # the same, as it is sent
        {"sender": {"address": "support@xn--80ak6aa92e.com", "name": "Аpple"}},
        {"sender": {"address": "jane@example.com", "name": "Suρport"}},
        {"sender": {"address": "support@examp1e.org"}},
        {"sender": {"address": "support@exarnple.org"}},
        {"sender": {"address": "a@b.example", "name": "moc.elpmaxe\u202e"}},
        {"sender": {"address": "a@b.example", "name": "Ja\u200bne"}},
        {"sender": {"address": "jane@example.com"}, "reply_to": [{"address": "x@exаmple.com"}]},
        {"channel": "x", "sender": {"address": "examp1e_shop", "id": "77"}},
        {"subject": "Invoice\u202efdp.exe"},
        {"text": "Please log in at p\u200baypal"},
        {"text": "Your аccount is locked"},
    ],
)
def test_lookalike_is_flagged(fields: dict[str, Any]) -> None:
    """Mixed scripts, imitations of our own names, direction marks and invisible characters inside words."""
    message = read(**fields)
    assert message.flags.lookalike
    assert message.notes
    assert message.text == fields.get("text", "")


@pytest.mark.parametrize(
    "fields",
    [
        {"sender": {"address": "support@example.org", "name": "Example Support"}},
        {"sender": {"address": "иван@пример.example", "name": "Иван Petrov"}},
        {"sender": {"address": "jane@bücher.example", "name": "Jürgen Žižek"}},
        {"sender": {"address": "jane@xn--bcher-kva.example"}},
        {"sender": {"address": "a@b.example", "name": "Ελένη"}, "text": "5 µm, 10 kΩ"},
        {"text": "Tämä on rikki! 😀👨‍👩‍👧 n\u00adicht"},
        {"text": "می‌خواهم پولم را پس بگیرید"},
        {"text": "Москва и London"},
        {"channel": "x", "sender": {"address": "@Example_Shop"}},
        {"channel": "telegram", "sender": {"id": "12345", "name": "Jane"}},
    ],
)
def test_lookalike_is_not_seen_in_ordinary_writing(fields: dict[str, Any]) -> None:
    """Every script has its right; emoji and Persian need joiners, German hyphens may be soft."""
    assert not read(**fields).flags.lookalike


def test_name_that_shows_another_address_is_told() -> None:
    """Not flagged, as programs write the address as name: but the agent is told the real one differs."""
    other = read(sender={"address": "x@evil.example", "name": "boss@example.com"})
    assert any("boss@example.com" in note for note in other.notes)
    same = read(sender={"address": "jane@example.com", "name": "Jane@Example.com"})
    assert same.notes == ()


def test_enriched_finds_what_is_named_in_any_channel() -> None:
    """Chat messages are read for numbers like mails; reports of mail servers are not."""
    assert [e.value for e in read(channel="telegram", text="order 12345").entities] == ["12345"]
    assert read(text="order 12345", flags={"bounce": True}).entities == ()


@given(st.text(max_size=100), st.text(max_size=60), st.text(max_size=60))
def test_enriched_never_raises(text: str, name: str, address: str) -> None:
    """Any text and name; the words stay as they are."""
    before = InboundMessage.model_validate(
        {
            "channel": "email", "account": "a", "native_id": "1", "text": text, "subject": name,
            "sender": {"name": name, "address": f"{address}@xn--{address}.example"},
        }
    )  # fmt: skip
    after = enriched(before, OPTIONS)
    assert (after.text, after.subject, after.sender) == (before.text, before.subject, before.sender)
