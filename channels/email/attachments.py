# SPDX-License-Identifier: Apache-2.0
"""What a mail carries besides its text: listed with name, type and size, never opened."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes

from channels.email.charset import decode_text
from channels.email.encoded import decode_words, one_line
from channels.email.limits import MAX_FILENAME_CHARS
from channels.email.mime import Part
from router.schema import Attachment

__all__ = ["describe", "filename"]

_NOTES = {
    "application/pgp-encrypted": "PGP encryption",
    "application/pgp-signature": "PGP signature",
    "application/pkcs7-signature": "S/MIME signature",
    "application/x-pkcs7-signature": "S/MIME signature",
    "application/pkcs7-mime": "S/MIME: encrypted or signed as a whole",
    "application/x-pkcs7-mime": "S/MIME: encrypted or signed as a whole",
    "application/ms-tnef": "Outlook container (winmail.dat)",
    "application/vnd.ms-tnef": "Outlook container (winmail.dat)",
    "message/partial": "one piece of a message sent in pieces",
    "message/external-body": "a pointer to content elsewhere; never fetched",
    "message/rfc822": "an attached message",
    "message/global": "an attached message",
    "text/calendar": "calendar entry",
    "application/ics": "calendar entry",
}
_SECTION = re.compile(r"(\d{1,3})(\*?)\Z")
_HIDDEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


def describe(part: Part, *, fallback: str = "utf-8") -> Attachment:
    """The list entry of a part."""
    content_id = part.headers.ascii("content-id").strip("<> \t")
    return Attachment(
        filename=filename(part, fallback=fallback),
        content_type=part.content_type,
        size=part.size(),
        inline=part.disposition == "inline" or (part.disposition != "attachment" and bool(content_id)),
        content_id=content_id[:MAX_FILENAME_CHARS],
        native_id=part.path,
        note=_NOTES.get(part.content_type, ""),
    )


def filename(part: Part, *, fallback: str = "utf-8") -> str:
    """The name a person may see: RFC 2231 or RFC 2047 decoded, no path, no invisible characters, shortened."""
    name = (
        _parameter(part.disposition_params, "filename", fallback)
        or _parameter(part.params, "name", fallback)
        or _parameter(part.disposition_params, "name", fallback)
    )
    name = _HIDDEN.sub("", one_line(name)).replace("\\", "/").rpartition("/")[2].strip()
    if name.strip(". ") == "":
        return ""
    if len(name) > MAX_FILENAME_CHARS:
        stem, dot, suffix = name.rpartition(".")
        suffix = dot + suffix if stem and len(suffix) <= 12 else ""
        name = name[: MAX_FILENAME_CHARS - len(suffix)] + suffix
    return unicodedata.normalize("NFC", name)


def _parameter(params: dict[str, str], name: str, fallback: str) -> str:
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
