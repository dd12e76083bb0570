# SPDX-License-Identifier: Apache-2.0
"""Letter n-grams and words of the beginnings of texts, accents kept: what languages are told apart by.

Other than the features of complaints these run over word limits ("of the", "de la") and are neither weighed nor
counted: a text's score is the sum over its n-grams, so that evidence grows with the length of a text by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifiers.normalize import SPACE, Block, Codes, IntArray
from classifiers.running import edges_of

__all__ = ["LetterNgrams", "LetterSettings", "find_letters"]

_STEP = np.uint32(0x01000193)
_SPREAD = np.uint32(0x9E3779B1)


@dataclass(frozen=True)
class LetterSettings:
    """What is read of a text, and how it is cut; ``bits`` says into how many buckets, as a power of two."""

    bits: int = 16
    shortest: int = 2
    longest: int = 5
    max_chars: int = 128  # of the beginning of a text; more changes few answers and costs time


@dataclass(frozen=True)
class LetterNgrams:
    """The buckets of a block: all of the shortest n-grams, text after text, then the next longer ones; words last."""

    buckets: npt.NDArray[np.int32]
    indptr: npt.NDArray[np.int32]  # where each (length, text) begins; shape (lengths * texts + 1,), (2,) for one text
    letters: IntArray  # how many letters of each text were read; shape (texts,)


def _hashes(codes: Codes, settings: LetterSettings) -> Iterator[Codes]:
    """A number for each n-gram, of all places for one length after the other; not mixed yet."""
    spread = codes * _SPREAD
    spread ^= spread >> np.uint32(15)
    rolling = spread
    for n in range(2, settings.longest + 1):
        rolling = rolling[:-1] * _STEP
        rolling += spread[n - 1 :]
        if n >= settings.shortest:
            yield rolling + np.uint32(n)


def _words(codes: Codes) -> tuple[npt.NDArray[np.bool_], IntArray, IntArray]:
    """Which of all but the last are letters; where words of them begin and end."""
    letters = (codes[:-1] > 0x60) & (codes[:-1] < 0xE000)
    edges = edges_of(letters)
    return letters, edges[::2], edges[1::2]


def _buckets(found: Sequence[Codes], words: npt.NDArray[np.uint64], bits: int) -> npt.NDArray[np.int32]:
    mixed = np.concatenate(found)
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0x85EBCA6B)
    mixed >>= np.uint32(32 - bits)
    return np.concatenate((mixed.astype(np.int32), (words >> np.uint64(64 - bits)).astype(np.int32)))


def _letters_of_one(block: Block, settings: LetterSettings) -> LetterNgrams:
    """What ``find_letters`` finds, for one text: no n-gram could reach into another."""
    length = min(len(block.lower) - 1, settings.max_chars)  # without the last space, whosever it is
    codes = np.full(length + 1, SPACE, np.uint32)
    codes[:-1] = block.lower[:length]
    letters, starts, ends = _words(codes)
    buckets = _buckets(list(_hashes(codes, settings)), block.lower_hash.of(starts, ends), settings.bits)
    return LetterNgrams(buckets, np.array([0, len(buckets)], np.int32), np.array([np.count_nonzero(letters)]))


def find_letters(block: Block, settings: LetterSettings) -> LetterNgrams:
    """Hash the n-grams of the beginnings of a block's texts."""
    if block.size == 1:
        return _letters_of_one(block, settings)
    first = block.owner.searchsorted(np.arange(block.size + 1))
    lengths = first[1:] - first[:-1]
    places = (np.arange(first[-1]) - first[:-1].repeat(lengths) < settings.max_chars).nonzero()[0]
    lengths = np.minimum(lengths, settings.max_chars)  # of the beginnings, each with the space before it
    codes = np.append(block.lower[places], np.uint32(SPACE))
    ends = lengths.cumsum()  # the space after each text, which is the one before the next
    room = ends.repeat(lengths) - np.arange(len(places)) + 1
    found: list[Codes] = []
    counts: list[IntArray] = []
    for n, hashes in enumerate(_hashes(codes, settings), start=settings.shortest):
        found.append(hashes[room[: len(hashes)] >= n])
        counts.append(np.maximum(lengths - (n - 2), 0))
    letters, starts, stops = _words(codes)
    begin = places[starts]
    buckets = _buckets(found, block.lower_hash.of(begin, begin + (stops - starts)), settings.bits)
    upto = starts.searchsorted(ends)
    upto[1:] -= upto[:-1].copy()
    counts.append(upto)
    before = np.concatenate(([0], letters.cumsum()))
    indptr = np.concatenate(([0], np.concatenate(counts).cumsum())).astype(np.int32)
    return LetterNgrams(buckets, indptr, before[ends] - before[ends - lengths])
