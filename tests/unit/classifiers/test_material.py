# SPDX-License-Identifier: Apache-2.0
"""Messages as numbers: what is told of a channel; and labels told apart one by one, or all at once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from classifiers.material import CHANNELS, TrainingSettings, fit_separators, make_material
from classifiers.public import PartRow
from classifiers.signals import SignalFile
from router.schema import TYPES


def test_one_message_in_five_is_learned_from_without_its_channel() -> None:
    """The same ones every time, on every channel."""
    rows = [
        PartRow(text=f"the parcel {n} is late", kind="complaint", channel=channel, source="s")
        for channel in CHANNELS
        for n in range(200)
    ]
    extra = make_material([], rows, SignalFile(groups={}), TrainingSettings(), TYPES).extra
    named = extra.toarray()[:, : len(CHANNELS)].reshape(len(CHANNELS), 200, len(CHANNELS)).sum(axis=2)
    assert (named == named[0]).all()
    assert 0.7 < named.mean() < 0.9


@pytest.mark.parametrize("jointly", [False, True])
def test_every_message_scores_highest_for_its_label_and_one_nobody_has_is_never_chosen(jointly: bool) -> None:
    """Also where messages without a label stand among them."""
    truth = np.array([0, 1, 3, 4, -1] * 20)
    features = csr_array(np.eye(5, dtype=np.float32)[np.abs(truth)] + np.float32(0.1))
    weights, bias = fit_separators(
        features, truth, np.ones(100, np.float32), size=6, penalty=1.0, seed=0, jointly=jointly
    )
    scores = features @ weights + bias
    known = truth >= 0
    assert (scores[known].argmax(axis=1) == truth[known]).all()
    assert scores[:, [2, 5]].max() < scores[known, truth[known]].min()


@pytest.mark.parametrize("labels", [[1, 1, -1], [1, 2, 1]])
def test_one_label_or_two_are_told_without_a_joint_separator(labels: list[int]) -> None:
    """Which could not be fitted to them."""
    features = csr_array(np.eye(3, dtype=np.float32)[np.abs(labels)])
    weights, bias = fit_separators(
        features, np.array(labels), np.ones(3, np.float32), size=4, penalty=1.0, seed=0, jointly=True
    )
    known = [i for i, label in enumerate(labels) if label >= 0]
    assert (features @ weights + bias)[known].argmax(axis=1).tolist() == [labels[i] for i in known]
