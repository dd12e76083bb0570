# SPDX-License-Identifier: Apache-2.0
"""Learning from what a model that is there already says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array, hstack

from classifiers.archive import read_parameters
from classifiers.default import SHIPPED
from classifiers.own_rows import OwnRow
from classifiers.parameters import HEADS, Parameters
from classifiers.start import StartFrom, starting
from classifiers.training import train_rows
from router.interfaces import ClassifierInput

MONEY = ("I was charged twice", "why is the invoice higher", "you took the fee again", "the direct debit is wrong",
         "my payment was booked two times", "this bill cannot be right", "a price I never agreed to",
         "the amount on the statement is wrong")  # fmt: skip
GOODS = ("my parcel is lost", "the courier never came", "where is my order", "it was left at the wrong house",
         "tracking has not moved for a week", "the package is late", "one item is missing in the box",
         "still waiting for my shipment")  # fmt: skip
UNSEEN = (("veloitus tuli kahdesti", "money"), ("lasku on väärin", "money"), ("die Rechnung ist zu hoch", "money"),
          ("paketti on kadoksissa", "goods"), ("mein Paket ist nicht angekommen", "goods"),
          ("mi pedido no ha llegado", "goods"))  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> Parameters:
    return read_parameters(SHIPPED)[0]


def test_starting_folds_what_was_learned_into_one_table(shipped: Parameters) -> None:
    """Scores of the folded table are those of both tables, one on top of the other."""
    rng = np.random.default_rng(3)
    others = len(shipped.weights) - 1 - len(shipped.columns)
    ngrams = csr_array((rng.random((6, shipped.features.columns)) < 0.001).astype(np.float32))
    extra = csr_array((rng.random((6, others)) < 0.05).astype(np.float32))
    start = starting(StartFrom(shipped, HEADS, 0.1), ngrams, extra)
    columns = np.sort(rng.choice(shipped.features.columns, 5000, replace=False)).astype(np.int32)
    weights, bias = rng.normal(size=(5000 + others, 3)).astype(np.float32), rng.normal(size=3).astype(np.float32)
    learned = rng.normal(size=(len(shipped.bias), 3)).astype(np.float32)
    stacked = hstack([ngrams[:, columns], extra], format="csr") @ weights + bias + start.scores @ learned
    every, table, moved = start.fold_in(columns, weights, bias, learned)
    folded = hstack([ngrams[:, every], extra], format="csr") @ table + moved
    assert folded == pytest.approx(stacked, abs=2e-3)


def test_a_few_labels_of_one_language_serve_others_with_a_start(shipped: Parameters) -> None:
    """Sixteen English messages of two foreign types: what the model that ships knows of the subject carries them on."""
    rows = [OwnRow(text=text, type=name) for name, texts in (("money", MONEY), ("goods", GOODS)) for text in texts]
    right = {}
    for name, start in (("alone", None), ("started", StartFrom(shipped, HEADS, 0.2))):
        model = train_rows(rows, types=("goods", "money"), start=start).model
        said = model.classify([ClassifierInput(text=text) for text, _ in UNSEEN])
        right[name] = sum(one.type == wanted for one, (_, wanted) in zip(said, UNSEEN, strict=True))
    assert right["started"] >= len(UNSEEN) - 1
    assert right["alone"] <= len(UNSEEN) / 2
