# SPDX-License-Identifier: Apache-2.0
"""Further types: what tells them is learned from all scores and the type chosen, and never is it the type itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classifiers.archive import load
from classifiers.corpus import gold_files, read_corpus
from classifiers.evaluation import report_of
from classifiers.further import Further, fit_further
from classifiers.model import LinearClassifier
from classifiers.own_types import LabelMap
from classifiers.training import TrainingResult
from router.classifier import ClassifierInput

RNG = np.random.default_rng(3)
SCORES = RNG.normal(size=(4000, 5)).astype(np.float32)
MARKS = np.zeros((4000, 1), np.float32)
TRUTH = RNG.integers(0, 3, 4000)
ALSO = np.zeros((4000, 3), bool)
ALSO[:, 2] = (TRUTH == 1) & (SCORES[:, 4] > 0.5)  # the third type besides the second one, if the last score is high


def test_fit_further_learns_what_the_type_and_the_other_scores_tell() -> None:
    """A further type depends on the type chosen and on scores of other heads; a rare one is never said."""
    found = fit_further(SCORES[:3000], MARKS[:3000], TRUTH[:3000], ALSO[:3000])
    assert found is not None
    chances = found.chances(SCORES[3000:], MARKS[3000:], TRUTH[3000:])
    assert ((chances >= 0.5) == ALSO[3000:]).mean() > 0.98
    assert chances[:, :2].max() < 1e-6


def test_further_is_never_the_type_itself() -> None:
    """Whatever the weights say."""
    weights = np.zeros((5 + 1 + 3 + 1, 3), np.float32)
    weights[-1] = 9
    chances = Further(weights).chances(SCORES, MARKS, TRUTH)
    assert (chances[np.arange(len(TRUTH)), TRUTH] == 0).all()
    assert (np.sort(chances, axis=1)[:, 1:] > 0.99).all()


def test_nothing_is_learned_from_too_few() -> None:
    """A handful of messages teaches no further type."""
    assert fit_further(SCORES[:20], MARKS[:20], TRUTH[:20], ALSO[:20]) is None


def test_label_map_takes_the_highest_of_what_is_merged() -> None:
    """Two types that an installation merged are one further type, as probable as the likelier of them."""
    own = LabelMap(("a", "b", "c"), {"one": ("a", "c"), "new": ()})
    assert own.highest(np.array([[0.2, 0.9, 0.3]])).tolist() == [[0.3, 0.0]]


def test_model_of_few_messages_names_none_and_is_read_back(trained: TrainingResult, tmp_path: Path) -> None:
    """Without enough further types in what it learned from, none is named, before and after the archive."""
    assert trained.model.parameters.further is None
    trained.save(tmp_path / "model.zip")
    back = load(tmp_path / "model.zip")
    assert back.parameters.further is None
    [said] = back.classify([ClassifierInput(text="The parcel came late and the shop does not answer my mails.")])
    assert said.also == ()


def test_shipped_model_names_further_types_of_the_gold_set(shipped: LinearClassifier) -> None:
    """More often right than a runner-up would be, and never more than two."""
    rows = [row for row in read_corpus(gold_files()) if row.type]
    said = shipped.classify([ClassifierInput(text=row.text, channel=row.channel) for row in rows], explain=False)
    assert max(len(one.also) for one in said) <= 2
    assert all(one.type not in one.also for one in said)
    assert report_of(rows, said, model="shipped").total.also_f1 == pytest.approx(0.4, abs=0.15)
