# SPDX-License-Identifier: Apache-2.0
"""Transfer encodings as they are really sent: misspelt, with junk, or with a list's footer in plain text below."""

from __future__ import annotations

import binascii
import re

from channels.email.encoded import decode_base64

__all__ = ["as_base64", "as_quoted_printable", "encoding_name"]

_CLEAN = re.compile(rb"[A-Za-z0-9+/\s]*={0,2}\s*\Z")
_CLEAN_LINE = re.compile(rb"[A-Za-z0-9+/]*={0,2}\Z")
_RULE = re.compile(rb"([-_=*~])\1")
_BROKEN_SOFT = re.compile(rb"=[ \t]+(?=\r?\n)")
_NAMES = {"base64": "base64", "b64": "base64", "quotedprintable": "quoted-printable", "qp": "quoted-printable"}
_FEWEST_WORDS = 3


def encoding_name(value: str) -> str:
    """The transfer encoding that a field means, in lower case."""
    name = value.partition(";")[0].strip().strip("\"'").lower()
    return _NAMES.get(re.sub(r"[^a-z0-9]", "", name[:40]), name)


def as_quoted_printable(body: bytes) -> bytes:
    """Decode quoted-printable; a soft line break may have blanks behind it."""
    if b"= " in body or b"=\t" in body:
        body = _BROKEN_SOFT.sub(b"=", body)
    return binascii.a2b_qp(body)


def as_base64(body: bytes, *, text: bool) -> bytes:
    """Decode base64. ``text``: what follows in plain words, as lists append it, is kept as it is."""
    if not text or _CLEAN.match(body):
        return decode_base64(body)
    cut = _plain_start(body)
    if cut is None:
        return decode_base64(body)
    decoded = decode_base64(body[:cut]) if cut else b""
    return decoded.rstrip(b"\r\n") + b"\n\n" + body[cut:] if decoded else body


def _plain_start(body: bytes) -> int | None:
    """Where plain words begin below base64; None if they do not."""
    at = 0
    ended = False  # the padding was seen
    for line in body.splitlines(keepends=True):
        bare = line.strip()
        if bare and not (_CLEAN_LINE.match(bare) and (not ended or len(bare) % 4 == 0)):
            words = len(bare.split())
            if ended or _RULE.match(bare) or words >= _FEWEST_WORDS:
                return at if words > 1 or _RULE.match(bare) else None
        ended = ended or bare.endswith(b"=")
        at += len(line)
    return None
