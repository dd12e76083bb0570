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
import numpy.typing as npt
from scipy.sparse import hstack

from classifiers.archive import save
from classifiers.calibration import chances_of, fit_head, learn_also, learn_doubt, learn_lean, learn_urgency
from classifiers.corpus import as_labels, corpus_digest, corpus_files, label_counts, read_corpus
from classifiers.drift import reference_of, seen_of
from classifiers.evaluation import Report, report_of
from classifiers.features import Floats
from classifiers.material import CHANNELS, Judged, Material, TrainingSettings, fit_separators, make_material
from classifiers.model import LinearClassifier
from classifiers.own_rows import OwnRow
from classifiers.parameters import HEADS, Head, Parameters, Thresholds
from classifiers.public import PartRow, read_public, source_counts
from classifiers.shape import SHAPES
from classifiers.signals import SignalFile, read_signals
from classifiers.telling import tell_apart
from router.errors import ComplaintRouterError
from router.interfaces import ClassifierInput
from router.schema import LANGUAGES, TYPES, Classification

__all__ = ["CHANNELS", "TrainingResult", "TrainingSettings", "train", "train_rows"]

Progress = Callable[[str, float], None]
"""Called with what is being done and how much of all is done, 0 to 1."""

_FEW = 200  # labelled messages below which others than one's own help to calibrate
_MANY_LABELS = 30  # more are leaned by nothing: too few messages of each
_UNTAUGHT = {"kind": "complaint", "type": "other", "urgency": "normal"}  # said where nothing was labelled
_TAKEN_FOR_GRANTED = 6.0  # added to the score of that


@dataclass(frozen=True)
class TrainingResult:
    """The classifier for all messages, and how models like it did on messages they had not seen."""

    model: LinearClassifier
    report: Report
    judged: tuple[Classification | None, ...] = ()  # of each message of further sources: what models said that had not
    # seen it; None for those that are never judged
    answers: tuple[Classification, ...] = ()  # the same of each message of the corpus

    def save(self, path: Path) -> str:
        """Write the archive; returns its SHA-256."""
        return save(self.model.parameters, path)


def _fit(
    material: Material, rows: npt.NDArray[np.int64], settings: TrainingSettings, seed: int
) -> tuple[npt.NDArray[np.int32], Floats, Floats]:
    """Kept columns, weights of all heads and bias, from some rows of the corpus."""
    ngrams = material.ngrams[rows]
    seen = np.bincount(ngrams.indices, minlength=ngrams.shape[1])
    columns = np.flatnonzero(seen >= settings.least_texts).astype(np.int32)
    kept, extra = ngrams[:, columns], material.extra[rows]
    weights, biases = [], []
    for head in HEADS:
        truth = material.truth[head][rows]
        telling = tell_apart(kept, truth, least=settings.telling) if settings.telling else np.ones(len(columns))
        features = hstack([kept * telling, extra * material.sizes[head]], format="csr").astype(np.float32)
        features.indices, features.indptr = features.indices.astype(np.int32), features.indptr.astype(np.int32)
        w, b = fit_separators(
            features,
            truth,
            material.weight[rows],
            size=len(material.labels[head]),
            penalty=dict(settings.penalty)[head],
            seed=seed,
            balanced=settings.aim == "macro-f1" or head == "urgency" or len(material.labels[head]) > _MANY_LABELS,
        )
        w[: len(columns)] *= telling[:, None]
        w[len(columns) :] *= material.sizes[head][:, None]  # from here on a column is 0 or 1
        weights.append(w)
        biases.append(b)
    return columns, np.hstack(weights), np.concatenate(biases)


def _scores(
    material: Material, rows: npt.NDArray[np.int64], fitted: tuple[npt.NDArray[np.int32], Floats, Floats]
) -> Floats:
    columns, weights, bias = fitted
    features = hstack([material.ngrams[rows][:, columns], material.extra[rows]], format="csr")
    return np.asarray(features @ weights + bias, np.float32)


def _judged(material: Material, head: str) -> npt.NDArray[np.int64]:
    """The messages that calibrate a head: an installation's own if there are enough, else all that have the label."""
    labelled = np.flatnonzero(material.truth[head][: len(material.rows)] >= 0)
    own = np.array([i for i in labelled if isinstance(material.rows[int(i)], OwnRow)], np.int64)
    return own if len(own) >= _FEW else labelled


def _untaught(name: str, labels: tuple[str, ...]) -> Head:
    """A head that nothing was labelled for always says the same."""
    usual = labels.index(_UNTAUGHT[name]) if _UNTAUGHT[name] in labels else len(labels) - 1
    return Head(labels, shift=tuple(_TAKEN_FOR_GRANTED * (i == usual) for i in range(len(labels))))


def _calibrated(material: Material, held_out: Floats, settings: TrainingSettings) -> tuple[dict[str, Head], Thresholds]:
    heads, chances, truths, judged, at = {}, {}, {}, {}, 0
    for name in HEADS:
        size = len(material.labels[name])
        labelled = judged[name] = _judged(material, name)
        scores = held_out[labelled, at : at + size]
        truths[name] = material.truth[name][labelled]
        taught = len(labelled) > 0
        labels = material.labels[name]
        heads[name] = fit_head(scores, truths[name], labels) if taught else _untaught(name, labels)
        chances[name] = chances_of(scores, heads[name])
        # Urgency has limits of its own.
        if taught and name != "urgency" and settings.aim == "macro-f1" and size <= _MANY_LABELS:
            heads[name] = replace(heads[name], lean=learn_lean(chances[name], truths[name]))
        at += size
    typed = judged["type"]
    further = [as_labels(material.rows[int(i)].also, material.labels["type"]).tolist() for i in typed]
    critical, high = 0.5, 0.5
    if len(truths["urgency"]):
        critical, high = learn_urgency(chances["urgency"], truths["urgency"])

    def doubt(channel: str | None) -> tuple[float, float]:
        """Limits of kind and type for one channel; None: for all messages."""
        limits = []
        for name, accuracy, most in (
            ("kind", settings.sure_kind, settings.most_unsure / 2),
            ("type", settings.sure_type, settings.most_unsure),
        ):
            mine = np.array([channel in (None, material.rows[int(i)].channel) for i in judged[name]], bool)
            enough = mine.sum() >= settings.least_of_channel or channel is None
            limit = 0.0 if enough else -1.0  # a label that was never taught is no reason for doubt
            if enough and mine.any():
                limit = learn_doubt(chances[name][mine], truths[name][mine], accuracy=accuracy, most=most)
            limits.append(limit)
        return limits[0], limits[1]

    by_channel = {channel: limits for channel in CHANNELS if min(limits := doubt(channel)) >= 0}
    least_kind, least_type = doubt(None)
    return heads, Thresholds(
        kind=least_kind,
        type=least_type,
        by_channel=by_channel,
        also=learn_also(chances["type"], truths["type"], further),
        critical=critical,
        high=high,
    )


def _parameters(
    material: Material,
    fitted: tuple[npt.NDArray[np.int32], Floats, Floats],
    base: Parameters,
    settings: TrainingSettings,
) -> Parameters:
    columns, weights, bias = fitted
    idf = material.idf[columns] if settings.use_idf else np.zeros(0, np.float32)
    return replace(base, columns=columns, weights=weights, bias=bias, idf=idf, idf_rest=float(material.idf.max()))


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
) -> TrainingResult:
    """Train a classifier.

    Args:
        corpus: JSON Lines files of labelled messages.
        more: Messages of further sources, some labels each; learned from, never calibrated on, and judged only where
            a row says as what.
        seed: The same seed and files give the same model, byte for byte.
        progress: Called as the work goes on.
        types: The types of this installation, in the order they are shown.

    Raises:
        ConfigError: Mistakes in the files, all of them, with file, line and column.
    """
    progress("reading the corpus", 0.0)
    rows = read_corpus(corpus, types=types)
    return train_rows(
        rows, seed=seed, progress=progress, settings=settings, signals=signals, types=types, name=name, more=more,
        training_data={path.name: corpus_digest(path) for path in corpus},
    )  # fmt: skip


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
) -> TrainingResult:
    """The same from messages that were read already; those of an installation may lack labels.

    Args:
        training_data: Names of the files and their digests, for the model card.
    """
    settings = settings or TrainingSettings()
    signals = signals or read_signals()
    progress("counting n-grams", 0.02)
    material = make_material(rows, more, signals, settings, types)
    every = np.arange(len(rows) + len(more))
    outputs = sum(len(labels) for labels in material.labels.values())
    held_out = np.zeros((len(every), outputs), np.float32)
    parts, fits = [every[material.fold == fold] for fold in range(settings.folds)], []
    for fold, part in enumerate(parts):
        progress(f"fold {fold + 1} of {settings.folds}", 0.1 + 0.7 * fold / settings.folds)
        fits.append(_fit(material, np.setdiff1d(every, part), settings, seed))
        held_out[part] = _scores(material, part, fits[-1])
    progress("calibrating", 0.8)
    heads, thresholds = _calibrated(material, held_out, settings)
    base = Parameters(
        name=name, features=settings.features, heads=heads, columns=np.zeros(0, np.int32), idf=np.zeros(0, np.float32),
        idf_rest=1.0, weights=np.zeros((0, outputs), np.float32), bias=np.zeros(outputs, np.float32),
        thresholds=thresholds, signals=signals, channels=CHANNELS, languages=LANGUAGES,
        shapes=SHAPES,
    )  # fmt: skip
    messages: list[Judged | PartRow] = [*rows, *more]
    said: list[Classification | None] = [None] * len(messages)
    for part, fit in zip(parts, fits, strict=True):
        judge = LinearClassifier(_parameters(material, fit, base, settings))
        batch = [ClassifierInput(text=messages[i].text, channel=messages[i].channel) for i in part]
        for i, guess in zip(part, judge.classify(batch, explain=False), strict=True):
            said[i] = guess
    of_corpus = [guess for guess in said[: len(rows)] if guess is not None]
    report = report_of(rows, of_corpus, model=f"{name}, cross-validated")
    progress("training on everything", 0.85)
    final = _parameters(material, _fit(material, every, settings, seed), base, settings)
    card = _card(training_data or {}, rows, report, settings, seed)
    card["reference"] = reference_of(map(seen_of, of_corpus, rows), origin="corpus").model_dump()
    if more:
        card["further_sources"] = source_counts(more)
    model = LinearClassifier(replace(final, card=card))
    progress("done", 1.0)
    return TrainingResult(model, report, tuple(said[len(rows) :]), tuple(of_corpus))


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
        "method": "hashed character and word n-grams, signals, channel; one-against-rest linear SVM; calibrated",
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
