# SPDX-License-Identifier: Apache-2.0
"""What the tests of the classifier share: the model that ships, and one trained here on a few messages."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from classifiers.archive import load
from classifiers.corpus import corpus_files
from classifiers.default import SHIPPED
from classifiers.model import LinearClassifier
from classifiers.training import TrainingResult, TrainingSettings, train


@pytest.fixture(scope="session")
def shipped() -> LinearClassifier:
    """The model that comes with the product."""
    return load(SHIPPED)


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some messages of the corpus as a file; nearly the same ones when the corpus grows."""
    path = tmp_path_factory.mktemp("corpus") / "few.jsonl"
    lines = [line for file in corpus_files() for line in file.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if '"source": "clause"' not in line]
    lines.sort(key=lambda line: hashlib.sha256(line.encode()).digest())
    path.write_text("\n".join(lines[:300]), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained(few: Path) -> TrainingResult:
    """A small model, trained from them."""
    return train([few], settings=TrainingSettings(folds=2, least_to_stack=50))
