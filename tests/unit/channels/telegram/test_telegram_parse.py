# SPDX-License-Identifier: Apache-2.0
"""Telegram updates to messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.telegram.parse import entity_texts, parse
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import InboundMessage, RawMessage
from router.testing.messages import is_storable

FIXTURES = Path(__file__).parents[3] / "fixtures" / "telegram"
PERSON = {"id": 501, "is_bot": False, "first_name": "Aino", "last_name": "Esimerkki", "username": "aino_example"}
PRIVATE = {"id": 501, "type": "private", "first_name": "Aino"}
GROUP = {"id": -1001234567890, "type": "supergroup", "title": "Acme customers", "username": "acme_example"}


def read(update: Any, **options: Any) -> list[InboundMessage]:
    body = update if isinstance(update, bytes) else json.dumps(update).encode()
    now = datetime(2026, 3, 2, tzinfo=UTC)
    raw = RawMessage(channel="telegram", account="bot", native_id="update/1", body=body, received_at=now)
    return parse(raw, ParseOptions(**options))


def message(**content: Any) -> dict[str, Any]:
    return {"message_id": 7, "date": 1772442000, "chat": PRIVATE, "from": PERSON} | content


def one(kind: str = "message", options: dict[str, Any] | None = None, **content: Any) -> InboundMessage:
    (found,) = read({"update_id": 9, kind: message(**content)}, **(options or {}))
    return found


def named(got: dict[str, Any], key: str, wanted: dict[str, Any]) -> Any:
    """One value of a message; of its flags those that the fixture names, so that a new flag changes no fixture."""
    return {flag: got[key][flag] for flag in wanted[key]} if key == "flags" else got[key]


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_parse_gives_what_the_fixture_expects(path: Path) -> None:
    """Each fixture holds an update and the fields its messages must have."""
    fixture = json.loads(path.read_text(encoding="utf-8"))
    found = [m.model_dump(mode="json") for m in read(fixture["update"])]
    pairs = zip(found, fixture["expect"], strict=True)
    assert [{key: named(got, key, wanted) for key in wanted} for got, wanted in pairs] == fixture["expect"]


def test_parse_keeps_ids_exact() -> None:
    """Ids beyond 2^53 come out digit for digit."""
    chat = {"id": -9007199254740995, "type": "supergroup"}
    found = one(text="x", chat=chat, message_id=9007199254740993)
    assert (found.native_id, found.conversation) == ("-9007199254740995/9007199254740993", "-9007199254740995")


def test_parse_flags_own_messages() -> None:
    """A message by an account of ours, by id or by name, is flagged as own."""
    assert one(text="x", options={"own": ("501",)}).flags.own
    assert one(text="x", options={"own": ("@Aino_Example",)}).flags.own
    assert not one(text="x", options={"own": ("@somebody",)}).flags.own


def test_parse_business_owner_is_own() -> None:
    """What the business account itself writes to a customer is not a complaint."""
    owner = PERSON | {"id": 77}
    assert one("business_message", text="x", business_connection_id="bc1", **{"from": owner}).flags.own


def test_parse_cuts_long_text_and_says_so() -> None:
    """A text beyond the limit is cut, with a note."""
    found = one(text="a" * 30, options={"max_text_chars": 10})
    assert found.text == "a" * 10
    assert found.notes == ("text cut at 10 characters",)


def test_parse_reads_a_saved_answer_of_get_updates() -> None:
    """Several updates in one file give several messages."""
    updates = [{"update_id": n, "message": message(message_id=n, text=str(n))} for n in (1, 2)]
    assert [m.text for m in read({"ok": True, "result": updates})] == ["1", "2"]


def test_parse_lone_surrogate_is_storable() -> None:
    """Half of an emoji, as cut by some clients, becomes a replacement character."""
    (found,) = read(b'{"update_id":1,"message":{"message_id":1,"chat":{"id":5},"text":"late \\ud83d"}}')
    assert found.text == "late \ufffd"


@pytest.mark.parametrize(
    "content",
    [
        {"message_reaction": {"chat": PRIVATE, "message_id": 1}},
        {"poll": {"id": "1"}},
        {"my_chat_member": {"chat": PRIVATE}},
        {"message": message(new_chat_members=[PERSON])},
        {"message": message(pinned_message=message(text="old"))},
        {"message": message(forum_topic_created={"name": "x"})},
        {"something_new": {}},
    ],
    ids=lambda content: next(iter(content)),
)
def test_parse_service_updates_hold_no_message(content: dict[str, Any]) -> None:
    """What nobody wrote is no message."""
    assert read({"update_id": 1} | content) == []


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"null", b"7", b"{}", b'{"update_id":1,"message":[]}', b"{" * 9000]
)
def test_parse_refuses_what_is_no_update(body: bytes) -> None:
    """Anything else is a ParseError."""
    with pytest.raises(ParseError):
        read(body)


@pytest.mark.parametrize(
    ("offset", "length", "piece"),
    [(0, 4, "👎👎"), (2, 2, "👎"), (5, 5, "refün"), (5, 99, None), (5, 0, None)],
)
def test_entity_texts_counts_utf16_units(offset: int, length: int, piece: str | None) -> None:
    """Entities are cut by UTF-16 offsets; impossible ones are left out."""
    found = entity_texts("👎👎 refünd", [{"type": "bold", "offset": offset, "length": length}])
    assert found == ([("bold", piece)] if piece else [])


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "chat", "from", "text", "date", "photo", "message_id", "entities", "type", "offset"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(_VALUES, st.sampled_from(["message", "edited_message", "callback_query", "deleted_business_messages", "result"]))
def test_parse_raises_only_parse_error(value: Any, key: str) -> None:
    """Whatever the shape, there are messages that can be stored, or a ParseError."""
    for update in ({"update_id": 1, key: value}, {"update_id": 1, key: message(text="x", chat=value, photo=value)}):
        try:
            found = read(update)
        except ParseError:
            continue
        assert all(map(is_storable, found))
