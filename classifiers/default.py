# SPDX-License-Identifier: Apache-2.0
"""Which model is used: the one that was asked for, else the one that ships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from classifiers.archive import read_parameters
from classifiers.model import LinearClassifier
from classifiers.parameters import Parameters
from classifiers.signals import read_signals, with_added
from router.classifier import Classifier
from router.errors import ModelError

__all__ = ["SHIPPED", "dress", "load_default"]

SHIPPED = Path(__file__).parent / "models" / "default.zip"


def load_default(
    path: Path | None = None,
    *,
    languages: Sequence[str] | None = None,
    signals: Path | None = None,
    types: Mapping[str, Sequence[str]] | None = None,
) -> Classifier:
    """Load a classifier.

    Args:
        path: A model archive, or None for the one that comes with the product.
        languages: Those a text may be in; all of the model's by default.
        signals: An installation's own phrases, added to groups of ``signals.yaml`` that the model knows.
        types: An installation's own types and which labels of the model count for each; see ``own_types.py``.

    Raises:
        ModelError: The archive or the list is missing, damaged or does not fit; says what to do.
    """
    parameters, digest = read_parameters(path or SHIPPED)
    return dress(parameters, digest=digest, languages=languages, signals=signals, types=types)


def dress(
    parameters: Parameters,
    *,
    digest: str = "",
    languages: Sequence[str] | None = None,
    signals: Path | None = None,
    types: Mapping[str, Sequence[str]] | None = None,
) -> LinearClassifier:
    """A classifier of parameters as an installation uses it; arguments and errors as ``load_default``."""
    if signals is not None:
        try:
            added = with_added(parameters.signals, read_signals(signals).groups)
        except (OSError, ValueError) as error:
            raise ModelError(f"{signals}: {error}") from error
        parameters = replace(parameters, signals=added)
    return LinearClassifier(parameters, digest=digest, languages=languages, types=types)
