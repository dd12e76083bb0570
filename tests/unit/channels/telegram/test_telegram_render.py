# SPDX-License-Identifier: Apache-2.0
"""Replies to sendMessage."""

from __future__ import annotations

from typing import Any

import pytest

from channels.telegram.render import Outgoing, render, utf16_units
from router.errors import PermanentError
from router.schema import Party, Reply


def reply(**fields: Any) -> Reply:
    base: dict[str, Any] = {"to": Party(id="501"), "text": "We found it.", "conversation": "501"}
    return Reply(id="r1", case_id="C1", channel="telegram", account="bot", **(base | fields))


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, {"chat_id": 501}),
        ({"in_reply_to_native": "501/7"}, {"chat_id": 501, "answered": 7}),
        ({"in_reply_to_native": "501/7/edit/1772442060"}, {"chat_id": 501, "answered": 7}),
        ({"in_reply_to_native": "callback/abc"}, {"chat_id": 501}),
        ({"in_reply_to_native": "-9/7"}, {"chat_id": 501}),
        (
            {"visibility": "public", "conversation": "", "in_reply_to_native": "-100123/7"},
            {"chat_id": -100123, "answered": 7},
        ),
        ({"conversation": ""}, {"chat_id": 501}),
        ({"visibility": "public", "conversation": "-100#44"}, {"chat_id": -100, "topic": 44}),
        ({"conversation": "501@bc-1_x"}, {"chat_id": 501, "business_connection": "bc-1_x"}),
    ],
)
def test_render_finds_the_chat(fields: dict[str, Any], wanted: dict[str, Any]) -> None:
    """A reply goes to its conversation, as an answer to the message if that was in the same chat."""
    assert render(reply(**fields)) == Outgoing(text="We found it.", **wanted)


def test_render_never_makes_a_private_reply_public() -> None:
    """A private reply does not go into a group."""
    with pytest.raises(PermanentError, match="group"):
        render(reply(visibility="private", conversation="-100123"))


def test_render_counts_utf16_units() -> None:
    """4096 units fit, 4097 do not; an emoji counts as two."""
    assert utf16_units("👎a") == 3
    assert render(reply(text="👎" * 2048)).text == "👎" * 2048
    with pytest.raises(PermanentError, match="4097"):
        render(reply(text="👎" * 2048 + "a"))


@pytest.mark.parametrize(
    "fields", [{"text": " \n"}, {"conversation": "@name"}, {"conversation": "", "to": Party(address="@aino")}]
)
def test_render_refuses_what_cannot_be_sent(fields: dict[str, Any]) -> None:
    """Empty texts and replies without a chat are refused before anything is sent."""
    with pytest.raises(PermanentError):
        render(reply(**fields))
