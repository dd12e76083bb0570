# SPDX-License-Identifier: Apache-2.0
"""The files of a Viber message. Nothing is fetched here; Viber keeps a file for an hour."""

from __future__ import annotations

from channels.payload import JsonObject, number, text_at
from router.schema import Attachment

__all__ = ["attachments_of"]

# The kinds that carry a file, and the type each has; Viber itself names none.
_TYPES = {
    "picture": "image/jpeg",
    "video": "video/mp4",
    "file": "application/octet-stream",
    "sticker": "image/png",
}


def attachments_of(message: JsonObject, kind: str) -> list[Attachment]:
    """The one file of a message, or none."""
    address = text_at(message, "media")
    if not address or kind not in _TYPES:
        return []
    return [
        Attachment(
            filename=text_at(message, "file_name"),
            content_type=_TYPES[kind],
            size=number(message, "file_size") or number(message, "size"),
            inline=kind == "sticker",
            native_id=address,
        )
    ]
