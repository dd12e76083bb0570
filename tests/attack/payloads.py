# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - tables: an entry a line
"""Rows 82 to 100 as far as reading meets them: documents that platforms never send, to the reader of every kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from router.registry import reader_kinds
from tests.attack.catalogue import Attack, Word

__all__ = ["PAYLOADS", "multiplied", "sample"]

FIXTURES = Path(__file__).parents[1] / "fixtures"
KINDS = tuple(kind for kind in reader_kinds() if kind != "email")
ANY: tuple[Word, ...] = ("case", "case-", "quarantine", "nothing")
MIB = 1024 * 1024

HOSTILE: tuple[tuple[int, str, Callable[[], bytes], tuple[Word, ...]], ...] = (
    (82, "half pairs and NUL", lambda: b'{"id": "\\ud800", "text": "a\\u0000b\\ud83d", "message": {"text": "\\udc00"}}', ANY),
    (83, "whole number of 5,000 digits", lambda: b'{"id": ' + b"9" * 5_000 + b"}", ANY),
    (83, "whole numbers by the thousand", lambda: b"[" + (b"9" * 4_000 + b",") * 5_000 + b"1]", ("quarantine", "nothing")),
    (83, "one number as large as a body", lambda: b'{"id": ' + b"9" * (8 * MIB) + b"}", ("quarantine", "nothing")),
    (84, "lists in lists", lambda: b"[" * 2_000_000, ("quarantine",)),
    (84, "objects in objects", lambda: b'{"entry":' * 500_000, ("quarantine",)),
    (84, "lists in lists, closed", lambda: b"[" * 900 + b"]" * 900, ANY),
    (84, "a hundred thousand keys", lambda: json.dumps({f"k{n}": n for n in range(100_000)}).encode(), ANY),
    (84, "empty lists by the million", lambda: b"[" + b"[]," * 2_000_000 + b"[]]", ("quarantine",)),
    (84, "empty objects by the million", lambda: b"[" + b"{}," * 2_000_000 + b"{}]", ("quarantine",)),
    (84, "short texts by the million", lambda: b"[" + b'"ab",' * 1_500_000 + b"1]", ("quarantine",)),
    (84, "one text as large as a body", lambda: b'{"id": "1", "text": "' + b"a" * (8 * MIB) + b'"}', ANY),
    (84, "one text of escapes", lambda: b'{"id": "1", "text": "' + b"\\u00e4" * (3 * MIB) + b'"}', ANY),
    (84, "form without end", lambda: b"a=b&" * 3_000_000, ("quarantine", "nothing")),
    (84, "form of percent signs", lambda: b"Body=" + b"%" * (6 * MIB), ANY),
    (85, "trailing data", lambda: b'{"id": "1", "text": "x"} {"id": "2"}', ("quarantine", "nothing")),
    (85, "not a number", lambda: b'{"id": NaN, "text": "x", "timestamp": Infinity, "rating": -Infinity}', ANY),
    (85, "keys twice", lambda: b'{"id": "1", "id": "2", "text": "x", "text": "y"}', ANY),
    (86, "wrong types", lambda: b'{"id": [], "text": {}, "sender": 5, "message": true, "entry": "x", "events": {"a": 1}}', ANY),
    (90, "UTF-16", lambda: '{"id": "1", "text": "x"}'.encode("utf-16"), ANY),
    (90, "UTF-32", lambda: '{"id": "1", "text": "x"}'.encode("utf-32"), ANY),
    (90, "byte order mark", lambda: b'\xef\xbb\xbf{"id": "1", "text": "x"}', ANY),
    (90, "invalid UTF-8", lambda: b'{"id": "1", "text": "\xff\xfe"}', ("quarantine", "nothing")),
)  # fmt: skip


def sample(kind: str) -> list[Any]:
    """The project's own payloads of a kind, as JSON values."""
    found = []
    for path in sorted((FIXTURES / kind).rglob("*.json")):
        if path.name != "expected.json":
            value = json.loads(path.read_bytes()) if "broken" not in str(path) else {}
            beside = isinstance(value, dict) and "expect" in value  # payloads and what is expected, in one file
            found += [part for key, part in value.items() if key != "expect"] if beside else [value]
    return found


def multiplied(value: Any, size: int) -> bytes:
    """A payload whose longest list of objects is repeated until the whole has this size; b"" if it has no such list."""
    lists = [found for found in _lists(value) if found and isinstance(found[0], dict)]
    if not lists:
        return b""
    longest = max(lists, key=lambda found: len(json.dumps(found)))
    one = json.dumps(longest[0])
    filler = json.dumps("@@")
    longest[:] = ["@@"]
    return json.dumps(value).replace(filler, ", ".join([one] * (size // (len(one) + 2))), 1).encode()


def _lists(value: Any) -> list[list[Any]]:
    found = [value] if isinstance(value, list) else []
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in members:
        found += _lists(member)
    return found


def _longest(kind: str, size: int) -> bytes:
    """Of all payloads of a kind, the one with most messages in so many bytes: that with the shortest members."""
    made = [body for value in sample(kind) if (body := multiplied(value, size))]
    return max(made, key=lambda body: body.count(b"{"), default=b"{}")


PAYLOADS: tuple[Attack, ...] = (
    *(
        Attack(row, f"{kind} {name}", make, words, channel=kind)
        for kind in KINDS
        for row, name, make, words in HOSTILE
    ),
    *(
        Attack(84, f"{kind} repeated to {size >> 10} KiB", lambda kind=kind, size=size: _longest(kind, size), ANY, channel=kind)
        for kind in KINDS
        for size in (256 * 1024, 3 * MIB)
    ),
    Attack(65, "feed with entities", lambda: b'<!DOCTYPE f [<!ENTITY a "aaaaaaaaaa">' + b"".join(b'<!ENTITY %c "%s">' % (98 + n, (b"&%c;" % (97 + n)) * 10) for n in range(9)) + b"]><feed><entry>&j;</entry></feed>", "quarantine", channel="app_store"),
    Attack(65, "feed with files", lambda: b'<!DOCTYPE f [<!ENTITY a SYSTEM "file:///etc/passwd">]><feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><content>&a;</content></entry></feed>', ("quarantine", "nothing", "case"), lambda m: "root:" not in m.text, channel="app_store"),
    Attack(65, "feed nested without end", lambda: b"<feed>" + b"<a>" * 2_000_000, ANY, channel="app_store"),
    Attack(65, "feed of entries", lambda: b'<feed xmlns="http://www.w3.org/2005/Atom">' + b"<entry><id>1</id></entry>" * 800_000 + b"</feed>", ANY, channel="app_store"),
    Attack(65, "feed of attributes", lambda: b"<feed " + b"".join(b'a%d="" ' % n for n in range(400_000)) + b"/>", ANY, channel="app_store"),
)  # fmt: skip
