# SPDX-License-Identifier: Apache-2.0
"""Encoded words (RFC 2047) in every form that is met, and raw 8-bit header text. Linear in the length of the value."""

from __future__ import annotations

import binascii
import re

from channels.email.charset import decode_text

__all__ = ["decode_base64", "decode_header", "decode_words", "one_line"]

_HEAD = re.compile(r"([^?\s]{1,60})\?([bBqQ])\?")
_GAP = re.compile(r"\s*")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=_-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def one_line(text: str) -> str:
    """Text without line ends and control characters, so that it can stand in a header or a list."""
    return _CONTROL.sub(" ", text) if _CONTROL.search(text) else text


def decode_header(value: bytes, *, fallback: str = "utf-8") -> str:
    """The text of an unstructured header field: unfolded, encoded words decoded, controls gone."""
    text = decode_text(value, "", fallback=fallback)[0] if not value.isascii() else value.decode("ascii")
    return one_line(decode_words(text)).strip()


def decode_words(text: str) -> str:
    """Replace the encoded words in a text.

    Joined before decoding are the bytes of neighbouring words of one charset, since senders cut inside characters.
    Understood as well: spaces inside a word, a missing end, missing or broken padding, unknown charsets.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    pending: list[bytes] = []  # bytes of neighbouring words with the same charset
    charset = ""
    pieces = text.split("=?")
    out.append(pieces[0])
    at = 1
    while at < len(pieces):
        piece = pieces[at]
        at += 1
        head = _HEAD.match(piece)
        if head is None:
            charset = _flush(out, pending, charset)
            out.append("=?" + piece)
            continue
        end = piece.find("?=", head.end())
        while end < 0 and at < len(pieces) and not _HEAD.match(pieces[at]):
            piece += "=?" + pieces[at]  # "=?" inside the word: a soft break of quoted-printable kept by the sender
            at += 1
            end = piece.find("?=", head.end())
        body, rest = (piece[head.end() : end], piece[end + 2 :]) if end >= 0 else (piece[head.end() :], "")
        if charset and head[1].lower() != charset:
            _flush(out, pending, charset)
        charset = head[1].lower()
        pending.append(_octets(body, head[2]))
        if rest and (at == len(pieces) or _GAP.fullmatch(rest) is None):
            charset = _flush(out, pending, charset)
            out.append(rest)
    _flush(out, pending, charset)
    return "".join(out)


def _flush(out: list[str], pending: list[bytes], charset: str) -> str:
    """Decode what is pending into ``out``; returns the charset that is then pending, which is none."""
    if pending:
        out.append(decode_text(b"".join(pending), charset)[0])
        pending.clear()
    return ""


def _octets(body: str, encoding: str) -> bytes:
    """The bytes of one word's text. Characters beyond ASCII, which have no business there, stay as UTF-8."""
    raw = body.encode("utf-8", "replace")
    if encoding in "bB":
        return decode_base64(raw)
    return binascii.a2b_qp(raw.replace(b"_", b" "), header=False)


def decode_base64(raw: bytes) -> bytes:
    """Decode base64 that may lack padding, hold padding midway, or hold bytes that do not belong there."""
    raw = _NOT_BASE64.sub(b"", raw).translate(_URLSAFE)
    try:
        if b"=" not in raw.rstrip(b"="):
            raw = raw.rstrip(b"=")
            if len(raw) % 4 == 1:  # a lone last character carries no whole byte
                raw = raw[:-1]
            return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
        return b"".join(decode_base64(run) for run in re.split(rb"=+", raw) if run)
    except binascii.Error:
        return b""


_URLSAFE = bytes.maketrans(b"-_", b"+/")
