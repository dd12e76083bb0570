# SPDX-License-Identifier: Apache-2.0
"""What every reader of a chat keeps: limits of text and files, ids digit for digit, own messages, storable text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from router.interfaces import ParseOptions
from router.registry import channel_parse
from router.schema import InboundMessage, RawMessage

FIXTURES = Path(__file__).parents[2] / "fixtures"
BIG = 9007199254740993  # 2^53 + 1: what a float would round

CHATS = ["facebook", "instagram", "line", "twilio", "viber", "whatsapp"]


def body_of(kind: str, *, ident: str | int = "1", sender: str | int = "700", text: str = "hello") -> bytes:
    """A message of one kind with these values, as short as the platform would send it."""
    person = {"id": sender}
    meta = {"entry": [{"id": "1", "messaging": [{"sender": person, "message": {"mid": ident, "text": text}}]}]}
    line = {"type": "message", "source": {"userId": sender}, "message": {"id": ident, "type": "text", "text": text}}
    whatsapp = {"id": ident, "from": sender, "type": "text", "text": {"body": text}}
    viber = {"event": "message", "message_token": ident, "sender": person, "message": {"type": "text", "text": text}}
    if kind == "twilio":
        return urlencode({"From": sender, "MessageSid": ident, "Body": text}, errors="surrogatepass").encode()
    shapes: dict[str, Any] = {
        "facebook": meta,
        "instagram": meta,
        "line": {"events": [line]},
        "viber": viber,
        "whatsapp": {"messages": [whatsapp]},
    }
    return json.dumps(shapes[kind]).encode()


def one(kind: str, body: bytes, **options: Any) -> InboundMessage:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    raw = RawMessage(channel=kind, account="test", native_id="raw", body=body, received_at=now)
    (found,) = channel_parse(kind)(raw, ParseOptions(**options))
    return found


@pytest.mark.parametrize("kind", CHATS)
def test_parse_keeps_ids_exact(kind: str) -> None:
    """Ids beyond 2^53, written as numbers, come out digit for digit."""
    found = one(kind, body_of(kind, ident=BIG, sender=BIG + 2))
    assert (found.native_id, found.message_id) == (str(BIG), str(BIG))
    assert (found.sender.id, found.conversation) == (str(BIG + 2), str(BIG + 2))


@pytest.mark.parametrize("kind", CHATS)
def test_parse_cuts_text_and_says_so(kind: str) -> None:
    """Text beyond the limit is cut at it, with a note; text of exactly the limit is left alone."""
    found = one(kind, body_of(kind, text="abcdef"), max_text_chars=5)
    assert (found.text, found.notes) == ("abcde", ("text cut at 5 characters",))
    assert one(kind, body_of(kind, text="abcde"), max_text_chars=5).notes == ()


@pytest.mark.parametrize("kind", CHATS)
def test_parse_flags_what_we_wrote(kind: str) -> None:
    """A message by an account of ours is flagged, one by anybody else is not."""
    assert one(kind, body_of(kind, sender="700"), own=("700",)).flags.own
    assert not one(kind, body_of(kind, sender="701"), own=("700",)).flags.own


@pytest.mark.parametrize("kind", CHATS)
def test_parse_gives_text_that_can_be_stored(kind: str) -> None:
    """A NUL is dropped and half a surrogate pair replaced; the message can be written out."""
    found = one(kind, body_of(kind, text="a\0b\ud800"))
    assert found.text.startswith("ab\ufffd")
    assert found.model_dump_json().encode()


@pytest.mark.parametrize("kind", [kind for kind in CHATS if kind != "line"])  # LINE always gives one
def test_parse_gives_the_raw_id_where_the_platform_gave_none(kind: str) -> None:
    """A message without an id of its own is told apart by the id of the payload."""
    found = one(kind, body_of(kind, ident=""))
    assert found.native_id.startswith("raw")
    assert found.message_id == ""


@pytest.mark.parametrize(
    ("kind", "case"),
    [("facebook", "files"), ("instagram", "pictures"), ("twilio", "picture_message")],
)
def test_parse_lists_files_up_to_the_limit(kind: str, case: str) -> None:
    """Files beyond the limit are not listed, and a note says so."""
    [payload] = (FIXTURES / kind / case).glob("payload.*")
    found = one(kind, payload.read_bytes(), max_attachments=1)
    assert len(found.attachments) == 1
    assert "only 1 attachments are listed" in found.notes


@pytest.mark.parametrize("kind", CHATS)
def test_parse_lists_no_file_where_none_is_wanted(kind: str) -> None:
    """A limit of nothing gives no attachment."""
    case = {"facebook": "files", "instagram": "pictures", "twilio": "picture_message", "viber": "file"}.get(kind, "")
    case = case or {"line": "file", "whatsapp": "document"}[kind]
    [payload] = (FIXTURES / kind / case).glob("payload.*")
    assert one(kind, payload.read_bytes(), max_attachments=0).attachments == ()
