# SPDX-License-Identifier: Apache-2.0
"""Training on own rows, what tells labels apart, and the report."""

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from classifiers.charts import bars, confusion_matrix
from classifiers.drawing import Box, Line, Picture, Words
from classifiers.material import TrainingSettings, make_material
from classifiers.own_rows import OwnRow, OwnRows
from classifiers.own_training import OwnResult, corpus_as_own, learning_curve, own_settings, train_own, tune
from classifiers.report_page import render_page, write_report
from classifiers.signals import SignalFile
from classifiers.telling import tell_apart
from router.interfaces import ClassifierInput

THINGS = {"card": ("card", "pin", "chip", "cash machine"), "loan": ("loan", "rate", "mortgage", "interest"),
          "<b>travel</b>": ("flight", "hotel", "visa", "luggage")}  # fmt: skip


@pytest.fixture(scope="module")
def own() -> OwnRows:
    """Ninety messages of three labels of a foreign vocabulary, one of which is not friendly to HTML."""
    says = ("where is my {}", "the {} does not work", "please tell me about the {} number {}", "I lost the {} today",
            "my {} again", "what of the {} then", "a word on the {}", "no {} for me")  # fmt: skip
    rows = [
        OwnRow(text=line.format(word, number), type=name, language="en")
        for name, words in THINGS.items()
        for word in words
        for number, line in enumerate(says)
    ]
    return OwnRows(rows, tuple(sorted(THINGS)), own_types=True, unlabelled=0)


@pytest.fixture(scope="module")
def trained(own: OwnRows) -> OwnResult:
    return train_own(own, [], own_only=True)


def test_train_own_learns_a_foreign_vocabulary(own: OwnRows, trained: OwnResult) -> None:
    """The labels become the types; what nothing was labelled for is always the same and no reason for doubt."""
    said = trained.result.model.classify([ClassifierInput(text="my mortgage"), ClassifierInput(text="the hotel")])
    assert [one.type for one in said] == ["loan", "<b>travel</b>"]
    assert {(one.kind, one.urgency) for one in said} == {("complaint", "normal")}
    assert trained.report.total.type_accuracy is not None
    assert trained.report.total.type_accuracy > 0.9
    assert trained.report.total.kind_f1 is None
    assert len(trained.answers) == len(own.rows)


def test_train_own_is_saved_and_read_again(trained: OwnResult, tmp_path: Path) -> None:
    """A model of own labels survives its archive."""
    from classifiers.archive import load

    trained.result.save(tmp_path / "m.zip")
    [said] = load(tmp_path / "m.zip").classify([ClassifierInput(text="interest on the loan")])
    assert said.type == "loan"


def test_tune_and_curve_use_own_rows(own: OwnRows) -> None:
    """Tuning gives settings that differ in what was tried only; a curve rises to all rows."""
    chosen = tune(own, aim="accuracy")
    assert chosen.folds == own_settings(own).folds
    assert chosen.aim == "accuracy"
    points = learning_curve(own, chosen)
    assert [count for count, _ in points] == [12, 24, 48, 96]
    assert points[-1][1] > 0.9


def test_rows_of_a_group_are_never_parted() -> None:
    """One fold holds all messages of a conversation; others are spread by their words."""
    settings = TrainingSettings(folds=4)
    talks = [OwnRow(text=f"words {at}", type="card", group=f"talk {at // 8}") for at in range(64)]
    folds = make_material([*talks, *(row.model_copy(update={"group": ""}) for row in talks)], [], SignalFile(groups={}),
                          settings, ("card", "loan")).fold  # fmt: skip
    together = folds[:64].reshape(8, 8)
    assert (together == together[:, :1]).all()
    assert len(set(together[:, 0].tolist())) > 1
    assert (folds[64:].reshape(8, 8) != together).any(axis=1).all()


def test_corpus_as_own_speaks_the_own_types() -> None:
    """The corpus that ships is turned into own types; a dropped type teaches none; a foreign vocabulary none at all."""
    rows = corpus_as_own({"money": ("billing", "refund"), "other": ("other",)}, teach_types=True)
    assert {row.type for row in rows} == {"money", "other", None}
    assert all(row.kind for row in rows)
    assert sum(row.urgency is not None for row in rows) > len(rows) / 2  # clauses of reviews teach none
    assert {row.type for row in corpus_as_own(None, teach_types=False)} == {None}


def test_tell_apart_prefers_what_stands_with_one_label() -> None:
    """A column of one label counts most, one of all labels least, a rare one in between."""
    ngrams = csr_array(np.array([[1, 1, 0], [1, 1, 0], [1, 1, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0]], np.float32))
    factor = tell_apart(ngrams, np.array([0, 0, 0, 1, 1, 1]), least=0.1)
    assert factor[1] > factor[2] > factor[0] > 0


def test_report_is_one_page_without_scripts(trained: OwnResult, tmp_path: Path) -> None:
    """The page needs nothing else and escapes labels; each picture is a PNG beside it."""
    page, *pngs = write_report(
        tmp_path / "r", trained.report, trained.rows, trained.answers, curve=((10, 0.5), (20, 1))
    )
    text = page.read_text(encoding="utf-8")
    assert "<b>" not in text
    assert "&lt;b&gt;travel" in text
    assert not re.search(r"<script|<link|<img|src=|@import|url\(", text)
    assert {path.name for path in pngs} >= {"confusion-type.png", "reliability-type.png", "learning.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pngs)


def test_report_page_of_nothing_judged_still_renders(trained: OwnResult) -> None:
    """Figures that do not exist are left out."""
    assert "kind, macro-F1" not in render_page(trained.report, {})


def test_picture_png_shows_its_shapes() -> None:
    """A filled box has its colour at its place, twice the size; words and lines leave ink."""
    picture = Picture(
        "p", 40, 20, [Box(5, 5, 10, 10, "#ff0000"), Line(((20, 10), (38, 10)), "#0000ff"), Words(22, 8, "Ä")]
    )
    png = picture.to_png()
    width, height = struct.unpack(">II", png[16:24])
    start = png.index(b"IDAT") + 4
    [length] = struct.unpack(">I", png[start - 8 : start - 4])
    pixels = np.frombuffer(zlib.decompress(png[start : start + length]), np.uint8).reshape(height, width * 3 + 1)
    image = pixels[:, 1:].reshape(height, width, 3)
    assert (width, height) == (80, 40)
    assert image[20, 20].tolist() == [255, 0, 0]
    assert image[20, 60].tolist() == [0, 0, 255]
    assert (image[4:16, 44:56] < 200).any()
    assert image[0, 0].tolist() == [255, 255, 255]


def test_confusion_matrix_of_many_labels_shows_the_most_confused() -> None:
    """150 labels would be unreadable: those with mistakes are kept."""
    table = {f"l{i}": {f"l{i}": 5} for i in range(150)}
    table["l7"]["l99"] = 40
    svg = confusion_matrix("c", table).to_svg()
    assert "l7 said to be l99: 40 of 45" in svg
    assert svg.count("</text>") < 100


def test_bars_leave_out_what_is_unknown() -> None:
    """A group without a value has its name and no bar."""
    svg = bars("b", {"en": (0.5, None)}, ("kind", "type")).to_svg()
    assert "en: 0.500" in svg
    assert svg.count("0.50</text>") == 1
