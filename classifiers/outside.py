# SPDX-License-Identifier: Apache-2.0
"""The shipped model on messages it never saw: ``python -m classifiers.outside [FOLDER]`` writes what it finds.

Those are the gold set of this project, and public sets as JSON Lines in the folder, whose rows stay there; only
figures come here (``data/measured.json``), and from there into ``docs/reference/classifier.md``. Of public sets only
the dev parts are used, which no model was trained on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from classifiers.archive import load
from classifiers.bench import measure, measure_start, measure_vectorizers
from classifiers.corpus import gold_files, read_corpus
from classifiers.default import SHIPPED
from classifiers.evaluation import Report, report_of
from classifiers.model import LinearClassifier
from classifiers.public import SOURCES, set_rows
from classifiers.reference import MEASURED
from router.classifier import ClassifierInput
from router.schema import LANGUAGES

__all__ = ["complaint_f1", "false_alarms", "gold_report", "main"]


# Sets that say of each message whether it complains, and the style of channel nearest to theirs. Where a set knows
# only the mood of a sentence, "negative" stands for a complaint.
_COMPLAINTS = {
    "complaints_tweets_en": "social", "airline_tweets_en": "social", "absita_it": "review",
    "germeval2017_de": "social", "estonian_valence_et": "", "mabsa_multi": "review", "polish_reviews_pl": "review",
    "app_reviews_en_fr": "review",
}  # fmt: skip
_REQUESTS = ("banking77_en", "clinc150_en")  # plain requests, all of them


def _said_complaint(model: LinearClassifier, texts: Sequence[str], channel: str) -> list[bool]:
    batch = [ClassifierInput(text=text, channel=channel) for text in texts]
    return [found.kind == "complaint" for found in model.classify(batch, explain=False)]


def complaint_f1(model: LinearClassifier, folder: Path, name: str) -> float:
    """Macro-F1 of complaint or not on one set."""
    rows = [row for row in set_rows(folder / name, "dev") if row.get("lang", "") in ("", *LANGUAGES)]
    true = np.array([bool(int(row["is_complaint"])) for row in rows])
    said = np.array(_said_complaint(model, [row["text"] for row in rows], _COMPLAINTS[name]))
    scores = [2 * int((true & said).sum()) / max(1, int(true.sum() + said.sum()))]
    scores.append(2 * int((~true & ~said).sum()) / max(1, int((~true).sum() + (~said).sum())))
    return round(sum(scores) / 2, 3)


def gold_report(model: LinearClassifier) -> Report:
    """The gold set as the model labels it."""
    rows = read_corpus(gold_files())
    said = model.classify([ClassifierInput(text=row.text, channel=row.channel) for row in rows], explain=False)
    return report_of(rows, said, model=model.name)


def false_alarms(model: LinearClassifier, folder: Path, name: str) -> float:
    """The share of plain requests that the model calls complaints."""
    said = _said_complaint(model, [row["text"] for row in set_rows(folder / name, "dev")], "chat")
    return round(sum(said) / max(1, len(said)), 3)


def _of_public_sets(model: LinearClassifier, folder: Path) -> dict[str, dict[str, float]]:
    seen = {source.name for source in SOURCES}
    return {
        "complaint_unseen": {name: complaint_f1(model, folder, name) for name in _COMPLAINTS if name not in seen},
        "complaint_seen": {name: complaint_f1(model, folder, name) for name in _COMPLAINTS if name in seen},
        "false_alarms": {name: false_alarms(model, folder, name) for name in _REQUESTS},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the shipped model on public sets and on this machine's clock."""
    parser = argparse.ArgumentParser(prog="python -m classifiers.outside", description=main.__doc__)
    parser.add_argument(
        "folder", type=Path, nargs="?", help="public sets; without it their figures are left as they are"
    )
    folder = parser.parse_args(arguments).folder
    model = load(SHIPPED)
    before = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}
    # First: what other work leaves behind in memory slows it.
    speed = {**measure(model), **measure_start(SHIPPED), **measure_vectorizers()}
    gold = gold_report(model)
    found = {
        **before,
        "model": model.name,
        "gold": {
            "total": gold.total.model_dump(),
            "by_language": {language: scores.model_dump() for language, scores in gold.by_language.items()},
        },
        **(_of_public_sets(model, folder) if folder else {}),
        "speed": speed,
    }
    MEASURED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
