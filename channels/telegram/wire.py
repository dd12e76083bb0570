# SPDX-License-Identifier: Apache-2.0
"""Reading values out of untrusted JSON: a value of another type counts as absent, never as an error."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, TypeAlias

from channels.payload import check_size
from router.errors import ParseError

__all__ = ["JsonObject", "load_json", "number", "objects", "text_at", "time_at", "values"]

JsonObject: TypeAlias = dict[str, Any]


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


def text_at(parent: JsonObject, key: str) -> str:
    """The string at ``key``; whole numbers, which ids may be, are written out exactly."""
    found = parent.get(key)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**64 else ""


def number(parent: JsonObject, key: str) -> int:
    """The whole number at ``key``, never below 0; 0 when there is none."""
    found = parent.get(key)
    return max(0, min(found, 2**63)) if isinstance(found, int) and not isinstance(found, bool) else 0


def time_at(parent: JsonObject, key: str) -> datetime | None:
    """The Unix time at ``key`` in seconds, as aware UTC."""
    seconds = number(parent, key)
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None
