# SPDX-License-Identifier: Apache-2.0
"""How a text is written, apart from its words: questions, exclamations, length, layout, case, pictures.

The same in every language, so what one language teaches serves all. A whole batch is looked at with array operations;
for a text by itself their many calls would cost more than the string methods that say the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["SHAPES", "find_shapes"]

_Ints = npt.NDArray[np.int64]
_Marks = npt.NDArray[np.bool_]

_LENGTHS = (25, 50, 100, 200, 400, 800)

SHAPES = (
    "question", "questions", "ends-asking", "mostly-asks", "exclaims", "exclaims-twice", "exclaims-often",
    "trails-off", "quotes", "lines", "many-lines", *(f"under-{length}" for length in _LENGTHS),
    "shouts", "no-capitals", "small-start", "digit", "long-number", "money", "link", "handle", "hashtag", "smiles",
    "frowns", "picture",
)  # fmt: skip
"""Names, in the order of their columns; kept in the model file, so that a file of other shapes is noticed."""

_MOSTLY = 0.5  # of the sentences
_SHOUTED = 10  # characters that make capitals more than an abbreviation
_FIRST_PICTURE = 0x2600  # below it there is none
_CASED = 0x600  # letters that have case stand below: Latin, Greek, Cyrillic, Armenian

_UPPER, _LOWER, _DIGIT, _ASKS, _EXCLAIMS, _ENDS, _QUOTES, _MONEY, _LINE, _AT, _HASH = (1 << bit for bit in range(11))


def _classes() -> npt.NDArray[np.uint16]:
    table = np.zeros(_CASED, np.uint16)
    for code in range(_CASED):
        table[code] |= _UPPER * chr(code).isupper() | _LOWER * chr(code).islower()
    for characters, bit in (
        ("0123456789", _DIGIT), ("?", _ASKS), ("!", _EXCLAIMS), (".!?\n", _ENDS), ('"«»', _QUOTES), ("$£%", _MONEY),
        ("\n", _LINE), ("@", _AT), ("#", _HASH),
    ):  # fmt: skip
        table[[ord(character) for character in characters]] |= bit
    return table


_CLASSES = _classes()
_BEYOND_QUOTES = (0x201C, 0x201D, 0x201E)
_EURO, _ELLIPSIS = 0x20AC, 0x2026
_GLAD = ((0x263A, 0x263A), (0x2665, 0x2665), (0x2728, 0x2728), (0x2764, 0x2764), (0x2B50, 0x2B50), (0x1F44D, 0x1F44D),
    (0x1F44F, 0x1F44F), (0x1F600, 0x1F60A), (0x1F642, 0x1F642))  # fmt: skip
_SAD = ((0x1F44E, 0x1F44E), (0x1F4A9, 0x1F4A9), (0x1F620, 0x1F62D), (0x1F641, 0x1F641), (0x1F644, 0x1F644),
    (0x1F921, 0x1F921), (0x1F926, 0x1F926), (0x1F92C, 0x1F92C))  # fmt: skip
_PICTURES = ((0x1F000, 0x1FAFF),)


_SENTENCE_ENDS = re.compile(r"[.!?\n]+")
_CAPITALS = re.compile("[" + "".join(re.escape(chr(code)) for code in (_CLASSES & _UPPER).nonzero()[0]) + "]")
_FOUR_DIGITS = re.compile(r"[0-9]{4}")
_DIGITS = re.compile(r"[0-9]")
_WWW = re.compile(r"[wW]{3}\.")


def _one_of(ranges: Sequence[tuple[int, int]]) -> str:
    return "[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges) + "]"


_GLAD_MARKS = re.compile(r"[:;]-?\)|" + _one_of(_GLAD))
_SAD_MARKS = re.compile(r":-?\(|" + _one_of(_SAD))
_PICTURE_MARKS = re.compile(_one_of(_PICTURES))
_QUOTE_MARKS = re.compile('["«»“”„]')
_MONEY_MARKS = re.compile("[$£%€]")


def _shapes_of_one(text: str) -> _Ints:
    """What ``find_shapes`` finds, for one text."""
    size, asked, exclaimed, lines = len(text), text.count("?"), text.count("!"), text.count("\n")
    capitals = len(_CAPITALS.findall(text))
    first = ord(text[0]) if text else 0
    pictures = not text.isascii() and ord(max(text)) >= _FIRST_PICTURE
    holds = (
        asked > 0, asked > 1, text.rstrip()[-1:] == "?",
        asked >= _MOSTLY * max(1, len(_SENTENCE_ENDS.findall(text))),
        exclaimed > 0, exclaimed > 1, exclaimed > 3, "..." in text or "…" in text, _QUOTE_MARKS.search(text),
        lines > 0, lines > 3, *(size < length for length in _LENGTHS),
        size > _SHOUTED and 2 * capitals > size, capitals == 0, first < _CASED and _CLASSES[first] & _LOWER,
        _DIGITS.search(text), _FOUR_DIGITS.search(text), _MONEY_MARKS.search(text),
        "://" in text or _WWW.search(text), "@" in text, "#" in text,
        (pictures or ")" in text) and _GLAD_MARKS.search(text), (pictures or "(" in text) and _SAD_MARKS.search(text),
        pictures and _PICTURE_MARKS.search(text),
    )  # fmt: skip
    return np.array([place for place, held in enumerate(holds) if held], np.int64)


def _within(codes: npt.NDArray[np.uint32], ranges: Sequence[tuple[int, int]]) -> _Marks:
    found = np.zeros(len(codes), bool)
    for first, last in ranges:
        found |= (codes >= first) & (codes <= last)
    return found


def _run(*marks: _Marks) -> _Marks:
    """Where each of these marks stands right after the one before."""
    size = len(marks[0]) - len(marks) + 1
    found = marks[0].copy()
    found[max(size, 0) :] = False
    for step, following in enumerate(marks[1:], start=1):
        found[: max(size, 0)] &= following[step : step + max(size, 0)]
    return found


def _counts(marks: Sequence[_Marks], bounds: _Ints) -> list[_Ints]:
    """How often each mark stands in each text."""
    at = [mark.nonzero()[0].searchsorted(bounds) for mark in marks]
    return [found[1:] - found[:-1] for found in at]


def find_shapes(texts: Sequence[str]) -> tuple[_Ints, _Ints]:
    """Which shapes hold for which texts.

    Returns:
        Positions of texts and positions in ``SHAPES``, each pair once, texts ascending.
    """
    if len(texts) == 1:
        shapes = _shapes_of_one(texts[0])
        return np.zeros_like(shapes), shapes
    sizes = np.array([len(text) for text in texts], np.int64)
    bounds = np.concatenate(([0], (sizes + 1).cumsum()))  # a 0 stands after each text, so that nothing crosses
    codes = np.frombuffer("\0".join((*texts, "")).encode("utf-32-le", "surrogatepass"), np.uint32)
    beyond = bool(len(codes)) and int(codes.max()) >= _CASED
    classes = _CLASSES[np.where(codes < _CASED, codes, 0) if beyond else codes]
    ends = np.array([text.rstrip()[-1:] == "?" for text in texts], bool)

    asks, exclaims, ending, upper, line, digit, quote, money, at_sign, hash_sign = (
        (classes & bit) > 0 for bit in (_ASKS, _EXCLAIMS, _ENDS, _UPPER, _LINE, _DIGIT, _QUOTES, _MONEY, _AT, _HASH)
    )
    dot, dash, colon, slash, w = (codes == ord(sign) for sign in ".-:/w")
    w |= codes == ord("W")
    eyes, mouth, sad_mouth = colon | (codes == ord(";")), codes == ord(")"), codes == ord("(")
    glad = _run(eyes, mouth) | _run(eyes, dash, mouth)
    sad = _run(colon, sad_mouth) | _run(colon, dash, sad_mouth)
    trails, picture = _run(dot, dot, dot), np.zeros(len(codes), bool)
    if beyond:
        quote |= np.isin(codes, _BEYOND_QUOTES)
        money |= codes == _EURO
        trails |= codes == _ELLIPSIS
        if codes.max() >= _FIRST_PICTURE:
            glad |= _within(codes, _GLAD)
            sad |= _within(codes, _SAD)
            picture = _within(codes, _PICTURES)
    asked, exclaimed, ended, ended_again, capitals, lines, *others = _counts(
        [
            asks, exclaims, ending, _run(ending, ending), upper, line, trails, quote, digit,
            _run(digit, digit, digit, digit), money, _run(colon, slash, slash) | _run(w, w, w, dot), at_sign, hash_sign,
            glad, sad, picture,
        ],
        bounds,
    )  # fmt: skip
    trailed, quoted, *numbered = (found > 0 for found in others)
    starts = classes[bounds[:-1]]  # of an empty text the 0 after it
    holds = np.array([
        asked > 0, asked > 1, ends, asked >= _MOSTLY * np.maximum(1, ended - ended_again),
        exclaimed > 0, exclaimed > 1, exclaimed > 3, trailed, quoted, lines > 0, lines > 3,
        *(sizes < length for length in _LENGTHS),
        (sizes > _SHOUTED) & (2 * capitals > sizes), capitals == 0, (starts & _LOWER) > 0, *numbered,
    ])  # fmt: skip
    rows, shapes = np.nonzero(holds.T)
    return rows, shapes
