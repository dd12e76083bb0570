# SPDX-License-Identifier: Apache-2.0
"""Whose case a mail is when it names us, is handed on, or comes in our name: that of the customer. All made up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.email.parse import parse
from router.interfaces import ParseOptions
from router.replies.compose import recipient
from router.schema import InboundMessage, RawMessage

OWN = ("support@shop.example", "help@gmail.com")
COURIER = (
    "it never came\n\n---------- Forwarded message ---------\nFrom: Courier <noreply@courier.example>\n"
    "Date: Fri, 22 May 2026 at 09:00\nSubject: On its way\nTo: <jane@home.example>\n\nYour box is on its way.\n"
)


def read(text: str = "The lamp burnt my hand.\n", **fields: str) -> InboundMessage:
    header = {"From": "Jane <jane@home.example>", "To": "support@shop.example", "Message-ID": "<1@home.example>"}
    header |= {name.replace("_", "-"): value for name, value in fields.items()}
    octets = "".join(f"{name}: {value}\r\n" for name, value in header.items()) + "\r\n" + text.replace("\n", "\r\n")
    raw = RawMessage(
        channel="email",
        account="shop",
        native_id="1",
        body=octets.encode(),
        received_at=datetime(2026, 6, 1, tzinfo=UTC),
    )
    return parse(raw, ParseOptions(own=OWN, token_domain="shop.example"))[0]


@pytest.mark.parametrize(
    ("author", "answered"),
    [
        ("Jane <jane@home.example>", "jane@home.example"),  # shows us what she got
        ("Jane <jane@gmail.com>", "jane@gmail.com"),  # anybody may share that domain with us
        ("Ann <ann@shop.example>", "noreply@courier.example"),  # a colleague hands on what belongs to us
    ],
    ids=["customer", "customer of the same provider", "colleague"],
)
def test_parse_takes_the_author_of_a_forward_only_from_a_colleague(author: str, answered: str) -> None:
    """The answer to a customer's complaint must not go to the courier she complains of."""
    message = read(COURIER, From=author, Subject="Fwd: On its way")
    assert recipient(message).address == answered
    assert "it never came" in message.reply_text


def test_parse_never_takes_us_as_the_author_of_a_forward() -> None:
    """A colleague who forwards our own mail would have the answer go to ourselves."""
    text = COURIER.replace("noreply@courier.example", "support@shop.example")
    assert read(text, From="ann@shop.example", Subject="Fwd: x").original_sender is None


def test_parse_reads_the_finnish_answer_prefix_as_an_answer() -> None:
    """VS: is "vastaus": history below is dropped and the customer stays the one to answer."""
    message = read(
        "Ei ole saapunut.\n\nLähettäjä: Tuki <support@shop.example>\nLähetetty: maanantai 1. kesäkuuta 2026 9.00\n"
        "Vastaanottaja: Jane <jane@home.example>\nAihe: Tilaus\n\nPaketti on matkalla.\n",
        Subject="VS: Tilaus",
    )
    assert recipient(message).address == "jane@home.example"
    assert message.reply_text == "Ei ole saapunut."


@pytest.mark.parametrize(
    "fields",
    [
        {"Reply_To": "Jane <jane@home.example>"},
        {"Reply_To": "support@shop.example", "X_Original_From": "Jane <jane@home.example>"},
    ],
    ids=["form", "group"],
)
def test_parse_takes_who_wrote_in_our_name_as_the_sender(fields: dict[str, str]) -> None:
    """Forms of web sites and mail groups send as us; what is in them is a customer's, and no mail of our own."""
    message = read(From="Shop <support@shop.example>", **fields)
    assert not message.flags.own
    assert message.sender.address == recipient(message).address == "jane@home.example"
    assert any("in our name" in note for note in message.notes)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Reply_To": "support+cr-0123456789abcdef@shop.example"},
        {"Reply_To": "ann@shop.example"},
        {"Reply_To": "jane@home.example, joe@home.example"},
        {"Reply_To": "jane@home.example", "Message_ID": "<cr-0123456789abcdef.7@shop.example>"},
    ],
    ids=["alone", "our token", "colleague", "two people", "our Message-ID"],
)
def test_parse_knows_what_we_sent_ourselves(fields: dict[str, str]) -> None:
    """What we sent and got back is no complaint, whatever its Reply-To says."""
    assert read(From="support@shop.example", **fields).flags.own


def test_parse_leaves_us_out_of_reply_to() -> None:
    """A list may set Reply-To to our own address: the answer goes to who wrote."""
    message = read(Reply_To="Support <support@shop.example>")
    assert message.reply_to == ()
    assert recipient(message).address == "jane@home.example"
