# SPDX-License-Identifier: Apache-2.0
"""What an attack is: a row of the catalogue, bytes, and what must become of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from router.schema import InboundMessage

__all__ = ["Attack", "Holds", "Word", "mail"]

Word: TypeAlias = Literal["case", "case-", "quarantine", "nothing"]
Holds: TypeAlias = Callable[[InboundMessage], bool]

HEAD = b"From: Anna Example <anna@example.org>\r\nTo: support@example.com\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n"


@dataclass(frozen=True)
class Attack:
    """``word`` is what becomes of it: an ordinary case, a case with something said about it (a note or a flag),
    quarantine (refused for good), or nothing (it holds no message). ``holds`` is true of every message read."""

    row: int
    name: str
    make: Callable[[], bytes]
    word: Word | tuple[Word, ...] = "case-"
    holds: Holds = field(default=lambda _: True)
    channel: str = "email"
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.row:03}-{self.name.replace(' ', '-')}"

    @property
    def words(self) -> tuple[Word, ...]:
        return (self.word,) if isinstance(self.word, str) else self.word


def mail(*headers: str | bytes, body: str | bytes = b"The parcel never came.\r\n", subject: str = "Parcel") -> bytes:
    """An ordinary mail with more headers and another body."""
    lines = b"".join((h.encode() if isinstance(h, str) else h) + b"\r\n" for h in headers)
    content = body.encode() if isinstance(body, str) else body
    return HEAD + f"Subject: {subject}\r\n".encode() + lines + b"\r\n" + content
