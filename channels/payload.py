# SPDX-License-Identifier: Apache-2.0
"""Reading values out of untrusted JSON: a value of another type counts as absent, never as an error."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any, TypeAlias

from router.errors import ParseError
from router.interfaces import ParseOptions
from router.raw import clean_text

__all__ = [
    "JsonObject",
    "check_size",
    "coordinates",
    "cut_text",
    "ident_at",
    "is_own",
    "iso_time",
    "language_code",
    "load_json",
    "load_object",
    "number",
    "objects",
    "stand_in_id",
    "stars",
    "strings",
    "text_at",
    "unix_time",
    "values",
]

JsonObject: TypeAlias = dict[str, Any]

_MAX_CONTAINERS = 50_000  # objects and lists of one document; a page of the largest platform has some thousands
_MAX_VALUES = 500_000  # an empty list takes thirty times the memory of its two characters
_LATEST = 253_402_300_799  # the last second of the year 9999
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?![A-Za-z])")


def load_json(body: bytes) -> Any:
    """Decode a JSON document. Whole numbers stay exact however long. Raises ParseError for anything that is not one, or
    that holds more values than a platform ever sends at once."""
    check_size(body)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # ValueError covers bad JSON, bad UTF-8 and absurdly long numbers
        raise ParseError(f"not a JSON document: {type(error).__name__}") from error


def check_size(body: bytes) -> None:
    """Raise ParseError for a JSON document that would take many times its size in memory. Look before you decode."""
    if body.count(b"{") + body.count(b"[") > _MAX_CONTAINERS or body.count(b",") > _MAX_VALUES:
        raise ParseError(f"not read: the JSON document has more than {_MAX_CONTAINERS} objects or {_MAX_VALUES} values")


def load_object(body: bytes, what: str) -> JsonObject:
    """Decode a JSON document that must be an object. Raises ParseError saying that it is no ``what``."""
    found = load_json(body)
    if not isinstance(found, dict):
        raise ParseError(f"not a {what}: the JSON document is not an object")
    return found


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
    """The string at ``key``; whole numbers, which ids may be, are written out exactly."""
    found = parent.get(key)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**64 else ""


def ident_at(parent: JsonObject, key: str) -> str:
    """The id at ``key`` as text that can be stored; "" when there is none."""
    return clean_text(text_at(parent, key)).strip()


def number(parent: JsonObject, key: str) -> int:
    """The whole number at ``key``, also written as text, never below 0; 0 when there is none."""
    found = parent.get(key)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 20:
        found = int(found)
    return max(0, min(found, 2**63 - 1)) if isinstance(found, int) and not isinstance(found, bool) else 0


def unix_time(parent: JsonObject, key: str) -> datetime | None:
    """The Unix time at ``key``, in seconds or (from the year 5138 on) milliseconds, as aware UTC."""
    found = number(parent, key)
    seconds = found / 1000 if found >= 100_000_000_000 else found
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= _LATEST else None


def iso_time(parent: JsonObject, key: str) -> datetime | None:
    """The ISO 8601 time at ``key`` as aware UTC; without a zone it counts as UTC."""
    try:
        moment = datetime.fromisoformat(text_at(parent, key))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def stars(parent: JsonObject, key: str) -> float | None:
    """The stars of a review at ``key``, also written as text; None unless they are from 1 to 5."""
    found = parent.get(key)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 3:
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if 1 <= found <= 5 else None


def language_code(claimed: str) -> str:
    """The language of a tag such as ``pt-BR`` or ``en_US``, in small letters; "" when it names none."""
    match = _LANGUAGE.match(claimed)
    return match[0].lower() if match and match[0].lower() not in {"und", "zxx", "mul", "mis"} else ""


def cut_text(text: str, options: ParseOptions) -> tuple[str, list[str]]:
    """``text`` within the limit of the installation, and the notes that say so if it was longer."""
    if len(text) <= options.max_text_chars:
        return text, []
    return text[: options.max_text_chars], [f"text cut at {options.max_text_chars} characters"]


def is_own(options: ParseOptions, *names: str) -> bool:
    """Whether one of the names (ids, handles with or without @) is an account of ours."""
    if not options.own:
        return False
    ours = {name.casefold().lstrip("@") for name in options.own} - {""}
    return any(name.casefold().lstrip("@") in ours for name in names if name)


def stand_in_id(*parts: str) -> str:
    """An id for something that came without one: the same parts give the same id when they come again."""
    return "none-" + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def listed(parent: JsonObject, key: str) -> list[JsonObject]:
    """The objects at ``key``, where one that stands there without a list counts as a list of one."""
    found = parent.get(key)
    return [found] if isinstance(found, dict) else objects(parent, key)


def coordinates(place: JsonObject, latitude: str, longitude: str) -> str:
    """The two numbers at these keys as ``latitude,longitude`` in degrees; empty unless both are there."""
    found = [place.get(latitude), place.get(longitude)]
    if all(isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 360 for value in found):
        return f"{found[0]},{found[1]}"
    return ""
