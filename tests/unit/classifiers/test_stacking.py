# SPDX-License-Identifier: Apache-2.0
"""The second look at all scores: it sees what no sum of them shows, and only kinds change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from classifiers.archive import load, save
from classifiers.stacking import Stack, fit_stack, marks_of, restack
from classifiers.training import TrainingResult
from router.interfaces import ClassifierInput

_Case = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.int64]]


@pytest.fixture(scope="module")
def apart() -> _Case:
    """Scores of which the kind is whether two signs agree, which no weighted sum can tell, or a third that is large."""
    rng = np.random.default_rng(7)
    scores = rng.normal(size=(9000, 5)).astype(np.float32)
    truth = ((scores[:, 0] > 0) == (scores[:, 1] > 0)).astype(np.int64)
    truth[scores[:, 2] > 1] = 2
    return scores, np.zeros((9000, 1), np.float32), truth


def test_fit_stack_learns_how_scores_stand_to_each_other(apart: _Case) -> None:
    """What the separators leave at one half becomes nearly always right on messages not trained on."""
    scores, marks, truth = apart
    stack = fit_stack(scores[:6000], marks[:6000], truth[:6000], kinds=3, units=24, seed=0)
    assert stack is not None
    alone = replace(stack, scale=0.0)  # separators of nothing would only add noise
    assert (alone.kinds(scores[6000:], marks[6000:]).argmax(axis=1) == truth[6000:]).mean() > 0.9


def test_fit_stack_needs_every_kind_and_ignores_the_unknown(apart: _Case) -> None:
    """Messages without a kind teach nothing, and a kind that nobody labelled leaves the separators as they are."""
    scores, marks, truth = apart
    assert fit_stack(scores, marks, np.where(truth == 1, -1, truth), kinds=3, units=4, seed=0) is None


def test_restack_puts_in_kinds_and_leaves_the_rest() -> None:
    """A kind gets the mean of both views; types and urgencies are what they were, and without a stack all are."""
    scores = np.arange(10, dtype=np.float32).reshape(2, 5)
    marks = np.ones((2, 1), np.float32)
    stack = Stack(inner=np.zeros((7, 3), np.float32), outer=np.full((4, 2), 0.5, np.float32))
    found = restack(stack, scores, marks)
    assert found[:, 2:].tolist() == scores[:, 2:].tolist()
    assert found[:, :2].tolist() == [[0.25, 0.75], [2.75, 3.25]]
    assert restack(None, scores, marks) is scores


def test_marks_of_sets_the_pairs_and_skips_what_is_no_mark() -> None:
    """Columns below 0 belong to phrases, which are not marks."""
    marks = marks_of(np.array([0, 0, 2]), np.array([-4, 1, 0]), size=3, width=2)
    assert marks.tolist() == [[0, 1], [0, 0], [1, 0]]


def test_stack_is_kept_in_the_archive(trained: TrainingResult, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A model read back chooses kinds as the one that was trained."""
    path = tmp_path_factory.mktemp("stack") / "model.zip"
    save(trained.model.parameters, path)
    back, here = load(path), trained.model
    assert back.parameters.stack is not None
    batch = [ClassifierInput(text=text, channel="chat") for text in ("Where is my parcel?", "Grazie mille!")]
    for one, other in zip(back.classify(batch), here.classify(batch), strict=True):
        assert one.kind == other.kind
        assert one.scores["kind"] == pytest.approx(other.scores["kind"], abs=0.03)
