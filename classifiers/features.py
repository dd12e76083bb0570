# SPDX-License-Identifier: Apache-2.0
"""Character and word n-grams of a whole batch, hashed on NumPy without a vocabulary and without a loop per n-gram.

The character n-grams of one length are one array operation: a polynomial hash of length n is that of length n - 1
times a constant plus the next code point. Words are hashed by differences of one running sum. Nothing of a text
survives but bucket numbers, so a model file cannot hold customers' words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from classifiers.negation import find_negated
from classifiers.normalize import Block, IntArray, read_block
from classifiers.running import STEP, mix64

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["FeatureSettings", "Floats", "HashedNgrams", "Occurrences", "Rows", "find_ngrams", "weigh"]

Floats: TypeAlias = npt.NDArray[np.float32]
_U32 = npt.NDArray[np.uint32]

_STEP32 = np.uint32(0x01000193 | 1)
_SPREAD32 = np.uint32(0x9E3779B1)
_NEGATED, _NEGATED_STEM = np.uint64(0xA24BAED4963EE407), np.uint64(0x9FB21C651E98DF25)
_STEM = 5  # letters of a negated word that stand for all its forms: negated words are rarer than words
_DAMPED = 1 + np.log(np.maximum(np.arange(256), 1), dtype=np.float32)
_BLOCK_CHARS = 150_000  # a block of texts is cut here so that its arrays stay in the processor's cache


@dataclass(frozen=True)
class FeatureSettings:
    """What is counted. Columns: characters first, then words; both sizes are powers of two."""

    char_bits: int = 20
    word_bits: int = 19
    char_min: int = 2
    char_max: int = 5
    word_weight: float = 0.7  # of the word part against the character part, which has length 1
    negated: int = 5  # so many words after a negation are counted as negated too; 0: none

    @property
    def columns(self) -> int:
        return (1 << self.char_bits) + (1 << self.word_bits)


@dataclass(frozen=True)
class Occurrences:
    """Every n-gram of a block as it was met: column, row, and the stretch of the block it covers."""

    column: _U32
    row: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    negated: IntArray  # numbers of the words of the block that a negation turns around
    pairs: slice  # which of the n-grams are two words


@dataclass(frozen=True)
class Rows:
    """A block's weighted features as a compressed sparse row matrix."""

    indptr: npt.NDArray[np.int32]  # shape (n + 1,)
    indices: npt.NDArray[np.integer]  # columns, or slots where those were given
    values: Floats
    counts: IntArray | None = None  # how often each feature was met, if asked for
    order: IntArray | None = None  # the occurrences, feature by feature, if asked for


def _mix32(x: _U32) -> _U32:
    x = x ^ (x >> np.uint32(16))
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x


def _char_ngrams(block: Block, settings: FeatureSettings) -> tuple[_U32, IntArray, IntArray]:
    """Columns, start positions and lengths of the character n-grams that hold a gap at most at their two ends."""
    codes = block.plain
    gaps = block.is_gap.nonzero()[0]
    widths = gaps[1:] - gaps[:-1]
    room = gaps[1:].repeat(widths) - np.arange(gaps[-1]) + 1  # longest n-gram that may start here
    room[gaps[:-1]] = widths + 1
    spread = codes * _SPREAD32
    spread ^= spread >> np.uint32(15)
    rolling = spread
    hashes, starts = [], []
    for n in range(2, settings.char_max + 1):
        rolling = rolling[:-1] * _STEP32
        rolling += spread[n - 1 :]
        if n >= settings.char_min:
            starts.append((room[: len(rolling)] >= n).nonzero()[0])
            hashes.append(rolling.take(starts[-1]))
            hashes[-1] += np.uint32(n)
    columns = _mix32(np.concatenate(hashes))
    columns >>= np.uint32(32 - settings.char_bits)
    lengths = np.arange(settings.char_min, settings.char_max + 1).repeat(list(map(len, starts)))
    return columns, np.concatenate(starts), lengths


def find_ngrams(block: Block, settings: FeatureSettings) -> Occurrences:
    """Hash every n-gram of a block."""
    of_chars, *rest = _char_ngrams(block, settings)
    starts, lengths = ([part] for part in rest)
    running = block.plain_hash
    plain = block.word_hash
    marks = (block.plain != block.lower).cumsum()
    accented = (marks[block.ends - 1] > marks[block.starts - 1]).nonzero()[0]  # a space stands before the first
    exact = plain[:0]
    if len(accented):
        exact = mix64(block.lower_hash.of(block.starts[accented], block.ends[accented]))
    row = block.row[block.starts]
    pairs = (row[1:] == row[:-1]).nonzero()[0]
    pair = mix64(plain[pairs] * np.uint64(STEP) + plain[pairs + 1])
    parts = [
        (plain, block.starts, block.ends),
        (exact, block.starts[accented], block.ends[accented]),
        (pair, block.starts[pairs], block.ends[pairs + 1]),
    ]
    turned = find_negated(block, settings.negated)
    if len(turned):
        first, last = block.starts[turned], block.ends[turned]
        short = mix64(running.of(first, np.minimum(last, first + _STEM)) ^ _NEGATED_STEM)
        parts += [(mix64(plain[turned] ^ _NEGATED), first, last), (short, first, last)]
    for _, first, last in parts:
        starts.append(first)
        lengths.append(last - first)
    start: IntArray = np.concatenate(starts)
    of_words = np.concatenate([hashes for hashes, _, _ in parts])
    of_words >>= np.uint64(64 - settings.word_bits)
    of_words += np.uint64(1 << settings.char_bits)
    before = len(starts[0]) + len(plain) + len(exact)
    return Occurrences(
        column=np.concatenate((of_chars, of_words.astype(np.uint32))),
        row=block.owner[start] if block.size > 1 else np.zeros_like(start),
        start=start,
        length=np.concatenate(lengths),
        negated=turned,
        pairs=slice(before, before + len(pairs)),
    )


def weigh(
    found: Occurrences,
    size: int,
    settings: FeatureSettings,
    idf: Floats | None = None,
    *,
    slot_of: npt.NDArray[np.int32] | None = None,
    shares: bool = False,
) -> Rows:
    """Count, damp and normalise.

    A count c becomes 1 + ln c, times ``idf`` of the column if given; characters and words of a row each get length 1.

    Args:
        found: The occurrences of a block of ``size`` texts.
        slot_of: For each column what stands for it in ``idf`` and in what is returned: tables of the columns a model
            knows are a quarter as large as those of all, and as much faster to look into.
        shares: Say also which occurrences made each feature, for explanations.
    """
    bits = (settings.columns - 1).bit_length()
    # Row and column in one number: one sort of all, which is several times as fast where a number has 32 bits.
    narrow = np.uint32 if not shares and size.bit_length() + bits <= 32 else np.uint64
    keys: npt.NDArray[np.uint32 | np.uint64] = found.row.astype(narrow)
    keys <<= narrow(bits)
    keys |= found.column
    order = None
    if shares:
        room = narrow(len(keys).bit_length())
        keys <<= room
        keys |= np.arange(len(keys)).astype(narrow)
        keys.sort()
        order = (keys & ((narrow(1) << room) - narrow(1))).astype(np.int64)
        keys >>= room
    else:
        keys.sort()
    new = np.ones(len(keys), bool)
    new[1:] = keys[1:] != keys[:-1]
    at = new.nonzero()[0]
    counts = np.empty(len(at), np.int64)
    counts[:-1] = at[1:] - at[:-1]
    counts[-1:] = len(keys) - at[-1:]
    keys = keys[at]
    edges = keys.searchsorted(_limits(size, bits, settings.char_bits, narrow))
    keys &= narrow((1 << bits) - 1)
    indices = keys.astype(np.int64)  # with these arrays are looked into at twice the speed
    values = _damped(counts)
    if slot_of is not None:
        indices = slot_of.take(indices).astype(np.int64)
    if idf is not None:
        values *= idf.take(indices)
    lengths = edges[1:] - edges[:-1]
    # The 0 is for parts that begin at the end; of empty ones the sum is of something else, and divides nothing.
    squares = np.zeros(len(values) + 1, np.float32)
    np.multiply(values, values, out=squares[:-1])
    norms = np.sqrt(np.add.reduceat(squares, edges[:-1]))
    norms[norms == 0] = 1
    norms[1::2] /= np.float32(settings.word_weight)
    values /= norms.repeat(lengths)
    if size > 1:
        indices = indices.astype(np.int32)  # of a matrix
    return Rows(edges[::2].astype(np.int32), indices, values, counts if shares else None, order)


@lru_cache(maxsize=16)
def _limits(
    size: int, bits: int, char_bits: int, kind: type[np.uint32 | np.uint64]
) -> npt.NDArray[np.uint32 | np.uint64]:
    """Where the character part and the word part of each row begin, in turn, and where the last ends; as keys."""
    limits = (np.arange(size + 1)[:, None] << bits) + [0, 1 << char_bits]
    return limits.ravel()[:-1].astype(kind)


def _damped(counts: IntArray) -> Floats:
    """1 + ln c of each count c."""
    if int(counts.max(initial=0)) < len(_DAMPED):
        return _DAMPED[counts]
    return np.float32(1) + np.log(counts, dtype=np.float32)


def cut_blocks(texts: Sequence[str]) -> list[Sequence[str]]:
    """Cut a batch into blocks of bounded length, in order."""
    blocks, first, chars = [], 0, 0
    for i, text in enumerate(texts):
        chars += len(text)
        if chars > _BLOCK_CHARS and i > first:
            blocks.append(texts[first:i])
            first, chars = i, len(text)
    return [*blocks, texts[first:]]


class HashedNgrams:
    """The features as a scikit-learn transformer: stateless, so ``fit`` learns nothing."""

    def __init__(
        self,
        *,
        char_bits: int = FeatureSettings.char_bits,
        word_bits: int = FeatureSettings.word_bits,
        char_min: int = FeatureSettings.char_min,
        char_max: int = FeatureSettings.char_max,
        word_weight: float = FeatureSettings.word_weight,
        negated: int = FeatureSettings.negated,
    ) -> None:
        self.char_bits = char_bits
        self.word_bits = word_bits
        self.char_min = char_min
        self.char_max = char_max
        self.word_weight = word_weight
        self.negated = negated

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        del deep
        return dict(vars(self))

    def set_params(self, **params: Any) -> HashedNgrams:
        unknown = set(params) - set(vars(self))
        if unknown:
            raise ValueError(f"unknown parameters: {', '.join(sorted(unknown))}; known: {', '.join(vars(self))}")
        vars(self).update(params)
        return self

    def fit(self, texts: Sequence[str], y: object = None) -> HashedNgrams:
        del texts, y
        return self

    def transform(self, texts: Sequence[str]) -> csr_array:
        """Features of the texts as float32; shape (n, columns)."""
        from scipy.sparse import csr_array, vstack

        settings = FeatureSettings(**self.get_params())
        parts = []
        for block in cut_blocks(texts):
            rows = weigh(find_ngrams(read_block(block), settings), len(block), settings)
            parts.append(csr_array((rows.values, rows.indices, rows.indptr), shape=(len(block), settings.columns)))
        return parts[0] if len(parts) == 1 else vstack(parts, format="csr")

    def fit_transform(self, texts: Sequence[str], y: object = None) -> csr_array:
        return self.fit(texts, y).transform(texts)
