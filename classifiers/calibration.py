# SPDX-License-Identifier: Apache-2.0
"""Fitting what turns scores into honest probabilities and decisions, on messages the scores were not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from classifiers.parameters import Head
from classifiers.scoring import probabilities

__all__ = ["fit_head", "learn_also", "learn_doubt", "learn_lean", "learn_urgency", "quadratic_kappa"]

_Array = npt.NDArray[np.float64]
_Labels = npt.NDArray[np.int64]
_SHIFT_PENALTY = 0.02  # holds the shifts of rare labels near 0


def fit_head(scores: npt.NDArray[np.floating], truth: _Labels, labels: Sequence[str]) -> Head:
    """Fit one scale for all labels and one shift each by the likelihood of the true labels.

    Args:
        scores: Held-out scores; shape (n, labels).
        truth: Positions in ``labels``; shape (n,).
    """
    from scipy.optimize import minimize

    scores = scores.astype(np.float64)
    rows = np.arange(len(truth))
    onehot = np.zeros_like(scores)
    onehot[rows, truth] = 1

    def loss(x: _Array) -> tuple[float, _Array]:
        scale, shift = np.exp(x[0]), x[1:]
        z = scores * scale + shift
        z -= z.max(axis=1, keepdims=True)
        log_total = np.log(np.exp(z).sum(axis=1, keepdims=True))
        off = np.exp(z - log_total) - onehot
        value = -(z - log_total)[rows, truth].mean() + _SHIFT_PENALTY * (shift @ shift) / 2
        slope = np.concatenate(([(off * scores).sum() * scale / len(rows)], off.mean(axis=0) + _SHIFT_PENALTY * shift))
        return float(value), slope

    fitted = minimize(
        loss, np.zeros(len(labels) + 1), jac=True, method="L-BFGS-B", bounds=[(-3, 4)] + [(-5, 5)] * len(labels)
    )
    scale, shift = float(np.exp(fitted.x[0])), fitted.x[1:] - fitted.x[1:].mean()
    return Head(tuple(labels), round(scale, 5), tuple(round(float(s), 5) for s in shift))


def learn_doubt(chances: _Array, truth: _Labels, *, accuracy: float, most: float) -> float:
    """The lowest probability to trust: above it the answers are right as often as asked.

    Args:
        chances: Held-out probabilities; shape (n, labels).
        accuracy: Share of right answers wanted among the trusted.
        most: Largest share of messages that may be called unsure; wins over ``accuracy``.
    """
    best = chances.max(axis=1)
    right = (chances.argmax(axis=1) == truth)[np.argsort(-best, kind="stable")]
    best = -np.sort(-best)
    share_right = np.cumsum(right) / np.arange(1, len(right) + 1)
    good = np.flatnonzero(share_right >= accuracy)
    trusted = max(int(good[-1]) + 1 if len(good) else 0, int(np.ceil(len(best) * (1 - most))))
    return round(float(best[min(trusted, len(best)) - 1]), 4)


def _macro_f1(truth: _Labels, guess: _Labels, size: int) -> float:
    right = np.bincount(truth[truth == guess], minlength=size)
    both = np.bincount(truth, minlength=size) + np.bincount(guess, minlength=size)
    return float((2 * right / np.maximum(both, 1))[np.bincount(truth, minlength=size) > 0].mean())


def learn_lean(chances: _Array, truth: _Labels) -> tuple[float, ...]:
    """What to add to the log of each probability before choosing, for the best macro-F1; coarse steps, near 0."""
    size = chances.shape[1]
    logs = np.log(np.maximum(chances, 1e-9))
    lean = np.zeros(size)
    best = _macro_f1(truth, logs.argmax(axis=1), size)
    for _ in range(3):
        for label in range(size):
            for step in (-0.5, -0.25, 0.25, 0.5, 0.75):
                tried = lean.copy()
                tried[label] = step
                score = _macro_f1(truth, (logs + tried).argmax(axis=1), size)
                if score > best + 0.001:
                    best, lean = score, tried
    return tuple(float(value) for value in lean)


def learn_also(chances: _Array, also: npt.NDArray[np.bool_]) -> float:
    """The probability from which a further type is named, by the best F1 of further types.

    Args:
        chances: Held-out, of each type as a further one; shape (n, types).
        also: The truth, same shape.
    """
    best, chosen = 0.0, 0.5
    for limit in np.arange(0.05, 0.95, 0.01):
        named = chances >= limit
        score = 2 * int((named & also).sum()) / max(1, int(named.sum()) + int(also.sum()))
        if score > best:
            best, chosen = score, float(limit)
    return round(chosen, 4)


def quadratic_kappa(truth: _Labels, guess: _Labels, size: int) -> float:
    """Agreement of two ordered labellings beyond chance, a miss weighing the square of its distance."""
    if not len(truth):
        return 0.0
    table = np.zeros((size, size))
    np.add.at(table, (truth, guess), 1)
    distance = (np.arange(size)[:, None] - np.arange(size)[None, :]) ** 2
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    chance = float((distance * expected).sum())
    return 1.0 - float((distance * table).sum()) / chance if chance else 1.0


def learn_urgency(
    chances: _Array, truth: _Labels, *, recall: float = 0.905, precision: float = 0.5
) -> tuple[float, float]:
    """Where "critical" and "high" begin.

    Args:
        chances: Held-out probabilities in the order critical, high, normal, low.
        recall: Of critical, wanted as long as ``precision`` holds; a little above .9, for some is lost later.
        precision: Less than is wanted in use: what this is learned on holds more harmless words of danger than life
            does (on the gold set the same limit is right a fifth more often), and a missed emergency is worse than
            a false alarm.

    Returns:
        The two limits: recall of critical first, precision kept, then the best quadratic-weighted kappa.
    """
    is_critical = truth == 0
    best_critical, best_value = 0.5, (-1.0, -1.0)
    for limit in np.arange(0.05, 0.8, 0.0025):
        said = chances[:, 0] >= limit
        hits = float((said & is_critical).sum())
        got, exact = hits / max(1, is_critical.sum()), hits / max(1, said.sum())
        value = (min(got / recall, 1) + min(exact / precision, 1), got + exact)
        if value > best_value:
            best_value, best_critical = value, float(limit)
    best_high, best_kappa = 0.5, -1.0
    for limit in np.arange(0.15, 0.85, 0.01):
        guess = np.where(chances[:, 2] >= chances[:, 3], 2, 3)
        guess[chances[:, 0] + chances[:, 1] >= limit] = 1
        guess[chances[:, 0] >= best_critical] = 0
        kappa = quadratic_kappa(truth, guess, 4)
        if kappa > best_kappa:
            best_kappa, best_high = kappa, float(limit)
    return round(best_critical, 4), round(best_high, 4)


def chances_of(scores: npt.NDArray[np.floating], head: Head) -> _Array:
    """Calibrated probabilities, for the functions above."""
    return probabilities(scores, head)
