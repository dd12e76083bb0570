# SPDX-License-Identifier: Apache-2.0
"""The contract between the core and a classifier; apart from the others, so that a classifier loads quickly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from router.schema import Classification, Frozen

__all__ = ["Classifier", "ClassifierInput"]


class ClassifierInput(Frozen):
    """One text to label; subject and words already joined by the caller, history removed."""

    text: str
    channel: str = ""
    language: str = ""


class Classifier(Protocol):
    """A batch in, a batch out, in the same order. Never raises on text."""

    @property
    def name(self) -> str:
        """Name and digest of the model, as decisions record it."""

    def classify(self, batch: Sequence[ClassifierInput], *, explain: bool = True) -> list[Classification]: ...
