# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - tables: an entry a line
"""What is fuzzed: each target takes bytes, lets through only the errors that its part promises, and checks the result."""

from __future__ import annotations

import base64
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from channels.email.rtf import read_rtf, unpack_rtf
from channels.email.smime import open_smime
from channels.email.tnef import read_tnef
from channels.text import read_html, reply_text, safe_html
from channels.text.enriched import enriched_to_text
from router.config import document
from router.errors import ConfigError, Mistake, ParseError
from router.interfaces import ParseOptions
from router.parsing.enrich import enriched
from router.registry import channel_parse, reader_kinds
from router.replies import templates
from router.schema import InboundMessage, Party, RawMessage
from router.testing.messages import is_storable

__all__ = ["TARGETS", "Target"]

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
OPTIONS = ParseOptions(
    own=("support@example.com", "@example_shop", "1"),
    token_domain="example.com",
    trusted_authserv=("mx.example.com",),
    patterns=(("own", r"[A-Z]{2}-(?P<value>\d{4})"),),
    country="FI",
)
MOST_MESSAGES = 5_000


@dataclass(frozen=True)
class Target:
    """``run`` raises for a finding. ``seeds`` are inputs to begin from; ``words`` are pieces worth inserting."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: tuple[bytes, ...] = ()


def _read(kind: str, octets: bytes) -> None:
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    raw = RawMessage(channel=kind, account="fuzz", native_id="1", body=octets, received_at=now)
    try:
        found = channel_parse(kind)(raw, OPTIONS)
    except ParseError:
        return
    for message in found[:MOST_MESSAGES]:
        whole = enriched(message, OPTIONS)
        assert len(whole.text) <= OPTIONS.max_text_chars
        assert len(whole.attachments) <= OPTIONS.max_attachments
        for entity in whole.entities:
            assert getattr(whole, entity.place)[entity.start : entity.end] == entity.text
        assert is_storable(whole)


def _html(octets: bytes) -> None:
    source = octets.decode("utf-8", "replace")
    shown = read_html(source)
    assert len(shown.text) <= 4 * len(source) + 10
    safe = safe_html(source)
    again = safe_html(safe)  # nothing changes its meaning when it is read again; attributes may change their order
    assert sorted(again) == sorted(safe)
    assert read_html(again) == read_html(safe)
    assert "<script" not in safe.lower()


def _text(octets: bytes) -> None:
    text = octets.decode("utf-8", "replace").replace("\r", "\n")
    for forwarded in (False, True):
        assert len(reply_text(text, forwarded=forwarded)) <= len(text) + 1
    for old in (False, True):
        enriched_to_text(text, old=old)


def _tnef(octets: bytes) -> None:
    held = read_tnef(octets)
    assert held is None or len(held.items) <= 201


def _rtf(octets: bytes) -> None:
    assert len(read_rtf(octets).text) <= 8 * len(octets) + 100
    assert len(unpack_rtf(struct.pack("<IIII", 0, 10_000, 0x75465A4C, 0) + octets)) <= 10_000


def _smime(octets: bytes) -> None:
    assert len(open_smime(octets).content) <= len(octets)


def _names(octets: bytes) -> None:
    """Entities and look-alikes: the first line is a name, the second an address, the rest the text."""
    name, _, rest = octets.decode("utf-8", "replace").partition("\n")
    address, _, text = rest.partition("\n")
    party = Party(name=name, address=address)
    before = InboundMessage(
        channel="fuzz", account="fuzz", native_id="1", sender=party, reply_to=(party,), subject=name, text=text
    )
    after = enriched(before, OPTIONS)
    assert (after.text, after.subject, after.sender) == (before.text, before.subject, before.sender)
    for entity in after.entities:
        assert getattr(after, entity.place)[entity.start : entity.end] == entity.text


def _document(octets: bytes) -> None:
    with suppress(ConfigError):
        document.parse(octets, "fuzz.yaml")


def _template(octets: bytes) -> None:
    mistakes: list[Mistake] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "en.txt"
        path.write_bytes(octets)
        read = templates._read(path, "en.txt", mistakes)
    assert read is not None or mistakes


def _fixtures(kind: str) -> list[bytes]:
    files = [path for path in sorted((FIXTURES / kind).rglob("*")) if path.is_file() and path.name != "expected.json"]
    return [path.read_bytes() for path in files] or [b'{"id": "1", "text": "The parcel never came."}']


def _mails() -> list[bytes]:
    from tests.attack.content import CONTENT
    from tests.attack.structure import STRUCTURE

    hostile = (attack.make() for attack in (*STRUCTURE, *CONTENT) if attack.row not in (4, 5, 6, 7, 10, 15))
    return [*_fixtures("email"), *(octets for octets in hostile if len(octets) < 4_000)]


def _parts(kinds: tuple[bytes, ...]) -> Iterator[bytes]:
    for octets in _mails():
        head, _, body = octets.partition(b"\r\n\r\n")
        if any(kind in head for kind in kinds):
            yield body


def _files(*patterns: str) -> list[bytes]:
    return [path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern))]


MAIL_WORDS = (
    b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"--", b"--b\r\n", b"--b--", b"=?utf-8?q?", b"=?utf-8?b?", b"?=", b"=\r\n", b"=C3", b"\x1b$B",
    b"Content-Type: ", b"multipart/mixed; boundary=b", b"multipart/alternative", b"multipart/report", b"message/rfc822", b"message/delivery-status",
    b"text/html", b"text/plain; charset=", b"utf-7", b"utf-16", b"iso-2022-jp", b"gb18030", b"format=flowed", b"Content-Transfer-Encoding: ",
    b"base64", b"quoted-printable", b"x-uuencode", b"filename*0*=utf-8''", b"From: ", b"To: ", b"Subject: ", b"Date: ", b"References: <a@b>",
    b"begin 644 a\n", b"end\n", b"-----BEGIN PGP SIGNED MESSAGE-----\n\n", b"On Mon, 2 Mar 2026 wrote:\n> ", b"application/ms-tnef",
    b"application/pkcs7-mime", b"Auto-Submitted: auto-replied", b"Authentication-Results: mx.example.com; dmarc=fail", b"<", b">", b"@", b"(", b'"', b";", b":",
)  # fmt: skip
JSON_WORDS = (
    b"null",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b"-1",
    b"1e400",
    b"9" * 30,
    b'"\\ud800"',
    b'"\\u0000"',
    b"[[]]",
    b'{"id":1}',
    b",",
    b":",
    b'"',
)
HTML_WORDS = (b"<p>", b"</p>", b"<div style='display:none'>", b"<style>", b"</style>", b"<!--", b"-->", b"<table><tr><td>", b"<a href='", b"<pre>",
              b"<blockquote type=cite>", b"<svg>", b"<math>", b"<template>", b"<br>", b"&nbsp;", b"&#0;", b"'", b'"', b">", b"<![CDATA[", b"<script>")  # fmt: skip
TEXT_WORDS = (b"\n> ", b"On Mon, 2 Mar 2026 at 10:00, Anna <a@example.org> wrote:\n", b"-----Original Message-----\n", b"From: a@example.org\nSent: x\nSubject: y\n",
              b"\n-- \n", b"Kind regards\n", b"Sent from my iPhone", b"\n\n", "Am 2. März 2026 schrieb Anna:\n".encode(), b"<param>", b"<<", b"<nl>")  # fmt: skip
NAME_WORDS = (
    b"order 12-34",
    b"+358 40 1234567",
    b"1.234,50 EUR",
    b"31.12.2026",
    "\u0430".encode(),
    "\u202e".encode(),
    "\u200b".encode(),
    b"xn--",
    b"@",
    b"1Z999AA10123456784",
    b"AB-1234",
)
YAML_WORDS = (
    b"\n",
    b"  ",
    b"- ",
    b": ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"&a",
    b"*a",
    b"!!python/object",
    b"<<: ",
    b"|",
    b">",
    b"'",
    b'"',
    b"#",
    b"---",
    b"%YAML 1.1",
    b"0x1",
    b"1e999",
    b"? ",
)

TARGETS: dict[str, Target] = {
    "email": Target(partial(_read, "email"), cache(_mails), MAIL_WORDS),
    **{
        kind: Target(partial(_read, kind), cache(partial(_fixtures, kind)), JSON_WORDS)
        for kind in reader_kinds()
        if kind != "email"
    },
    "html": Target(_html, cache(lambda: list(_parts((b"text/html",)))), HTML_WORDS),
    "text": Target(_text, cache(lambda: [octets.partition(b"\r\n\r\n")[2] for octets in _mails()]), TEXT_WORDS),
    "tnef": Target(
        _tnef,
        cache(lambda: [struct.pack("<IHBIIHH", 0x223E9F78, 1, 1, 0x00069003, 4, 0, 0), *(base64.b64decode(b, validate=False) for b in _parts((b"ms-tnef",)))]),
        (struct.pack("<I", 0x00069003), struct.pack("<I", 0x0006900F), b"\x02", b"\0\0\0\0", b"\xff\xff\xff\xff", struct.pack("<HH", 0x1E, 0x1000)),
    ),
    "rtf": Target(_rtf, lambda: [rb"{\rtf1\ansi\ansicpg1252\fromhtml1 {\*\htmltag64 <p>}words \'e4\u8364 ?\par}"], (b"{", b"}", b"\\par ", b"\\'e4", b"\\u-1 ?", b"\\uc9", b"{\\*\\htmltag", b"\\bin5 ", b"\\fonttbl")),
    "smime": Target(_smime, lambda: [bytes.fromhex("308006092a864886f70d010702a08030800201013100308006092a864886f70d010701a08024800405776f726473")], (b"\x30\x80", b"\x24\x80", b"\x04\x01x", b"\0\0", b"\xa0\x80", b"\x84\xff\xff\xff\xff")),
    "names": Target(_names, lambda: [b"Anna\nanna@example.org\nOrder 1234 of 31.12.2026 for 12,50 EUR, call +358 40 1234567"], NAME_WORDS),
    "yaml": Target(_document, cache(lambda: _files("config/*.yaml", "tests/fixtures/config/**/*.yaml")), YAML_WORDS),
    "template": Target(_template, cache(lambda: _files("config/templates/**/*.txt", "config/templates/**/*.md")), (b"{{", b"}}", b"{", b"}", b"{{ case }}", b"---\n", b"Subject: ")),
}  # fmt: skip
