# SPDX-License-Identifier: Apache-2.0
"""From texts to scores: the part of the model that is arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifiers.features import FeatureSettings, Floats, Occurrences, Rows, weigh
from classifiers.gather import add_rows
from classifiers.normalize import Block, IntArray
from classifiers.parameters import Head, Parameters

__all__ = ["AllProbabilities", "Scored", "Scorer", "probabilities"]


def probabilities(scores: npt.NDArray[np.floating], head: Head) -> npt.NDArray[np.float64]:
    """Calibrated probabilities of raw scores; both of shape (n, labels)."""
    calibrated: npt.NDArray[np.float64] = scores.astype(np.float64) * head.scale + np.asarray(head.shift or 0.0)
    calibrated -= calibrated.max(axis=1, keepdims=True)
    np.exp(calibrated, out=calibrated)
    calibrated /= calibrated.sum(axis=1, keepdims=True)
    return calibrated


class AllProbabilities:
    """The same for all heads at once, each of which is a stretch of the columns."""

    def __init__(self, heads: Sequence[Head]) -> None:
        sizes = [len(head.labels) for head in heads]
        self._scale = np.repeat([head.scale for head in heads], sizes)
        self._shift = np.concatenate([np.asarray(head.shift or np.zeros(len(head.labels))) for head in heads])
        self._first = np.cumsum([0, *sizes[:-1]])
        self._head = np.arange(len(heads)).repeat(sizes)

    def of(self, scores: Floats) -> npt.NDArray[np.float64]:
        """Calibrated probabilities of raw scores; both of shape (n, labels of all heads)."""
        calibrated: npt.NDArray[np.float64] = scores * self._scale
        calibrated += self._shift
        calibrated -= np.maximum.reduceat(calibrated, self._first, axis=1)[:, self._head]
        np.exp(calibrated, out=calibrated)
        calibrated /= np.add.reduceat(calibrated, self._first, axis=1)[:, self._head]
        return calibrated


@dataclass(frozen=True)
class Scored:
    """A block's raw scores, and what explanations need."""

    scores: Floats  # shape (n, labels of all heads)
    block: Block
    found: Occurrences
    rows: Rows


class Scorer:
    """The weights, laid out for speed. Row 0 of the table stands for every column the model does not know."""

    def __init__(self, parameters: Parameters) -> None:
        self.settings: FeatureSettings = parameters.features
        known = len(parameters.columns)
        self.slot_of = np.zeros(self.settings.columns, np.int32)
        self.slot_of[parameters.columns] = np.arange(1, known + 1)
        self.table, self.extra = parameters.weights[: known + 1], parameters.weights[known + 1 :]
        self.bias = parameters.bias.astype(np.float32)
        self.idf: Floats | None = None
        if len(parameters.idf):
            self.idf = np.append(np.float32(parameters.idf_rest), parameters.idf)

    def score(self, block: Block, found: Occurrences, extra: tuple[IntArray, IntArray], *, shares: bool) -> Scored:
        """Score a block of n texts.

        Args:
            found: Its n-grams.
            extra: Texts and the rows of the extra table that are on for them, each pair once, in the order of the
                texts; both of the same shape.
            shares: Keep what explanations need.
        """
        rows = weigh(found, block.size, self.settings, self.idf, slot_of=self.slot_of, shares=shares)
        scores = add_rows(self.table, rows.indices, rows.indptr, rows.values)
        scores += self.bias
        texts, on = extra
        if len(on):
            scores += add_rows(self.extra, on, texts.searchsorted(np.arange(block.size + 1)))
        return Scored(scores, block, found, rows)
