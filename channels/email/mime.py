# SPDX-License-Identifier: Apache-2.0
"""The tree of a mail's parts as places in its bytes; nothing is copied or decoded here.

Our own reader instead of ``email.parser``: it stops at the limits, needs no recursion over lines, and is several times
faster. It is as forgiving: a boundary that is missing, unquoted, unclosed or used twice still gives parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from channels.email.headers import Headers, parse_parameters, read_headers
from channels.email.limits import DEFAULT
from channels.email.parameters import parameter
from channels.email.transfer import as_base64, as_quoted_printable, encoding_name
from channels.email.uuencoded import decode_lines
from router.content import ReadLimits

__all__ = ["Part", "read_tree"]

_TYPE = re.compile(r"[a-z0-9!#$&^_.+*'-]+/[a-z0-9!#$&^_.+*'-]+\Z")
_FIRST_DELIMITER = re.compile(rb"^--([^\s-][^\r\n]{0,199}?)[ \t]*\r?$", re.MULTILINE)
_NOT_DIGITS = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"))
_PIECEWISE = ("boundary", "charset", "report-type", "protocol", "smime-type")  # parameters that decide how to read on
_CHUNK = 1 << 20
_LONGEST_TAIL = 1_000  # of a delimiter line after its boundary
_GUESS_BYTES = 20_000
_MOST_WRONG = 20_000  # lines of one mail that begin like a delimiter and are none


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
            return as_base64(body, text=self.main == "text")
        if self.encoding == "quoted-printable":
            return as_quoted_printable(body)
        if self.encoding in _UU:
            return decode_lines(body)
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


def read_tree(raw: bytes, limits: ReadLimits = DEFAULT, path: str = "") -> tuple[Part, list[str]]:
    """Read the whole mail, or one that was found inside another at ``path``.

    Returns:
        The root part, and notes of what was repaired or left out.
    """
    start = 0
    while raw[start : start + 1] in (b"\n", b"\r", b" ", b"\t") and start < len(raw):
        start += 1
    notes: list[str] = []
    if start and b"\n" in raw[:start]:
        notes.append("blank lines before the header were skipped")
    headers, body = read_headers(raw, start if b"\n" in raw[:start] else 0, len(raw), limits)
    root = Part(raw, headers, body, len(raw), path)
    reader = _TreeReader(notes, limits)
    reader.fill(root, depth=0, default="text/plain")
    notes += headers.notes
    if not root.children:
        root.path = path or "1"
    return root, notes


class _TreeReader:
    """Counts the parts of one mail while its tree is read."""

    def __init__(self, notes: list[str], limits: ReadLimits) -> None:
        self.notes, self.limits = notes, limits
        self.parts = 1
        self.patience = _MOST_WRONG

    def fill(self, part: Part, *, depth: int, default: str) -> None:
        """Read the type of a part, and its children if it has any."""
        _read_type(part, default)
        if part.main != "multipart":
            return
        if depth >= self.limits.depth:
            self._note(f"parts nested deeper than {self.limits.depth} were not opened")
            part.content_type = "application/octet-stream"
            return
        boundary = part.params.get("boundary", "").encode("utf-8", "surrogateescape").rstrip()
        ranges = self._split(part, boundary) if boundary else []
        if not ranges:
            ranges = self._guess(part)
        if not ranges:
            self._note("a multipart without any part was read as text")
            part.content_type = "text/plain"
            return
        inner = "message/rfc822" if part.sub == "digest" else "text/plain"
        for number, (start, end) in enumerate(ranges, 1):
            if self.parts >= self.limits.parts:
                self._note(f"more than {self.limits.parts} parts; the rest was not read")
                break
            self.parts += 1
            headers, body = read_headers(part.raw, start, end, self.limits)
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
        if not followed.startswith(b"content-") and part.raw.find(b"--" + boundary + b"--", match.end(), part.end) < 0:
            return []
        self._note("the boundary was missing or wrong; the one found in the body was used")
        return self._split(part, boundary)

    def _split(self, part: Part, boundary: bytes) -> list[tuple[int, int]]:
        ranges, wrong = _split(part, boundary, self.limits.parts - self.parts, self.patience)
        self.patience -= wrong
        if self.patience < 0:
            self._note("too many lines look like boundaries; what follows them was read as one part")
        return ranges

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


def _split(part: Part, boundary: bytes, most: int, patience: int) -> tuple[list[tuple[int, int]], int]:
    """Where the children lie: between the delimiter lines (RFC 2046 section 5.1.1), at most ``most`` + 1 of them.

    Returns:
        The places, and how many lines only began like a delimiter; at more than ``patience`` of them it stops.
    """
    raw, end = part.raw, part.end
    delimiter = b"--" + boundary
    ranges: list[tuple[int, int]] = []
    opened = -1
    wrong = 0
    at = part.start
    while len(ranges) <= most and wrong <= patience:
        if at > part.start or not raw.startswith(delimiter, at, end):
            at = raw.find(b"\n" + delimiter, max(at - 1, part.start), end) + 1
            if at == 0:
                break
        after = at + len(delimiter)
        window = min(end, after + _LONGEST_TAIL)
        line_end = raw.find(b"\n", after, window)
        line_end = window if line_end < 0 else line_end
        tail = raw[after:line_end]
        closes = tail[:2] == b"--"
        if tail.strip() and not closes:
            wrong += 1
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
    return ranges, wrong


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
    if any("*" in name for name in part.params):
        for name in _PIECEWISE:
            if name not in part.params and (text := parameter(part.params, name, "utf-8")):
                part.params[name] = text
    for value in part.headers.all("content-disposition"):
        kind, params = parse_parameters(value.decode("utf-8", "surrogateescape"))
        part.disposition = part.disposition or kind
        for name, text in params.items():
            part.disposition_params.setdefault(name, text)
    encoding = encoding_name(part.headers.ascii("content-transfer-encoding"))
    # RFC 2046 section 5.2.1 forbids encoding a multipart; where it is claimed all the same, it is not true.
    part.encoding = "" if part.main == "multipart" else encoding
