# SPDX-License-Identifier: Apache-2.0
"""Splitting a text so that each piece fits a channel's limit, at the best place there is."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["split_text", "utf16_length"]

_BREAKS = ("\n\n", "\n", ". ", "! ", "? ", " ")
_JOINERS = "\u200d\ufe0e\ufe0f"


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, as Telegram and others count."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


def split_text(text: str, limit: int, *, measure: Callable[[str], int] = len) -> list[str]:
    """Cut a text into pieces that each measure at most ``limit``.

    Cuts at a paragraph, else a line, a sentence, a word, else between characters (never before a combining mark or
    inside a joined emoji where that can be avoided). Nothing but white space at the cuts is lost.

    Raises:
        ValueError: ``limit`` is below 1, or one character alone is longer than the limit.
    """
    if limit < 1:
        raise ValueError("limit must be at least 1")
    pieces: list[str] = []
    rest = text.strip()
    while rest:
        if measure(rest) <= limit:
            pieces.append(rest)
            break
        most = _longest_prefix(rest, limit, measure)
        cut = _best_break(rest, most)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return pieces


def _longest_prefix(text: str, limit: int, measure: Callable[[str], int]) -> int:
    """The most characters whose measure fits; found by halving."""
    low, high = 0, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    if low == 0:
        raise ValueError("one character is longer than the limit")
    return low


def _best_break(text: str, most: int) -> int:
    """The last good place to cut at or before ``most``, in the second half of it."""
    for mark in _BREAKS:
        place = text.rfind(mark, most // 2, most + 1)
        if place > 0:
            return min(place + len(mark), most)
    cut = most
    while cut > 1 and _is_inside(text, cut):
        cut -= 1
    return cut if cut > 1 else most


def _is_inside(text: str, cut: int) -> bool:
    """Whether a cut here would part what is seen as one character."""
    import unicodedata

    after = text[cut] if cut < len(text) else " "
    return unicodedata.combining(after) != 0 or after in _JOINERS or text[cut - 1] == "\u200d"
