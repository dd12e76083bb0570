# SPDX-License-Identifier: Apache-2.0
"""Why a label: what each word of the message gave to it, exactly, as spans of the text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from classifiers.features import Floats
from classifiers.normalize import MAX_CHARS
from classifiers.phrases import Match, spread
from classifiers.scoring import Scored, Scorer
from router.schema import Evidence

__all__ = ["BlockWords", "evidence_of"]

_EDGE = frozenset(".,;:()[]{}\"'«»„“”…-*_")
_MASKED = frozenset("@hHwW")  # how a span may begin of which a mask left only the first character
_STRIDE = MAX_CHARS + 1  # sets places of one text apart from those of the next
_LEAST = 0.05  # of the strongest word's weight; weaker ones explain nothing


class BlockWords:
    """The words of a block, as runs between gaps, and what they gave to labels."""

    def __init__(self, scorer: Scorer, scored: Scored) -> None:
        block, found = scored.block, scored.found
        gaps = block.is_gap.nonzero()[0]
        after = np.minimum(gaps + 1, len(block.offset) - 1)
        self.start: list[int] = block.offset[after].tolist()
        self.end: list[int] = [*(block.offset[gaps[1:] - 1] + 1).tolist(), 0]
        self._word_row = block.row[after][:-1]
        self.bounds: list[int] = self._word_row.searchsorted(np.arange(block.size + 1)).tolist()
        number = block.is_gap.cumsum() - 1
        last = found.start + found.length - 1
        self._first_word = number[found.start]
        self._last_word = number[last] - (block.is_gap[last] & (last > found.start))
        self._row = found.row
        self._slots = scorer.slot_of[found.column].astype(np.int64) * scorer.table.shape[1]
        self._table = scorer.table.ravel()
        share = scored.rows.share
        self._share: Floats = np.zeros(len(found.row), np.float32) if share is None else share

    def place(self, match: Match) -> None:
        """Find the words that phrases are made of, so that ``weigh`` can share out what the phrases gave."""
        bounds = np.asarray(self.bounds)
        starts = np.asarray(self.start[: self.bounds[-1]], np.int64) + self._word_row * _STRIDE
        first, last = bounds[match.row], bounds[match.row + 1]
        left = np.maximum(starts.searchsorted(match.row * _STRIDE + match.start, side="right") - 1, first)
        right = np.minimum(np.maximum(starts.searchsorted(match.row * _STRIDE + match.end), left + 1), last)
        self._words, self._phrase = spread(left, np.maximum(right - left, 0))
        self._part = 1 / np.maximum(right - left, 1)

    def weigh(self, chosen: Sequence[int], scale: float, phrases: npt.NDArray[np.floating]) -> None:
        """Find what each word of the block gave to the label chosen for its text, for ``show``.

        Args:
            chosen: For each text the column of the weights; -1 for none.
            scale: Of the label's calibration, so that weights are in the units of its probability's logit.
            phrases: What each phrase that was placed gave, in the same units.
        """
        column = np.maximum(np.asarray(chosen, np.int64), 0)[self._row]
        given = self._table.take(self._slots + column) * self._share
        count = len(self.start)
        total = np.zeros(count)  # for bincount of nothing counts in integers
        total += np.bincount(self._first_word, given, count)
        total += np.bincount(self._last_word, given, count)
        total *= scale / 2
        if len(phrases):
            total += np.bincount(self._words, (phrases * self._part)[self._phrase], count)
        self._weights: list[float] = total.tolist()
        self._order: list[int] = np.lexsort((-np.abs(total[: len(self._word_row)]), self._word_row)).tolist()

    def show(self, text: str, row: int, most: int) -> list[Evidence]:
        """The strongest words of one text, strongest first."""
        first, last = self.bounds[row], self.bounds[row + 1]
        order, weights = self._order[first : min(last, first + most)], self._weights
        least = max(abs(weights[order[0]]) * _LEAST, 0.001) if order else 0.0
        shown = []
        for i in order:
            if abs(weights[i]) >= least:
                start, end = _trim(text, self.start[i], self.end[i])
                shown.append(evidence_of(text, start, end, weights[i]))
        return shown


def evidence_of(text: str, start: int, end: int, weight: float) -> Evidence:
    """A stretch of a text as a reason."""
    return Evidence(text=text[start:end], start=start, end=end, weight=round(weight, 3))


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Drop punctuation around a word; take in what a mask hid, and marks that belong to its last letter."""
    if end == start + 1 and text[start] in _MASKED:
        while end < len(text) and not text[end].isspace():
            end += 1
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    while end - start > 1 and text[end - 1] in _EDGE:
        end -= 1
    while end - start > 1 and text[start] in _EDGE:
        start += 1
    return start, end
