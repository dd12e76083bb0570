# SPDX-License-Identifier: Apache-2.0
"""Pictures and films of a post or direct message, listed with where they are; nothing is fetched here."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import urlsplit

from channels.payload import JsonObject, objects, text_at, values
from router.schema import Attachment, clean_text

__all__ = ["attachment"]

_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif",
          ".mp4": "video/mp4", ".m3u8": "application/x-mpegURL"}  # fmt: skip


def attachment(media: JsonObject) -> Attachment:
    """List one media object of version 2 or 1.1; of a film the best variant counts."""
    films = objects(media, "variants") or objects(values(media, "video_info"), "variants")
    films = [film for film in films if text_at(film, "content_type") == "video/mp4"] or films
    address, content_type = "", ""
    if films:
        best = max(films, key=lambda film: _rate(film.get("bit_rate", film.get("bitrate"))))
        address, content_type = text_at(best, "url"), text_at(best, "content_type")
    elif text_at(media, "type") in {"", "photo"}:
        address = text_at(media, "media_url_https") or text_at(media, "url") or text_at(media, "media_url")
    name = _filename(address or text_at(media, "preview_image_url"))
    if not content_type:
        by_kind = "image/jpeg" if text_at(media, "type") == "photo" else "video/mp4"
        content_type = _TYPES.get(PurePosixPath(name).suffix.lower(), by_kind)
    return Attachment(
        filename=name,
        content_type=clean_text(content_type)[:200],
        native_id=address or text_at(media, "media_key") or text_at(media, "id_str"),
        note=text_at(media, "alt_text") or text_at(media, "ext_alt_text"),
    )


def _filename(address: str) -> str:
    try:
        return PurePosixPath(urlsplit(address).path).name
    except ValueError:  # an address with brackets in odd places
        return ""


def _rate(found: object) -> int:
    return found if isinstance(found, int) else -1
