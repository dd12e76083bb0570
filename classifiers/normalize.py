# SPDX-License-Identifier: Apache-2.0
"""From a batch of texts to one array of folded code points, every one of which still knows where it came from.

Every step maps one code point to one code point or drops it, so that a place in the array is a place in the text and
explanations can point at it. Links, mail addresses, handles and amounts become one masking code point each: what they
are counts, what they say does not, and none of it can end up in a model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from classifiers.running import RunningHash, mix64

__all__ = ["MAX_CHARS", "SPACE", "STRIDE", "Block", "Codes", "IntArray", "fold_codes", "fold_text", "fold_texts",
           "read_block"]  # fmt: skip

IntArray: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.uint32]

MAX_CHARS = 20_000  # of one text; what follows is not read
STRIDE = MAX_CHARS + 1  # times the number of a text, sets its places apart from those of the next
SPACE = 32
_ZERO = 48

_GAP, _WORD, _MARK, _SINGLE = 0, 1, 2, 3  # classes of code points: white, in words, punctuation, a token by itself
_TABLE = 0x10000  # the tables cover the Basic Multilingual Plane; beyond it nearly all is emoji
_UNIFORM = ((0x3400, 0x4DC0, _WORD), (0x4E00, 0xA000, _WORD), (0xD800, 0xE000, _MARK), (0xE000, 0xF900, _WORD))
"""Half of the plane: ideographs, surrogates and private use, none of which has a case or an accent."""
_HANGUL, _HANGUL_END, _LEADING, _OF_ONE_LEADING = 0xAC00, 0xD7A4, 0x1100, 588
"""Syllables are numbered by the letter they begin with, which is what is left of them without marks."""
_MASKS = {"link": 0xE001, "mail": 0xE002, "handle": 0xE003, "amount": 0xE004}  # private use area
_CURRENCY = (
    r"(?:€|\$|£|eur|euro|euros|euroa|eurot|usd|gbp|sek|pln|hrk|kr|kn|zł|zl|dollars?|pounds?|kronor|kuna|zlotych)"
)
_SCHEME = re.compile(r"[hH][tT][tT][pP][sS]?\Z")
_HOST = ("www.", "WWW.", "Www.")
_TO_WHITE = re.compile(r"[^\s\0]+")
_AMOUNT = re.compile(rf"\d[\d.,]*(?P<name>[ \u00a0]?{_CURRENCY}(?!\w))?", re.IGNORECASE)
_SIGNS = "€$£"
_CLOSES = np.isin(np.arange(128), [ord(sign) for sign in ".,!?"])
_BLANKS = " \u00a0"
_LOCAL_PART = re.compile(r"[\w.+-]+\Z")
_DOMAIN = re.compile(r"@[\w-]+\.[\w.-]+")
_HANDLE = re.compile(r"@\w+")
_UNDECOMPOSED = {"ß": "s", "ø": "o", "đ": "d", "ł": "l", "æ": "a", "œ": "o", "ð": "d", "þ": "t", "ı": "i", "’": "'"}


@dataclass(frozen=True)
class Block:
    """A batch as one array: texts after each other, white runs made one space, a space before the first text."""

    lower: Codes  # lower case, digits as 0, masks; shape (m,)
    plain: Codes  # the same without accents
    offset: IntArray  # where each code point stood in its text; -1 for a space between two texts
    row: IntArray  # which text it belongs to
    is_gap: npt.NDArray[np.bool_]
    starts: IntArray  # tokens, as half-open ranges of this array; shape (t,)
    ends: IntArray
    size: int  # how many texts
    bare: Codes  # ``plain`` before masks, white runs and all; shape (b,)
    bare_word: npt.NDArray[np.bool_]  # letters and digits of it
    bare_offset: IntArray
    bare_row: IntArray

    # What several ask for, made once.
    @cached_property
    def owner(self) -> IntArray:
        """The text that reads each code point: a space between two texts is that before the second."""
        owner = self.row.copy()
        owner[:-1] = np.where(self.is_gap[:-1], self.row[1:], self.row[:-1])
        owner[-1] = self.size  # though it is the text's own where that ends in white or a mask
        return owner

    # Hashes of any stretch.
    @cached_property
    def lower_hash(self) -> RunningHash:
        return RunningHash(self.lower)

    @cached_property
    def plain_hash(self) -> RunningHash:
        return RunningHash(self.plain)

    @cached_property
    def word_hash(self) -> npt.NDArray[np.uint64]:
        """Of each token without accents, in the order of ``starts``; all bits mixed."""
        return mix64(self.plain_hash.of(self.starts, self.ends))

    @cached_property
    def bare_hash(self) -> RunningHash:
        return self.plain_hash if self.bare is self.plain else RunningHash(self.bare)


@cache
def _tables() -> tuple[Codes, Codes, npt.NDArray[np.uint8]]:
    """Lower case, lower case without accents, and class of each code point of the BMP; made once, about 0.03 s."""
    lower = np.arange(_TABLE, dtype=np.uint32)
    plain = lower.copy()
    classes = np.full(_TABLE, _MARK, np.uint8)
    left = np.ones(_TABLE, bool)
    for first, end, kind in _UNIFORM:
        left[first:end], classes[first:end] = False, kind
    left[_HANGUL:_HANGUL_END], classes[_HANGUL:_HANGUL_END] = False, _WORD
    plain[_HANGUL:_HANGUL_END] = _LEADING + np.arange(_HANGUL_END - _HANGUL) // _OF_ONE_LEADING
    for code in left.nonzero()[0].tolist():
        char = chr(code)
        category = unicodedata.category(char)
        if category[0] in "ZC" and category not in {"Co", "Cs"}:
            lower[code] = plain[code] = SPACE
            classes[code] = _GAP
            continue
        if category[0] in "LN" or category == "Co":
            classes[code] = _WORD
        elif category in {"So", "Sk"} or char in "!?":
            classes[code] = _SINGLE
        low = "0" if category == "Nd" else char.lower()[0]
        lower[code] = ord(low)
        low = _UNDECOMPOSED.get(low, low)
        plain[code] = ord(unicodedata.normalize("NFD", low)[0]) if category[0] == "L" else ord(low)
    return lower, plain, classes


def _compose(text: str) -> tuple[str, list[int]]:
    """Join letters and their combining marks, and say where each result stood; only for text that needs it."""
    out: list[str] = []
    offsets: list[int] = []
    start = 0
    for i in range(1, len(text) + 1):
        if i == len(text) or not unicodedata.combining(text[i]):
            joined = unicodedata.normalize("NFC", text[start:i])
            out.append(joined)
            offsets += [start] * len(joined)
            start = i
    return "".join(out), offsets


def _links(joined: str) -> Iterator[tuple[int, int, str]]:
    at = joined.find("://")
    while at >= 0:
        scheme, rest = _SCHEME.search(joined, max(0, at - 5), at), _TO_WHITE.match(joined, at + 3)
        if scheme and rest:
            yield scheme.start(), rest.end(), "link"
        at = joined.find("://", at + 3)
    for host in _HOST:
        at = joined.find(host)
        while at >= 0:
            rest = _TO_WHITE.match(joined, at + len(host))
            if rest:
                yield at, rest.end(), "link"
            at = joined.find(host, at + len(host))


def _amounts(joined: str, digits: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int, str]]:
    """Numbers with a currency before or behind; ``digits`` says where numbers may begin."""
    begins = digits.copy()
    begins[1:] &= ~digits[:-1]
    done = 0
    for at in begins.nonzero()[0].tolist():
        found = _AMOUNT.match(joined, at) if at >= done else None
        if found:
            before = at - 1 - (joined[at - 1] in _BLANKS)
            signed = before >= done and joined[before] in _SIGNS
            done = found.end()
            if signed or found["name"]:
                yield before if signed else at, done, "amount"


def _masked(joined: str, digits: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int, str]]:
    """Where links, mail addresses, handles and amounts stand. Each search starts at a rare character, for speed."""
    yield from _links(joined)
    at = joined.find("@")
    while at >= 0:
        local, domain = _LOCAL_PART.search(joined, max(0, at - 64), at), _DOMAIN.match(joined, at)
        handle = _HANDLE.match(joined, at)
        if local and domain:
            yield local.start(), domain.end(), "mail"
        elif handle and not local:
            yield at, handle.end(), "handle"
        at = joined.find("@", at + 1)
    yield from _amounts(joined, digits)


def _codes_of(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32, copy=False)


def _look_up(codes: Codes) -> tuple[Codes, Codes, npt.NDArray[np.uint8]]:
    """Lower case, lower case without accents, and class of code points."""
    lower_of, plain_of, class_of = _tables()
    if int(codes.max(initial=0)) < _TABLE:
        at = codes.astype(np.int64)
        return lower_of.take(at), plain_of.take(at), class_of.take(at)
    at, inside = np.minimum(codes, _TABLE - 1).astype(np.int64), codes < _TABLE
    lower, plain = (np.where(inside, table.take(at), codes) for table in (lower_of, plain_of))
    return lower, plain, np.where(inside, class_of.take(at), np.uint8(_SINGLE))


def _places(texts: Sequence[str], count: int) -> tuple[IntArray, IntArray]:
    """Of each of so many code points the text and the place in it; of what stands after the texts their number."""
    offset = np.arange(-1, count - 1)
    if len(texts) == 1:
        row = np.zeros(count, np.int64)
        row[-1], offset[-1] = 1, -1
        return row, offset
    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
    first = np.concatenate(([0], lengths.cumsum()))  # of the space before each text, and of the last one
    row = np.arange(len(texts) + 1).repeat(np.append(lengths, count - first[-1]))
    offset -= first[row]
    return row, offset


def read_block(texts: Sequence[str], *, masks: bool = True) -> Block:
    """Normalise a batch.

    Args:
        texts: Any text; shape (n,), n may be 0. More than ``MAX_CHARS`` code points of a text are not read.
        masks: Put masks for links, addresses, handles and amounts.
    """
    cut = [text[:MAX_CHARS] for text in texts]
    joined = "\0" + "\0".join(cut) + "\0"
    composed: dict[int, list[int]] = {}
    if not joined.isascii() and not unicodedata.is_normalized("NFC", joined):
        for i, text in enumerate(cut):
            if not unicodedata.is_normalized("NFC", text):
                cut[i], composed[i] = _compose(text)
        joined = "\0" + "\0".join(cut) + "\0"
    codes = _codes_of(joined)
    lower, plain, classes = _look_up(codes)
    bare, bare_word = plain, classes == _WORD
    found = list(_masked(joined, plain == _ZERO)) if masks else []
    if found:
        plain, classes = plain.copy(), classes.copy()
    for start, end, kind in found:
        lower[start] = plain[start] = _MASKS[kind]
        lower[start + 1 : end] = plain[start + 1 : end] = SPACE
        classes[start], classes[start + 1 : end] = _WORD, _GAP
    row, offset = _places(cut, len(codes))
    for i, offsets in composed.items():
        offset[(row == i) & (offset >= 0)] = offsets
    gap = classes == _GAP
    keep = np.ones(len(codes), bool)
    keep[1:] = ~(gap[1:] & gap[:-1])
    # White before a full stop says nothing: the French and tokenisers put some there. That between texts stays.
    keep[:-1] &= ~(gap[:-1] & _CLOSES[np.minimum(plain[1:], len(_CLOSES) - 1)] & (offset[:-1] >= 0))
    bare_offset, bare_row = offset, row
    if not keep.all():
        kept = keep.nonzero()[0]
        lower, plain, classes, gap = lower[kept], plain[kept], classes[kept], gap[kept]
        row, offset = row[kept], offset[kept]
    single = classes == _SINGLE
    in_word = classes == _WORD
    begins = in_word | single
    begins[1:] &= ~(in_word[1:] & in_word[:-1])
    closes = in_word | single
    closes[:-1] &= ~(in_word[1:] & in_word[:-1])
    return Block(
        lower=lower,
        plain=plain,
        offset=offset,
        row=row,
        is_gap=gap,
        starts=begins.nonzero()[0],
        ends=closes.nonzero()[0] + 1,
        size=len(cut),
        bare=bare,
        bare_word=bare_word,
        bare_offset=bare_offset,
        bare_row=bare_row,
    )


def fold_codes(text: str) -> tuple[Codes, npt.NDArray[np.bool_]]:
    """Code points in lower case without accents, and which are letters and digits; both of the length of the text."""
    _, plain, classes = _look_up(_codes_of(text))
    return plain, classes == _WORD


def fold_texts(texts: Sequence[str]) -> list[str]:
    """Lower case without accents, each as long as its text: for lists of words that people write by hand."""
    folded = fold_codes("".join(texts))[0].astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    ends = np.cumsum([len(text) for text in texts]).tolist()
    return [folded[end - len(text) : end] for text, end in zip(texts, ends, strict=True)]


def fold_text(text: str) -> str:
    """One text folded as ``fold_texts`` does."""
    return fold_texts([text])[0]
