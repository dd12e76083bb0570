# SPDX-License-Identifier: Apache-2.0
"""The tree of a mail's parts as places in its bytes; nothing is copied or decoded here.

Our own reader instead of ``email.parser``: it stops at the limits, needs no recursion over lines, and is several times
faster. It is as forgiving: a boundary that is missing, unquoted, unclosed or used twice still gives parts.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field

from channels.email.encoded import decode_base64
from channels.email.headers import Headers, parse_parameters, read_headers
from channels.email.limits import MAX_DEPTH, MAX_PARTS

__all__ = ["Part", "read_tree"]

_TYPE = re.compile(r"[a-z0-9!#$&^_.+*'-]+/[a-z0-9!#$&^_.+*'-]+\Z")
_FIRST_DELIMITER = re.compile(rb"^--([^\s-][^\r\n]{0,199}?)[ \t]*\r?$", re.MULTILINE)
_NOT_DIGITS = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"))
_CHUNK = 1 << 20
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\r\n]*\r?\n", re.MULTILINE)
_LONGEST_TAIL = 1_000  # of a delimiter line after its boundary
_GUESS_BYTES = 20_000


@dataclass(slots=True)
class Part:
    """One part: its headers, its type, and where its body lies in the mail's bytes."""

    raw: bytes = field(repr=False)
    headers: Headers
    start: int
    end: int
    path: str
    content_type: str = "text/plain"
    params: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    disposition_params: dict[str, str] = field(default_factory=dict)
    encoding: str = ""
    children: list[Part] = field(default_factory=list)

    @property
    def main(self) -> str:
        return self.content_type.partition("/")[0]

    @property
    def sub(self) -> str:
        return self.content_type.partition("/")[2]

    def body(self, most: int | None = None) -> bytes:
        """The bytes as they stand in the mail, at most so many."""
        return self.raw[self.start : self.end if most is None else min(self.end, self.start + most)]

    def decoded(self, most: int | None = None) -> bytes:
        """The bytes after transfer decoding, of at most so many encoded ones."""
        body = self.body(most)
        if self.encoding == "base64":
            return decode_base64(body)
        if self.encoding == "quoted-printable":
            return binascii.a2b_qp(body)
        if self.encoding in _UU:
            return _decode_uu(body)
        return body

    def size(self) -> int:
        """The number of bytes after transfer decoding, without decoding base64."""
        if self.encoding != "base64":
            return len(self.decoded())
        digits = 0
        for at in range(self.start, self.end, _CHUNK):  # in pieces: an attachment may be as large as a mail can be
            digits += len(self.raw[at : min(self.end, at + _CHUNK)].translate(None, _NOT_DIGITS))
        return digits // 4 * 3 + max(0, digits % 4 - 1)

    def walk(self) -> list[Part]:
        """This part and all below it, in the order of the mail."""
        found: list[Part] = []
        stack = [self]
        while stack:
            part = stack.pop()
            found.append(part)
            stack.extend(reversed(part.children))
        return found


_UU = ("x-uuencode", "uuencode", "x-uue", "uue")


def read_tree(raw: bytes) -> tuple[Part, list[str]]:
    """Read the whole mail.

    Returns:
        The root part, and notes of what was repaired or left out.
    """
    start = 0
    while raw[start : start + 1] in (b"\n", b"\r", b" ", b"\t") and start < len(raw):
        start += 1
    notes: list[str] = []
    if start and b"\n" in raw[:start]:
        notes.append("blank lines before the header were skipped")
    headers, body = read_headers(raw, start if b"\n" in raw[:start] else 0, len(raw))
    root = Part(raw, headers, body, len(raw), "")
    reader = _TreeReader(notes)
    reader.fill(root, depth=0, default="text/plain")
    notes += headers.notes
    if not root.children:
        root.path = "1"
    return root, notes


class _TreeReader:
    """Counts the parts of one mail while its tree is read."""

    def __init__(self, notes: list[str]) -> None:
        self.notes = notes
        self.parts = 1

    def fill(self, part: Part, *, depth: int, default: str) -> None:
        """Read the type of a part, and its children if it has any."""
        _read_type(part, default)
        if part.main != "multipart":
            return
        if depth >= MAX_DEPTH:
            self._note(f"parts nested deeper than {MAX_DEPTH} were not opened")
            part.content_type = "application/octet-stream"
            return
        boundary = part.params.get("boundary", "").encode("utf-8", "surrogateescape").rstrip()
        ranges = _split(part, boundary, MAX_PARTS - self.parts) if boundary else []
        if not ranges:
            ranges = self._guess(part)
        if not ranges:
            self._note("a multipart without any part was read as text")
            part.content_type = "text/plain"
            return
        inner = "message/rfc822" if part.sub == "digest" else "text/plain"
        for number, (start, end) in enumerate(ranges, 1):
            if self.parts >= MAX_PARTS:
                self._note(f"more than {MAX_PARTS} parts; the rest was not read")
                break
            self.parts += 1
            headers, body = read_headers(part.raw, start, end)
            path = f"{part.path}.{number}" if part.path else str(number)
            child = Part(part.raw, headers, min(body, end), end, path)
            part.children.append(child)
            self.fill(child, depth=depth + 1, default=inner)

    def _guess(self, part: Part) -> list[tuple[int, int]]:
        """Parts by the first line that looks like a delimiter, where the declared boundary is absent or wrong."""
        match = _FIRST_DELIMITER.search(part.raw, part.start, min(part.end, part.start + _GUESS_BYTES))
        if match is None or (match.start() > part.start and part.raw[match.start() - 1 : match.start()] != b"\n"):
            return []
        boundary = match[1].removesuffix(b"--").rstrip()
        followed = part.raw[match.end() : match.end() + 300].lstrip().lower()
        if not followed.startswith(b"content-") and part.raw.find(b"--" + boundary + b"--", match.end()) < 0:
            return []
        self._note("the boundary was missing or wrong; the one found in the body was used")
        return _split(part, boundary, MAX_PARTS - self.parts)

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


def _split(part: Part, boundary: bytes, most: int) -> list[tuple[int, int]]:
    """Where the children lie: between the delimiter lines (RFC 2046 section 5.1.1), at most ``most`` + 1 of them."""
    raw, end = part.raw, part.end
    delimiter = b"--" + boundary
    ranges: list[tuple[int, int]] = []
    opened = -1
    at = part.start
    while len(ranges) <= most:
        at = raw.find(delimiter, at, end)
        if at < 0:
            break
        after = at + len(delimiter)
        if at > part.start and raw[at - 1 : at] != b"\n":
            at = after
            continue
        window = min(end, after + _LONGEST_TAIL)
        line_end = raw.find(b"\n", after, window)
        line_end = window if line_end < 0 else line_end
        tail = raw[after:line_end]
        closes = tail[:2] == b"--"
        if tail.strip() and not closes:
            at = after
            continue
        if opened >= 0:
            ranges.append((opened, _before_line(raw, opened, at)))
            opened = -1
        at = min(line_end + 1, end)
        if closes:
            break
        opened = at
    if opened >= 0 and len(ranges) <= most:
        ranges.append((opened, end))
    return ranges


def _before_line(raw: bytes, start: int, at: int) -> int:
    """The end of a child: the line end before a delimiter belongs to the delimiter."""
    if at > start and raw[at - 1 : at] == b"\n":
        at -= 1
        if at > start and raw[at - 1 : at] == b"\r":
            at -= 1
    return at


def _read_type(part: Part, default: str) -> None:
    """Fill in content type, disposition and transfer encoding from the headers."""
    part.content_type = default
    for value in part.headers.all("content-type"):
        kind, params = parse_parameters(value.decode("utf-8", "surrogateescape"))
        for name, text in params.items():
            part.params.setdefault(name, text)
        kind = "text/plain" if kind == "text" else kind
        if _TYPE.match(kind):
            part.content_type = kind
            break
    for value in part.headers.all("content-disposition"):
        kind, params = parse_parameters(value.decode("utf-8", "surrogateescape"))
        part.disposition = part.disposition or kind
        for name, text in params.items():
            part.disposition_params.setdefault(name, text)
    encoding = part.headers.ascii("content-transfer-encoding").partition(";")[0].strip().strip("\"'").lower()
    # RFC 2046 section 5.2.1 forbids encoding a multipart; where it is claimed all the same, it is not true.
    part.encoding = "" if part.main == "multipart" else encoding


def _decode_uu(body: bytes) -> bytes:
    """Decode uuencoded lines; lines that are none are skipped."""
    begin = _UU_BEGIN.search(body)
    out: list[bytes] = []
    for line in body[begin.end() if begin else 0 :].splitlines():
        if line.strip() == b"end":
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some encoders count wrongly: take as many characters as the first one promises (as the stdlib does).
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                out.append(binascii.a2b_uu(line[:wanted]))
            except binascii.Error:
                continue
    return b"".join(out)
