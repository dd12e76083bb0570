# SPDX-License-Identifier: Apache-2.0
"""The page about the shipped model says what the model's archive says."""

from __future__ import annotations

from classifiers.corpus import corpus_digest, corpus_files
from classifiers.default import SHIPPED
from classifiers.model import LinearClassifier
from classifiers.reference import PAGE, render


def test_reference_page_is_current() -> None:
    """Run ``python -m classifiers.reference`` after training."""
    assert PAGE.read_text(encoding="utf-8") == render()


def test_shipped_model_is_of_this_corpus(shipped: LinearClassifier) -> None:
    """Run ``python -m classifiers.training --out classifiers/models/default.zip`` after changing the corpus."""
    expected = {path.name: corpus_digest(path) for path in corpus_files()}
    assert shipped.parameters.card["training_data"] == expected


def test_shipped_model_is_small() -> None:
    """The archive stays far below what a wheel can carry."""
    assert SHIPPED.stat().st_size < 5_000_000
