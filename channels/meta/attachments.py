# SPDX-License-Identifier: Apache-2.0
"""Files, shares and places of a Messenger or Instagram message. Nothing is fetched; each address is kept as given."""

from __future__ import annotations

from urllib.parse import unquote

from channels.payload import JsonObject, coordinates, listed, number, text_at, values
from router.schema import Attachment

__all__ = ["attachments_of", "file_name", "media_type"]

_MOST = 1000  # far above what a person can attach; keeps the cost of a forged message low

# Kinds with a file behind them, and the type where the address does not show it. A story is a picture or a film; only
# fetching it would tell.
_FILES = {
    "image": "image/jpeg",
    "photo": "image/jpeg",
    "sticker": "image/png",
    "animated_image_share": "image/gif",
    "video": "video/mp4",
    "audio": "audio/mp4",
    "file": "application/octet-stream",
    "ig_reel": "video/mp4",
    "reel": "video/mp4",
    "ig_story": "application/octet-stream",
    "story_mention": "application/octet-stream",
    "story_share": "application/octet-stream",
    "media_share": "application/octet-stream",
    "share": "application/octet-stream",
    "ig_post": "application/octet-stream",
    "post": "application/octet-stream",
    "ephemeral": "application/octet-stream",
}

_ENDINGS = {
    "aac": "audio/aac", "csv": "text/csv", "gif": "image/gif", "jpeg": "image/jpeg", "jpg": "image/jpeg",
    "m4a": "audio/mp4", "mov": "video/quicktime", "mp3": "audio/mpeg", "mp4": "video/mp4", "ogg": "audio/ogg",
    "pdf": "application/pdf", "png": "image/png", "txt": "text/plain", "wav": "audio/x-wav", "webp": "image/webp",
    "zip": "application/zip",
    "doc": "application/msword", "xls": "application/vnd.ms-excel",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip

# Said in a note, because the words alone would not tell that it is somebody else's content.
_SHARED = {
    "share": "shares a post",
    "media_share": "shares a post",
    "ig_post": "shares a post",
    "post": "shares a post",
    "story_share": "shares a story",
    "ig_story": "shares a story",
    "ig_reel": "shares a reel",
    "reel": "shares a reel",
    "story_mention": "mentions us in a story",
    "ephemeral": "sent to be seen once",
}


def attachments_of(message: JsonObject, fields: dict[str, str], notes: list[str]) -> list[Attachment]:
    """The files of a message. What is no file (places, links, products) goes into ``fields``; what this version does
    not know, and whose content was shared, into ``notes``."""
    found: list[Attachment] = []
    for attachment in listed(message, "attachments")[:_MOST]:
        kind, payload = text_at(attachment, "type"), values(attachment, "payload")
        address = text_at(payload, "url") or text_at(attachment, "url")
        if note := _SHARED.get(kind):
            notes.append(note)
        if kind in _FILES and address:
            found.append(_file(payload, kind, address))
        elif not _other(attachment, payload, kind, address, fields):
            notes.append(f"content this version cannot show: {kind[:80] or 'without a kind'}")
    return found


def _file(payload: JsonObject, kind: str, address: str) -> Attachment:
    name = file_name(address)
    sticker = kind == "sticker" or bool(text_at(payload, "sticker_id"))
    return Attachment(
        filename=text_at(payload, "name") or name,
        content_type=media_type(name, _FILES[kind]),
        size=number(payload, "size"),
        inline=sticker,
        native_id=address,
        note="story mention" if kind == "story_mention" else "",
    )


def _other(attachment: JsonObject, payload: JsonObject, kind: str, address: str, fields: dict[str, str]) -> bool:
    """Name what an attachment without a file says. False when it says nothing."""
    title = text_at(attachment, "title") or text_at(payload, "title")
    place = coordinates(values(payload, "coordinates"), "lat", "long")
    products = listed(values(payload, "product"), "elements") or listed(payload, "elements")
    named = {
        "location": place,
        "venue" if kind == "location" else "link_title": title,
        "link": address if kind != "location" else "",
        "product": "\n".join(filter(None, (text_at(product, "title") for product in products[:50]))),
        "product_id": ", ".join(filter(None, (text_at(product, "id") for product in products[:50]))),
    }
    said = {key: value for key, value in named.items() if value}
    for key, value in said.items():
        fields[key] = f"{fields[key]}\n{value}" if key in fields else value
    return bool(said)


def file_name(address: str) -> str:
    """The name of a file as the last step of its address gives it; empty where that has no ending."""
    name = unquote(address.partition("?")[0].rpartition("/")[2])
    stem, dot, ending = name.rpartition(".")
    return name[:255] if stem and dot and 1 < len(ending) <= 5 and ending.isalnum() and "://" in address else ""


def media_type(name: str, otherwise: str) -> str:
    """The type of a file by the ending of its name, unless the platform says it is another kind: it names a recorded
    voice ``audioclip.mp4``."""
    found = _ENDINGS.get(name.rpartition(".")[2].lower(), otherwise)
    kind = otherwise.partition("/")[0]
    return found if kind in {"application", found.partition("/")[0]} else otherwise
