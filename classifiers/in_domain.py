# SPDX-License-Identifier: Apache-2.0
"""The method of ``train`` on public sets: ``python -m classifiers.in_domain FOLDER`` writes what it reaches.

Each task trains a throw-away model on the train part of a set, as ``train FILE --own-only`` would, and judges it on the
dev part. So does a plain linear model on scikit-learn's TF-IDF, for the parts of a set differ in how hard they are.
Rows stay in the folder; figures go into ``data/measured.json``, and from there to the reference page.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifiers.corpus import fold_of
from classifiers.own_rows import OwnRow, OwnRows
from classifiers.own_training import Aim, train_own, tune
from classifiers.public import set_rows
from classifiers.reference import MEASURED
from router.classifier import ClassifierInput

__all__ = ["TASKS", "Task", "main", "measure_task"]

_Row = dict[str, Any]
_FOLDS = 10
_PENALTIES = (0.1, 0.3, 1.0)


@dataclass(frozen=True)
class Task:
    """What to tell apart in a set, and what is asked of it, in percent: macro-F1, or accuracy where ``aim`` says so."""

    name: str
    folder: str
    goal: float
    label: Callable[[_Row], str | None]  # None leaves a row out
    aim: Aim = "macro-f1"
    group: str = ""  # what a row is a version of, if anything: ``train --group-column``
    folds: int = 0  # above 0: cross-validation over all rows instead of train and dev


def _of_domain(domain: str) -> Callable[[_Row], str | None]:
    return lambda row: row["sentiment"] if row["domain"] == domain else None


TASKS = (
    Task("complaint tweets, 10-fold", "complaints_tweets_en", 83.0,
         lambda row: "complaint" if int(row["is_complaint"]) else "none", folds=_FOLDS),
    Task("CLINC150, accuracy within its 150 intents", "clinc150_en", 93.5,
         lambda row: None if row["intent"] == "oos" else row["intent"], "accuracy"),
    Task("BANKING77, accuracy", "banking77_en", 91.5, lambda row: row["intent"], "accuracy"),
    Task("airline types", "airline_tweets_en", 62.0, lambda row: row["type"] or None),
    Task("M-ABSA, its five frequent types", "mabsa_multi", 68.0,
         lambda row: None if row["type"] in ("", "refund_return") else row["type"],  # of that, 44 rows to learn from
         group="pair"),
    Task("Polish hotels, accuracy", "polish_reviews_pl", 84.5, _of_domain("hotels"), "accuracy"),
    Task("Polish medicine, accuracy", "polish_reviews_pl", 78.5, _of_domain("medicine"), "accuracy"),
)  # fmt: skip


def _labelled(rows: Sequence[_Row], task: Task) -> list[OwnRow]:
    found = [(row, task.label(row)) for row in rows if row["text"].strip()]
    return [
        OwnRow(text=row["text"], language=row.get("lang", ""), type=label, group=str(row.get(task.group, "")))
        for row, label in found
        if label
    ]


def _guesses(train: Sequence[OwnRow], judged: Sequence[OwnRow], task: Task) -> list[str]:
    own = OwnRows(rows=list(train), types=tuple(sorted({str(row.type) for row in train})), own_types=True, unlabelled=0)
    settings = tune(own, aim=task.aim)
    model = train_own(own, (), own_only=True, settings=settings).result.model
    batch = [ClassifierInput(text=row.text, language=row.language) for row in judged]
    return [str(found.type) for found in model.classify(batch, explain=False)]


def _plain_guesses(train: Sequence[OwnRow], judged: Sequence[OwnRow], task: Task, penalty: float) -> list[str]:
    """What words (1 to 2) and letters (2 to 5 within words), TF-IDF and a linear SVM say."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    model = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        LinearSVC(C=penalty, class_weight=None if task.aim == "accuracy" else "balanced", tol=0.01, random_state=0),
    )
    model.fit([row.text for row in train], [str(row.type) for row in train])
    return [str(label) for label in model.predict([row.text for row in judged])]


def _parts(task: Task, folder: Path) -> Iterator[tuple[list[OwnRow], list[OwnRow]]]:
    """What is learned from and what is judged; one pair, or one a fold."""
    dev = _labelled(set_rows(folder / task.folder, "dev"), task)
    train = _labelled(set_rows(folder / task.folder, "train"), task)
    if not task.folds:
        yield train, dev
        return
    every = [*train, *dev]
    for fold in range(task.folds):
        held = {row.text for row in every if fold_of(row.text, task.folds) == fold}
        yield [row for row in every if row.text not in held], [row for row in every if row.text in held]


def measure_task(task: Task, folder: Path) -> tuple[float, float]:
    """Percent that the method reaches on a task, and plain TF-IDF with the penalty that suits the judged part best."""
    parts = list(_parts(task, folder))
    truth = [str(row.type) for _, judged in parts for row in judged]
    own = [label for train, judged in parts for label in _guesses(train, judged, task)]
    plain = [
        _figure(truth, [label for train, judged in parts for label in _plain_guesses(train, judged, task, c)], task.aim)
        for c in _PENALTIES
    ]
    return round(100 * _figure(truth, own, task.aim), 2), round(100 * max(plain), 2)


def _figure(truth: Sequence[str], said: Sequence[str], aim: Aim) -> float:
    from sklearn.metrics import accuracy_score, f1_score

    if aim == "accuracy":
        return float(accuracy_score(truth, said))
    return float(f1_score(truth, said, labels=sorted(set(truth)), average="macro", zero_division=0.0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every task, or those named."""
    parser = argparse.ArgumentParser(prog="python -m classifiers.in_domain", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("only", nargs="*", help="words that stand in the names of the tasks wanted")
    given = parser.parse_args(arguments)
    for task in TASKS:
        if given.only and not any(word in task.name for word in given.only):
            continue
        found, plain = measure_task(task, given.folder)
        sys.stdout.write(f"{task.name}: {found} (goal {task.goal}, TF-IDF {plain})\n")
        sys.stdout.flush()
        measured = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}
        measured.setdefault("in_domain", {})[task.name] = [task.goal, found, plain]
        MEASURED.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
