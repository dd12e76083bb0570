# SPDX-License-Identifier: Apache-2.0
"""What a calendar part says (RFC 5545, RFC 5546), in words for the agent: an invitation, a cancellation, an answer."""

from __future__ import annotations

import re

__all__ = ["calendar_note"]

_FOLD = re.compile(r"\r?\n[ \t]")
_FIELD = re.compile(r"(?im)^(METHOD|SUMMARY|DTSTART|PARTSTAT)(?:;[^:\r\n]{0,200})?:([^\r\n]{0,300})")
_PARTSTAT = re.compile(r"(?i)^ATTENDEE[^\r\n]{0,300};PARTSTAT=([A-Z-]{1,20})", re.MULTILINE)
_WHAT = {"request": "an invitation", "publish": "an event", "cancel": "a cancelled event", "reply": "an answer to an "
         "invitation", "counter": "another time is proposed", "refresh": "a question for the latest state"}  # fmt: skip
_ANSWERS = {"accepted": "accepted", "declined": "declined", "tentative": "perhaps", "delegated": "delegated"}
_MOST_CHARS = 20_000


def calendar_note(text: str) -> str:
    """The note of a calendar part; names its title where it has one."""
    text = _FOLD.sub("", text[:_MOST_CHARS])
    start = text.upper().find("BEGIN:VEVENT")  # time zones have dates of their own
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(text):
        name = match[1].lower()
        if name == "method" or match.start() > start:
            fields.setdefault(name, match[2].strip())
    method = fields.get("method", "").lower()
    parts = [_WHAT.get(method, "")]
    if method == "reply" and (answer := _PARTSTAT.search(text)) and (word := _ANSWERS.get(answer[1].lower())):
        parts[0] += f" ({word})"
    if title := _unescaped(fields.get("summary", ""))[:200]:
        parts.append(f'"{title}"')
    said = " ".join(filter(None, parts))
    return f"calendar entry: {said}" if said else "calendar entry"


def _unescaped(text: str) -> str:
    return " ".join(re.sub(r"\\([,;\\nN])", lambda m: " " if m[1] in "nN" else m[1], text).split())
