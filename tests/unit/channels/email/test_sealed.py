# SPDX-License-Identifier: Apache-2.0
"""Signed and encrypted mail: signed words are read, encrypted ones are said to be."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.parse import parse
from channels.email.smime import open_smime
from router.interfaces import ParseOptions
from router.schema import InboundMessage, RawMessage

HEAD = b"From: Ann <ann@example.org>\nSubject: Hello\nDate: Tue, 4 Jun 2024 09:00:00 +0200\nMIME-Version: 1.0\n"
SIGNED, ENVELOPED, CONTENT = "2a864886f70d010702", "2a864886f70d010703", "2a864886f70d010701"
INNER = "Content-Type: text/plain; charset=utf-8\r\n\r\nDer Wasserkocher ist undicht. Grüße\r\n".encode()


def read(body: bytes) -> InboundMessage:
    raw = RawMessage(
        channel="email", account="help", native_id="1", body=body, received_at=datetime(2024, 7, 1, tzinfo=UTC)
    )
    (message,) = parse(raw, ParseOptions())
    return message


def der(tag: int, *content: bytes) -> bytes:
    value = b"".join(content)
    size = len(value)
    length = bytes([size]) if size < 128 else bytes([0x82, size >> 8, size & 255])
    return bytes([tag]) + length + value


def ber(tag: int, *content: bytes) -> bytes:
    """Of indefinite length, as programs write that do not know the length beforehand."""
    return bytes([tag, 0x80]) + b"".join(content) + b"\0\0"


def signed(content: bytes, *, streamed: bool = False) -> bytes:
    make = ber if streamed else der
    octets = (
        ber(0x24, *(der(4, content[n : n + 20]) for n in range(0, len(content), 20))) if streamed else der(4, content)
    )
    held = make(0x30, der(6, bytes.fromhex(CONTENT)), make(0xA0, octets))
    return make(0x30, der(6, bytes.fromhex(SIGNED)), make(0xA0, make(0x30, der(2, b"\1"), make(0x31, der(0x30)), held)))


ENCRYPTED = der(0x30, der(6, bytes.fromhex(ENVELOPED)), der(0xA0, der(0x30, der(2, b"\0"))))


def smime(octets: bytes, kind: str = "application/pkcs7-mime; name=smime.p7m") -> bytes:
    return HEAD + f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n".encode() + base64.encodebytes(octets)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("kind", ["application/x-pkcs7-mime", "application/octet-stream; name=smime.p7m"])
def test_parse_reads_text_signed_with_smime(kind: str, streamed: bool) -> None:
    """What is signed as a whole is read like any other text, and the container is not listed."""
    message = read(smime(signed(INNER, streamed=streamed), kind))
    assert (message.text, message.attachments) == ("Der Wasserkocher ist undicht. Grüße", ())
    assert (message.flags.signed, message.flags.encrypted) == (True, False)
    assert "signed with S/MIME; the signature was not checked" in message.notes


def test_parse_reads_attachments_inside_signed_mail() -> None:
    """A whole tree of parts may be inside, signed twice over."""
    image = b"Content-Type: image/png; name=a.png\n\nxx"
    inner = b"Content-Type: multipart/mixed; boundary=i\n\n--i\n\nwords\n--i\n" + image + b"\n--i--\n"
    wrapped = b"Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(
        signed(inner)
    )
    message = read(smime(signed(wrapped)))
    assert message.text == "words"
    assert [(a.filename, a.native_id) for a in message.attachments] == [("a.png", "1.1.1.2")]


def test_parse_says_that_smime_is_encrypted() -> None:
    """Encrypted words are not there to read: the flag and a note say so, the container is listed."""
    message = read(smime(ENCRYPTED))
    assert (message.text, message.flags.encrypted, message.flags.signed) == ("", True, False)
    assert "encrypted with S/MIME; only the recipient's key opens it" in message.notes
    assert [a.filename for a in message.attachments] == ["smime.p7m"]


def test_parse_believes_the_label_of_a_container_that_is_broken() -> None:
    """Where the bytes make no sense, the type that the mail names is all there is."""
    assert read(smime(b"junk", "application/pkcs7-mime; smime-type=enveloped-data")).flags.encrypted
    assert read(smime(b"junk", "application/pkcs7-mime; smime-type=signed-data")).flags.signed


@given(st.integers(0, 200), st.integers(0, 255), st.integers(0, 200), st.booleans())
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_open_smime_never_raises(place: int, byte: int, end: int, streamed: bool) -> None:
    """A container that is cut off or changed anywhere gives nothing, or a piece of what is in it."""
    octets = bytearray(signed(INNER, streamed=streamed))
    octets[place % len(octets)] = byte
    assert len(open_smime(bytes(octets[:end])).content) <= len(octets)


def mixed(kind: str, *parts: bytes) -> bytes:
    return (
        HEAD
        + f"Content-Type: {kind}; boundary=b\n\n".encode()
        + b"".join(b"--b\n" + p + b"\n" for p in parts)
        + b"--b--\n"
    )


@pytest.mark.parametrize("signature", ["application/pgp-signature", "application/pkcs7-signature"])
def test_parse_flags_a_signature_beside_the_text(signature: str) -> None:
    """The signature is listed, the text is read, the flag is set."""
    message = read(mixed("multipart/signed", b"\nwords", f"Content-Type: {signature}; name=sig\n\nxx".encode()))
    assert (message.text, message.flags.signed) == ("words", True)
    assert [a.content_type for a in message.attachments] == [signature]


def test_parse_says_that_pgp_mime_is_encrypted() -> None:
    """Both parts are listed; there is no text."""
    message = read(
        mixed(
            'multipart/encrypted; protocol="application/pgp-encrypted"',
            b"Content-Type: application/pgp-encrypted\n\nVersion: 1",
            b"Content-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\nxx",
        )
    )
    assert (message.text, message.flags.encrypted, len(message.attachments)) == ("", True, 2)
    assert "encrypted with PGP; only the recipient's key opens it" in message.notes


CLEAR = b"""
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

The kettle leaks.
- -- no signature line
- From me

-----BEGIN PGP SIGNATURE-----

iQEzBAEBCAAdFiEE
=abcd
-----END PGP SIGNATURE-----

below
"""


def test_parse_takes_the_armour_off_signed_text() -> None:
    """The words stand without armour, dashes undone; what follows the signature stays."""
    message = read(HEAD + CLEAR)
    assert message.text == "The kettle leaks.\n-- no signature line\nFrom me\n\n\nbelow"
    assert message.flags.signed


@pytest.mark.parametrize("end", [b"-----END PGP MESSAGE-----\n", b""])
def test_parse_takes_encrypted_blocks_out_of_text(end: bytes) -> None:
    """A block of cipher is not classified; words around it are."""
    message = read(HEAD + b"\nSee below.\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n=xyz\n" + end)
    assert (message.text, message.flags.encrypted) == ("See below.", True)


def test_parse_leaves_quoted_armour_and_keys_alone() -> None:
    """A public key or quoted armour makes no message encrypted or signed."""
    message = read(HEAD + b"\nmy key\n> -----BEGIN PGP MESSAGE-----\n-----BEGIN PGP PUBLIC KEY BLOCK-----\nxx\n")
    assert (message.flags.encrypted, message.flags.signed) == (False, False)
    assert "xx" in message.text
