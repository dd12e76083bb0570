# SPDX-License-Identifier: Apache-2.0
"""Learning where the installation has types of its own: nothing it knows is forgotten, and drift speaks its names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from classifiers.default import load_default
from classifiers.model import LinearClassifier
from router.classifier import ClassifierInput
from router.config.loader import Configuration
from router.errors import ModelError
from router.learning.run import _check_types, _reference


@pytest.fixture(scope="module")
def shipped() -> LinearClassifier:
    return cast("LinearClassifier", load_default())


def test_corrections_do_not_replace_a_model_with_types_of_its_own(shipped: LinearClassifier) -> None:
    """A candidate would know none of them: the round ends with what to do instead."""
    _check_types(shipped)
    head = shipped.parameters.heads["type"]
    own = replace(head, labels=("loyalty", "tickets", *head.labels[2:]))
    strange = SimpleNamespace(parameters=replace(shipped.parameters, heads={**shipped.parameters.heads, "type": own}))
    with pytest.raises(ModelError, match=r"types of its own \(loyalty, tickets\).*train it from these again"):
        _check_types(cast("Any", strange))


def test_reference_of_drift_speaks_the_installations_types(shipped: LinearClassifier) -> None:
    """Weeks are counted by own names; by shipped ones every week would be an alarm."""
    types = SimpleNamespace(changed=True, sources={"money": ("billing", "refund"), "rest": ("delivery", "product")})
    settings = SimpleNamespace(types=types, languages=("en",), signals=None)
    recent = [ClassifierInput(text="You charged me twice, I want my money back.", channel="email")] * 3
    found = _reference(shipped, recent, cast("Configuration", SimpleNamespace(settings=settings))).model_dump_json()
    assert '"money"' in found
    assert '"billing"' not in found


def test_dress_keeps_the_digest_of_a_file(tmp_path: Path) -> None:
    """The name says which file answered."""
    from classifiers.default import SHIPPED

    path = tmp_path / "m.zip"
    path.write_bytes(SHIPPED.read_bytes())
    assert load_default(path).name == load_default().name
