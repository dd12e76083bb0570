# SPDX-License-Identifier: Apache-2.0
"""An installation's own types laid over those a model was trained on: renamed, merged, dropped, without training.

The probability of a merged type is the sum of its parts; that of a dropped one goes to the others in their proportion.
A new type that the model was never shown has probability 0 until it is trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["LabelMap"]

_Table = npt.NDArray[np.float64]
_LEAST = 1e-9  # of probability that is left where a model believes only in what was dropped


class LabelMap:
    """From the labels of a model to those of an installation."""

    def __init__(self, labels: Sequence[str], sources: Mapping[str, Sequence[str]]) -> None:
        """Lay one over the other.

        Args:
            labels: The model's.
            sources: Own name to the shipped labels that count for it. A model that knows the own name was trained
                with it; its label of that name counts too.
        """
        self.labels = tuple(sources)
        place = {name: i for i, name in enumerate(self.labels)}
        self._target = [self._place(label, sources, place) for label in labels]
        self._matrix = np.zeros((len(labels), len(self.labels)))
        for row, column in enumerate(self._target):
            if column >= 0:
                self._matrix[row, column] = 1.0
        self._known: npt.NDArray[np.bool_] = self._matrix.sum(axis=0) > 0

    @staticmethod
    def _place(label: str, sources: Mapping[str, Sequence[str]], place: Mapping[str, int]) -> int:
        part_of = next((name for name, parts in sources.items() if label in parts), None)
        return place[part_of] if part_of is not None else place.get(label, -1)

    @property
    def untrained(self) -> tuple[str, ...]:
        """Own labels that nothing of the model counts for."""
        return tuple(label for label, known in zip(self.labels, self._known, strict=True) if not known)

    def merge(self, values: _Table) -> _Table:
        """Sums of what belongs together; shape (n, labels of the model) to (n, own labels)."""
        merged: _Table = values @ self._matrix
        return merged

    def chances(self, chances: _Table) -> _Table:
        """Probabilities of the own labels; each row sums to 1."""
        merged = self.merge(chances) + _LEAST * self._known
        merged /= np.maximum(merged.sum(axis=1, keepdims=True), _LEAST)
        return merged

    def highest(self, values: _Table) -> _Table:
        """The largest of what belongs together, 0 where nothing does; shapes as in ``merge``."""
        found = np.zeros((len(values), len(self.labels)))
        for label, own in enumerate(self._target):
            if own >= 0:
                np.maximum(found[:, own], values[:, label], out=found[:, own])
        return found

    def strongest(self, chances: Sequence[float], own: int) -> int:
        """The model's label that gave most to an own label, for the reasons; -1 where none can."""
        parts = [i for i, column in enumerate(self._target) if column == own]
        return max(parts, key=chances.__getitem__, default=-1)
