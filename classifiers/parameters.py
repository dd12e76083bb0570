# SPDX-License-Identifier: Apache-2.0
"""What a trained model consists of, and nothing that computes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers.features import FeatureSettings, Floats
from classifiers.further import Further
from classifiers.signals import SignalFile
from classifiers.stacking import Stack

__all__ = ["HEADS", "Head", "Parameters", "Thresholds"]

HEADS = ("kind", "type", "urgency")


@dataclass(frozen=True)
class Head:
    """One label: its values, the calibration, and how choices lean.

    Probabilities are softmax(scale * scores + shift). The value chosen is the largest of log probability + lean, so
    that rare values are found as well as frequent ones; the probabilities stay what they are.
    """

    labels: tuple[str, ...]
    scale: float = 1.0
    shift: tuple[float, ...] = ()
    lean: tuple[float, ...] = ()


@dataclass(frozen=True)
class Thresholds:
    """Where probabilities become decisions; all learned on messages the model had not seen."""

    kind: float = 0.5  # below this a person should look
    type: float = 0.4
    also: float = 0.25  # a further type is named from here on; of its own probability, not the type's
    critical: float = 0.35  # "critical" from here on, whatever else is likelier
    high: float = 0.5  # "high" or more urgent together
    by_channel: dict[str, tuple[float, float]] = field(default_factory=dict)  # kind and type where enough was seen

    def doubt(self, channel: str) -> tuple[float, float]:
        """Below which probability of kind and of type a person should look, for messages of a channel."""
        return self.by_channel.get(channel, (self.kind, self.type))


@dataclass(frozen=True)
class Parameters:
    """A trained linear model.

    Rows of ``weights``: one of zeros, for every column that was not kept; the kept columns in order; signals, channels,
    traits. So the table that scores are added up from is a part of it as it stands, and a model is in memory once.
    """

    name: str
    features: FeatureSettings
    heads: dict[str, Head]
    columns: npt.NDArray[np.int32]  # kept columns of the features, ascending; shape (a,)
    idf: Floats  # of the kept columns; shape (a,), or (0,) for none
    idf_rest: float  # of all others
    weights: Floats  # shape (1 + a + signals + channels + traits, labels of all heads)
    bias: Floats  # shape (labels of all heads,)
    thresholds: Thresholds
    signals: SignalFile
    channels: tuple[str, ...]
    languages: tuple[str, ...]
    traits: tuple[str, ...] = ()
    stack: Stack | None = None  # None: kinds are chosen from their own scores
    further: Further | None = None  # None: no further types are named
    card: dict[str, Any] = field(default_factory=dict)  # training data, metrics, versions: for people

    def slices(self) -> dict[str, slice]:
        """Which columns of ``weights`` belong to which head."""
        found, at = {}, 0
        for name in HEADS:
            end = at + len(self.heads[name].labels)
            found[name] = slice(at, end)
            at = end
        return found
