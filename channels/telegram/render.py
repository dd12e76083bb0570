# SPDX-License-Identifier: Apache-2.0
"""From a reply to the arguments of sendMessage; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from router.errors import PermanentError
from router.schema import Reply

__all__ = ["MAX_UTF16_UNITS", "Outgoing", "render", "utf16_units"]

MAX_UTF16_UNITS = 4096  # Bot API, sendMessage: "1-4096 characters after entities parsing", counted in UTF-16

_CONVERSATION = re.compile(r"(-?\d{1,20})(?:#(\d{1,20}))?(?:@(.+))?", re.DOTALL)
_NATIVE = re.compile(r"(-?\d{1,20})/(\d{1,20})(?:/.*)?", re.DOTALL)


@dataclass(frozen=True)
class Outgoing:
    """One message as Telegram wants it."""

    chat_id: int
    text: str
    answered: int | None = None
    topic: int | None = None
    business_connection: str | None = None


def utf16_units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def render(reply: Reply) -> Outgoing:
    """Fit one reply into the chat it belongs to.

    Raises:
        PermanentError: The reply names no chat, is empty, or is longer than Telegram takes.
    """
    answered = _NATIVE.fullmatch(reply.in_reply_to_native)
    chat = _CONVERSATION.fullmatch(reply.conversation or (answered[1] if answered else reply.to.id))
    if chat is None:
        raise PermanentError(f"reply {reply.id} names no Telegram chat; known is only where a chat began")
    if chat[1].startswith("-") and reply.visibility != "public":  # ids of groups and channels are negative
        raise PermanentError(f"reply {reply.id} is private, but its case came from a group that everybody in it reads")
    if not reply.text.strip():
        raise PermanentError(f"reply {reply.id} is empty; Telegram takes no empty message")
    if (length := utf16_units(reply.text)) > MAX_UTF16_UNITS:
        raise PermanentError(
            f"reply {reply.id} has {length} characters as Telegram counts; the limit is {MAX_UTF16_UNITS}: shorten it"
        )
    return Outgoing(
        chat_id=int(chat[1]),
        text=reply.text,
        answered=int(answered[2]) if answered and answered[1] == chat[1] else None,
        topic=int(chat[2]) if chat[2] else None,
        business_connection=chat[3],
    )
