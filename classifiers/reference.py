# SPDX-License-Identifier: Apache-2.0
"""The page about the shipped model, made from what its archive says: ``python -m classifiers.reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from classifiers.archive import read_parameters
from classifiers.default import SHIPPED

__all__ = ["PAGE", "main", "render"]

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "classifier.md"

_FIGURES = {
    "messages": "messages",
    "kind_f1": "kind, macro-F1",
    "complaint_f1": "complaint or not, macro-F1",
    "false_alarms": "other messages called complaint",
    "type_f1": "type, macro-F1",
    "type_accuracy": "type, accuracy",
    "type_accuracy_surest_half": "type, accuracy on the surest half",
    "also_f1": "further types, F1",
    "urgency_kappa": "urgency, quadratic-weighted kappa",
    "critical_recall": "critical, recall",
    "critical_precision": "critical, precision",
    "language_accuracy": "language, accuracy",
    "unsure": "said to be unsure",
    "accuracy_when_sure": "kind and type both right when sure",
}
_BY_LANGUAGE = ("messages", "kind_f1", "type_f1", "urgency_kappa", "critical_recall", "language_accuracy", "unsure")


def _show(value: object) -> str:
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _lines(card: Mapping[str, Any], thresholds: Mapping[str, float]) -> Iterator[str]:
    yield "# The classifier that ships"
    yield ""
    yield "Made by `python -m classifiers.reference` from the model archive; do not edit."
    yield ""
    yield f"Method: {card['method']}. Why: [decision](../decisions/classifier-features.md)."
    yield f"Trained on {card['messages']} messages of `classifiers/data/corpus/` by"
    yield "`python -m classifiers.training --out classifiers/models/default.zip`."
    yield "The messages were written for this project and many are hard on purpose (irony, calm emergencies, requests"
    yield "that sound like complaints); figures of one language or label are rough, for there are few of each."
    yield ""
    yield "## How good it is"
    yield ""
    yield f"{card['metrics']['how'].capitalize()}: each message was judged by a model that had not seen it."
    yield ""
    yield from _table(("figure", "value"), ((what, _show(card["metrics"][key])) for key, what in _FIGURES.items()))
    errors = card["metrics"]["calibration_error"]
    yield "Expected calibration error: " + ", ".join(f"{head} {_show(value)}" for head, value in errors.items()) + "."
    yield ""
    yield "## By language"
    yield ""
    head = ("language", *(_FIGURES[key] for key in _BY_LANGUAGE))
    rows = card["by_language"].items()
    yield from _table(head, ((language, *(_show(s[key]) for key in _BY_LANGUAGE)) for language, s in rows))
    yield "## By label"
    yield ""
    for name, values in card["by_label"].items():
        keys = ("support", "precision", "recall", "f1")
        yield from _table((name, *keys), ((value, *(_show(s[key]) for key in keys)) for value, s in values.items()))
    yield "## Limits learned"
    yield ""
    yield from _table(("limit", "probability"), ((name, _show(value)) for name, value in thresholds.items()))
    yield "`kind` and `type`: below these a person is asked to look. `also`: from here on a further type is named."
    yield "`critical`: critical from here on. `high`: high, if high and critical together reach it."


def render(model: Path = SHIPPED) -> str:
    """The page as Markdown. Raises ModelError."""
    parameters, _ = read_parameters(model)
    return "\n".join(_lines(parameters.card, vars(parameters.thresholds))) + "\n"


def main() -> int:
    """Write the page."""
    PAGE.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
