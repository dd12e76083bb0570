# SPDX-License-Identifier: Apache-2.0
"""Letter n-grams and words of the beginnings of texts, accents kept: what languages are told apart by.

Other than the features of complaints these run over word limits ("of the", "de la") and are neither weighed nor
counted: a text's score is the sum over its n-grams, so that evidence grows with the length of a text by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifiers.normalize import SPACE, Block, IntArray
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
    indptr: npt.NDArray[np.int32]  # where each (length, text) begins; shape (lengths * texts + 1,)
    letters: IntArray  # how many letters of each text were read; shape (texts,)


def _begin(block: Block, max_chars: int) -> tuple[IntArray, IntArray]:
    """Where in the block the beginnings of all texts stand, each with the space before it; and how long each is."""
    if block.size == 1:
        length = min(len(block.lower) - int(block.row[-1]), max_chars)  # the last space is of the text if it ends so
        return np.arange(length), np.array([length])
    owner = block.row.copy()
    owner[:-1] = np.where(block.is_gap[:-1], block.row[1:], block.row[:-1])
    first = owner.searchsorted(np.arange(block.size + 1))
    lengths = first[1:] - first[:-1]
    place = np.arange(first[-1]) - first[:-1].repeat(lengths)
    return (place < max_chars).nonzero()[0], np.minimum(lengths, max_chars)


def find_letters(block: Block, settings: LetterSettings) -> LetterNgrams:
    """Hash the n-grams of the beginnings of a block's texts."""
    places, lengths = _begin(block, settings.max_chars)
    codes = np.append(block.lower[places], np.uint32(SPACE))
    ends = lengths.cumsum()  # the space after each text, which is the one before the next
    alone = block.size == 1  # then no n-gram could reach into another text
    room = places if alone else ends.repeat(lengths) - np.arange(len(places)) + 1
    spread = codes * _SPREAD
    spread ^= spread >> np.uint32(15)
    rolling = spread
    found: list[npt.NDArray[np.uint32]] = []
    counts: list[IntArray] = []
    for n in range(2, settings.longest + 1):
        rolling = rolling[:-1] * _STEP + spread[n - 1 :]
        if n >= settings.shortest:
            held = rolling if alone else rolling[room[: len(rolling)] >= n]
            found.append(held + np.uint32(n))
            counts.append(np.maximum(lengths - (n - 2), 0))
    letters = (codes[:-1] > 0x60) & (codes[:-1] < 0xE000)
    edges = edges_of(letters)
    starts, stops = edges[::2], edges[1::2]
    mixed = np.concatenate(found)
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0x85EBCA6B)
    first = places[starts]
    words = block.lower_hash.of(first, first + (stops - starts)) >> np.uint64(64 - settings.bits)
    buckets = np.concatenate((mixed >> np.uint32(32 - settings.bits), words.astype(np.uint32))).astype(np.int32)
    upto = starts.searchsorted(ends)
    upto[1:] -= upto[:-1].copy()
    counts.append(upto)
    before = np.concatenate(([0], letters.cumsum()))
    indptr = np.concatenate(([0], np.concatenate(counts).cumsum())).astype(np.int32)
    return LetterNgrams(buckets, indptr, before[ends] - before[ends - lengths])
