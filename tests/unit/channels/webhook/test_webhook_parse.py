# SPDX-License-Identifier: Apache-2.0
"""From webhook JSON to a message."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.webhook.parse import Payload, parse
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import InboundMessage, RawMessage


def _parse(payload: Any, **options: Any) -> InboundMessage:
    body = json.dumps(payload).encode()
    at = datetime(2026, 3, 2, tzinfo=UTC)
    raw = RawMessage(channel="webhook", account="shop", native_id="A-1", body=body, received_at=at)
    (message,) = parse(raw, ParseOptions(**options))
    return message


def test_parse_carries_every_field() -> None:
    """Whatever the payload says stands in the message under the schema's name."""
    message = _parse(
        {
            "id": 12, "text": "Rikki!", "subject": "Kahvinkeitin", "conversation": 7, "in_reply_to": "A-0",
            "sender": {"address": "asiakas@example.org", "name": "Aino", "id": "c-9"}, "language": "fi",
            "visibility": "public", "sent_at": "2026-03-01T10:00:00+02:00", "rating": 1, "fields": {"order": "55"},
            "attachments": [{"filename": "kuva.jpg", "content_type": "image/jpeg", "size": 10}],
        }
    )  # fmt: skip
    assert message.source_key == "webhook:shop:A-1"
    assert (message.text, message.subject, message.conversation) == ("Rikki!", "Kahvinkeitin", "7")
    assert (message.sender.key, message.language, message.visibility) == ("c-9", "fi", "public")
    assert (message.rating, message.fields, message.attachments[0].size) == (1.0, {"order": "55"}, 10)
    assert message.sent_at == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_parse_ignores_our_internal_names() -> None:
    """Nobody outside sets flags, channel or account."""
    message = _parse({"text": "x", "flags": {"spam": True}, "channel": "email", "account": "boss", "native_id": "9"})
    assert (message.source_key, message.flags.spam) == ("webhook:shop:A-1", False)


def test_parse_ignores_unknown_keys_at_every_depth() -> None:
    """A program that says more than we know loses no complaint."""
    files = [{"url": "https://example.org/a", "size": 1}]
    message = _parse({"text": "x", "mood": "bad", "sender": {"name": "Aino", "phone": "040"}, "attachments": files})
    assert (message.sender.name, message.attachments[0].size) == ("Aino", 1)


def test_parse_says_when_it_cut_the_text() -> None:
    """Text above the limit is cut with a note; the raw bytes keep all of it."""
    message = _parse({"text": "x" * 50}, max_text_chars=10)
    assert (message.text, message.notes) == ("x" * 10, ("the text was cut",))


def test_parse_error_holds_no_value() -> None:
    """The reason shown in quarantine names fields, not what stood in them."""
    with pytest.raises(ParseError, match="rating") as caught:
        _parse({"text": "x", "rating": "s3cr3t"})
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_payload_has_a_json_schema() -> None:
    """The format can be published for other programs."""
    assert Payload.model_json_schema()["required"] == ["text"]
