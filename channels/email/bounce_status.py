# SPDX-License-Identifier: Apache-2.0
"""The machine-readable parts of reports: delivery status (RFC 3464), read receipts (RFC 8098), feedback (RFC 5965)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

from channels.email.bounce_words import REASON_CHARS, is_permanent
from channels.email.encoded import decode_header, one_line
from channels.email.mime import Part
from router.schema import DeliveryReport

__all__ = ["read_delivery_status", "read_feedback", "read_receipt"]

Action: TypeAlias = Literal["failed", "delayed", "delivered", "relayed", "expanded", "read", ""]

MAX_RECIPIENTS = 100  # of one report; the raw mail holds the rest
_LOOKED_AT = 64_000  # bytes of one report part
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60})[ \t]{0,8}:(.*)")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_ID = re.compile(r"<([^<>\s]{1,500})>")
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_ACTIONS: dict[str, Action] = {word: word for word in get_args(Action)[:5]} | {
    "fail": "failed", "failure": "failed", "bounced": "failed", "delay": "delayed", "delivery": "delivered",
}  # fmt: skip


def read_delivery_status(part: Part) -> list[DeliveryReport]:
    """One report for each recipient that a message/delivery-status part names; at least one, empty if it says nothing.

    What the part says of the whole message (its envelope id) stands in each of them.
    """
    groups = _groups(part)
    whole = {name: value for group in groups for name, value in group.items() if name in _OF_THE_MESSAGE}
    found = [_recipient(group, whole) for group in groups if not _OF_A_RECIPIENT.isdisjoint(group)]
    return found[:MAX_RECIPIENTS] or [_recipient({}, whole)]


_OF_THE_MESSAGE = frozenset(("original-envelope-id", "x-original-message-id"))
_OF_A_RECIPIENT = frozenset(("original-recipient", "final-recipient", "action", "status", "diagnostic-code"))


def _recipient(group: dict[str, str], whole: dict[str, str]) -> DeliveryReport:
    action = _ACTIONS.get(re.split(r"[\s;(]", group.get("action", "").lower(), maxsplit=1)[0], "")
    diagnostic = group.get("diagnostic-code", "")
    match = _STATUS.search(group.get("status", "")) or _STATUS.search(diagnostic[:200])
    status = match[0] if match else ""
    reason = one_line(re.sub(r"(?i)^\s*(?:smtp|x-[\w-]+|unix)\s*;\s*", "", diagnostic)).strip()[:REASON_CHARS]
    return DeliveryReport(
        action=action,
        permanent=is_permanent(action, status, reason),
        recipient=_address(group.get("original-recipient", "")) or _address(group.get("final-recipient", "")),
        status=status,
        reason=reason,
        message_id=_first_id(whole.get("x-original-message-id", "")),
        envelope_id=one_line(whole.get("original-envelope-id", ""))[:200],
    )


def read_receipt(part: Part) -> DeliveryReport:
    """What a message/disposition-notification part says: that it was read, or what else became of it."""
    fields = _all_fields(part)
    disposition = fields.get("disposition", "").rpartition(";")[2].partition("/")[0].strip().lower()
    return DeliveryReport(
        action="read" if disposition == "displayed" else "",
        recipient=_address(fields.get("final-recipient", "")) or _address(fields.get("original-recipient", "")),
        reason="" if disposition in ("displayed", "") else f"disposition: {one_line(disposition)[:60]}",
        message_id=_first_id(fields.get("original-message-id", "")),
    )


def read_feedback(part: Part) -> DeliveryReport:
    """What a message/feedback-report part says: somebody's provider reports a mail of ours as unwanted."""
    fields = _all_fields(part)
    kind = one_line(fields.get("feedback-type", "")).strip()[:60] or "not said"
    return DeliveryReport(
        recipient=_address(fields.get("original-rcpt-to", "")),
        reason=f"feedback: {kind}",
        envelope_id=one_line(fields.get("original-envelope-id", ""))[:200],
    )


def _all_fields(part: Part) -> dict[str, str]:
    merged: dict[str, str] = {}
    for group in _groups(part):
        for name, value in group.items():
            merged.setdefault(name, value)
    return merged


def _groups(part: Part) -> list[dict[str, str]]:
    """The blocks of fields, unfolded, the first of equal names taken; quote marks and indents of relays forgiven."""
    groups: list[dict[str, str]] = [{}]
    last = ""
    for line in _lines(part.decoded(_LOOKED_AT)):
        bare = line.strip()
        match = _FIELD.match(bare)
        if not bare:
            if groups[-1]:
                groups.append({})
            last = ""
        elif line[:1] in " \t" and last and not (match and match[1].lower() in _KNOWN):
            groups[-1][last] += f" {bare}"
        elif match:
            last = match[1].lower()
            if last in groups[-1] and last in _STARTS:  # blocks without a blank line between them
                groups.append({})
            groups[-1].setdefault(last, match[2].strip())
    return groups


_KNOWN = _OF_THE_MESSAGE | _OF_A_RECIPIENT | {"reporting-mta", "arrival-date", "remote-mta", "last-attempt-date"}
_STARTS = frozenset(("original-recipient", "final-recipient"))


def _lines(octets: bytes) -> Iterable[str]:
    return octets.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _address(value: str) -> str:
    """The address of a typed recipient such as ``rfc822; <jane@example.com>``; "" for "unknown" and the like."""
    kind, sign, rest = value.partition(";")
    address = (rest if sign else kind).strip().strip("<>\"' ")
    if "utf-8" in kind.lower() and "\\x{" in address:  # RFC 6533 section 3
        address = _ESCAPED.sub(lambda m: chr(int(m[1], 16)) if int(m[1], 16) < 0x110000 else "\ufffd", address)
    if "=?" in address:
        address = decode_header(address.encode("utf-8", "replace"))
    # Some relays hand on the encoded form of ORCPT (RFC 3461 section 4); only these two are ever escaped in addresses.
    address = one_line(address.replace("+2B", "+").replace("+3D", "=")).strip()
    return "" if address.lower() == "unknown" else address[:300]


def _first_id(value: str) -> str:
    match = _ID.search(value)
    return match[1] if match else value.strip()[:500] if "@" in value and " " not in value.strip() else ""
