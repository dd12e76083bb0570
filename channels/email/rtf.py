# SPDX-License-Identifier: Apache-2.0
"""Rich text as Outlook stores the words of a mail: unpacked (MS-OXRTFCP), and the HTML or the text that it wraps
(MS-OXRTFEX). Bounded and linear; what is no rich text gives nothing."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from channels.email.mapi import codec_of

__all__ = ["RichText", "read_rtf", "unpack_rtf"]

MAX_BYTES = 1_000_000  # of rich text after unpacking; a mail's words take a tenth of it
_PACKED, _STORED = 0x75465A4C, 0x414C454D
_RING = 4096
# What the dictionary holds at the start (MS-OXRTFCP section 2.1.3.1.2).
_PRELOAD = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


class RichText(NamedTuple):
    """What rich text wraps: HTML if it was made from it, else its words."""

    text: str = ""
    html: str = ""


def unpack_rtf(octets: bytes) -> bytes:
    """Undo the packing of PR_RTF_COMPRESSED, up to ``MAX_BYTES``; b"" where it is none."""
    if len(octets) < 16:
        return b""
    _, size, magic, _ = struct.unpack_from("<IIII", octets)
    if magic == _STORED:
        return octets[16 : 16 + min(size, MAX_BYTES)]
    if magic != _PACKED:
        return b""
    return _unpack(octets, min(size, MAX_BYTES))


def _unpack(octets: bytes, most: int) -> bytes:
    ring = bytearray(_RING)
    ring[: len(_PRELOAD)] = _PRELOAD
    to = len(_PRELOAD)
    out = bytearray()
    at, end = 16, len(octets)
    while at < end and len(out) < most:
        flags = octets[at]
        at += 1
        for bit in range(8):
            if at >= end or len(out) >= most:
                break
            if not flags >> bit & 1:
                byte = octets[at]
                at += 1
                out.append(byte)
                ring[to] = byte
                to = (to + 1) % _RING
                continue
            if at + 1 >= end:
                return bytes(out)
            pair = octets[at] << 8 | octets[at + 1]
            at += 2
            source = pair >> 4
            if source == to:  # a reference to itself is the end
                return bytes(out)
            for step in range((pair & 15) + 2):
                byte = ring[(source + step) % _RING]
                out.append(byte)
                ring[to] = byte
                to = (to + 1) % _RING
    return bytes(out[:most])


_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|([^\\{}\r\n]+)|[\\\r\n']"
)
_NOT_SHOWN = frozenset((
    b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"themedata", b"colorschememapping",
    b"latentstyles", b"datastore", b"xmlnstbl", b"listtable", b"listoverridetable", b"rsidtbl", b"generator",
    b"mhtmltag", b"fldinst", b"bkmkstart", b"bkmkend", b"header", b"footer", b"footnote", b"pntext", b"nonshppict",
))  # fmt: skip
_SIGNS = {
    b"par": "\n", b"line": "\n", b"row": "\n", b"cell": "\t", b"tab": "\t", b"lquote": "\u2018", b"rquote": "\u2019",
    b"ldblquote": "\u201c", b"rdblquote": "\u201d", b"bullet": "\u2022", b"endash": "\u2013", b"emdash": "\u2014",
}  # fmt: skip
_MOST_DEPTH = 500


class _State(NamedTuple):
    """What holds inside a group."""

    skipped: bool = False  # a destination that is not shown
    tag: bool = False  # inside \htmltag: markup of the original
    rtf_only: bool = False  # between \htmlrtf and \htmlrtf0: made up for readers of rich text
    fallback: int = 1  # \uc: how many characters stand in for a \u


def read_rtf(octets: bytes) -> RichText:
    """The HTML or the words in rich text; both empty where it is none."""
    octets = octets[:MAX_BYTES]
    if octets.lstrip()[:5] != rb"{\rtf":
        return RichText()
    head = octets[:2_000]
    from_html = rb"\fromhtml" in head
    page = re.search(rb"\\ansicpg(\d{1,6})", head)
    text = _Reader(codec_of(int(page[1])) if page else "cp1252", from_html=from_html).read(octets)
    return RichText(html=text) if from_html else RichText(text=text.strip("\n"))


class _Reader:
    """One pass over the tokens."""

    def __init__(self, codec: str, *, from_html: bool) -> None:
        self.codec, self.from_html = codec, from_html
        self.out: list[str] = []
        self.octets = bytearray()  # characters of the code page that are not decoded yet: they may be halves
        self.state = _State()
        self.stack: list[_State] = []
        self.skip = 0  # characters still to be left out after a \u
        self.fresh = False  # right after the start of a group
        self.starred = False  # after \*: a destination one may not know

    def read(self, octets: bytes) -> str:
        for match in _TOKEN.finditer(octets):
            word, number, pair, sign, brace, text = match.groups()
            if brace is not None:
                self._brace(brace)
                continue
            if word is not None:
                self._word(word, int(number) if number else None)
            elif pair is not None:
                self._octets(bytes((int(pair, 16),)))
            elif sign is not None:
                self._sign(sign)
            elif text is not None:
                self._octets(text)
            self.fresh = self.fresh and sign == b"*"
        self._flush()
        # A character beyond the first 65,536 is written as two halves.
        return "".join(self.out).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _brace(self, brace: bytes) -> None:
        self.skip = 0
        if brace == b"{":
            if len(self.stack) < _MOST_DEPTH:
                self.stack.append(self.state)
            self.fresh = True
        else:
            self.state = self.stack.pop() if self.stack else _State()
            self.fresh = False
        self.starred = False

    def _word(self, word: bytes, number: int | None) -> None:
        starred, self.starred = self.starred, False
        if self.fresh and word == b"htmltag":
            self.state = self.state._replace(tag=True, skipped=False)
        elif self.fresh and (word in _NOT_SHOWN or starred):
            self.state = self.state._replace(skipped=True)
        elif word == b"htmlrtf":
            self.state = self.state._replace(rtf_only=number != 0)
        elif word == b"uc":
            self.state = self.state._replace(fallback=min(max(number or 0, 0), 8))
        elif word == b"u" and number is not None:
            code = number % 65536
            self._write(chr(code))
            self.skip = self.state.fallback
        elif word in _SIGNS:
            self._write(_SIGNS[word])

    def _sign(self, sign: bytes) -> None:
        if sign == b"*":
            self.starred = self.fresh
        elif sign == b"~":
            self._write("\u00a0")
        elif sign in (b"{", b"}", b"\\"):
            self._octets(sign)
        elif sign in (b"\r", b"\n"):
            self._write("\n")

    def _is_shown(self) -> bool:
        return not self.state.skipped and not (self.from_html and self.state.rtf_only and not self.state.tag)

    def _octets(self, octets: bytes) -> None:
        if self.skip:
            gone = min(self.skip, len(octets))
            self.skip -= gone
            octets = octets[gone:]
        if octets and self._is_shown():
            self.octets += octets

    def _write(self, text: str) -> None:
        if self._is_shown():
            self._flush()
            self.out.append(text)

    def _flush(self) -> None:
        if self.octets:
            self.out.append(self.octets.decode(self.codec, "replace"))
            self.octets.clear()
