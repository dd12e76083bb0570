# SPDX-License-Identifier: Apache-2.0
"""Fitting: in two processes the same model as in one, with nothing left behind; and which columns are kept."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifiers import fitting
from classifiers.archive import save
from classifiers.corpus import read_corpus
from classifiers.material import make_material
from classifiers.signals import shipped_signals
from classifiers.training import TrainingResult, TrainingSettings, train
from router.schema import TYPES


@pytest.mark.slow
def test_two_processes_give_the_same_bytes_as_one(
    few: Path, trained: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How the work is shared out cannot be seen in the model."""
    monkeypatch.setattr(fitting, "_MANY", 10)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    shared = train([few], settings=TrainingSettings(folds=2, least_to_stack=50, opinion_weight=0))
    digests = [save(result.model.parameters, tmp_path / "model.zip") for result in (trained, shared)]
    assert digests[0] == digests[1]
    assert multiprocessing.active_children() == []


def test_what_says_least_is_left_out(few: Path) -> None:
    """A model keeps no more columns than asked for: those that move scores most, and everything that is no n-gram."""
    rows = read_corpus([few])
    settings = TrainingSettings(folds=2, least_texts=1)
    material = make_material(rows, [], shipped_signals(), settings, TYPES)
    everyone, nobody = np.arange(len(rows)), np.zeros(0, np.int64)
    whole = fitting.fit_part(material, settings, 0, (everyone, nobody))
    some = fitting.fit_part(material, replace(settings, most_columns=500), 0, (everyone, everyone))
    kept = np.isin(whole.columns, some.columns)
    assert (len(some.columns), int(kept.sum())) == (500, 500)
    others = len(whole.columns)
    assert (some.weights[500:] == whole.weights[others:]).all()
    assert (some.weights[:500] == whole.weights[:others][kept]).all()
    seen = np.bincount(material.ngrams.indices, minlength=material.ngrams.shape[1])[whole.columns]
    moved = np.square(whole.weights[:others]).sum(axis=1) * np.sqrt(seen)
    assert moved[kept].min() >= moved[~kept].max()
    assert some.scores.shape == (len(rows), whole.weights.shape[1])
