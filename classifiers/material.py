# SPDX-License-Identifier: Apache-2.0
"""The first half of training: from labelled messages to numbers, and from numbers to separators of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, vstack

from classifiers.corpus import CorpusRow, as_labels, fold_of
from classifiers.features import FeatureSettings, Floats, cut_blocks, find_ngrams, weigh
from classifiers.language import LanguageFinder
from classifiers.negation import find_negated
from classifiers.normalize import MAX_CHARS, read_block
from classifiers.opinions import TRAITS, Opinions
from classifiers.own_rows import OwnRow
from classifiers.parameters import HEADS
from classifiers.public import PartRow
from classifiers.signals import SignalFile, SignalMatcher
from classifiers.start import Start, StartFrom, starting
from router.schema import KINDS, URGENCIES

__all__ = ["CHANNELS", "Judged", "Material", "TrainingSettings", "fit_separators", "make_material"]

CHANNELS = ("email", "chat", "social", "review", "form", "sms", "call_note")
Judged: TypeAlias = CorpusRow | OwnRow
_TOLERANCE = 0.05  # at which the solver stops; smaller ones change the third digit
_UNNAMED = 5  # of so many messages one is learned from as if nobody had said its channel, so that others can be read


@dataclass(frozen=True)
class TrainingSettings:
    """What may be tuned; the reasons are in ``docs/decisions/classifier-features.md``."""

    features: FeatureSettings = field(default_factory=FeatureSettings)
    penalty: tuple[tuple[str, float], ...] = (("kind", 0.5), ("type", 0.8), ("urgency", 0.5))  # larger: fits closer
    folds: int = 5
    least_texts: int = 3  # an n-gram that stands in fewer texts is not learned
    most_columns: int = 350_000  # of those learned, that are kept: the ones that say most, for the size of the file
    use_idf: bool = True
    # Of a phrase group beside n-grams, whose characters and words have length 1 each; times its document frequency.
    signal_size: tuple[tuple[str, float], ...] = (("kind", 0.04), ("type", 0.02), ("urgency", 0.04))
    channel_size: float = 0.3
    shape_size: float = 0.2
    sure_kind: float = 0.95  # share of right answers wanted among the trusted
    sure_type: float = 0.92
    most_unsure: float = 0.4
    # Above 0: an n-gram counts by how well it tells the labels of a head apart, plus this.
    telling: tuple[tuple[str, float], ...] = (("kind", 0.0), ("type", 0.5), ("urgency", 0.0))
    aim: Literal["macro-f1", "accuracy"] = "macro-f1"  # rare labels count as much as frequent ones, or as often
    stack_units: int = 32  # of each small network that chooses among kinds; 0: none
    least_to_stack: int = 2000  # messages whose kind is known
    many_labels: int = 30  # more are leaned by nothing: too few messages of each
    opinion_weight: float = 0.3  # of a word of praise or blame by itself; 0: none is learned from
    least_of_channel: int = 400  # messages from which a channel gets limits of its own


@dataclass(frozen=True)
class Material:
    """The corpus as numbers."""

    rows: Sequence[Judged]
    ngrams: csr_array  # counts are damped and normalised; idf included if used
    extra: csr_array  # signals, channels, traits; 1 where it holds
    sizes: dict[str, Floats]  # head -> of each column of ``extra``
    truth: dict[str, npt.NDArray[np.int64]]  # head -> position of the label, -1 for none
    labels: dict[str, tuple[str, ...]]
    also: npt.NDArray[np.bool_]  # which further types each message of ``rows`` has; shape (rows, types)
    fold: npt.NDArray[np.int64]  # -1: of further sources, learned from in every fold and never judged
    weight: Floats  # how much each message counts in training
    idf: Floats
    start: Start | None = None


def count_ngrams(
    texts: Sequence[str], settings: FeatureSettings, *, use_idf: bool, idf: Floats | None = None
) -> tuple[csr_array, Floats]:
    """The n-grams of all texts, and the inverse document frequency of each column, unless that is given."""
    blocks = cut_blocks([text[:MAX_CHARS] for text in texts])
    found = [find_ngrams(read_block(block), settings) for block in blocks]
    sizes = [len(block) for block in blocks]

    def matrix(idf: Floats | None) -> csr_array:
        parts = [weigh(f, n, settings, idf) for f, n in zip(found, sizes, strict=True)]
        return vstack(
            [
                csr_array((p.values, p.indices, p.indptr), shape=(n, settings.columns))
                for p, n in zip(parts, sizes, strict=True)
            ],
            format="csr",
        )

    if idf is not None:
        return matrix(idf), idf
    plain = matrix(None)
    seen = np.bincount(plain.indices, minlength=settings.columns)
    idf = (np.log((1 + len(texts)) / (1 + np.maximum(seen, 1))) + 1).astype(np.float32)
    return (matrix(idf), idf) if use_idf else (plain, idf)


def further_columns(rows: Sequence[Judged | PartRow], signals: SignalFile, *, reach: int) -> csr_array:
    """Signals that were hit, the channel and the traits of the text, as columns; nothing for mere words.

    Args:
        reach: So many words after a negation are turned around.
    """
    finder, matcher, opinions = LanguageFinder(), SignalMatcher(signals), Opinions(signals)
    channels = len(matcher.groups)
    traits = channels + len(CHANNELS)
    written = np.array([i for i, row in enumerate(rows) if not (isinstance(row, PartRow) and row.is_word)], np.int64)
    named = [
        (i, channels + CHANNELS.index(rows[i].channel))
        for i in written.tolist()
        if rows[i].channel in CHANNELS and fold_of(f"channel {rows[i].text}", _UNNAMED) > 0
    ]
    held = [np.array(named, np.int64).reshape(-1, 2).T]
    left = written
    for texts in cut_blocks([rows[i].text[:MAX_CHARS] for i in written.tolist()]) if len(written) else ():
        block = read_block(texts)
        match = matcher.find_block(block, [guess.spoken for guess in finder.find_block(block, texts)])
        match = opinions.turn(match, block, find_negated(block, reach))
        of, trait = opinions.traits(texts, match)
        held += [np.stack((left[match.row], match.group)), np.stack((left[of], traits + trait))]
        left = left[len(texts) :]
    places = np.hstack(held).astype(np.int32)
    table = csr_array((np.ones(places.shape[1], np.float32), places), shape=(len(rows), traits + len(TRAITS)))
    table.data[:] = 1.0  # a group that was hit twice holds once
    return table


def sizes_of(extra: csr_array, signals: int, head: str, settings: TrainingSettings) -> Floats:
    """How large each further column is beside n-grams, for one head: what is small is held closer to 0.

    A group of phrases that few texts hit is larger, as n-grams are.
    """
    seen = np.bincount(extra.indices, minlength=extra.shape[1])
    sizes = np.full(extra.shape[1], settings.shape_size)
    sizes[:signals] = np.log((1 + extra.shape[0]) / (1 + seen[:signals])) + 1
    sizes[:signals] *= dict(settings.signal_size)[head]
    sizes[signals : signals + len(CHANNELS)] = settings.channel_size
    return sizes.astype(np.float32)


def make_material(
    rows: Sequence[Judged],
    more: Sequence[PartRow],
    signals: SignalFile,
    settings: TrainingSettings,
    types: Sequence[str],
    *,
    start: StartFrom | None = None,
) -> Material:
    labels = {"kind": KINDS, "type": tuple(types), "urgency": URGENCIES}
    every: list[Judged | PartRow] = [*rows, *more]
    ngrams, idf = count_ngrams(
        [row.text for row in every], settings.features, use_idf=settings.use_idf, idf=start.idf() if start else None
    )
    extra = further_columns(every, signals, reach=settings.features.negated)
    return Material(
        rows=rows,
        ngrams=ngrams,
        extra=extra,
        sizes={head: sizes_of(extra, len(signals.groups), head, settings) for head in HEADS},
        truth={head: as_labels([getattr(row, head) for row in every], labels[head]) for head in HEADS},
        labels=labels,
        also=np.array([[name in row.also for name in types] for row in rows], bool).reshape(len(rows), len(types)),
        fold=np.array([*(_fold_of_row(row, settings) for row in rows), *folds_of(more, settings)], np.int64),
        weight=np.array([row.weight if isinstance(row, OwnRow | PartRow) else 1.0 for row in every], np.float32),
        idf=idf,
        start=starting(start, ngrams, extra) if start else None,
    )


def _fold_of_row(row: Judged, settings: TrainingSettings) -> int:
    return fold_of((row.group if isinstance(row, OwnRow) else "") or row.text, settings.folds)


def folds_of(more: Sequence[PartRow], settings: TrainingSettings) -> list[int]:
    return [fold_of(row.judged_as, settings.folds) if row.judged_as else -1 for row in more]


def fit_separators(
    features: csr_array,
    truth: npt.NDArray[np.int64],
    counts: Floats,
    *,
    size: int,
    penalty: float,
    seed: int,
    balanced: bool = True,
    jointly: bool = False,
) -> tuple[Floats, Floats]:
    """Linear separators; shapes (columns, size) and (size,). A label nobody has stays far below 0.

    Args:
        jointly: All at once, each message to score highest for its own label (Crammer and Singer), and not each label
            against the rest. Better for very many labels, of which the rest holds some that are near and most far off.
    """
    from sklearn.svm import LinearSVC

    weights = np.zeros((features.shape[1], size), np.float32)
    bias = np.full(size, -2.0, np.float32)
    labelled = np.flatnonzero(truth >= 0)
    rows, labels, counts = features[labelled], truth[labelled], counts[labelled]
    separator = partial(
        LinearSVC, C=penalty, random_state=seed, class_weight="balanced" if balanced else None, tol=_TOLERANCE
    )
    known = np.unique(labels)
    if jointly and len(known) > 2:
        every = separator(multi_class="crammer_singer").fit(rows, labels, sample_weight=counts)
        weights[:, known], bias[known] = every.coef_.T, every.intercept_
        known = known[:0]
    for label in known:  # one after another: the solver's random numbers are shared by all threads
        positive = labels == label
        if positive.all():
            bias[label] = 1.0
            continue
        one = separator().fit(rows, positive, sample_weight=counts)
        weights[:, label] = one.coef_[0]
        bias[label] = one.intercept_[0]
    mean = weights.mean(axis=1, keepdims=True)  # what speaks for all labels alike explains none
    return weights - mean, bias - float(mean.mean())
