# SPDX-License-Identifier: Apache-2.0
"""Fitting in two processes: the same model as in one, and nothing left behind."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from classifiers import fitting
from classifiers.archive import save
from classifiers.training import TrainingResult, TrainingSettings, train


@pytest.mark.slow
def test_two_processes_give_the_same_bytes_as_one(
    few: Path, trained: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How the work is shared out cannot be seen in the model."""
    monkeypatch.setattr(fitting, "_MANY_ROWS", 10)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    shared = train([few], settings=TrainingSettings(folds=2, least_to_stack=50))
    digests = [save(result.model.parameters, tmp_path / "model.zip") for result in (trained, shared)]
    assert digests[0] == digests[1]
    assert multiprocessing.active_children() == []
