# SPDX-License-Identifier: Apache-2.0
"""A second look at the scores of all labels together, from which the kind of a message is chosen.

Whether a message complains, asks or thanks shows in how the scores of all kinds, types and urgencies stand to each
other, and that is no sum: one small hidden layer over them decides better than the scores of the kinds by themselves.
It is trained on scores of messages that the separators below it had not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifiers.features import Floats

__all__ = ["Stack", "fit_stack", "marks_of", "restack"]

_SEEDS = 3  # networks that are averaged; one by itself depends on where it began
_PASSES = 40  # over few messages; over many, as many as make so many looks at one
_LEAST_PASSES, _LOOKS = 10, 2_000_000
_ROWS_AT_ONCE = 32  # a larger product is shared among threads that spin afterwards and take more time than they save


@dataclass(frozen=True)
class Stack:
    """The weights; the last row of each is what is added. Inputs: scores of all heads, then channels and traits."""

    inner: Floats  # shape (inputs + 1, units)
    outer: Floats  # shape (units + 1, kinds)
    scale: float = 1.0  # what a score of a separator of kinds is worth in log odds

    def kinds(self, scores: Floats, marks: Floats) -> Floats:
        """Scores of the kinds, shape (n, kinds): the mean of what the network says and what their separators say, which
        the network alone, used to the channels and lengths of the corpus, leaves too far on other messages.

        Args:
            scores: Of all heads as the separators gave them; shape (n, labels of all heads).
            marks: 1 where a text has a channel or trait; shape (n, channels + traits).
        """
        inputs = np.concatenate((scores, marks), axis=1)
        found = np.empty((len(inputs), self.outer.shape[1]), np.float32)
        for first in range(0, len(inputs), _ROWS_AT_ONCE):
            sums = inputs[first : first + _ROWS_AT_ONCE] @ self.inner[:-1] + self.inner[-1]
            found[first : first + _ROWS_AT_ONCE] = np.maximum(sums, 0) @ self.outer[:-1] + self.outer[-1]
        found += scores[:, : found.shape[1]] * np.float32(self.scale)
        found /= 2
        return found


def restack(stack: Stack | None, scores: Floats, marks: Floats) -> Floats:
    """The scores with those of the kinds, which come first, put in anew."""
    if stack is None:
        return scores
    kinds = stack.kinds(scores, marks)
    return np.concatenate((kinds, scores[:, kinds.shape[1] :]), axis=1)


def marks_of(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], *, size: int, width: int) -> Floats:
    """A table of 0 and 1 from pairs of row and column; pairs of columns below 0 are left out."""
    marks = np.zeros((size, width), np.float32)
    held = columns >= 0
    marks[rows[held], columns[held]] = 1
    return marks


def fit_stack(
    scores: Floats, marks: Floats, truth: npt.NDArray[np.int64], *, kinds: int, units: int, seed: int
) -> Stack | None:
    """Train it; None where not every kind was seen.

    Args:
        scores: Held-out; shape (n, labels of all heads).
        truth: Positions of the kinds, -1 for unknown.
        kinds: How many there are; more than two.
    """
    from sklearn.neural_network import MLPClassifier

    known = truth >= 0
    if len(np.unique(truth[known])) < kinds:
        return None
    inputs = np.hstack((scores, marks))[known]
    passes = min(_PASSES, max(_LEAST_PASSES, _LOOKS // len(inputs)))
    nets = [
        MLPClassifier(
            (units,), alpha=1e-2, max_iter=passes, tol=0.0, n_iter_no_change=passes, learning_rate_init=3e-3,
            batch_size=min(256, len(inputs)), random_state=seed + number,
        )
        for number in range(_SEEDS)
    ]  # fmt: skip
    for net in nets:
        _fit_quietly(net, inputs, truth[known])
    return Stack(
        inner=np.hstack([np.vstack((net.coefs_[0], net.intercepts_[0])) for net in nets]).astype(np.float32),
        outer=np.vstack((
            *(net.coefs_[1] / _SEEDS for net in nets), sum(net.intercepts_[1] for net in nets) / _SEEDS
        )).astype(np.float32),
    )  # fmt: skip


def _fit_quietly(net: object, inputs: Floats, truth: npt.NDArray[np.int64]) -> None:
    """A stated number of passes; that they end before nothing moves any more is meant, not worth a warning."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.fit(inputs, truth)  # type: ignore[attr-defined]  # scikit-learn has no types
