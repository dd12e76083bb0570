# SPDX-License-Identifier: Apache-2.0
"""What we accept as one mail address when we put it on the wire. Strict on purpose: nothing is parsed or repaired."""

from __future__ import annotations

import re

__all__ = ["domain_of", "is_address", "is_allowed", "is_message_id"]

# RFC 5321 section 4.1.2 dot-string, widened by RFC 6531 to letters beyond ASCII; no quoted strings, no comments.
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_LABEL = re.compile(r"[^\W_]([\w-]{0,61}[^\W_])?")
_MESSAGE_ID = re.compile(r"[!-;=?-~]{1,900}")  # printable ASCII without space and angle brackets


def is_address(text: str) -> bool:
    """Whether ``text`` is exactly one plain address: no name, no brackets, no list, no control character."""
    local, at, domain = text.rpartition("@")
    if not at or len(text) > 254 or len(local.encode()) > 64:
        return False
    return bool(_LOCAL.fullmatch(local)) and all(_LABEL.fullmatch(label) for label in domain.split("."))


def domain_of(address: str) -> str:
    return address.rpartition("@")[2]


def is_message_id(text: str) -> bool:
    """Whether ``text``, without angle brackets, can stand in an identification header without changing its meaning."""
    return bool(_MESSAGE_ID.fullmatch(text))


def is_allowed(address: str, accepted: tuple[str, ...]) -> bool:
    """Whether mail for ``address`` is taken: exact, with anything after a plus, or by domain."""
    address = address.casefold()
    local, _, domain = address.rpartition("@")
    plain = f"{local.partition('+')[0]}@{domain}"
    return address in accepted or plain in accepted or f"@{domain}" in accepted
