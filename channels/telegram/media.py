# SPDX-License-Identifier: Apache-2.0
"""What a Telegram message carries beside its words: files, places, contacts, polls. Nothing is fetched here."""

from __future__ import annotations

from channels.payload import JsonObject, number, objects, text_at, values
from channels.telegram.kinds import unknown_kinds
from router.schema import Attachment, clean_text

__all__ = ["attachments_of", "extras_of"]

# Bot API, Message: the field that holds a file, and the type it has where the update names none.
_FILES = {
    "animation": "video/mp4",
    "audio": "audio/mpeg",
    "document": "application/octet-stream",
    "video": "video/mp4",
    "video_note": "video/mp4",
    "voice": "audio/ogg",
    "sticker": "image/webp",
}


def attachments_of(message: JsonObject) -> list[Attachment]:
    """List every file of a message; a photo that comes in several sizes counts once, in the largest."""
    found: list[Attachment] = []
    for key, default_type in _FILES.items():
        file = values(message, key)
        # For old clients, an animation is repeated as a document (Bot API, Message.animation).
        if file and not (key == "document" and "animation" in message):
            found.append(_attachment(file, kind=key, default_type=default_type))
    found += _photo(objects(message, "photo"))
    for paid in objects(values(message, "paid_media"), "paid_media"):
        found += _photo(objects(paid, "photo"))
        if values(paid, "video"):
            found.append(_attachment(values(paid, "video"), kind="video", default_type="video/mp4"))
    for kind in unknown_kinds(message):
        file = values(message, kind)
        if text_at(file, "file_id"):
            found.append(_attachment(file, kind=kind, default_type="application/octet-stream"))
    return found


def extras_of(message: JsonObject) -> dict[str, str]:
    """Content that is neither words nor a file, as named values: a place, a contact, a roll of dice."""
    extras: dict[str, str] = {}
    venue = values(message, "venue")
    place = values(message, "location") or values(venue, "location")
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        extras["location"] = f"{latitude},{longitude}"
    contact = values(message, "contact")
    contact_name = " ".join(filter(None, (text_at(contact, "first_name"), text_at(contact, "last_name"))))
    named = {
        "venue": text_at(venue, "title"),
        "venue_address": text_at(venue, "address"),
        "contact_phone": text_at(contact, "phone_number"),
        "contact_name": contact_name,
        "sticker": text_at(values(message, "sticker"), "emoji"),
        "dice": text_at(values(message, "dice"), "value"),
    }
    return extras | {key: value for key, value in named.items() if value}


def _attachment(file: JsonObject, *, kind: str, default_type: str) -> Attachment:
    content_type = text_at(file, "mime_type") or default_type
    if kind == "sticker" and file.get("is_video"):
        content_type = "video/webm"
    elif kind == "sticker" and file.get("is_animated"):
        content_type = "application/x-tgsticker"
    return Attachment(
        filename=text_at(file, "file_name"),
        content_type=clean_text(content_type)[:200],
        size=number(file, "file_size"),
        inline=kind == "sticker",
        native_id=text_at(file, "file_id"),
    )


def _photo(sizes: list[JsonObject]) -> list[Attachment]:
    if not sizes:
        return []
    largest = max(sizes, key=lambda size: (number(size, "width") * number(size, "height"), number(size, "file_size")))
    return [_attachment(largest, kind="photo", default_type="image/jpeg")]
