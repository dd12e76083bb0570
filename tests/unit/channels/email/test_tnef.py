# SPDX-License-Identifier: Apache-2.0
"""Outlook's winmail.dat: what is in it is listed, its words are read where the mail has none."""

from __future__ import annotations

import base64
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.parse import parse
from channels.email.rtf import read_rtf, unpack_rtf
from channels.email.tnef import read_tnef
from router.interfaces import ParseOptions, ReadLimits
from router.schema import InboundMessage, RawMessage

HEAD = b"From: Ann <ann@example.org>\nSubject: Hello\nDate: Tue, 4 Jun 2024 09:00:00 +0200\nMIME-Version: 1.0\n"
LONG, SHORT, SHOWN, TYPE, DATA, METHOD = 0x3707, 0x3704, 0x3001, 0x370E, 0x3701, 0x3705
BODY, HTML, RTF = 0x1000, 0x1013, 0x1009


def attribute(level: int, name: int, value: bytes, *, checksum: int = 0) -> bytes:
    return struct.pack("<BII", level, name, len(value)) + value + struct.pack("<H", checksum)


def long_value(name: int, number: int) -> bytes:
    return struct.pack("<HHI", 3, name, number)


def variable(kind: int, name: int, value: bytes) -> bytes:
    padding = b"\0" * (-len(value) % 4)
    return struct.pack("<HHII", kind, name, 1, len(value)) + value + padding


def text_value(name: int, text: str) -> bytes:
    return variable(0x1F, name, (text + "\0").encode("utf-16-le"))


def named_value(text: str) -> bytes:
    """A property that is known by a name instead of a number."""
    name = "Own-Field\0".encode("utf-16-le")
    value = (text + "\0").encode()
    head = struct.pack("<HH", 0x1E, 0x8001) + b"G" * 16 + struct.pack("<II", 1, len(name))
    return head + padded(name) + struct.pack("<II", 1, len(value)) + padded(value)


def padded(value: bytes) -> bytes:
    return value + b"\0" * (-len(value) % 4)


def properties(*values: bytes) -> bytes:
    return struct.pack("<I", len(values)) + b"".join(values)


def attached(title: str, data: bytes, *values: bytes) -> bytes:
    return (
        attribute(2, 0x00069002, b"\1\0" + b"\0" * 12)
        + attribute(2, 0x00018010, title.encode("cp1252") + b"\0")
        + (attribute(2, 0x0006800F, data) if data else b"")
        + (attribute(2, 0x00069005, properties(*values)) if values else b"")
    )


def container(*attributes: bytes) -> bytes:
    return (
        struct.pack("<IH", 0x223E9F78, 7) + attribute(1, 0x00069007, struct.pack("<II", 1252, 0)) + b"".join(attributes)
    )


def message_of(tnef: bytes, text: bytes = b"", **options: object) -> InboundMessage:
    plain = b"--b\nContent-Type: text/plain; charset=utf-8\n\n" + text + b"\n" if text else b""
    body = (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + plain
        + b'--b\nContent-Type: application/ms-tnef; name="winmail.dat"\nContent-Transfer-Encoding: base64\n\n'
        + base64.encodebytes(tnef) + b"--b--\n"
    )  # fmt: skip
    raw = RawMessage(
        channel="email", account="help", native_id="1", body=body, received_at=datetime(2024, 7, 1, tzinfo=UTC)
    )
    (message,) = parse(raw, ParseOptions.model_validate(options))
    return message


FILE_VALUES = (long_value(METHOD, 1), text_value(LONG, "Rechnung für März.pdf"), text_value(TYPE, "application/pdf"))
FILES = (attached("RECHNU~1.PDF", b"x" * 1234, *FILE_VALUES), attached("bild.png", b"y" * 77))


def test_parse_lists_what_winmail_dat_holds() -> None:
    """Long names, types and sizes of the files inside stand in the list, and the container does not."""
    message = message_of(container(*FILES), b"Two files.")
    assert [(a.filename, a.content_type, a.size) for a in message.attachments] == [
        ("Rechnung für März.pdf", "application/pdf", 1234),
        ("bild.png", "image/png", 77),
    ]
    assert message.text == "Two files."
    assert "Outlook's winmail.dat was unpacked" in message.notes


@pytest.mark.parametrize(
    ("held", "text"),
    [
        (attribute(1, 0x0002800C, "Väärä lasku.\r\nTerveisin".encode("cp1252") + b"\0"), "Väärä lasku.\nTerveisin"),
        (attribute(1, 0x00069003, properties(named_value("x"), text_value(BODY, "Weiß nicht 😀"))), "Weiß nicht 😀"),
        (attribute(1, 0x00069003, properties(variable(0x102, HTML, "<p>Ä <b>fett</b></p>".encode()))), "Ä fett"),
    ],
    ids=["body", "property", "html"],
)
def test_parse_reads_the_words_in_winmail_dat(held: bytes, text: str) -> None:
    """A mail without text of its own has the words of the container."""
    assert message_of(container(held)).text == text
    assert message_of(container(held), b"own words").text == "own words"


def stored(rtf: bytes) -> bytes:
    return struct.pack("<IIII", len(rtf) + 12, len(rtf), 0x414C454D, 0) + rtf


WRAPPED_HTML = (
    rb"{\rtf1\ansi\ansicpg1250\fromhtml1 \deff0{\fonttbl{\f0 Arial;}}{\colortbl\red0\green0\blue0;}"
    rb"{\*\htmltag19 <html>}{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Z\'e1silka nep\'f8i\'9ala\htmlrtf\par}\htmlrtf0 "
    rb"{\*\htmltag72 </p>}{\*\htmltag84 &auml;}{\*\mhtmltag1 <old>}}"
)
PLAIN_RTF = (
    rb"{\rtf1\ansi\ansicpg1252\fromtext{\fonttbl{\f0 Arial;}}{\*\generator x;}\uc1 Gr\'fc\'dfe\par \u8364?5 \{net\}"
    rb"\tab end \u-10179?\u-8704?\par}"
)


def test_parse_reads_rich_text_in_winmail_dat() -> None:
    """Outlook's rich text gives the HTML it was made from."""
    message = message_of(container(attribute(1, 0x00069003, properties(variable(0x102, RTF, stored(WRAPPED_HTML))))))
    assert message.text == "Zásilka nepřišla\n\nä"
    assert "<p>" in message.html


def test_read_rtf_gives_plain_words() -> None:
    """Escapes, code page and characters beyond it are read; tables of fonts are not words."""
    assert read_rtf(PLAIN_RTF).text == "Grüße\n€5 {net}\tend 😀"


def test_unpack_rtf_follows_references_into_what_is_known_beforehand() -> None:
    """Packed text may refer to the agreed beginning and to itself."""
    # 8 characters at 0 of the dictionary, "{\rtf1\a"; then "xyz" and those three once more; then the end.
    packed = bytes([0b00110001]) + struct.pack(">H", 0 << 4 | 6) + b"xyz" + struct.pack(">HH", 215 << 4 | 1, 221 << 4)
    octets = struct.pack("<IIII", len(packed) + 12, 14, 0x75465A4C, 0) + packed
    assert unpack_rtf(octets) == b"{\\rtf1\\axyzxyz"


def test_read_tnef_names_an_embedded_message() -> None:
    """A message attached inside is listed as one, by its title."""
    inner = b"I" * 16 + container()
    values = (long_value(METHOD, 5), variable(0x0D, DATA, inner), text_value(SHOWN, "Old case"))
    (entry,) = message_of(container(attached("", b"", *values)), b"words").attachments
    assert (entry.filename, entry.content_type, entry.size) == ("Old case", "message/rfc822", len(inner) - 16)


def test_parse_lists_winmail_dat_that_cannot_be_read() -> None:
    """What is no container stays in the list, and says so."""
    (entry,) = message_of(b"not a container at all", b"words").attachments
    assert (entry.filename, entry.size) == ("winmail.dat", 22)
    assert "cannot be read" in entry.note


def test_parse_does_not_look_into_a_container_beyond_the_limit() -> None:
    """A container larger than attachments may be is listed as it is, with a note."""
    message = message_of(container(*FILES), b"words", limits=ReadLimits(attachment_bytes=1_000))
    assert [a.filename for a in message.attachments] == ["winmail.dat"]
    assert message.attachments[0].note == "larger than 1000 bytes; not looked into"


@given(st.integers(0, 400), st.integers(0, 255), st.integers(0, 600))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_read_tnef_never_raises(place: int, byte: int, end: int) -> None:
    """A container that is cut off or changed anywhere gives what can be read of it."""
    octets = bytearray(container(attribute(1, 0x00069003, properties(text_value(BODY, "x" * 40))), *FILES[:1]))
    octets[place % len(octets)] = byte
    held = read_tnef(bytes(octets[: max(6, end)]))
    assert held is None or len(held.items) <= 1


@given(st.binary(max_size=300), st.binary(max_size=300))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_read_rtf_never_raises(packed: bytes, rtf: bytes) -> None:
    """Neither packing nor markup that makes no sense costs more than its own length."""
    assert len(unpack_rtf(struct.pack("<IIII", 0, 10_000, 0x75465A4C, 0) + packed)) <= 10_000
    assert len(read_rtf(rb"{\rtf1" + rtf).text) <= 6 + len(rtf)
