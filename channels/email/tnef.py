# SPDX-License-Identifier: Apache-2.0
"""Outlook's container winmail.dat (MS-OXTNEF): what is in it is listed in place, never unpacked to anywhere.

Checksums are not looked at: programs that write them wrongly are many, and nothing here is trusted anyway.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels.email.mapi import Value, codec_of, read_properties, text_of
from channels.email.rtf import read_rtf, unpack_rtf

__all__ = ["Container", "Item", "read_tnef"]

_SIGNATURE = 0x223E9F78
_FIRST = 6  # signature and key
_MESSAGE, _ATTACHMENT = 1, 2  # levels
_RENDERING, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
_BODY, _MESSAGE_PROPERTIES, _CODE_PAGE, _SUBJECT = 0x0002800C, 0x00069003, 0x00069007, 0x00018004
_P_NAME, _P_LONG_NAME, _P_SHOWN_NAME, _P_TYPE, _P_ID = 0x3704, 0x3707, 0x3001, 0x370E, 0x3712
_P_DATA, _P_METHOD, _P_BODY, _P_HTML, _P_RTF = 0x3701, 0x3705, 0x1000, 0x1013, 0x1009
_P_SUBJECT, _P_PAGE, _P_MESSAGE_PAGE = 0x0037, 0x3FDE, 0x3FFD
_EMBEDDED = 5  # PR_ATTACH_METHOD of a message inside
_INTERFACE = 16  # bytes of the identifier before an embedded object
_MOST_ATTRIBUTES = 5_000
_MOST_CHARS = 1_000_000  # of a body


@dataclass(slots=True)
class Item:
    """Something attached inside the container."""

    name: str = ""
    content_type: str = ""
    content_id: str = ""
    size: int = 0
    is_message: bool = False


@dataclass(slots=True)
class Container:
    """What a container holds; ``text`` and ``html`` are its words in the forms that are there."""

    subject: str = ""
    text: str = ""
    html: str = ""
    items: list[Item] = field(default_factory=list)


def read_tnef(octets: bytes, *, most: int = 200) -> Container | None:
    """Read a container, with at most so many attachments; None if it is none. One cut off gives what is there."""
    if len(octets) < _FIRST or struct.unpack_from("<I", octets)[0] != _SIGNATURE:
        return None
    reader = _Reader(most)
    for level, name, value in _attributes(memoryview(octets)):
        reader.take(level, name, value)
    return reader.result()


def _attributes(octets: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Level, name and value of each attribute, until the end or the first that is cut off."""
    at = _FIRST
    for _ in range(_MOST_ATTRIBUTES):
        if at + 9 > len(octets):
            return
        level, name, length = struct.unpack_from("<BII", octets, at)
        if level not in (_MESSAGE, _ATTACHMENT):
            return
        value = octets[at + 9 : at + 9 + length]
        yield level, name, value
        at += 9 + length + 2


class _Reader:
    """Collects attributes; the code page may come after the names that are written in it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.codec = "cp1252"
        self.subject = self.body = b""
        self.properties: dict[int, Value] = {}
        self.items: list[Item] = []
        self.titles: list[bytes] = []
        self.item_properties: list[dict[int, Value]] = []

    def take(self, level: int, name: int, value: memoryview) -> None:
        if level == _ATTACHMENT:
            self._take_item(name, value)
        elif name == _CODE_PAGE and len(value) >= 4:
            self.codec = codec_of(struct.unpack_from("<I", value)[0])
        elif name == _BODY:
            self.body = bytes(value[:_MOST_CHARS])
        elif name == _SUBJECT:
            self.subject = bytes(value[:2_000])
        elif name == _MESSAGE_PROPERTIES:
            self.properties = read_properties(value) | self.properties

    def _take_item(self, name: int, value: memoryview) -> None:
        if name == _RENDERING and len(self.items) < self.most:
            self.items.append(Item())
            self.titles.append(b"")
            self.item_properties.append({})
        if not self.items:
            return
        if name == _TITLE:
            self.titles[-1] = bytes(value[:2_000])
        elif name == _DATA:
            self.items[-1].size = len(value)
        elif name == _PROPERTIES:
            self.item_properties[-1] = read_properties(value)

    def result(self) -> Container:
        for item, title, properties in zip(self.items, self.titles, self.item_properties, strict=True):
            self._describe(item, title, properties)
        held = Container(items=self.items)
        held.subject = self._text(_P_SUBJECT) or self._decoded(self.subject)
        held.text = self._text(_P_BODY) or self._decoded(self.body)
        held.html = self._html()
        rich = self.properties.get(_P_RTF)
        if rich is not None and not (held.html or held.text.strip()):
            found = read_rtf(unpack_rtf(bytes(rich.octets[:_MOST_CHARS])))
            held.text, held.html = found.text, found.html
        held.text = held.text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
        return held

    def _describe(self, item: Item, title: bytes, properties: dict[int, Value]) -> None:
        names = (text_of(properties[p], self.codec) for p in (_P_LONG_NAME, _P_NAME) if p in properties)
        item.name = next((name for name in names if name.strip()), "") or self._decoded(title)
        if _P_TYPE in properties:
            item.content_type = text_of(properties[_P_TYPE], "ascii").strip().lower()
        if _P_ID in properties:
            item.content_id = text_of(properties[_P_ID], "ascii").strip("<> \t")
        if (data := properties.get(_P_DATA)) is not None and not item.size:
            item.size = max(0, len(data.octets) - _INTERFACE)
            method = properties.get(_P_METHOD)
            item.is_message = method is not None and method.number == _EMBEDDED
        if item.is_message and not item.name.strip() and _P_SHOWN_NAME in properties:
            item.name = text_of(properties[_P_SHOWN_NAME], self.codec)

    def _text(self, name: int) -> str:
        value = self.properties.get(name)
        if value is None:
            return ""
        return text_of(Value(value.kind, value.octets[:_MOST_CHARS]), self._page(_P_MESSAGE_PAGE) or self.codec)

    def _html(self) -> str:
        value = self.properties.get(_P_HTML)
        if value is None:
            return ""
        return text_of(Value(value.kind, value.octets[:_MOST_CHARS]), self._page(_P_PAGE) or "utf-8")

    def _page(self, name: int) -> str:
        value = self.properties.get(name)
        return codec_of(value.number) if value is not None and value.number else ""

    def _decoded(self, octets: bytes) -> str:
        return octets.partition(b"\0")[0].decode(self.codec, "replace")
