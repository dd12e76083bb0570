# SPDX-License-Identifier: Apache-2.0
"""Mails that once broke the reader or cost too much, each in its smallest form. The large ones are in tests/attack."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from channels.email.mapi import codec_of
from channels.email.mime import read_tree
from channels.email.parse import parse
from channels.email.rtf import read_rtf
from channels.email.uuencoded import decode_lines, take_uuencoded
from channels.text import read_html, safe_html
from router.interfaces import ParseOptions
from router.schema import InboundMessage, RawMessage
from router.testing.messages import is_storable


def read(body: bytes) -> InboundMessage:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    raw = RawMessage(channel="email", account="test", native_id="1", body=body, received_at=now)
    [message] = parse(raw, ParseOptions())
    return message


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_parse_half_pairs_of_broken_utf7_are_replaced(kind: str) -> None:
    """UTF-7 that is broken as well as spelling half a pair gives text that can be stored."""
    message = read(f"Content-Type: text/{kind}; charset=utf-7\n\n".encode() + b"+2AA- words +AD9 \xef+2AA-")
    assert "words" in message.text
    assert is_storable(message)


@pytest.mark.parametrize("page", [0, 1, 12, 125, 1252, 28602, 99_999, 65_000])
def test_codec_of_any_code_page_is_one(page: int) -> None:
    """A code page that nobody knows is read as windows-1252."""
    assert b"abc".decode(codec_of(page), "replace")
    assert "abc" in read_rtf(rb"{\rtf1\ansi\ansicpg" + str(page).encode() + rb" abc}").text


def test_parse_returns_without_line_feeds_stay_line_ends() -> None:
    """Runs of carriage returns are as many line ends, those before a line feed one; however long the run is."""
    assert read(b"Subject: x\n\na\r\r\rb\r\r\nc").text == "a\n\n\nb\nc"
    assert read(b"Subject: x\n\n" + b"\r" * 300_000 + b"a").text.strip("\n") == ""


def test_parse_lines_like_boundaries_are_no_boundaries() -> None:
    """A line that only begins like a delimiter is text; one at the very start of the body or after others counts."""
    head = b'Content-Type: multipart/mixed; boundary="b"\n\n'
    body = b"--b\n\none --b two\n--bb\n --b\n--b \t\n\nthree\n--b--\n--b\n\nnever\n"
    root, _ = read_tree(head + body)
    assert [child.body() for child in root.children] == [b"one --b two\n--bb\n --b", b"three"]


def test_parse_header_with_folds_without_end_is_cut() -> None:
    """A field whose folded lines never end is cut, said, and the body after it is read."""
    message = read(b"Subject: a\n" + b" \n" * 100_000 + b"X-B: c\n\nwords")
    assert (message.subject, message.text) == ("a", "words")
    assert any("was cut" in note for note in message.notes)


def test_parse_headers_beyond_the_limit_are_skipped_to_the_body() -> None:
    """What follows too many fields is skipped; the body is found all the same, whatever the line ends."""
    for end in (b"\n", b"\r\n"):
        message = read(b"Subject: a" + end + (b"X-A: b" + end) * 5_000 + end + b"words")
        assert (message.subject, message.text) == ("a", "words")


def test_take_uuencoded_with_one_end_for_many_begins() -> None:
    """A file that is begun again and again and ended once is found where it is whole."""
    line = b"#86)C\n"
    text, files = take_uuencoded(b"begin 644 a\nno file\n" * 40 + b"begin 644 b\n" + line + b"end\nafter")
    assert [(file.name, file.size) for file in files] == [(b"b", 3)]
    assert text.endswith(b"no file\nafter")
    assert decode_lines(b"begin 644 b\r\n" + line + b"`\r\nend\r\n") == b"abc"


@pytest.mark.parametrize("quote", ["'<'", '"<"', "'>'", '">"', "b", ""])
def test_html_tags_of_absurd_length_lose_their_attributes(quote: str) -> None:
    """A tag with thousands of attributes is read without them, whatever stands in their quotes; its words stay."""
    tag = "<p " + "".join(f"a{n}={quote} " if quote else f"a{n} " for n in range(3_000)) + ">"
    assert read_html(f"{tag}words</p>").text == "words"
    assert safe_html(f"{tag}words</p>") == "<p>words</p>"


def test_html_quotes_outside_values_open_nothing() -> None:
    """Only a quote after an equals sign may hold a bracket, as in browsers."""
    long = "x" * 5_000
    assert read_html(f"<p a'>{long}</p><p b'>end</p>").text == f"{long}\n\nend"
    assert read_html(f'<p a=b">{long}</p><p c="d">end</p>').text == f"{long}\n\nend"


def test_tnef_of_unknown_code_page_is_read() -> None:
    """A container that names a code page nobody knows does not stop the mail."""
    page = struct.pack("<II", 1, 0)
    tnef = struct.pack("<IH", 0x223E9F78, 1) + b"\x01" + struct.pack("<II", 0x00069007, len(page)) + page + b"\0\0"
    assert read(b"Content-Type: application/ms-tnef\n\n" + tnef).attachments
