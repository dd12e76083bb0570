# SPDX-License-Identifier: Apache-2.0
"""Values of MIME parameters in every form that is sent: plain, encoded words, percent-encoded, in pieces (RFC 2231)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from channels.email.charset import decode_text
from channels.email.encoded import decode_words

__all__ = ["parameter"]

_SECTION = re.compile(r"(\d{1,3})(\*?)\Z")


def parameter(params: dict[str, str], name: str, fallback: str) -> str:
    """A parameter in any of its forms: plain, encoded words, ``name*`` and ``name*0*`` (RFC 2231)."""
    extended = params.get(f"{name}*")
    if extended:
        return _extended([(extended, True)], fallback)
    sections: dict[int, tuple[str, bool]] = {}
    for key, value in params.items():
        if key.startswith(f"{name}*") and (match := _SECTION.match(key, len(name) + 1)):
            sections.setdefault(int(match[1]), (value, bool(match[2])))
    if sections:  # in order of their numbers; gaps are closed
        return _extended([sections[number] for number in sorted(sections)], fallback)
    value = params.get(name, "")
    octets = value.encode("utf-8", "surrogateescape")
    text = value if octets.isascii() else decode_text(octets, "", fallback=fallback)[0]
    if "=?" in text:
        return decode_words(text)
    return unquote_to_bytes(text).decode("utf-8", "replace") if _is_percent_encoded(text) else text


def _is_percent_encoded(text: str) -> bool:
    """Whether a plain parameter was percent-encoded all the same: UTF-8 beyond ASCII and no bare space."""
    if "%" not in text or " " in text or not text.isascii():
        return False
    octets = unquote_to_bytes(text)
    try:
        return not octets.isascii() and bool(octets.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _extended(sections: list[tuple[str, bool]], fallback: str) -> str:
    charset = ""
    first, encoded = sections[0]
    if encoded and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
    octets = b""
    for value, percent in [(first, encoded), *sections[1:]]:
        piece = value.encode("utf-8", "surrogateescape")
        octets += unquote_to_bytes(piece) if percent else piece
    text = decode_text(octets, charset, fallback=fallback)[0]
    return decode_words(text) if "=?" in text else text
