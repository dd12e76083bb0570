# SPDX-License-Identifier: Apache-2.0
"""Outlook's property lists (MS-OXTNEF section 2.1.3): values by their numbers, found in place and bounded."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Value", "codec_of", "read_properties", "text_of"]

_MULTIPLE = 0x1000
_OBJECT, _STRING8, _UNICODE, _BINARY = 0x000D, 0x001E, 0x001F, 0x0102
_SIZES = {0x0001: 0, 0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 4,
          0x0014: 8, 0x0040: 8, 0x0048: 16}  # fmt: skip
_FIRST_NAMED = 0x8000
_MOST = 2_000  # properties of one list
_CODE_PAGES = {65000: "utf-7", 65001: "utf-8", 20127: "us-ascii", 28591: "cp1252", 20866: "koi8-r", 21866: "koi8-u",
               50220: "iso2022_jp", 51932: "euc_jp", 51949: "euc_kr", 54936: "gb18030", 936: "gb18030"}  # fmt: skip


class Value(NamedTuple):
    """One value where it lies: its type without the flag of lists, and its bytes."""

    kind: int
    octets: memoryview

    @property
    def number(self) -> int:
        """The value as a whole number; 0 where it is none."""
        return struct.unpack("<I", self.octets[:4])[0] if len(self.octets) == 4 else 0


def read_properties(octets: memoryview) -> dict[int, Value]:
    """The first value of each numbered property. Ends at the first thing that makes no sense."""
    found: dict[int, Value] = {}
    try:
        for number, value in _walk(octets):
            found.setdefault(number, value)
    except (struct.error, ValueError):
        pass  # cut off or malformed: what stands before it still counts
    return found


def text_of(value: Value, codec: str) -> str:
    """A property as text, whatever its type says; never raises."""
    if value.kind == _UNICODE:
        return bytes(value.octets).decode("utf-16-le", "replace").rstrip("\0")
    return bytes(value.octets).rstrip(b"\0").decode(codec, "replace")


def codec_of(code_page: int) -> str:
    """The codec of a Windows code page; windows-1252 where Python has none."""
    if name := _CODE_PAGES.get(code_page):
        return name
    name = f"iso8859-{code_page - 28590}" if 28592 <= code_page <= 28606 else f"cp{code_page}"
    try:
        codecs.lookup(name)  # decoding nothing would not look it up
    except LookupError:
        return "cp1252"
    return name


def _walk(octets: memoryview) -> Iterator[tuple[int, Value]]:
    (count,) = struct.unpack_from("<I", octets)
    at = 4
    for _ in range(min(count, _MOST)):
        kind, number = struct.unpack_from("<HH", octets, at)
        at += 4
        if number >= _FIRST_NAMED:
            (by_name,) = struct.unpack_from("<I", octets, at + 16)
            at += 20
            (length,) = struct.unpack_from("<I", octets, at)
            at += 4 + (_padded(length) if by_name else 0)
        values = 1
        base = kind & ~_MULTIPLE
        variable = base in (_OBJECT, _STRING8, _UNICODE, _BINARY)
        if variable or kind & _MULTIPLE:
            (values,) = struct.unpack_from("<I", octets, at)
            at += 4
        if values > _MOST:
            raise ValueError("more values than any message has")
        for place in range(values):
            if variable:
                (length,) = struct.unpack_from("<I", octets, at)
                at += 4
            elif base in _SIZES:
                length = _SIZES[base]
            else:
                raise ValueError("a type that is not known cannot be skipped")
            if at + length > len(octets):
                raise ValueError("cut off")
            if not place:
                yield number, Value(base, octets[at : at + length])
            at += _padded(length)


def _padded(length: int) -> int:
    return (length + 3) & ~3
