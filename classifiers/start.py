# SPDX-License-Identifier: Apache-2.0
"""What a model that is there already says of a message, as something more to learn from: a few labels go further.

Of types that it never heard of it knows none, but whether a parcel or a payment is spoken of, whether somebody
complains and how pressing it is says much about them. Its scores stand beside the n-grams when separators are fitted.
Scores are sums of weights, and so is what is learned from them: both are added up into one table, and the new model is
as small and as fast as any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from classifiers.features import Floats
from classifiers.parameters import Parameters

__all__ = ["Start", "StartFrom", "starting"]

_Columns = npt.NDArray[np.int32]


@dataclass(frozen=True)
class StartFrom:
    """A model, the heads that may learn from its scores, and how large those stand beside n-grams."""

    parameters: Parameters
    heads: tuple[str, ...]
    size: float

    def idf(self) -> Floats:
        """Of every column; n-grams must be weighed as the model weighs them."""
        known = self.parameters
        idf = np.full(known.features.columns, known.idf_rest, np.float32)
        idf[known.columns] = known.idf
        return idf


@dataclass(frozen=True)
class Start:
    """The scores of that model for each message, each score about ``size`` large."""

    heads: tuple[str, ...]
    scores: Floats  # shape (n, labels of all heads of that model)
    columns: _Columns
    weights: Floats  # of the kept columns and all others, in the order of ``Parameters.weights`` without its first row
    bias: Floats
    mean: Floats  # of each score, and what it is multiplied by
    factor: Floats

    def fold_in(
        self, columns: _Columns, weights: Floats, bias: Floats, learned: Floats
    ) -> tuple[_Columns, Floats, Floats]:
        """A new model's columns, weights and bias with what it learned from the scores added.

        Args:
            weights: Of its columns, then all others; shape (columns + others, labels of its heads).
            learned: Its weights of the scores; shape (labels of that model, labels of its heads).
        """
        learned = learned * self.factor[:, None]
        given = self.weights @ learned
        every = np.union1d(columns, self.columns).astype(np.int32)
        known = len(self.columns)
        table = np.zeros((len(every), weights.shape[1]), np.float32)
        table[every.searchsorted(columns)] = weights[: len(columns)]
        table[every.searchsorted(self.columns)] += given[:known]
        others = weights[len(columns) :] + given[known:]
        moved = bias + (self.bias - self.mean) @ learned
        return every, np.vstack((table, others)), moved.astype(np.float32)


def starting(start: StartFrom, ngrams: csr_array, extra: csr_array) -> Start:
    """Score messages with the model to start from.

    Args:
        ngrams: Weighed with ``StartFrom.idf``; shape (n, columns of its features).
        extra: Signals, channels and traits as in its table; shape (n, others).
    """
    known = start.parameters
    weights = known.weights[1:]
    count = len(known.columns)
    sums = ngrams[:, known.columns] @ weights[:count] + extra @ weights[count:]
    scores = np.asarray(sums, np.float32) + known.bias
    mean, spread = scores.mean(axis=0), scores.std(axis=0)
    factor = (start.size / np.maximum(spread, 1e-3)).astype(np.float32)
    return Start(start.heads, (scores - mean) * factor, known.columns, weights, known.bias, mean, factor)
