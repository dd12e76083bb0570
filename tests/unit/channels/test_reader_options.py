# SPDX-License-Identifier: Apache-2.0
"""What an installation sets for reading holds in every reader of chats and reviews."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from router.interfaces import ParseOptions
from router.registry import channel_parse
from router.schema import InboundMessage, RawMessage

LONG = "x" * 50
MEDIA = [{"type": "image", "url": f"https://example.org/{name}.png"} for name in "abc"]
FILES = [{"id": name, "name": f"{name}.png"} for name in "abc"]
PAYLOADS: dict[str, Any] = {
    "slack": {
        "type": "message",
        "user": "U1",
        "channel": "C1",
        "ts": "1772450000.000200",
        "text": LONG,
        "files": FILES,
    },
    "mastodon": {"id": "1", "account": {"id": "7", "acct": "ann"}, "content": LONG, "media_attachments": MEDIA},
    "matrix": {
        "type": "m.room.message",
        "event_id": "$1",
        "sender": "@ann:example.org",
        "content": {"msgtype": "m.text", "body": LONG},
    },
    "google_play": {"reviewId": "1", "comments": [{"userComment": {"text": LONG}}]},
    "google_business": {"reviewId": "1", "reviewer": {}, "comment": LONG, "reviewMediaItems": [{}, {}, {}]},
    "app_store": {"data": {"type": "customerReviews", "id": "1", "attributes": {"body": LONG}}},
    "trustpilot": {"id": "1", "stars": 1, "consumer": {"id": "7"}, "text": LONG, "attachments": [{}, {}, {}]},
}
OWN = {"slack": "u1", "mastodon": "@Ann", "matrix": "@ANN:example.org"}


def read(kind: str, **options: Any) -> InboundMessage:
    raw = RawMessage(
        channel=kind,
        account="test",
        native_id="1",
        body=json.dumps(PAYLOADS[kind]).encode(),
        received_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    [message] = channel_parse(kind)(raw, ParseOptions(**options))
    return message


@pytest.mark.parametrize("kind", PAYLOADS)
def test_reader_cuts_long_text_and_says_so(kind: str) -> None:
    """Text beyond the limit is cut, with a note; text within it is whole and has none."""
    assert read(kind).text == LONG
    assert not read(kind).notes
    cut = read(kind, max_text_chars=4)
    assert (cut.text, cut.notes) == ("xxxx", ("text cut at 4 characters",))


@pytest.mark.parametrize("kind", ["slack", "mastodon", "google_business", "trustpilot"])
def test_reader_lists_no_more_attachments_than_allowed(kind: str) -> None:
    """All attachments are listed up to the limit."""
    assert len(read(kind).attachments) == 3
    assert len(read(kind, max_attachments=2).attachments) == 2


@pytest.mark.parametrize(("kind", "own"), OWN.items())
def test_reader_flags_what_we_sent(kind: str, own: str) -> None:
    """A sender named as ours, in any case and with or without @, is flagged; others are not."""
    assert read(kind, own=("somebody else", own)).flags.own
    assert not read(kind, own=("somebody else", "@")).flags.own
