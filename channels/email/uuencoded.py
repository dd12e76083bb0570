# SPDX-License-Identifier: Apache-2.0
"""Files that old programs write into the text itself: ``begin 644 name`` to ``end``. Broken ones stay text."""

from __future__ import annotations

import binascii
import re
from contextlib import suppress
from typing import NamedTuple

__all__ = ["UuFile", "decode_lines", "take_uuencoded"]

_BEGIN = re.compile(rb"^begin(?:-base64)? (0?[0-7]{3}) ([^\r\n]{1,200}?)[ \t]*\r?\n", re.MULTILINE)
_END = re.compile(rb"^(?:end|====)[ \t]*(?:\r?\n|\r?\Z)", re.MULTILINE)
_LINE = re.compile(rb"[ -`]{1,90}[ \t]*\Z")  # what uuencoding is made of
_MOST_FILES = 50


class UuFile(NamedTuple):
    """A file found in a text: its name in the text's own bytes, and its size."""

    name: bytes
    size: int


def take_uuencoded(octets: bytes) -> tuple[bytes, list[UuFile]]:
    """The text without the files in it, and the files."""
    kept: list[bytes] = []
    files: list[UuFile] = []
    at = 0
    end: re.Match[bytes] | None = None
    for _ in range(_MOST_FILES):
        begin = _BEGIN.search(octets, at)
        if begin is not None and (end is None or end.start() < begin.end()):  # one end may be far behind many begins
            end = _END.search(octets, begin.end())
        if begin is None or end is None:
            break
        if octets.startswith(b"-", begin.start() + 5):
            size = _base64_size(octets[begin.end() : end.start()])
        else:
            size = _size(octets, begin.end(), end.start())
        if size is None:
            kept.append(octets[at : begin.end()])
            at = begin.end()
            continue
        kept.append(octets[at : begin.start()])
        files.append(UuFile(begin[2], size))
        at = end.end()
    return b"".join((*kept, octets[at:])) if files else octets, files


def _base64_size(body: bytes) -> int | None:
    """The decoded size; None if the lines are no encoded file."""
    try:
        return len(binascii.a2b_base64(body.translate(None, b"\r\n"), strict_mode=True))
    except binascii.Error:
        return None


def _size(body: bytes, start: int, stop: int) -> int | None:
    """The decoded size; None if the lines are no encoded file."""
    size, at = 0, start
    while at < stop:
        line_end = body.find(b"\n", at, stop)
        line_end = stop if line_end < 0 else line_end
        line = body[at:line_end].rstrip(b"\r")
        at = line_end + 1
        if not line:
            continue
        count = (line[0] - 32) & 63
        # A line holds four characters for three bytes; blanks at its end may have been lost on the way.
        if not _LINE.match(line) or len(line.rstrip()) > 1 + (count + 2) // 3 * 4 + 2:
            return None
        size += count
    return size or None


def decode_lines(body: bytes) -> bytes:
    """Decode uuencoded lines, with or without ``begin``; lines that are none are skipped."""
    begin = _BEGIN.search(body)
    out = bytearray()  # and no list of lines: a file may be as large as a mail can be
    at = begin.end() if begin else 0
    while at < len(body):
        line_end = body.find(b"\n", at)
        line_end = len(body) if line_end < 0 else line_end
        line = body[at:line_end].rstrip(b"\r")
        at = line_end + 1
        if line.strip() == b"end":
            break
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            # Some encoders count wrongly: take as many characters as the first one promises (as the stdlib does).
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            with suppress(binascii.Error):
                out += binascii.a2b_uu(line[:wanted])
    return bytes(out)
