# SPDX-License-Identifier: Apache-2.0
"""Forwarded mail: whether a message hands on another, and who wrote that other one."""

from __future__ import annotations

import re

from channels.email.addresses import read_addresses
from channels.email.headers import read_headers
from channels.email.mime import Part
from channels.text.history import header_fields, is_forward_mark, is_header_block
from channels.text.phrases import FORWARD_PREFIX
from router.schema import Party

__all__ = ["is_forward", "original_sender"]

_SUBJECT = re.compile(rf"(?i)\s*\[?(?:{FORWARD_PREFIX})\s*(?:\[\d\])?\s*:")
MAX_LINES = 400
MAX_LINE = 500


def is_forward(subject: str, text: str) -> bool:
    """Whether the message hands on another one: by its subject, or by a forwarding divider that nothing precedes."""
    if _SUBJECT.match(subject):
        return True
    for line in text[:4_000].split("\n"):
        head = line.strip()
        if head:
            return is_forward_mark(head)
    return False


def original_sender(text: str, attached: list[Part], *, forward: bool) -> Party | None:
    """Who wrote the forwarded message, where that is clear: the header in the text, else the one attached message."""
    if not forward:
        return None
    heads = [line[:MAX_LINE].strip() for line in text.split("\n", MAX_LINES)[:MAX_LINES]]
    for at, head in enumerate(heads):
        if ":" in head and is_header_block(heads, at):
            return _party(header_fields(heads, at).get("sender", "").encode())
    messages = [part for part in attached if part.content_type in ("message/rfc822", "message/global")]
    if len(messages) == 1:
        part = messages[0]
        octets = part.decoded(64 * 1024)
        headers, _ = read_headers(octets, 0, len(octets))
        return _party(headers.get("from") or b"")
    return None


def _party(value: bytes) -> Party | None:
    mailboxes, _ = read_addresses([value.replace(b"[mailto:", b"<").replace(b"]", b">")])
    for mailbox in mailboxes:
        if "@" in mailbox.address:
            return Party(address=mailbox.address, name=mailbox.name)
    return None
