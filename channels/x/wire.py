# SPDX-License-Identifier: Apache-2.0
"""Reading values out of untrusted JSON: a value of another type counts as absent, never as an error."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

from channels.payload import check_size
from router.errors import ParseError

__all__ = ["JsonObject", "ident", "load_json", "objects", "strings", "text_at", "time_at", "unescape", "values"]

JsonObject: TypeAlias = dict[str, Any]

_ESCAPED = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}


def load_json(body: bytes) -> Any:
    """Decode a JSON document. Raises ParseError for anything that is not one."""
    check_size(body)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as exc:  # ValueError covers bad JSON, bad UTF-8 and absurdly long numbers
        raise ParseError(f"not a JSON document: {type(exc).__name__}") from exc


def values(parent: JsonObject, key: str) -> JsonObject:
    """The object at ``key``; empty when there is none."""
    found = parent.get(key)
    return found if isinstance(found, dict) else {}


def objects(parent: JsonObject, key: str) -> list[JsonObject]:
    """The objects of the list at ``key``; members of another type are left out."""
    found = parent.get(key)
    return [member for member in found if isinstance(member, dict)] if isinstance(found, list) else []


def strings(parent: JsonObject, key: str) -> list[str]:
    """The strings of the list at ``key``."""
    found = parent.get(key)
    return [member for member in found if isinstance(member, str)] if isinstance(found, list) else []


def text_at(parent: JsonObject, key: str) -> str:
    """The string at ``key``; whole numbers, which old ids are, are written out exactly."""
    found = parent.get(key)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**64 else ""


def ident(parent: JsonObject, key: str = "id") -> str:
    """The id at ``key``, preferring the string form that version 1.1 puts beside the number."""
    return text_at(parent, f"{key}_str") or text_at(parent, key)


def time_at(parent: JsonObject, key: str) -> datetime | None:
    """The time at ``key``: ISO 8601 (version 2), the mail-like form (1.1), or milliseconds; as aware UTC."""
    found = text_at(parent, key)
    try:
        if found.isdigit():
            return datetime.fromtimestamp(int(found) / 1000, UTC)
        if found[:1].isdigit():
            moment = datetime.fromisoformat(found)
        else:
            # "Wed Oct 10 20:19:24 +0000 2018": the year moves before the clock to make it a mail date.
            day, month, date, clock, zone, year = found.split()
            moment = parsedate_to_datetime(f"{day}, {date} {month} {year} {clock} {zone}")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


def unescape(text: str) -> str:
    """Undo the three HTML escapes that X applies to text, once."""
    return re.sub("&(?:amp|lt|gt);", lambda hit: _ESCAPED[hit[0]], text)
