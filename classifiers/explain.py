# SPDX-License-Identifier: Apache-2.0
"""Why a label: what each word of the message gave to it, exactly, as spans of the text."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from classifiers.gather import share_out
from classifiers.normalize import STRIDE, IntArray
from classifiers.phrases import Match, spread
from classifiers.scoring import Scored, Scorer
from router.schema import Evidence

__all__ = ["BlockWords", "Shown", "evidence_of"]

Shown: TypeAlias = tuple[int, int, float]
"""Where a reason begins and ends in its text, and what it weighs."""

_WHY = TypeAdapter(dict[str, tuple[Evidence, ...]])
_EDGE = frozenset(".,;:()[]{}\"'«»„“”…-*_ ")
_FIRST_COMBINING = "\u0300"
_MASKED = frozenset("@hHwW")  # how a span may begin of which a mask left only the first character
_WEIGHT_BITS = 26
_WEAKEST = (1 << _WEIGHT_BITS) - 1
_STEPS = 1 << 16  # of a weight of 1; nothing weighs a thousand
_LEAST = 0.05  # of the strongest word's weight; weaker ones explain nothing


class BlockWords:
    """The words of a block, as runs between gaps, and what they gave to labels."""

    def __init__(self, scorer: Scorer, scored: Scored) -> None:
        block, rows = scored.block, scored.rows
        if rows.order is None or rows.counts is None:
            raise ValueError("the block was scored without what explanations need")
        gaps = block.is_gap.nonzero()[0]
        after = np.minimum(gaps + 1, len(block.offset) - 1)
        self.start: list[int] = block.offset[after].tolist()
        self.end: list[int] = [*(block.offset[gaps[1:] - 1] + 1).tolist(), 0]
        self._word_row = block.row[after][:-1]
        self.bounds: list[int] = self._word_row.searchsorted(np.arange(block.size + 1)).tolist()
        number = block.is_gap.cumsum() - 1
        found, pairs = scored.found, scored.found.pairs
        word = number[found.start]
        second = number[found.start[pairs] + found.length[pairs] - 1]
        is_pair = np.zeros(len(word), bool)
        is_pair[pairs] = second != word[pairs]  # not where both stand between two gaps: "don't"
        self._first_word = word[rows.order]
        self._pairs = is_pair[rows.order].nonzero()[0]  # the few n-grams that hold two words
        self._second_word = second[rows.order[self._pairs] - pairs.start]
        self._portion = np.ones(len(word))  # of what an n-gram gave, that its first word gets
        self._portion[self._pairs] = 0.5
        self._of_pairs = np.arange(len(rows.counts)).repeat(rows.counts)[self._pairs]  # features
        self._of_text = rows.indptr[1:] - rows.indptr[:-1]  # features
        self._slots = rows.indices.astype(np.int64) * scorer.table.shape[1]
        self._table, self._counts, self._share = scorer.table.ravel(), rows.counts, rows.values / rows.counts

    def place(self, match: Match) -> None:
        """Find the words that phrases are made of, so that ``weigh`` can share out what the phrases gave."""
        bounds = np.asarray(self.bounds)
        starts = np.asarray(self.start[: self.bounds[-1]], np.int64) + self._word_row * STRIDE
        first, last = bounds[match.row], bounds[match.row + 1]
        left = np.maximum(starts.searchsorted(match.row * STRIDE + match.start, side="right") - 1, first)
        right = np.minimum(np.maximum(starts.searchsorted(match.row * STRIDE + match.end), left + 1), last)
        self._words, self._phrase = spread(left, np.maximum(right - left, 0))
        self._part = 1 / np.maximum(right - left, 1)

    def weigh(self, chosen: IntArray, scales: npt.NDArray[np.float64], phrases: npt.NDArray[np.float64]) -> None:
        """Find what each word of the block gave to the labels chosen for its text, for ``show``; all heads at once.

        Args:
            chosen: For each head and text the column of the weights; shape (heads, texts).
            scales: Of each head's calibration, so that weights are in the units of its probability's logit.
            phrases: What each phrase that was placed gave, in the same units; shape (heads, phrases).
        """
        heads, count = len(chosen), len(self.start)
        places = chosen.T.repeat(self._of_text, axis=0)
        places += self._slots[:, None]
        given = self._table.take(places)
        given *= self._share[:, None]
        weights = share_out(given, self._counts, self._first_word, self._portion, count)
        first = np.arange(heads)[:, None] * count  # words of one head after those of the other
        half = given[self._of_pairs].T.ravel() / 2  # of what two words gave together
        total = np.zeros(heads * count)  # for bincount of nothing counts in integers
        total += np.bincount((first + self._second_word).ravel(), half, heads * count)
        weights += total.reshape(heads, count)
        weights *= scales[:, None]
        if phrases.shape[1]:
            parts = (phrases * self._part)[:, self._phrase].ravel()
            weights += np.bincount((first + self._words).ravel(), parts, heads * count).reshape(heads, count)
        self._weights: list[list[float]] = weights.tolist()
        self._order: list[list[int]] = self._strongest(weights[:, : len(self._word_row)]).tolist()

    def _strongest(self, weights: npt.NDArray[np.float64]) -> IntArray:
        """The words of each text, strongest first, for each head: numbers are sorted several times as fast as tuples,
        so that text, weakness and word are parts of one."""
        size = weights.shape[1]
        bits = max(1, size - 1).bit_length()
        steps = np.minimum(np.abs(weights) * _STEPS, _WEAKEST).astype(np.int64)
        keys: IntArray = (((self._word_row << _WEIGHT_BITS) + _WEAKEST - steps) << bits) + np.arange(size)
        keys.sort(axis=1)
        keys &= (1 << bits) - 1
        return keys

    def show(self, head: int, text: str, row: int, most: int) -> list[Shown]:
        """The words of one text that were strongest for a head, strongest first."""
        first, last = self.bounds[row], self.bounds[row + 1]
        order, weights = self._order[head][first : min(last, first + most)], self._weights[head]
        least = max(abs(weights[order[0]]) * _LEAST, 0.001) if order else 0.0
        shown = []
        for i in order:
            if abs(weights[i]) >= least:
                start, end = _trim(text, self.start[i], self.end[i])
                shown.append((start, end, weights[i]))
        return shown


def evidence_of(text: str, shown: Mapping[str, Sequence[Shown]]) -> dict[str, tuple[Evidence, ...]]:
    """Stretches of a text as reasons of each label, strongest first; all checked at once, for speed."""
    reasons = {
        head: sorted(
            (
                {"text": text[start:end], "start": start, "end": end, "weight": round(weight, 3)}
                for start, end, weight in some
            ),
            key=_strength,
        )
        for head, some in shown.items()
    }
    return _WHY.validate_python(reasons)


def _strength(reason: dict[str, Any]) -> float:
    return -abs(float(reason["weight"]))


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Drop punctuation around a word; take in what a mask hid, and marks that belong to its last letter."""
    if end == start + 1 and text[start] in _MASKED:
        while end < len(text) and not text[end].isspace():
            end += 1
    while end < len(text) and text[end] >= _FIRST_COMBINING and unicodedata.combining(text[end]):
        end += 1
    while end - start > 1 and text[end - 1] in _EDGE:
        end -= 1
    while end - start > 1 and text[start] in _EDGE:
        start += 1
    return start, end
