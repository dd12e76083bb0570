# SPDX-License-Identifier: Apache-2.0
"""Clauses of reviews teach the kind alone, and nobody is judged by them."""

from __future__ import annotations

from pathlib import Path

from classifiers.corpus import CLAUSE, corpus_files, read_corpus
from classifiers.own_training import corpus_as_own
from classifiers.training import TrainingSettings, apart, train

WHOLE = (
    '{"text": "parcel number %d never came, please refund it", "language": "en", "channel": "email", '
    '"kind": "%s", "type": "delivery", "urgency": "normal"}'
)
CUT = (
    '{"text": "soup %d was cold", "language": "en", "channel": "review", "kind": "complaint", '
    '"type": "product", "urgency": "high", "source": "clause"}'
)


def test_apart_keeps_only_the_kind_of_clauses() -> None:
    """Their type and urgency are not handed on; whole messages stay as they are."""
    rows = read_corpus(corpus_files()[:1])
    whole, clauses = apart(rows)
    assert len(whole) + len(clauses) == len(rows)
    assert len(clauses) > 500
    assert {(one.type, one.urgency, one.weight) for one in clauses} == {(None, None, 1.0)}
    assert {row.source for row in whole}.isdisjoint({CLAUSE})


def test_training_counts_and_judges_whole_messages(tmp_path: Path) -> None:
    """The report and the calibration are of whole messages; the card tells how many clauses and words taught beside
    them."""
    lines = [WHOLE % (n, ("complaint", "request")[n % 2]) for n in range(40)] + [CUT % n for n in range(30)]
    path = tmp_path / "en.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = train([path], settings=TrainingSettings(folds=2))
    assert (found.report.total.messages, len(found.answers), found.judged) == (40, 40, ())
    assert found.model.parameters.card["clauses"] == 30
    assert found.model.parameters.card["words"] > 50_000
    plain = train([path], settings=TrainingSettings(folds=2, opinion_weight=0))
    assert plain.model.parameters.card["words"] == 0
    assert "further_sources" not in found.model.parameters.card


def test_clauses_alone_are_messages(tmp_path: Path) -> None:
    """Who has nothing else trains on them as they are labelled."""
    path = tmp_path / "en.jsonl"
    path.write_text("\n".join(CUT % n for n in range(3)), encoding="utf-8")
    whole, clauses = apart(read_corpus([path]))
    assert (len(whole), clauses) == (3, [])


def test_own_training_takes_the_kind_alone() -> None:
    """Beside an installation's own messages they teach no type either."""
    rows = corpus_as_own(None, teach_types=True)
    clauses = [row for row, one in zip(rows, read_corpus(corpus_files()), strict=True) if one.source == CLAUSE]
    assert {(row.type, row.urgency) for row in clauses} == {(None, None)}
    assert {row.kind for row in clauses} >= {"complaint", "praise"}
