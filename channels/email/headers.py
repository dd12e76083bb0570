# SPDX-License-Identifier: Apache-2.0
"""A block of header fields: found, unfolded and bounded before anything in it is decoded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from channels.email.encoded import decode_header, decode_words, one_line
from channels.email.limits import DEFAULT
from router.content import ReadLimits

__all__ = ["Headers", "message_ids", "parse_parameters", "read_headers"]

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*")
# A line that is no field ends the block, unless one of these follows it: then it is a stray line inside the block.
_RESUMES = re.compile(
    rb"(?i)(received|from|to|cc|subject|date|message-id|mime-version|content-[a-z-]+|return-path|reply-to|x-[\w-]+"
    rb"|in-reply-to|references|delivered-to|dkim-signature|list-[a-z]+|sender)[ \t]*:"
)
_UNFOLDED = re.compile(rb"\n(?![ \t])")  # the end of a field
_BLANK = re.compile(rb"\n\r?\n")
_MOST_STRAYS = 50
_MOST_FOLDS = 20_000  # folded lines of one block
_MOST_ID_FIELDS = 8
_ID = re.compile(r"<([^<>]{1,1000})>")


@dataclass(slots=True)
class Headers:
    """The fields of one block, in order; names in lower case, values unfolded and not decoded."""

    fields: list[tuple[str, bytes]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def get(self, name: str) -> bytes | None:
        """The first value of a field, or None."""
        for key, value in self.fields:
            if key == name:
                return value
        return None

    def all(self, name: str) -> list[bytes]:
        """Every value of a field, in order."""
        return [value for key, value in self.fields if key == name]

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.fields)

    def ascii(self, name: str) -> str:
        """The first value as bare text, other bytes as U+FFFD; "" if the field is absent."""
        value = self.get(name)
        return value.decode("ascii", "replace").strip() if value else ""

    def text(self, name: str, *, fallback: str = "utf-8") -> str:
        """The first value that says something as a person reads it; "" if there is none."""
        for value in self.all(name):
            if value.strip():
                return decode_header(value, fallback=fallback)
        return ""


def read_headers(raw: bytes, start: int, end: int, limits: ReadLimits = DEFAULT) -> tuple[Headers, int]:
    """Read the header block that begins at ``start``.

    Returns:
        The headers, and where the body begins. Beyond ``limits.headers`` fields the rest of the block is skipped.
    """
    headers = Headers()
    fields, most = headers.fields, limits.header_bytes
    at = start
    value: bytearray | None = None
    strays = folds = 0
    while at < end:
        line_end = raw.find(b"\n", at, end)
        line_end = end if line_end < 0 else line_end
        after = min(line_end + 1, end)
        first = raw[at : at + 1]
        if first in (b"\n", b"\r") and not raw[at:line_end].strip(b"\r"):
            at = after
            break
        if first in (b" ", b"\t") and value is not None:
            room = most - len(value)
            folds += 1
            if room <= 0 or folds > _MOST_FOLDS:
                unfolded = _UNFOLDED.search(raw, at, end)
                at = unfolded.end() if unfolded else end
                continue
            if more := raw[at : min(line_end, at + room)].strip():
                value += b" " + more if value else more  # a fold of any width reads as one space
            at = after
            continue
        match = _FIELD.match(raw, at, line_end)
        if match is None:
            strays += 1
            if strays > _MOST_STRAYS or not _stray(raw, at, after, end):
                break
            headers.notes.append("a line that is no header field was skipped")
            at = after
            continue
        if value is not None:
            fields[-1] = (fields[-1][0], bytes(value))
        value = None
        if len(fields) < limits.headers:
            value = bytearray(raw[match.end() : min(line_end, match.end() + most)].rstrip(b"\r"))
            fields.append((match[1].decode("ascii").lower(), b""))
        else:
            headers.notes.append(f"more than {limits.headers} header fields; the rest was not read")
            blank = _BLANK.search(raw, at, end)
            at = blank.end() if blank else end
            break
        at = after
    if value is not None:
        fields[-1] = (fields[-1][0], bytes(value))
    if folds > _MOST_FOLDS or any(len(item) >= most for _, item in fields):
        headers.notes.append(f"a header field was cut at {most} bytes")
    return headers, at


def _stray(raw: bytes, at: int, after: int, end: int) -> bool:
    """Whether the line at ``at`` is a stray line (an mbox "From " line, a lost fold) within the header block."""
    if raw.startswith((b"From ", b">From "), at):
        return True
    return _RESUMES.match(raw, after, end) is not None


def message_ids(values: list[bytes]) -> list[str]:
    """The identifiers in Message-ID, In-Reply-To or References fields, without angle brackets, white space removed."""
    found: list[str] = []
    if len(values) > _MOST_ID_FIELDS:  # the first and the latest are what threading needs
        values = values[: _MOST_ID_FIELDS // 2] + values[-_MOST_ID_FIELDS // 2 :]
    for value in values:
        text = decode_words(value.decode("utf-8", "replace"))
        ids = ["".join(i.split()) for i in _ID.findall(text)]
        if not ids:  # brackets forgotten: every word with an @ is meant
            ids = [word.strip("<>,;\"'") for word in text.split() if "@" in word] or text.split()[:1]
        found += [one_line(i).strip() for i in ids if i]
    return list(dict.fromkeys(found))


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """Split ``text/plain; charset=utf-8; name*0*=...`` into its value and parameters, RFC 2231 continuations raw.

    Names are in lower case. Quotes are removed; a quote that never ends runs to the end. The first of two equal names
    wins.
    """
    head, *rest = _split_quoted(value)
    params: dict[str, str] = {}
    for item in rest:
        name, sign, text = item.partition("=")
        name, text = name.strip().lower(), text.strip()
        if not sign or not name:
            continue
        if text[:1] == '"':
            text = _unquote(text)
        params.setdefault(name, text)
    return head.strip().strip("\"'").lower(), params


def _split_quoted(value: str) -> list[str]:
    """Split at semicolons outside quotes."""
    if '"' not in value:
        return value.split(";")
    items: list[str] = []
    quoted = False
    item: list[str] = []
    skip = False
    for char in value:
        if skip:
            skip = False
        elif quoted and char == "\\":
            skip = True
        elif char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            items.append("".join(item))
            item = []
            continue
        item.append(char)
    items.append("".join(item))
    return items


def _unquote(text: str) -> str:
    """The inside of a quoted string; a backslash before anything but a quote or itself is kept (Windows paths)."""
    end = 1
    while end < len(text) and text[end] != '"':
        end += 2 if text[end] == "\\" else 1
    inner = text[1:end]
    return re.sub(r'\\(["\\])', r"\1", inner) if "\\" in inner else inner
