# SPDX-License-Identifier: Apache-2.0
"""Which further types a message has, besides the one whose remedy it asks for.

A further grievance is rarely the runner-up: "the alarm of my mother, who lives alone, is dead" is nearly all
`technical`, and `safety` besides. What tells are the scores of all heads together with the type chosen: of a technical
fault that is critical, safety is a further type; of a fraud, the refund. So each type has a regression over these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifiers.features import Floats
from classifiers.normalize import IntArray

__all__ = ["Chances", "Further", "fit_further"]

Chances = npt.NDArray[np.float64]

_LEAST = 15  # messages with a type as a further one, below which it is never said
_NEVER = -20.0  # log odds
_PASSES = 500


@dataclass(frozen=True)
class Further:
    """The weights. Rows: scores of all heads, channels, traits, the type chosen, what is added; columns: types."""

    weights: Floats

    def chances(self, scores: Floats, marks: Floats, chosen: IntArray) -> Chances:
        """How probable each type is as a further one, shape (n, types); that of the type chosen is 0.

        Args:
            scores: Of all heads as the separators gave them; shape (n, labels of all heads).
            marks: 1 where a text has a channel or trait; shape (n, channels + traits).
            chosen: Position of the type; shape (n,).
        """
        first = scores.shape[1] + marks.shape[1]
        odds = scores @ self.weights[: scores.shape[1]]
        odds += marks @ self.weights[scores.shape[1] : first]
        odds += self.weights[first + chosen] + self.weights[-1]
        chances: Chances = 1 / (1 + np.exp(-odds.astype(np.float64)))
        chances[np.arange(len(chosen)), chosen] = 0.0
        return chances


def fit_further(scores: Floats, marks: Floats, truth: IntArray, also: npt.NDArray[np.bool_]) -> Further | None:
    """Learn from messages whose type is known; None where no type is a further one often enough.

    Args:
        scores: Held-out; shape (n, labels of all heads).
        truth: Positions of the types; shape (n,).
        also: Shape (n, types).
    """
    from sklearn.linear_model import LogisticRegression

    often = np.flatnonzero(also.sum(axis=0) >= _LEAST)
    if not len(often):
        return None
    types = also.shape[1]
    chosen = np.zeros((len(truth), types), np.float32)
    chosen[np.arange(len(truth)), truth] = 1
    inputs = np.hstack((scores, marks, chosen))
    weights = np.zeros((inputs.shape[1] + 1, types), np.float32)
    weights[-1] = _NEVER
    for label in often:
        one = LogisticRegression(max_iter=_PASSES).fit(inputs, also[:, label])
        weights[:-1, label], weights[-1, label] = one.coef_[0], one.intercept_[0]
    return Further(weights)
