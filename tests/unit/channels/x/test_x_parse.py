# SPDX-License-Identifier: Apache-2.0
"""X documents to messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.x.documents import single_documents
from channels.x.parse import parse
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import InboundMessage, RawMessage
from router.testing.messages import is_storable

FIXTURES = Path(__file__).parents[3] / "fixtures" / "x"
POST = {"id": "1890000000000000001", "text": "late again", "author_id": "77", "conversation_id": "5"}


def read(document: Any, **options: Any) -> list[InboundMessage]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    now = datetime(2026, 3, 2, tzinfo=UTC)
    raw = RawMessage(channel="x", account="acme", native_id="1", body=body, received_at=now)
    return parse(raw, ParseOptions(**options))


def named(got: dict[str, Any], key: str, wanted: dict[str, Any]) -> Any:
    """One value of a message; of its flags those that the fixture names, so that a new flag changes no fixture."""
    return {flag: got[key][flag] for flag in wanted[key]} if key == "flags" else got[key]


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_parse_gives_what_the_fixture_expects(path: Path) -> None:
    """Each fixture holds a document and the fields its messages must have."""
    fixture = json.loads(path.read_text(encoding="utf-8"))
    found = [m.model_dump(mode="json") for m in read(fixture["document"])]
    pairs = zip(found, fixture["expect"], strict=True)
    assert [{key: named(got, key, wanted) for key in wanted} for got, wanted in pairs] == fixture["expect"]


@pytest.mark.parametrize("own", ["77", "@Marko_Example", "marko_example"])
def test_parse_flags_own_posts(own: str) -> None:
    """A post by an account of ours, by id or by name, is flagged as own."""
    users = [{"id": "77", "name": "Marko", "username": "marko_example"}]
    (found,) = read({"data": POST, "includes": {"users": users}}, own=(own,))
    assert found.flags.own


def test_parse_cuts_long_text_and_says_so() -> None:
    """A text beyond the limit is cut, with a note."""
    (found,) = read({"data": POST}, max_text_chars=4)
    assert (found.text, found.notes) == ("late", ("text cut at 4 characters",))


def test_parse_reads_a_list_of_old_posts() -> None:
    """A bare list, as version 1.1 answers, is read post by post."""
    old = {"id_str": "5", "text": "x", "user": {"id_str": "7"}}
    assert [m.native_id for m in read([old, old | {"id_str": "6"}])] == ["5", "6"]


def test_single_documents_are_the_same_from_page_and_stream() -> None:
    """A post has the same bytes whatever else is on its page and however it came."""
    users = [{"id": "78", "name": "Ana"}, {"id": "77", "name": "Marko"}]
    page = {"data": [POST | {"id": "6", "author_id": "78"}, POST], "includes": {"users": users}, "meta": {}}
    line = {"matching_rules": [{"id": "1"}], "includes": {"users": users[1:]}, "data": POST}
    assert single_documents(page, for_user="42")[1] == single_documents(line, for_user="42")[0]


def test_single_documents_keep_what_has_no_id() -> None:
    """Even nonsense in a page is handed on."""
    (found,) = single_documents({"data": ["nonsense"]}, for_user="42")
    assert found[0] == ""
    with pytest.raises(ParseError):
        read(found[1])


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"null", b"7", b"{}", b'{"data":7}', b'{"data":[7]}', b'{"data":{"id":"1"}}', b"[" * 9000]
)
def test_parse_refuses_what_is_no_document(body: bytes) -> None:
    """Anything else is a ParseError."""
    with pytest.raises(ParseError):
        read(body)


_KEYS = ["id", "text", "user", "entities", "urls", "url", "media", "users", "created_at", "attachments", "media_keys",
         "variants", "event_type", "participant_ids", "message_create", "type"]  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner),
    max_leaves=12,
)


@given(_VALUES, st.sampled_from(["data", "tweet_create_events", "direct_message_events", "statuses", "includes"]))
def test_parse_raises_only_parse_error(value: Any, key: str) -> None:
    """Whatever the shape, there are messages that can be stored, or a ParseError."""
    documents = [{key: value}, {key: [value]}, {"data": POST | {"entities": value, "attachments": value}}]
    documents += [{"data": POST | {"created_at": value, "author_id": value}, "includes": value}]
    for document in documents:
        try:
            found = read(document)
        except ParseError:
            continue
        assert all(map(is_storable, found))
