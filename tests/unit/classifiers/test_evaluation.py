# SPDX-License-Identifier: Apache-2.0
"""The figures of an evaluation, on cases small enough to work out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from classifiers.calibration import fit_head, learn_doubt, learn_lean, quadratic_kappa
from classifiers.corpus import CorpusRow
from classifiers.evaluation import evaluate, report_of
from classifiers.scoring import probabilities
from router.schema import Classification, Kind, Urgency
from router.testing.classifier import KeywordClassifier


def _row(kind: Kind, label: str | None, urgency: Urgency = "normal", language: str = "en") -> CorpusRow:
    return CorpusRow(text="x", language=language, kind=kind, type=label, urgency=urgency)


def _said(kind: Kind, label: str | None, urgency: Urgency = "normal", *, unsure: bool = False) -> Classification:
    return Classification(kind=kind, type=label, urgency=urgency, language="en", unsure=unsure)


def test_report_of_counts_by_hand() -> None:
    """Two of three kinds right: complaint 2/3, request 2/3."""
    rows = [_row("complaint", "billing"), _row("request", "billing"), _row("request", "account")]
    said = [_said("complaint", "billing"), _said("complaint", "billing"), _said("request", "account", unsure=True)]
    total = report_of(rows, said).total
    assert total.kind_f1 == pytest.approx(0.6667, abs=1e-4)
    assert total.type_accuracy == 1.0
    assert total.false_alarms == 0.5
    assert total.unsure == pytest.approx(0.3333, abs=1e-4)
    assert total.accuracy_when_sure == 0.5


def test_report_of_counts_a_missing_type_as_missed() -> None:
    """A complaint taken for praise has no type, which is wrong."""
    total = report_of([_row("complaint", "billing")], [_said("praise", None)]).total
    assert total.type_f1 == 0.0


def test_report_of_separates_languages() -> None:
    """Each language has figures of its own."""
    rows = [_row("complaint", "billing"), _row("complaint", "billing", language="fi")]
    report = report_of(rows, [_said("complaint", "billing"), _said("praise", None)])
    assert report.by_language["en"].kind_accuracy == 1.0
    assert report.by_language["fi"].kind_accuracy == 0.0


def test_report_reads_as_text_and_json() -> None:
    """The table names each language; the JSON is whole."""
    report = evaluate(KeywordClassifier(), [_row("complaint", "delivery", "critical")])
    assert "critical" in report.to_text()
    assert json.loads(report.to_json())["total"]["messages"] == 1


@pytest.mark.parametrize(
    ("truth", "guess", "kappa"),
    [([0, 1, 2, 3], [0, 1, 2, 3], 1.0), ([0, 3], [3, 0], -1.0), ([0, 0, 3, 3], [0, 3, 0, 3], 0.0)],
    ids=["agree", "opposite", "chance"],
)
def test_quadratic_kappa_on_known_cases(truth: list[int], guess: list[int], kappa: float) -> None:
    """1 for agreement, -1 for the opposite, 0 for chance."""
    assert quadratic_kappa(np.array(truth), np.array(guess), 4) == pytest.approx(kappa)


def test_fit_head_makes_scores_honest() -> None:
    """Scores that are too bold become probabilities that hold: right as often as they say."""
    random = np.random.default_rng(1)
    truth = random.integers(0, 2, 2000)
    right = random.random(2000) < 0.8
    scores = np.where((truth == 1) == right, 5.0, -5.0)
    scores = np.stack([-scores, scores], axis=1)
    chances = probabilities(scores, fit_head(scores, truth, ("no", "yes")))
    assert chances.max(axis=1).mean() == pytest.approx(0.8, abs=0.03)


def test_learn_doubt_finds_where_answers_hold() -> None:
    """Above the limit the answers are right as often as asked."""
    best = np.concatenate((np.linspace(0.99, 0.8, 50), np.linspace(0.7, 0.5, 50)))
    truth = np.array([0] * 50 + [1, 0] * 25)
    limit = learn_doubt(np.stack([best, 1 - best], axis=1), truth, accuracy=0.95, most=0.6)
    assert 0.65 < limit <= 0.8


def test_learn_lean_finds_the_rare_label() -> None:
    """A label that is never the likeliest gets chosen where it is likelier than usual."""
    chances = np.array([[0.9, 0.1]] * 80 + [[0.55, 0.45]] * 20)
    truth = np.array([0] * 80 + [1] * 20)
    lean = learn_lean(chances, truth)
    leaned = np.log(chances) + np.array(lean)
    assert (leaned.argmax(axis=1) == truth).mean() == 1.0
