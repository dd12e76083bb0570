# SPDX-License-Identifier: Apache-2.0
"""What a mail carries besides its text: listed with name, type and size, never opened."""

from __future__ import annotations

import re
import unicodedata

from channels.email.calendar import calendar_note
from channels.email.charset import decode_text
from channels.email.encoded import one_line
from channels.email.headers import read_headers
from channels.email.limits import MAX_FILENAME_CHARS
from channels.email.mime import Part
from channels.email.parameters import parameter
from router.schema import Attachment

__all__ = ["clean_name", "describe", "filename"]

_NOTES = {
    "application/pgp-encrypted": "PGP encryption",
    "application/pgp-signature": "PGP signature",
    "application/pkcs7-signature": "S/MIME signature",
    "application/x-pkcs7-signature": "S/MIME signature",
    "application/pkcs7-mime": "S/MIME: encrypted or signed as a whole",
    "application/x-pkcs7-mime": "S/MIME: encrypted or signed as a whole",
    "application/ms-tnef": "Outlook container (winmail.dat) that cannot be read",
    "application/vnd.ms-tnef": "Outlook container (winmail.dat) that cannot be read",
    "message/partial": "one piece of a message sent in pieces",
    "message/external-body": "a pointer to content elsewhere; never fetched",
    "message/rfc822": "an attached message",
    "message/global": "an attached message",
}
_CALENDARS = ("text/calendar", "application/ics")
_MESSAGES = ("message/rfc822", "message/global")
_LOOKED_AT = 64 * 1024  # bytes of a part that is looked into for its name or note
_NOT_IN_NAMES = re.compile(r"[/\\:*?\"<>|]+")
_HIDDEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


def describe(part: Part, *, fallback: str = "utf-8") -> Attachment:
    """The list entry of a part."""
    content_id = part.headers.ascii("content-id").strip("<> \t")
    note = _NOTES.get(part.content_type, "")
    name = filename(part, fallback=fallback)
    if part.content_type in _CALENDARS:
        note = calendar_note(decode_text(part.decoded(_LOOKED_AT), part.params.get("charset", ""))[0])
    elif part.content_type in _MESSAGES and not name:
        name = _subject_name(part, fallback)
    return Attachment(
        filename=name,
        content_type=part.content_type,
        size=part.size(),
        inline=part.disposition == "inline" or (part.disposition != "attachment" and bool(content_id)),
        content_id=content_id[:MAX_FILENAME_CHARS],
        native_id=part.path,
        note=note,
    )


def _subject_name(part: Part, fallback: str) -> str:
    """A name for an attached message, from its subject; "" if it has none."""
    octets = part.decoded(_LOOKED_AT)
    headers, _ = read_headers(octets, 0, len(octets))
    subject = headers.text("subject", fallback=fallback)
    return clean_name(f"{_NOT_IN_NAMES.sub('_', subject)}.eml") if subject else ""


def filename(part: Part, *, fallback: str = "utf-8") -> str:
    """The name a person may see: RFC 2231 or RFC 2047 decoded, no path, no invisible characters, shortened."""
    name = (
        parameter(part.disposition_params, "filename", fallback)
        or parameter(part.params, "name", fallback)
        or parameter(part.disposition_params, "name", fallback)
    )
    return clean_name(name)


def clean_name(name: str) -> str:
    """A name without path, line ends and invisible characters, shortened before its ending; "" if nothing is left."""
    name = _HIDDEN.sub("", one_line(name)).replace("\\", "/").rpartition("/")[2].strip()
    if len(name) > 2 and name[0] == name[-1] == "'":
        name = name[1:-1]
    if name.strip(". ") == "":
        return ""
    if len(name) > MAX_FILENAME_CHARS:
        stem, dot, suffix = name.rpartition(".")
        suffix = dot + suffix if stem and len(suffix) <= 12 else ""
        name = name[: MAX_FILENAME_CHARS - len(suffix)] + suffix
    return unicodedata.normalize("NFC", name)
