# SPDX-License-Identifier: Apache-2.0
"""Both classifiers keep the contract."""

from __future__ import annotations

import pytest

from classifiers.model import LinearClassifier
from router.interfaces import Classifier
from router.testing.classifier import ClassifierContract, KeywordClassifier


class TestKeywordClassifier(ClassifierContract):
    @pytest.fixture
    def classifier(self) -> Classifier:
        return KeywordClassifier()


class TestLinearClassifier(ClassifierContract):
    @pytest.fixture
    def classifier(self, shipped: LinearClassifier) -> Classifier:
        return shipped
