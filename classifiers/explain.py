# SPDX-License-Identifier: Apache-2.0
"""Why a label: what each word of the message gave to it, exactly, as spans of the text."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from classifiers.features import Floats
from classifiers.scoring import Scored, Scorer
from router.schema import Evidence, clean_text

__all__ = ["BlockWords", "evidence_of"]

_EDGE = frozenset(".,;:()[]{}\"'«»„“”…-*_")
_MASKED = frozenset("@hHwW")  # how a span may begin of which a mask left only the first character
_SHOWN = 6
_LEAST = 0.05  # of the strongest word's weight; weaker ones explain nothing


class BlockWords:
    """The words of a block, as runs between gaps, and what they gave to labels."""

    def __init__(self, scorer: Scorer, scored: Scored) -> None:
        block, found = scored.block, scored.found
        gaps = np.flatnonzero(block.is_gap)
        after = np.minimum(gaps + 1, len(block.offset) - 1)
        self.start: list[int] = block.offset[after].tolist()
        self.end: list[int] = [*(block.offset[gaps[1:] - 1] + 1).tolist(), 0]
        self.bounds: list[int] = np.searchsorted(block.row[after][:-1], np.arange(block.size + 1)).tolist()
        number = np.cumsum(block.is_gap) - 1
        last = found.start + found.length - 1
        self._first_word = number[found.start]
        self._last_word = number[last] - (block.is_gap[last] & (last > found.start))
        self._row = found.row
        self._slots = scorer.slot_of[found.column].astype(np.int64) * scorer.table.shape[1]
        self._table = scorer.table.ravel()
        share = scored.rows.share
        self._share: Floats = np.zeros(len(found.row), np.float32) if share is None else share

    def weigh(self, chosen: Sequence[int], scale: float) -> list[float]:
        """What each word of the block gave to the label chosen for its text.

        Args:
            chosen: For each text the column of the weights; -1 for none.
            scale: Of the label's calibration, so that weights are in the units of its probability's logit.
        """
        column = np.maximum(np.asarray(chosen, np.int64), 0)[self._row]
        given = self._table.take(self._slots + column) * self._share
        count = len(self.start)
        total = np.bincount(self._first_word, given, count) + np.bincount(self._last_word, given, count)
        weights: list[float] = (total * (scale / 2)).tolist()
        return weights

    def add(self, row: int, start: int, end: int, weight: float, weights: list[float]) -> None:
        """Give what a phrase weighs to the words it is made of."""
        first, last = self.bounds[row], self.bounds[row + 1]
        if first == last:
            return
        left = max(bisect_right(self.start, start, first, last) - 1, first)
        right = min(max(bisect_left(self.start, end, first, last), left + 1), last)
        for i in range(left, right):
            weights[i] += weight / (right - left)

    def show(self, text: str, row: int, weights: list[float]) -> list[Evidence]:
        """The strongest words of one text, strongest first."""
        first, last = self.bounds[row], self.bounds[row + 1]
        order = sorted(range(first, last), key=lambda i: -abs(weights[i]))[:_SHOWN]
        least = max(abs(weights[order[0]]) * _LEAST, 0.001) if order else 0.0
        shown = []
        for i in order:
            if abs(weights[i]) >= least:
                start, end = _trim(text, self.start[i], self.end[i])
                shown.append(evidence_of(text, start, end, weights[i]))
        return shown


def evidence_of(text: str, start: int, end: int, weight: float) -> Evidence:
    """Made without validation, which has nothing to find here: this runs some twenty times a message."""
    return Evidence.model_construct(text=clean_text(text[start:end]), start=start, end=end, weight=round(weight, 3))


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
