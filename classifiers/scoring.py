# SPDX-License-Identifier: Apache-2.0
"""From texts to scores: the part of the model that is arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifiers.features import FeatureSettings, Floats, Occurrences, Rows, find_ngrams, weigh
from classifiers.normalize import Block, read_block
from classifiers.parameters import Head, Parameters

__all__ = ["Scored", "Scorer", "probabilities"]


def probabilities(scores: npt.NDArray[np.floating], head: Head) -> npt.NDArray[np.float64]:
    """Calibrated probabilities of raw scores; both of shape (n, labels)."""
    calibrated: npt.NDArray[np.float64] = scores.astype(np.float64) * head.scale + np.asarray(head.shift or 0.0)
    calibrated -= calibrated.max(axis=1, keepdims=True)
    np.exp(calibrated, out=calibrated)
    calibrated /= calibrated.sum(axis=1, keepdims=True)
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
        self.table = np.zeros((known + 1, parameters.weights.shape[1]), np.float32)
        self.table[1:] = parameters.weights[:known]
        self.extra = np.ascontiguousarray(parameters.weights[known:], np.float32)
        self.bias = parameters.bias.astype(np.float32)
        self.idf: Floats | None = None
        if len(parameters.idf):
            self.idf = np.full(self.settings.columns, parameters.idf_rest, np.float32)
            self.idf[parameters.columns] = parameters.idf

    def score(self, texts: Sequence[str], extra: Sequence[Sequence[int]], *, shares: bool) -> Scored:
        """Score a block.

        Args:
            texts: Shape (n,).
            extra: For each text the rows of the extra table that are on; shape (n,).
            shares: Keep what explanations need.
        """
        from scipy.sparse import csr_array

        block = read_block(texts)
        found = find_ngrams(block, self.settings)
        rows = weigh(found, len(texts), self.settings, self.idf, shares=shares)
        slots = self.slot_of[rows.indices]
        matrix = csr_array((rows.values, slots, rows.indptr), shape=(len(texts), len(self.table)))
        scores = matrix @ self.table
        scores += self.bias
        for i, on in enumerate(extra):
            if on:
                scores[i] += self.extra[list(on)].sum(axis=0)
        return Scored(scores, block, found, rows)
