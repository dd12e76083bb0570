# SPDX-License-Identifier: Apache-2.0
"""Training: labelled files in, a classifier and an honest report out.

The corpus is cut into folds by a hash of each text. Every message is scored by a model that has not seen it;
calibration, thresholds and the report come from those scores. What ships is then trained on all messages.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.archive import save
from classifiers.corpus import CLAUSE, CorpusRow, corpus_digest, corpus_files, fold_of, label_counts, read_corpus
from classifiers.drift import reference_of, seen_of
from classifiers.evaluation import Report, report_of
from classifiers.fitting import Fitted, Workers, fit_further_of, fit_part, fit_stack_of, marks_of_rows
from classifiers.limits import calibrated
from classifiers.material import CHANNELS, Judged, Material, TrainingSettings, make_material
from classifiers.model import LinearClassifier
from classifiers.opinions import TRAITS, lessons_of
from classifiers.parameters import Parameters
from classifiers.public import PartRow, read_public, source_counts
from classifiers.signals import SignalFile, shipped_signals
from classifiers.stacking import restack
from classifiers.start import StartFrom
from router.classifier import ClassifierInput
from router.errors import ComplaintRouterError
from router.schema import LANGUAGES, TYPES, Classification

__all__ = ["CHANNELS", "QUICK", "QUICK_MOST", "TrainingResult", "TrainingSettings", "apart", "train", "train_rows"]

QUICK, QUICK_MOST = TrainingSettings(folds=3, opinion_weight=0), 50_000
"""For a model in under two minutes on two cores."""

OPINION = "opinion"

Progress = Callable[[str, float], None]
"""Called with what is being done and how much of all is done, 0 to 1."""


@dataclass(frozen=True)
class TrainingResult:
    """The classifier for all messages, and how models like it did on messages they had not seen."""

    model: LinearClassifier
    report: Report
    judged: tuple[Classification | None, ...] = ()  # of each message of further sources: what models said that had not
    # seen it; None for those that are never judged
    answers: tuple[Classification, ...] = ()  # the same of each message of the corpus
    rows: Sequence[Judged] = ()  # those messages

    def save(self, path: Path) -> str:
        """Write the archive; returns its SHA-256."""
        return save(self.model.parameters, path)


def _parameters(
    material: Material,
    fitted: Fitted,
    base: Parameters,
    settings: TrainingSettings,
) -> Parameters:
    idf = material.idf[fitted.columns] if settings.use_idf else np.zeros(0, np.float32)
    unknown = np.zeros((1, fitted.weights.shape[1]), np.float32)
    return replace(
        base, columns=fitted.columns, weights=np.vstack((unknown, fitted.weights)), bias=fitted.bias, idf=idf,
        idf_rest=float(material.idf.max()),
    )  # fmt: skip


def train(
    corpus: Sequence[Path],
    *,
    seed: int = 0,
    progress: Progress = lambda what, done: None,
    settings: TrainingSettings | None = None,
    signals: SignalFile | None = None,
    types: Sequence[str] = TYPES,
    name: str = "linear",
    more: Sequence[PartRow] = (),
    most: int | None = None,
) -> TrainingResult:
    """Train a classifier.

    Args:
        corpus: JSON Lines files of labelled messages.
        most: Of a larger corpus about so many messages are learned from, the same every time.
        more: Messages of further sources, some labels each; learned from, never calibrated on, and judged only where
            a row says as what.
        seed: The same seed and files give the same model, byte for byte.
        progress: Called as the work goes on.
        types: The types of this installation, in the order they are shown.

    Raises:
        ConfigError: Mistakes in the files, all of them, with file, line and column.
    """
    progress("reading the corpus", 0.0)
    every = read_corpus(corpus, types=types)
    part = "" if most is None or len(every) <= most else ", a part"  # not the file: its figures would not compare
    if most is not None:
        every = [row for row in every if fold_of(row.text, len(every)) < most]
    rows, clauses = apart(every)
    settings, signals = settings or TrainingSettings(), signals or shipped_signals()
    result = train_rows(
        rows, seed=seed, progress=progress, settings=settings, signals=signals, types=types, name=name,
        more=(*more, *clauses, *_words(signals, settings.opinion_weight)),
        training_data={path.name + part: corpus_digest(path) for path in corpus},
    )  # fmt: skip
    return replace(result, judged=result.judged[: len(more)])


def apart(rows: Sequence[CorpusRow]) -> tuple[list[CorpusRow], list[PartRow]]:
    """Whole messages, and the clauses among them, which teach the kind alone."""
    clauses = [
        PartRow(text=row.text, channel=row.channel, kind=row.kind, weight=1.0, source=CLAUSE, judged_as=row.text)
        for row in rows
        if row.source == CLAUSE
    ]
    whole = [row for row in rows if row.source != CLAUSE]
    return (whole, clauses) if whole else (list(rows), [])


def _words(signals: SignalFile, weight: float) -> list[PartRow]:
    """Words of opinion, most of which no message of the corpus holds, each as what it speaks for."""
    return [
        PartRow(text=text, kind=kind, weight=weight, source=OPINION, is_word=True)
        for text, kind in (lessons_of(signals) if weight else ())
    ]


def train_rows(
    rows: Sequence[Judged],
    *,
    seed: int = 0,
    progress: Progress = lambda what, done: None,
    settings: TrainingSettings | None = None,
    signals: SignalFile | None = None,
    types: Sequence[str] = TYPES,
    name: str = "linear",
    more: Sequence[PartRow] = (),
    training_data: Mapping[str, str] | None = None,
    start: StartFrom | None = None,
) -> TrainingResult:
    """The same from messages that were read already; those of an installation may lack labels.

    Args:
        start: A model whose scores are learned from too; its features and phrases are taken over.
        training_data: Names of the files and their digests, for the model card.
    """
    settings = settings or TrainingSettings()
    if start is not None:
        settings = replace(settings, features=start.parameters.features, use_idf=True)
        signals = start.parameters.signals
    signals = signals or shipped_signals()
    progress("counting n-grams", 0.02)
    material = make_material(rows, more, signals, settings, types, start=start)
    every = np.arange(len(rows) + len(more))
    outputs = sum(len(labels) for labels in material.labels.values())
    held_out = np.zeros((len(every), outputs), np.float32)
    parts = [every[material.fold == fold] for fold in range(settings.folds)]
    judged = np.flatnonzero(material.fold >= 0)
    with Workers(material, settings, seed) as workers:
        jobs = [*((np.setdiff1d(every, part), part) for part in parts), (every, every[:0])]
        fits = []
        for fold, fitted in enumerate(workers.each(fit_part, jobs)):
            what = f"fold {fold + 1} of {settings.folds}" if fold < settings.folds else "trained on everything"
            progress(what, 0.1 + 0.7 * (fold + 1) / len(jobs))
            fits.append(fitted)
        *fits, whole = fits
        for part, fitted in zip(parts, fits, strict=True):
            held_out[part] = fitted.scores
        stacked = [*(np.setdiff1d(judged, part) for part in parts), judged]
        *stacks, stack = workers.each(fit_stack_of, [(held_out, rows_) for rows_ in stacked])
        *furthers, further = workers.each(fit_further_of, [(held_out, rows_) for rows_ in stacked])
    progress("calibrating", 0.85)
    also = np.zeros((len(every), len(types)))
    first = len(material.labels["kind"])
    for part, other, besides in zip(parts, stacks, furthers, strict=True):
        marks = marks_of_rows(material, part)
        if besides is not None:
            chosen = held_out[part, first : first + len(types)].argmax(axis=1)
            also[part] = besides.chances(held_out[part], marks, chosen)
        held_out[part] = restack(other, held_out[part], marks)
    heads, thresholds = calibrated(material, held_out, also, settings)
    base = Parameters(
        name=name, features=settings.features, heads=heads, columns=np.zeros(0, np.int32), idf=np.zeros(0, np.float32),
        idf_rest=1.0, weights=np.zeros((1, outputs), np.float32), bias=np.zeros(outputs, np.float32),
        thresholds=thresholds, signals=signals, channels=CHANNELS, languages=LANGUAGES,
        traits=TRAITS,
    )  # fmt: skip
    said: list[Classification | None] = [None] * len(every)
    for part, fit, other, besides in zip(parts, fits, stacks, furthers, strict=True):
        judge = LinearClassifier(replace(_parameters(material, fit, base, settings), stack=other, further=besides))
        _answer(judge, part.tolist(), (*rows, *more), said)
    of_corpus = [guess for guess in said[: len(rows)] if guess is not None]
    report = report_of(rows, of_corpus, model=f"{name}, cross-validated")
    final = _parameters(material, whole, base, settings)
    card = _card(training_data or {}, rows, report, settings, seed)
    card["reference"] = reference_of(map(seen_of, of_corpus, rows), origin="corpus").model_dump()
    sources = source_counts(more)
    card["clauses"], card["words"] = (sources.pop(source, {}).get("messages", 0) for source in (CLAUSE, OPINION))
    if sources:
        card["further_sources"] = sources
    model = LinearClassifier(replace(final, card=card, stack=stack, further=further))
    progress("done", 1.0)
    return TrainingResult(model, report, tuple(said[len(rows) :]), tuple(of_corpus), rows)


def _answer(
    judge: LinearClassifier,
    part: Sequence[int],
    messages: Sequence[Judged | PartRow],
    said: list[Classification | None],
) -> None:
    """Fill in what a model says of its part of the messages; of clauses nobody asks."""
    asked = [i for i in part if not isinstance(one := messages[i], PartRow) or one.source != CLAUSE]
    batch = [ClassifierInput(text=messages[i].text, channel=messages[i].channel) for i in asked]
    for i, guess in zip(asked, judge.classify(batch, explain=False), strict=True):
        said[i] = guess


def _card(
    training_data: Mapping[str, str],
    rows: Sequence[Judged],
    report: Report,
    settings: TrainingSettings,
    seed: int,
) -> dict[str, Any]:
    """What a person should know of a model: from what it was made, and how it did."""
    import sklearn

    return {
        "method": "hashed character and word n-grams, signals, channel; linear SVM; "
        "a small network over all scores chooses the kind, regressions over them name further types; calibrated",
        "training_data": dict(training_data),
        "messages": len(rows),
        "labels": label_counts(rows),
        "seed": seed,
        "settings": {"penalty": dict(settings.penalty), "folds": settings.folds, "least_texts": settings.least_texts},
        "metrics": {"how": "cross-validated by hash of the text", **report.total.model_dump()},
        "by_language": {language: scores.model_dump() for language, scores in report.by_language.items()},
        "by_channel": {channel: scores.model_dump() for channel, scores in report.by_channel.items()},
        "by_label": {
            head: {value: score.model_dump() for value, score in values.items()}
            for head, values in report.labels.items()
        },
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scikit-learn": sklearn.__version__},
    }


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a model from labelled messages, write it, and print how models like it did on messages unseen."""
    parser = argparse.ArgumentParser(prog="python -m classifiers.training", description=main.__doc__)
    parser.add_argument("corpus", nargs="*", type=Path, help="JSON Lines files; by default the corpus that comes along")
    parser.add_argument("--out", type=Path, required=True, help="where the model goes")
    parser.add_argument("--public", type=Path, help="folder of public sets to learn from as well; see public.py")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    try:
        result = train(
            given.corpus or corpus_files(),
            seed=given.seed,
            more=read_public(given.public) if given.public else (),
            progress=lambda what, done: _say(f"{done:4.0%} {what}"),
        )
    except ComplaintRouterError as error:
        _say(str(error))
        return 2
    digest = result.save(given.out)
    sys.stdout.write(f"{result.report.to_text()}\n{given.out}: {given.out.stat().st_size} bytes, sha256 {digest}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
