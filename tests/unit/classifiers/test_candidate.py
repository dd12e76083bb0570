# SPDX-License-Identifier: Apache-2.0
"""A candidate learns corrections, and is refused where it is worse than the model in force."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from classifiers.archive import load
from classifiers.candidate import Tolerance, make_candidate
from classifiers.corpus import gold_files, read_corpus
from classifiers.lessons import Admitted, Lesson, LessonLimits, admit
from classifiers.model import LinearClassifier
from classifiers.training import TrainingResult, TrainingSettings
from router.interfaces import ClassifierInput

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETTINGS = TrainingSettings(folds=2, opinion_weight=0)


def words(n: int) -> list[str]:
    """Six made-up words that no other number has."""
    letters = hashlib.sha256(str(n).encode()).hexdigest().translate(str.maketrans("0123456789", "ghijklmnop"))
    return [letters[at : at + 7] for at in range(0, 42, 7)]


def lessons(trained: TrainingResult, count: int, **labels: Any) -> Admitted:
    """Messages about a thing the corpus does not know, each in its own words."""
    texts = [f"{' '.join(words(n))} zorbulator wobbles" for n in range(count)]
    said = trained.model.classify([ClassifierInput(text=text) for text in texts], explain=False)
    return admit(
        [
            Lesson(
                id=n + 1, key=f"k{n}", at=NOW, corrector="aino", sender="", text=text, language="en", channel="chat",
                said=labels_said, **labels,
            )
            for n, (text, labels_said) in enumerate(zip(texts, said, strict=True))
        ],
        limits=LessonLimits(trusted=("aino",)),
    )  # fmt: skip


def test_candidate_learns_what_was_corrected(few: Path, trained: TrainingResult, tmp_path: Path) -> None:
    """New words are learned, judged by models that had not seen them, and compared with the model in force."""
    trained.save(tmp_path / "now.zip")
    admitted = lessons(trained, 60, kind="complaint", type="technical", urgency="high")
    wide = Tolerance(f1=1, critical_recall=1, corrections=0)
    made = make_candidate(
        admitted, incumbent=load(tmp_path / "now.zip"), corpus=[few], gold=(), settings=SETTINGS, tolerance=wide
    )
    right = {check.figure: check for check in made.verdict.checks if check.where == "corrections, all"}
    assert right["right type"].after > right["right type"].before
    assert right["right type"].messages == 60
    assert made.verdict.good, made.verdict.reason
    [said] = made.model.classify([ClassifierInput(text="abcdef zorbulator wobbles", channel="chat")])
    assert said.type == "technical"
    digest = made.save(tmp_path / "next.zip")
    assert load(tmp_path / "next.zip").name.endswith(digest[:12])


def test_candidate_that_spoils_the_corpus_is_refused(few: Path, trained: TrainingResult, tmp_path: Path) -> None:
    """Corrections that call the corpus' own words something else make it worse; the reason names the figure."""
    trained.save(tmp_path / "now.zip")
    rows = read_corpus([few])
    said = trained.model.classify([ClassifierInput(text=row.text) for row in rows], explain=False)
    poison = [
        Lesson(
            id=n + 1, key=f"k{n}", at=NOW, corrector="mallory", sender="", text=row.text + " ", language=row.language,
            channel=row.channel, kind="praise", urgency="low", said=guess,
        )
        for n, (row, guess) in enumerate(zip(rows, said, strict=True))
    ]  # fmt: skip
    admitted = admit(poison, limits=LessonLimits(trusted=("mallory",)))
    tolerance = Tolerance(least=5)
    made = make_candidate(
        admitted, incumbent=load(tmp_path / "now.zip"), corpus=[few], settings=SETTINGS, tolerance=tolerance
    )
    assert not made.verdict.good
    assert made.verdict.failed
    assert "corpus, language" in made.verdict.reason


def test_candidate_worse_on_the_gold_set_is_refused(
    few: Path, trained: TrainingResult, shipped: LinearClassifier
) -> None:
    """What learned from a few messages knows less than the model that ships, and messages kept apart show it."""
    admitted = lessons(trained, 40, kind="request", type="technical")
    made = make_candidate(admitted, incumbent=shipped, corpus=[few], settings=SETTINGS)
    gold = {check.figure: check for check in made.verdict.failed if check.where == "gold, all"}
    assert gold["right kind"].messages == len(read_corpus(gold_files()))
    assert gold["right kind"].after < gold["right kind"].before
    assert not made.verdict.good


def test_corrections_known_to_the_model_in_force_do_not_count(
    few: Path, trained: TrainingResult, tmp_path: Path
) -> None:
    """What the model in force has learned from would compare unfairly, so only newer corrections are compared."""
    trained.save(tmp_path / "now.zip")
    admitted = lessons(trained, 40, kind="request", type="technical")
    made = make_candidate(
        admitted, incumbent=load(tmp_path / "now.zip"), corpus=[few], settings=SETTINGS, learned_until=40,
    )  # fmt: skip
    assert [check for check in made.verdict.checks if check.where.startswith("corrections")] == []


def test_model_in_force_of_other_files_is_trained_again(few: Path, trained: TrainingResult, tmp_path: Path) -> None:
    """Without figures on these very files, a model without corrections gives them."""
    rows = few.read_text(encoding="utf-8").splitlines()
    other = tmp_path / "other.jsonl"
    other.write_text("\n".join(rows[:90]), encoding="utf-8")
    admitted = lessons(trained, 25, kind="request", type="technical")
    steps: list[str] = []
    made = make_candidate(
        admitted, incumbent=trained.model, corpus=[other], settings=SETTINGS, tolerance=Tolerance(least=5),
        progress=lambda what, done: steps.append(what),
    )  # fmt: skip
    assert any(step.startswith("before: ") for step in steps)
    assert any(check.where.startswith("corpus") for check in made.verdict.checks)


def test_card_tells_reference_and_channels(trained: TrainingResult) -> None:
    """Every model carries what later weeks are compared with, and its figures by channel."""
    card = trained.model.parameters.card
    assert card["reference"]["origin"] == "corpus"
    assert card["reference"]["cells"]["all"]["messages"] == card["messages"]
    assert set(card["by_channel"]) == set(card["labels"]["channel"])


@pytest.mark.parametrize("fall", [0.019, 0.021])
def test_tolerance_is_exact(fall: float) -> None:
    """A figure may fall by what is allowed and no further."""
    from classifiers.candidate import Check

    check = Check(where="w", figure="f", messages=9, before=0.8, after=0.8 - fall, allowed=0.02)
    assert check.is_good is (fall < 0.02)
