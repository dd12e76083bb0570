# SPDX-License-Identifier: Apache-2.0
"""The page about the shipped model says what the model's archive says."""

from __future__ import annotations

import json

import pytest

from classifiers.corpus import corpus_digest, corpus_files
from classifiers.default import SHIPPED
from classifiers.model import LinearClassifier
from classifiers.outside import gold_report
from classifiers.reference import MEASURED, PAGE, render


def test_reference_page_is_current() -> None:
    """Run ``python -m classifiers.reference`` after training."""
    assert PAGE.read_text(encoding="utf-8") == render()


def test_shipped_model_is_of_this_corpus(shipped: LinearClassifier) -> None:
    """Run ``python -m classifiers.training --out classifiers/models/default.zip`` after changing the corpus."""
    expected = {path.name: corpus_digest(path) for path in corpus_files()}
    assert shipped.parameters.card["training_data"] == expected


def test_gold_set_is_judged_as_the_page_says(shipped: LinearClassifier) -> None:
    """Run ``python -m classifiers.outside FOLDER`` after training; arithmetic of other machines may turn a label."""
    told = json.loads(MEASURED.read_text(encoding="utf-8"))["gold"]["total"]
    found = gold_report(shipped).total.model_dump()
    for figure in ("messages", "kind_f1", "type_f1", "urgency_kappa", "critical_recall"):
        assert found[figure] == pytest.approx(told[figure], abs=0.005)


def test_shipped_model_is_small() -> None:
    """The archive stays far below what a wheel can carry."""
    assert SHIPPED.stat().st_size < 5_000_000
