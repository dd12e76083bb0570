# SPDX-License-Identifier: Apache-2.0
"""An installation's own types over the model that ships."""

import numpy as np
import pytest

from classifiers.default import load_default
from classifiers.model import LinearClassifier
from classifiers.own_types import LabelMap
from router.errors import ModelError
from router.interfaces import ClassifierInput

SOURCES = {"money": ("billing", "refund"), "parcel": ("delivery",), "loyalty": (), "other": ("other",)}


def test_label_map_sums_parts_and_gives_dropped_to_the_rest() -> None:
    """A merged type has the sum of its parts; what was dropped goes to the others in proportion."""
    found = LabelMap(("billing", "refund", "delivery", "privacy", "other"), SOURCES).chances(
        np.array([[0.3, 0.1, 0.1, 0.5, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0]])
    )
    assert found[0] == pytest.approx([0.8, 0.2, 0.0, 0.0], abs=1e-6)
    assert found.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_label_map_prefers_a_trained_label_of_the_own_name() -> None:
    """A model that was trained with the new type needs no source for it."""
    found = LabelMap(("loyalty", "delivery", "other"), SOURCES)
    assert found.untrained == ("money",)
    assert found.chances(np.array([[0.7, 0.2, 0.1]]))[0] == pytest.approx([0.0, 0.2, 0.7, 0.1], abs=1e-6)


def test_shipped_model_says_own_types_with_reasons() -> None:
    """Without training the answer, the scores and the further types are the installation's, and reasons stay."""
    [said] = load_default(types=SOURCES).classify([ClassifierInput(text="You charged me twice, I want my money back")])
    assert said.type == "money"
    assert set(said.scores["type"]) == set(SOURCES)
    assert sum(said.scores["type"].values()) == pytest.approx(1.0, abs=0.001)
    assert {"money", "twice"} & {evidence.text for evidence in said.why["type"]}


def test_model_refuses_types_it_knows_nothing_of(shipped: LinearClassifier) -> None:
    """Types that all need training are an error, not silence."""
    with pytest.raises(ModelError, match="knows none of the types loyalty"):
        LinearClassifier(shipped.parameters, types={"loyalty": (), "points": ()})
