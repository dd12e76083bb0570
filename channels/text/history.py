# SPDX-License-Identifier: Apache-2.0
"""Where quoted history begins: attribution lines, header blocks, dividers. Each question is about a few short lines."""

from __future__ import annotations

import re

from channels.text import phrases

__all__ = [
    "attribution_start", "header_fields", "header_lines", "is_forward_mark", "is_header_block", "is_original_mark",
    "is_quoted",
]  # fmt: skip

_WROTE = re.compile(rf"(?i)(?<!\w)(?:{phrases.WROTE})(?!\w)")
_ON = re.compile(rf"(?i)(?:{phrases.ON})[.,]?(?:\s|\d)")
_LOWER = re.compile(r"[a-zß-öø-ÿ]")
_EVIDENCE = re.compile(r"\d|@")
_STRONG = re.compile(r"\d{1,4}.{0,40}\d{1,2}[:.h]\d{2}|\d{4}|\d{1,2}[./-]\d{1,2}|@")
_DATED_SENDER = re.compile(
    r"\W{0,3}\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\W.{0,120}[<(\[][^<>@\s]{1,64}@[^<>\s]{1,200}[>)\]]\s*[:：]\Z"
)
# A year, a time and an address before the colon are enough, whatever stands between: "3 June 2024, 10:15 from ..."
_STAMPED_SENDER = re.compile(
    r".{0,60}\b(?:19|20)\d\d\b.{0,40}\d{1,2}[:.]\d{2}.{0,100}[<(\[][^<>@\s]{1,64}@[^<>\s]{1,200}[>)\]]\s*[:：]\Z"
)
_ORIGINAL = re.compile(rf"(?i)[-_*=\s>]{{0,60}}(?:{phrases.ORIGINAL_MARKS})\b[^-_*=:]{{0,80}}[-_*=\s:]{{0,60}}\Z")
_FORWARD = re.compile(rf"(?i)[-_*=\s>]{{0,60}}(?:{phrases.FORWARD_MARKS})\b[^-_*=:]{{0,120}}[-_*=\s:]{{0,60}}\Z")
_LABEL = re.compile(
    rf"(?i)[*>\s_]{{0,6}}(?:(?P<sender>{phrases.LABEL_FROM})|(?P<sent>{phrases.LABEL_SENT})|(?P<date>{phrases.LABEL_DATE})"
    rf"|(?P<to>{phrases.LABEL_TO})|(?P<subject>{phrases.LABEL_SUBJECT})|(?P<cc>{phrases.LABEL_CC}))"
    r"[*\s]{0,4}[:：][*\s]*(?P<value>.*)"
)
_KINDS = ("sender", "sent", "date", "to", "subject", "cc")
_ADDRESS = re.compile(r"[<\[(](?:mailto:)?[^\s<>@]{1,64}@[^\s<>@]{1,200}[>\])]")
MOST_LINES = 4  # over which an attribution is wrapped
MOST_CHARS = 400


def is_quoted(head: str) -> bool:
    """Whether a stripped line is marked as quoted."""
    return head.startswith((">", "&gt;", "|>"))


def attribution_start(heads: list[str], end: int) -> int | None:
    """The first line of an attribution ("On ... wrote:") that ends in the line ``end``, or None if it is none.

    Args:
        heads: The lines, stripped and bounded in length.
        end: A line that ends with a colon, or one right above a quoted block.
    """
    if _is_stamped(heads[end]):
        return end
    if end and heads[end][:1] in "<(" and heads[end - 1] and _is_stamped(f"{heads[end - 1]} {heads[end]}"):
        return end - 1
    joined = ""
    weak: int | None = None
    strong: int | None = None
    for start in range(end, max(-1, end - MOST_LINES), -1):
        head = heads[start]
        if not head or is_quoted(head):
            break
        joined = f"{head} {joined}"
        if len(joined) > MOST_CHARS:
            break
        if not _WROTE.search(joined):
            continue
        if _ON.match(head) and _EVIDENCE.search(joined):
            return start
        if strong is None and _STRONG.search(joined) and (not _LOWER.match(head) or "@" in joined):
            strong = start
        elif strong is None and start == end and len(joined) <= 120 and _next_quoted(heads, end):
            weak = start
    return weak if strong is None else _name_above(heads, strong)


def _is_stamped(line: str) -> bool:
    return _DATED_SENDER.match(line) is not None or _STAMPED_SENDER.match(line) is not None


def _name_above(heads: list[str], start: int) -> int:
    """The line above, where an attribution was wrapped between the name and the address."""
    if start and heads[start][:1] in ("<", "(") and heads[start - 1] and not is_quoted(heads[start - 1]):
        return start - 1
    return start


def _next_quoted(heads: list[str], at: int) -> bool:
    return next((is_quoted(head) for head in heads[at + 1 : at + 4] if head), False)


def is_original_mark(head: str) -> bool:
    """Whether a line is a divider above an original message."""
    return len(head) < 160 and head[:1] in "-_*=>" and _ORIGINAL.match(head) is not None


def is_forward_mark(head: str) -> bool:
    """Whether a line is a divider above a forwarded message."""
    if len(head) >= 160 or not (head[:1] in "-_*=>" or head.endswith(":")):
        return False
    return _FORWARD.match(head) is not None


def is_header_block(heads: list[str], at: int) -> bool:
    """Whether the quoted header of an earlier message ("From: ... Sent: ... Subject: ...") begins at a line."""
    head = heads[at]
    if ":" not in head[:40] and "：" not in head[:40]:
        return False
    fields = header_fields(heads, at)
    if "sender" not in fields:
        return len(fields) >= 3 and "subject" in fields
    sender = fields["sender"]
    if len(fields) < 2:
        return _ADDRESS.search(sender) is not None
    # A traveller's "From: ... To: ... Date: ..." names neither an address nor a subject.
    return "subject" in fields or "sent" in fields or "@" in sender


def header_fields(heads: list[str], at: int) -> dict[str, str]:
    """The labelled values of a quoted header that begins at a line; {} if the line has no label.

    Keys: sender, sent, date, to, cc, subject. A value may run over to the next line.
    """
    return _read_header(heads, at)[0]


def header_lines(heads: list[str], at: int) -> int:
    """How many lines the quoted header takes that begins at a line."""
    return _read_header(heads, at)[1] - at


def _read_header(heads: list[str], at: int) -> tuple[dict[str, str], int]:
    """The labelled values, and the line after the last of them."""
    fields: dict[str, str] = {}
    last = ""
    end = at
    others = 0
    for place in range(at, min(at + 14, len(heads))):
        head = heads[place]
        match = _LABEL.match(head)
        if match is not None:
            kind = next(k for k in _KINDS if match[k] is not None)
            fields.setdefault(kind, match["value"].strip("* "))
            last, others, end = kind, 0, place + 1
            continue
        if not last:
            return {}, at
        others += 1
        if others > 1:
            break
        if head and not fields[last]:  # the value stands on a line of its own
            fields[last] = head
            end = place + 1
        elif head and (last in ("to", "cc", "sender") and "@" in head):
            end = place + 1
        elif head:
            break
    return fields, end
