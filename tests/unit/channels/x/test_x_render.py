# SPDX-License-Identifier: Apache-2.0
"""Replies to posts and direct messages, and the length that X counts."""

from __future__ import annotations

from typing import Any

import pytest

from channels.x.render import DirectMessage, Post, render, weighted_length
from router.errors import PermanentError
from router.schema import Party, Reply


def reply(**fields: Any) -> Reply:
    base: dict[str, Any] = {"to": Party(id="77"), "text": "We found it.", "conversation": "5"}
    base |= {"visibility": "public", "in_reply_to_native": "1890000000000000001"}
    return Reply(id="r1", case_id="C1", channel="x", account="acme", **(base | fields))


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("hello", 5),
        ("äöå", 3),
        ("a\u0301", 1),  # composed before it is counted
        ("привет", 6),
        ("你好", 4),
        ("こんにちは", 10),
        ("한국", 4),
        ("“quoted” – it’s", 15),
        ("€", 2),
        ("👎", 2),
        ("👎🏽", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("🇫🇮🇪🇪", 4),
        ("1️⃣", 2),
        ("❤️", 2),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2),
        ("©", 1),
        ("https://example.org", 23),
        ("https://example.org/" + "a" * 300, 23),
        ("see https://example.org/a.", 28),
        ("example.com", 23),
        ("shop.example.fi/returns ok", 26),
        ("write to help@example.org", 25),
        ("https://a.example.org https://b.example.org", 47),
        ("version 2.10 is out", 19),
    ],
)
def test_weighted_length_counts_as_x_does(text: str, length: int) -> None:
    """Links are 23, emoji 2 whatever they are made of, most scripts beyond Latin, Greek and Cyrillic 2 a letter."""
    assert weighted_length(text) == length


def test_weighted_length_is_quick_on_long_text() -> None:
    """Text made to trip the link pattern is counted in one pass."""
    for text in ("a." * 50_000, "a-" * 50_000, "http://" * 20_000, "👎\u200d" * 30_000):
        assert weighted_length(text) > 0


def test_render_public_reply_is_a_post_in_the_thread() -> None:
    """A public reply answers the post it names."""
    assert render(reply()) == Post(text="We found it.", answered="1890000000000000001")


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"visibility": "direct", "in_reply_to_native": "dm/9", "conversation": "42-77"}, {"conversation": "42-77"}),
        ({"visibility": "private", "in_reply_to_native": "dm/9", "conversation": "1582"}, {"conversation": "1582"}),
        ({"visibility": "direct"}, {"person": "77"}),
        ({"visibility": "direct", "in_reply_to_native": "dm/9", "conversation": "../../x"}, {"person": "77"}),
    ],
)
def test_render_direct_reply_goes_to_the_conversation_or_the_person(
    fields: dict[str, Any], wanted: dict[str, str]
) -> None:
    """What is not public never becomes a post."""
    assert render(reply(**fields)) == DirectMessage(text="We found it.", **wanted)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": " "},
        {"text": "x" * 281},
        {"text": "你" * 141},
        {"in_reply_to_native": "dm/9"},
        {"in_reply_to_native": ""},
        {"in_reply_to_native": "٣"},
        {"visibility": "private"},
        {"visibility": "direct", "to": Party(address="@somebody")},
        {"visibility": "direct", "text": "x" * 10_001},
    ],
    ids=str,
)
def test_render_refuses_what_cannot_be_sent(fields: dict[str, Any]) -> None:
    """Too long, empty, or without a place to go: refused before anything is sent."""
    with pytest.raises(PermanentError):
        render(reply(**fields))


def test_render_fits_the_limit_exactly() -> None:
    """280 fit; a paying account's limit is respected too."""
    assert isinstance(render(reply(text="x" * 280)), Post)
    assert isinstance(render(reply(text="x" * 4000), post_limit=4000), Post)
