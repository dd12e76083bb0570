# SPDX-License-Identifier: Apache-2.0
"""How a text is written, apart from its words: questions, exclamations, length, layout, case, pictures.

The same in every language, so what one language teaches serves all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["SHAPES", "shapes_of"]

_LENGTHS = (25, 50, 100, 200, 400, 800)
_SENTENCE_END = re.compile(r"[.!?\n]+")
_LONG_NUMBER = re.compile(r"\d{4}")
_DIGIT = re.compile(r"\d")
_QUOTES, _MONEY, _LINKS = '"„“”«»', "€$£%", ("http:", "https:", "www.")
_SMILES, _FROWNS = (":)", ";)", ":-)", ";-)"), (":(", ":-(")
_GLAD = re.compile("[\u2665\u2764\u2b50\u2728\u263a\U0001f44d\U0001f44f\U0001f60a\U0001f642\U0001f600-\U0001f609]")
_SAD = re.compile("[\U0001f44e\U0001f620-\U0001f62d\U0001f641\U0001f644\U0001f921\U0001f926\U0001f92c\U0001f4a9]")
_PICTURE = re.compile("[\U0001f000-\U0001faff]")
_FIRST_PICTURE = "\u263a"  # below it there is none, and no search is needed

SHAPES = (
    "question", "questions", "ends-asking", "mostly-asks", "exclaims", "exclaims-twice", "exclaims-often",
    "trails-off", "quotes", "lines", "many-lines", *(f"under-{length}" for length in _LENGTHS),
    "shouts", "no-capitals", "small-start", "digit", "long-number", "money", "link", "handle", "hashtag", "smiles",
    "frowns", "picture",
)  # fmt: skip
"""Names, in the order of their columns; kept in the model file, so that a file of other shapes is noticed."""

_MOSTLY = 0.5  # of the sentences
_SHOUTED = 10  # characters that make capitals more than an abbreviation


def _has(text: str, pieces: Sequence[str]) -> bool:
    return any(piece in text for piece in pieces)


def shapes_of(text: str) -> list[int]:
    """The positions in ``SHAPES`` of what holds for a text, ascending."""
    asked, exclaimed = text.count("?"), text.count("!")
    sentences = max(1, len(_SENTENCE_END.findall(text)))
    capitals = sum(map(str.isupper, text)) if not text.islower() else 0
    lines = text.count("\n")
    size = len(text)
    lowered = text.lower()
    pictures = max(text, default="") >= _FIRST_PICTURE
    holds: Sequence[object] = (
        asked, asked > 1, text.rstrip().endswith("?"), asked >= _MOSTLY * sentences, exclaimed, exclaimed > 1,
        exclaimed > 3, "…" in text or "..." in text, _has(text, _QUOTES), lines, lines > 3,
        *(size < length for length in _LENGTHS),
        size > _SHOUTED and 2 * capitals > size, not capitals, text[:1].islower(), _DIGIT.search(text),
        _LONG_NUMBER.search(text), _has(text, _MONEY), _has(lowered, _LINKS), "@" in text, "#" in text,
        _has(text, _SMILES) or (pictures and _GLAD.search(text)),
        _has(text, _FROWNS) or (pictures and _SAD.search(text)), pictures and _PICTURE.search(text),
    )  # fmt: skip
    return [place for place, held in enumerate(holds) if held]
