# SPDX-License-Identifier: Apache-2.0
"""The linear classifier that ships: a floor on plain messages, reasons, doubt; and training of a small one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from classifiers.archive import save
from classifiers.default import load_default
from classifiers.model import LinearClassifier, decide_urgency
from classifiers.training import TrainingResult, TrainingSettings, train
from router.errors import ConfigError, ModelError
from router.interfaces import ClassifierInput

PLAIN = [
    ("My parcel has not arrived, I have been waiting for three weeks.", "complaint", "delivery"),
    ("Pakettini ei ole vieläkään tullut, olen odottanut kolme viikkoa.", "complaint", "delivery"),
    ("Mein Paket ist nach drei Wochen immer noch nicht angekommen!", "complaint", "delivery"),
    ("Vous m'avez prélevé deux fois la même facture ce mois-ci.", "complaint", "billing"),
    ("Me han cobrado dos veces la misma factura.", "complaint", "billing"),
    ("Zwrot pieniędzy miał być dwa tygodnie temu, a pieniędzy nadal nie ma.", "complaint", "refund"),
    ("Appen kraschar hela tiden efter uppdateringen och visar felmeddelande.", "complaint", "technical"),
    ("Thank you so much, great service and very friendly staff!", "praise", None),
    ("Grazie mille, servizio eccellente!", "praise", None),
    ("How can I change the address of my account?", "request", "account"),
]


def test_classify_gets_plain_messages_right(shipped: LinearClassifier) -> None:
    """At least eight of ten plain messages in eight languages get kind and type right."""
    found = shipped.classify([ClassifierInput(text=text) for text, _, _ in PLAIN])
    right = [c.kind == kind and c.type == label for c, (_, kind, label) in zip(found, PLAIN, strict=True)]
    assert sum(right) >= 8


def test_classify_sees_danger_and_says_why(shipped: LinearClassifier) -> None:
    """A burning charger is critical in calm words, and the phrase that says so is shown."""
    text = "By the way, the charger caught fire last night."
    (found,) = shipped.classify([ClassifierInput(text=text)])
    assert found.urgency == "critical"
    assert "caught fire" in [piece.text for piece in found.why["urgency"]]


def test_classify_shows_the_strongest_first(shipped: LinearClassifier) -> None:
    """Reasons come in order, few enough to read."""
    (found,) = shipped.classify([ClassifierInput(text=" ".join(text for text, _, _ in PLAIN))])
    for pieces in found.why.values():
        strengths = [abs(piece.weight) for piece in pieces]
        assert strengths == sorted(strengths, reverse=True)
        assert 0 < len(strengths) <= 6


def test_classify_knows_the_language(shipped: LinearClassifier) -> None:
    """Clear text decides, however the channel was labelled; too short a text leaves it to the channel."""
    batch = [
        ClassifierInput(text="Pakettini ei ole vieläkään tullut perille.", language="en"),
        ClassifierInput(text="ok", language="sv"),
        ClassifierInput(text="ok"),
    ]
    assert [found.language for found in shipped.classify(batch)] == ["fi", "sv", "und"]


@pytest.mark.parametrize("text", ["", " \n ", "\u200b"], ids=["empty", "white", "invisible"])
def test_classify_of_no_words_is_unsure(shipped: LinearClassifier, text: str) -> None:
    """Where nothing is written a person looks."""
    (found,) = shipped.classify([ClassifierInput(text=text)])
    assert found.unsure


def test_classify_reads_a_bounded_part(shipped: LinearClassifier) -> None:
    """What stands beyond twenty thousand code points changes nothing."""
    long = "My parcel is late. " * 2_000
    one, other = shipped.classify([ClassifierInput(text=long), ClassifierInput(text=long + "FIRE! " * 100)])
    assert one == other


@pytest.mark.parametrize(
    ("scores", "urgency"),
    [
        ({"critical": 0.4, "high": 0.3, "normal": 0.3, "low": 0.0}, "critical"),
        ({"critical": 0.2, "high": 0.4, "normal": 0.4, "low": 0.0}, "high"),
        ({"critical": 0.1, "high": 0.1, "normal": 0.3, "low": 0.5}, "low"),
        ({"critical": 0.1, "high": 0.1, "normal": 0.5, "low": 0.3}, "normal"),
    ],
    ids=["critical", "high", "low", "normal"],
)
def test_decide_urgency_takes_the_grave_one_early(scores: dict[str, float], urgency: str) -> None:
    """Critical and high have limits of their own, below a half."""
    assert decide_urgency(scores, critical=0.35, high=0.5) == urgency


def test_predicting_does_not_import_scikit_learn() -> None:
    """The library that takes seconds to import is for training alone."""
    code = (
        "import sys; from classifiers.default import load_default; from router.interfaces import ClassifierInput; "
        "load_default().classify([ClassifierInput(text='late parcel')]); print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


def test_train_is_repeatable(few: Path, trained: TrainingResult, tmp_path: Path) -> None:
    """The same files and seed give the same bytes."""
    again = train([few], settings=TrainingSettings(folds=2, least_to_stack=50, opinion_weight=0))
    assert again.model.parameters.stack is not None
    one, other = (save(t.model.parameters, tmp_path / f"{i}.zip") for i, t in enumerate((trained, again)))
    assert one == other


def test_train_reports_progress_to_the_end(few: Path) -> None:
    """Progress rises from 0 to 1."""
    steps: list[float] = []
    train([few], settings=TrainingSettings(folds=2, opinion_weight=0), progress=lambda what, done: steps.append(done))
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0.0, 1.0)


def test_train_refuses_bad_labels(tmp_path: Path) -> None:
    """Mistakes in the files stop the training before it starts."""
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text": "x"}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"bad\.jsonl:1:1: language: Field required"):
        train([path])


def test_train_tells_where_its_data_came_from(few: Path, trained: TrainingResult) -> None:
    """The model card names the files by digest, the counts and the figures."""
    card = trained.model.parameters.card
    assert list(card["training_data"]) == [few.name]
    assert card["messages"] == trained.report.total.messages
    assert card["metrics"]["kind_f1"] == trained.report.total.kind_f1


def test_train_takes_a_part_of_a_large_corpus(few: Path) -> None:
    """About as many messages as asked, the same ones each time; the card does not claim the whole file."""
    first, again = (
        train([few], settings=TrainingSettings(folds=2, stack_units=0, opinion_weight=0), most=150) for _ in range(2)
    )
    assert [row.text for row in first.rows] == [row.text for row in again.rows]
    assert 100 < len(first.rows) < 200
    assert len(first.answers) == len(first.rows)
    assert list(first.model.parameters.card["training_data"]) == [f"{few.name}, a part"]


def test_load_default_takes_a_path(trained: TrainingResult, tmp_path: Path) -> None:
    """An installation's own model replaces the one that ships."""
    path = tmp_path / "own.zip"
    save(trained.model.parameters, path)
    assert load_default(path).name != load_default().name


def test_load_default_adds_own_signals(tmp_path: Path) -> None:
    """An installation's own phrase raises the urgency and is shown."""
    path = tmp_path / "signals.yaml"
    path.write_text('groups: {alarm: {phrases: {en: ["teapot lamp"]}}}', encoding="utf-8")
    batch = [ClassifierInput(text="Just so you know, the teapot lamp was on again this week.")]
    (before,), (after,) = (load_default(signals=given).classify(batch) for given in (None, path))
    assert (before.urgency == "critical", after.urgency) == (False, "critical")
    assert "teapot lamp" in [piece.text for piece in after.why["urgency"]]


@pytest.mark.parametrize("content", ["groups: {flood: {}}", "groups: [", "- x"], ids=["group", "yaml", "shape"])
def test_load_default_refuses_odd_signals(tmp_path: Path, content: str) -> None:
    """A list that does not fit is refused with its name."""
    path = tmp_path / "signals.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"signals\.yaml: "):
        load_default(signals=path)
