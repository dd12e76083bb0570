# SPDX-License-Identifier: Apache-2.0
"""Header fields, encoded words and charsets as they are really sent."""

from __future__ import annotations

import base64

import pytest

from channels.email.charset import decode_text
from channels.email.encoded import decode_base64, decode_header
from channels.email.headers import message_ids, parse_parameters, read_headers


def _b(text: str, charset: str = "utf-8") -> str:
    return base64.b64encode(text.encode(charset)).decode()


WORDS = {
    "plain": (b"Hello", "Hello"),
    "q": (b"=?utf-8?Q?Z=C3=BCrich_ist?=", "Zürich ist"),
    "b": (f"=?UTF-8?B?{_b('Lasku on väärin')}?=".encode(), "Lasku on väärin"),
    "neighbours": (b"=?utf-8?q?a?= =?utf-8?q?b?= c", "ab c"),
    "text-between": (b"a =?utf-8?q?b?= c", "a b c"),
    "cut-character": (b"=?utf-8?q?Sm=C3?= =?utf-8?q?=B8r?=", "Smør"),
    "no-space-between": (b"=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
    "spaces-inside": (b"=?utf-8?Q?two words here?=", "two words here"),
    "no-end": (b"=?utf-8?Q?caf=C3=A9", "café"),
    "no-padding": (f"=?utf-8?B?{_b('abcd').rstrip('=')}?=".encode(), "abcd"),
    "language": (b"=?utf-8*en?q?a=C3=A9?=", "aé"),
    "unknown-charset": (b"=?x-nothing?q?a=C3=A9?=", "aé"),
    "wrong-charset": (b"=?us-ascii?q?a=C3=A9?=", "aé"),
    "gb2312-is-gbk": (f"=?gb2312?B?{_b('镕', 'gbk')}?=".encode(), "镕"),
    "iso-2022-jp": (f"=?ISO-2022-JP?B?{_b('苦情', 'iso2022_jp')}?=".encode(), "苦情"),
    "raw-utf-8": ("Näidis".encode(), "Näidis"),
    "raw-latin-1": ("Käse kaputt".encode("latin-1"), "Käse kaputt"),
    "no-word": (b"=?what is this?", "=?what is this?"),
    "line-ends": (b"=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x"),
}


@pytest.mark.parametrize(("value", "text"), WORDS.values(), ids=WORDS)
def test_decode_header_reads_encoded_words(value: bytes, text: str) -> None:
    """Encoded words come out as their writer meant them, broken or not, and never with a line end."""
    assert decode_header(value) == text


CHARSETS = {
    "utf-8": ("Ä".encode(), "utf-8", "Ä"),
    "utf-8-as-latin-1": ("größer".encode(), "iso-8859-1", "größer"),
    "windows-1252-as-latin-1": (b"5 \x80", "iso-8859-1", "5 €"),
    "latin-1-as-utf-8": ("gr\xf6\xdfer".encode("latin-1"), "utf-8", "größer"),
    "latin-2": ("wąż".encode("iso8859_2"), "iso-8859-2", "wąż"),
    "quoted-label": ("wąż".encode("cp1250"), '"windows-1250"', "wąż"),
    "no-label": ("wąż".encode(), "", "wąż"),
    "not-a-charset": (b"abc \xe9", "rot13", "abc é"),
    "byte-order-mark": (b"\xef\xbb\xbfabc", "us-ascii", "abc"),
    "half-surrogate": (b"+2AA-", "utf-7", "\ufffd"),
    "undefined-byte": (b"a\x81b\xe9", "windows-1252", "a\x81bé"),
}


@pytest.mark.parametrize(("octets", "label", "text"), CHARSETS.values(), ids=CHARSETS)
def test_decode_text_repairs_wrong_labels(octets: bytes, label: str, text: str) -> None:
    """The text is what was written, whatever the label says."""
    assert decode_text(octets, label)[0] == text


def test_decode_text_uses_the_mailbox_default() -> None:
    """Unlabelled text that is no UTF-8 is read as the mailbox says."""
    assert decode_text("жалоба".encode("koi8-r"), "", fallback="koi8-r") == (
        "жалоба",
        "no charset was named; read as koi8-r",
    )


@pytest.mark.parametrize(
    "label", ["rot13", "zip", "unicode_escape", "undefined", "idna", "\0", "é", "x" * 500, "utf-16", "hex", "punycode"]
)
def test_decode_text_never_raises(label: str) -> None:
    """Any label gives valid Unicode."""
    text, _ = decode_text(bytes(range(256)), label)
    assert text.encode()


def test_decode_base64_takes_what_is_there() -> None:
    """Padding in the middle, foreign bytes and a lone last character do no harm."""
    assert decode_base64(b"YQ==YQ==") == b"aa"
    assert decode_base64(b"Y W\nJj!!") == b"abc"
    assert decode_base64(b"YWJjZ") == b"abc"
    assert decode_base64(b"=") == b""


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (b"<a@example.org>", ["a@example.org"]),
        (b"<a@example.org>\n <b@example.org><a@example.org>", ["a@example.org", "b@example.org"]),
        (b"a@example.org", ["a@example.org"]),
        (b"< long@\n example.org >", ["long@example.org"]),
        (b"", []),
        (b"Message of Tuesday <a@example.org> by", ["a@example.org"]),
    ],
)
def test_message_ids_are_bare(value: bytes, ids: list[str]) -> None:
    """Identifiers come without brackets, folds or doubles."""
    assert message_ids([value]) == ids


@pytest.mark.parametrize(
    ("value", "parsed"),
    [
        ('text/plain; charset="utf-8"', ("text/plain", {"charset": "utf-8"})),
        ("Text/HTML;charset=utf-8; ;x", ("text/html", {"charset": "utf-8"})),
        ('a/b; name="x;y\\"z.pdf"', ("a/b", {"name": 'x;y"z.pdf'})),
        ('a/b; name="C:\\dir\\x.pdf"', ("a/b", {"name": "C:\\dir\\x.pdf"})),
        ('a/b; name="never closed', ("a/b", {"name": "never closed"})),
        ("a/b; name=two words.pdf", ("a/b", {"name": "two words.pdf"})),
    ],
)
def test_parse_parameters_forgives(value: str, parsed: tuple[str, dict[str, str]]) -> None:
    """Parameters are read quoted, unquoted, or quoted by half."""
    assert parse_parameters(value) == parsed


def test_read_headers_ends_at_text_without_an_empty_line() -> None:
    """A line that is no field begins the body, unless fields go on after it."""
    headers, body = read_headers(b"A: 1\nstray line\nSubject: 2\nHello there\n", 0, 39)
    assert headers.fields == [("a", b"1"), ("subject", b"2")]
    assert body == 27


def test_read_headers_unfolds_to_one_space() -> None:
    """A fold of any width is one space."""
    headers, _ = read_headers(b"Subject: a\r\n \t  b\r\n\r\n", 0, 21)
    assert headers.get("subject") == b"a b"
