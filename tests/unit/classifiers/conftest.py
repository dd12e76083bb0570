# SPDX-License-Identifier: Apache-2.0
"""What the tests of the classifier share: the model that ships, and one trained here on a few messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.archive import load
from classifiers.default import SHIPPED
from classifiers.model import LinearClassifier
from classifiers.training import TrainingResult, TrainingSettings, train
from router.testing.corpus import write_few


@pytest.fixture(scope="session")
def shipped() -> LinearClassifier:
    """The model that comes with the product."""
    return load(SHIPPED)


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some messages of the corpus as a file; nearly the same ones when the corpus grows."""
    return write_few(tmp_path_factory.mktemp("corpus") / "few.jsonl", 300)


@pytest.fixture(scope="session")
def trained(few: Path) -> TrainingResult:
    """A small model, trained from them."""
    return train([few], settings=TrainingSettings(folds=2, least_to_stack=50, opinion_weight=0))
