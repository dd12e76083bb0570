# SPDX-License-Identifier: Apache-2.0
"""The words and files of a Mastodon post as a person reads them."""

from __future__ import annotations

import re
from html import unescape
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from channels.payload import JsonObject, number, text_at, values
from channels.text import html_to_text
from router.schema import Attachment, clean_text

__all__ = ["attachment", "new_words", "post_text"]

# What Mastodon's own editor makes. Servers of other kinds send more, which the general reader takes.
_TAGS = re.compile(r"<(/?)([a-zA-Z0-9]+)(?: [^<>]*)?/?>")
_PLAIN = frozenset(("a", "span", "b", "strong", "i", "em", "u", "del", "s", "small"))
_HIDING = re.compile(r"\s(?:hidden|style)[\s=>]", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\f]+")
_EDGES = re.compile(r" *\n[ \n]*")
_LEADING_NAMES = re.compile(r"\A(?:@[\w.-]{1,200}(?:@[\w.:-]{1,200})?[\s,:]+)+")
_TYPES = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp",
    ".avif": "image/avif", ".heic": "image/heic", ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime",
    ".webm": "video/webm", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg",
    ".wav": "audio/wav", ".flac": "audio/flac", ".m4a": "audio/mp4", ".aac": "audio/aac", ".pdf": "application/pdf",
}  # fmt: skip
_BY_KIND = {"image": "image/jpeg", "gifv": "video/mp4", "video": "video/mp4", "audio": "audio/mpeg"}


def post_text(html: str) -> str:
    """The text of a post: paragraphs one empty line apart, links in full, ``:emoji:`` names kept."""
    if "<" not in html:
        return unescape(html).strip()
    if "<!" in html or _HIDING.search(html):
        return html_to_text(html)
    pieces, end = [], 0
    for tag in _TAGS.finditer(html):
        name = tag[2].lower()
        pieces.append(html[end : tag.start()].replace("\n", " "))
        end = tag.end()
        if name == "br":
            pieces.append("\n")
        elif name == "p":
            pieces.append("\n\n")
        elif name not in _PLAIN:
            return html_to_text(html)
    pieces.append(html[end:].replace("\n", " "))
    if any("<" in piece for piece in pieces):  # not what the editor makes
        return html_to_text(html)
    text = _SPACE.sub(" ", "".join(pieces))  # first, for the next pattern takes quadratic time in runs of blanks
    return unescape(_EDGES.sub(_line_ends, text).strip())


def _line_ends(run: re.Match[str]) -> str:
    return "\n" if run[0].count("\n") == 1 else "\n\n"


def new_words(text: str) -> str:
    """``text`` without the names that an answer starts with; "" when there is nothing else, or nothing to remove."""
    names = _LEADING_NAMES.match(text) if text.startswith("@") else None
    return text[names.end() :] if names else ""


def attachment(media: JsonObject) -> Attachment:
    """List one picture, film or recording with where it is; the platform does not say how many bytes it has."""
    here, far = text_at(media, "url"), text_at(media, "remote_url")
    name = _filename(far) or _filename(here)  # a server's own copy may be under a made-up name
    content_type = text_at(media, "mime_type") or text_at(values(media, "pleroma"), "mime_type")
    kind = _BY_KIND.get(text_at(media, "type"), "application/octet-stream")
    return Attachment(
        filename=name,
        content_type=clean_text(content_type)[:200] or _TYPES.get(PurePosixPath(name).suffix.lower(), kind),
        size=number(media, "size"),
        native_id=here or far or text_at(media, "id"),
        note=text_at(media, "description"),
    )


def _filename(address: str) -> str:
    try:
        name = PurePosixPath(unquote(urlsplit(address).path)).name
    except ValueError:  # an address with brackets in odd places
        return ""
    return name if "." in name else ""
