# SPDX-License-Identifier: Apache-2.0
"""How long a text is, in the unit a platform counts in."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, TypeAlias

__all__ = ["Unit", "measure", "weighted_length"]

Unit: TypeAlias = Literal["code_points", "utf16_units", "graphemes", "bytes", "weighted_280"]

_URL_LENGTH = 23  # every link is shortened to this, whatever its own length
# Code points that count as one; all others count as two (twitter-text, configuration version 3).
_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))

_PICTURE = (
    "(?:[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u23ff\u25a0-\u25ff\u2934\u2935\u3030\u303d\u3297\u3299"
    "\u203c\u2049\u2122\u2139\u24c2]\ufe0f?[\U0001f3fb-\U0001f3ff]?|[\xa9\xae]\ufe0f)"
)
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"  # flags
    "|[0-9#*]\ufe0f?\u20e3"  # keycaps
    f"|{_PICTURE}(?:\u200d{_PICTURE})*(?:[\U000e0020-\U000e007f]+)?"  # families, skin tones, flags of regions
)
# Bare host names are links to X when they end in a top-level domain. Its list is long; taken here are all of two
# letters and the common longer ones, so a text is at most counted longer than X does, hardly ever shorter.
_TOP = (
    "[a-z]{2} com org net info biz edu gov int mil app blog cloud club company dev digital email global group help "
    "live media news online page services shop site solutions store support tech today website world xyz"
).replace(" ", "|")
_LINK = re.compile(
    r"(?<![\w@#$＠＃./-])(?:https?://[^\s<>\"]+"
    rf"|(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{_TOP})(?![\w@])(?:/[^\s<>\"]*)?)",
    re.IGNORECASE,
)
_TRAILING = re.compile(r"[.,;:!?'\"\])}…]+$")


def measure(text: str, unit: Unit) -> int:
    """The length of ``text`` as the platform sees it."""
    if unit == "bytes":
        return len(text.encode())
    if unit == "utf16_units":
        return len(text.encode("utf-16-le")) // 2
    if unit == "graphemes":
        return sum(1 for char in text if not unicodedata.combining(char) and char not in "\u200d\ufe0e\ufe0f")
    if unit == "weighted_280":
        return weighted_length(text)
    return len(text)


def weighted_length(text: str) -> int:
    """Length as X counts a post: links 23, emoji 2 whatever they are made of, most scripts beyond Latin 2 a letter."""
    text = unicodedata.normalize("NFC", text)
    total, end = 0, 0
    for link in _LINK.finditer(text):
        after = link.end() - len((_TRAILING.search(link[0]) or [""])[0])
        total += _plain_length(text[end : link.start()]) + _URL_LENGTH
        end = after
    return total + _plain_length(text[end:])


def _plain_length(text: str) -> int:
    emoji = _EMOJI.findall(text)
    rest = _EMOJI.sub("", text) if emoji else text
    return 2 * len(emoji) + sum(1 if any(low <= ord(c) <= high for low, high in _LIGHT) else 2 for c in rest)
