# SPDX-License-Identifier: Apache-2.0
"""The last step of training: probabilities and limits of all labels, learned from held-out scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from classifiers.calibration import chances_of, fit_head, learn_also, learn_doubt, learn_lean, learn_urgency
from classifiers.features import Floats
from classifiers.further import Chances
from classifiers.material import CHANNELS, Material, TrainingSettings
from classifiers.own_rows import OwnRow
from classifiers.parameters import HEADS, Head, Thresholds

__all__ = ["calibrated"]

_FEW = 200  # labelled messages below which others than one's own help to calibrate
_UNTAUGHT = {"kind": "complaint", "type": "other", "urgency": "normal"}  # said where nothing was labelled
_TAKEN_FOR_GRANTED = 6.0  # added to the score of that


def _judged(material: Material, head: str) -> npt.NDArray[np.int64]:
    """The messages that calibrate a head: an installation's own if there are enough, else all that have the label."""
    labelled = np.flatnonzero(material.truth[head][: len(material.rows)] >= 0)
    own = np.array([i for i in labelled if isinstance(material.rows[int(i)], OwnRow)], np.int64)
    return own if len(own) >= _FEW else labelled


def _untaught(name: str, labels: tuple[str, ...]) -> Head:
    """A head that nothing was labelled for always says the same."""
    usual = labels.index(_UNTAUGHT[name]) if _UNTAUGHT[name] in labels else len(labels) - 1
    return Head(labels, shift=tuple(_TAKEN_FOR_GRANTED * (i == usual) for i in range(len(labels))))


def calibrated(
    material: Material, held_out: Floats, also: Chances, settings: TrainingSettings
) -> tuple[dict[str, Head], Thresholds]:
    """Calibration of every head, and where its probabilities become decisions.

    Args:
        held_out: Scores of every message by separators that had not seen it; shape (messages, labels of all heads).
        also: Probabilities of further types in the same way; shape (messages, types).
    """
    heads, chances, truths, judged, at = {}, {}, {}, {}, 0
    for name in HEADS:
        size = len(material.labels[name])
        labelled = judged[name] = _judged(material, name)
        scores = held_out[labelled, at : at + size]
        truths[name] = material.truth[name][labelled]
        taught = len(labelled) > 0
        labels = material.labels[name]
        heads[name] = fit_head(scores, truths[name], labels) if taught else _untaught(name, labels)
        chances[name] = chances_of(scores, heads[name])
        # Urgency has limits of its own.
        if taught and name != "urgency" and settings.aim == "macro-f1" and size <= settings.many_labels:
            heads[name] = replace(heads[name], lean=learn_lean(chances[name], truths[name]))
        at += size
    typed = judged["type"]
    critical, high = 0.5, 0.5
    if len(truths["urgency"]):
        critical, high = learn_urgency(chances["urgency"], truths["urgency"])

    def doubt(channel: str | None) -> tuple[float, float]:
        """Limits of kind and type for one channel; None: for all messages."""
        limits = []
        for name, accuracy, most in (
            ("kind", settings.sure_kind, settings.most_unsure / 2),
            ("type", settings.sure_type, settings.most_unsure),
        ):
            mine = np.array([channel in (None, material.rows[int(i)].channel) for i in judged[name]], bool)
            enough = mine.sum() >= settings.least_of_channel or channel is None
            limit = 0.0 if enough else -1.0  # a label that was never taught is no reason for doubt
            if enough and mine.any():
                limit = learn_doubt(chances[name][mine], truths[name][mine], accuracy=accuracy, most=most)
            limits.append(limit)
        return limits[0], limits[1]

    by_channel = {channel: limits for channel in CHANNELS if min(limits := doubt(channel)) >= 0}
    least_kind, least_type = doubt(None)
    return heads, Thresholds(
        kind=least_kind,
        type=least_type,
        by_channel=by_channel,
        also=learn_also(also[typed], material.also[typed]),
        critical=critical,
        high=high,
    )
