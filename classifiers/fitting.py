# SPDX-License-Identifier: Apache-2.0
"""The middle of training: separators and what stands above them, fitted to parts of the material.

The parts do not need each other, so two processes share them where there is enough to do. Threads would not serve:
the random numbers of the solver belong to the process, and the same seed must give the same model.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, hstack

from classifiers.calibration import fit_head
from classifiers.features import Floats
from classifiers.further import Further, fit_further
from classifiers.material import CHANNELS, Material, TrainingSettings, fit_separators
from classifiers.opinions import TRAITS
from classifiers.parameters import HEADS
from classifiers.stacking import Stack, fit_stack
from classifiers.telling import tell_apart

__all__ = ["Fitted", "Workers", "fit_further_of", "fit_part", "fit_stack_of", "marks_of_rows"]

T = TypeVar("T")
R = TypeVar("R")
_Rows = npt.NDArray[np.int64]

_PROCESSES = 2
_MANY = 3_000_000  # n-grams of all messages together; below, starting processes takes about as long as it saves


@dataclass(frozen=True)
class Fitted:
    """Kept columns, the weights of all heads and the bias, and scores of the rows that were asked for."""

    columns: npt.NDArray[np.int32]
    weights: Floats
    bias: Floats
    scores: Floats


def fit_part(material: Material, settings: TrainingSettings, seed: int, job: tuple[_Rows, _Rows]) -> Fitted:
    """Learn from some rows, score others.

    Args:
        job: The rows to learn from, and those to score.
    """
    rows, others = job
    ngrams = material.ngrams[rows]
    seen = np.bincount(ngrams.indices, minlength=ngrams.shape[1])
    columns = np.flatnonzero(seen >= settings.least_texts).astype(np.int32)
    kept, extra = ngrams[:, columns], material.extra[rows]
    others_from, scores_from = len(columns), len(columns) + extra.shape[1]
    parts, biases, learned = [], [], []
    for head in HEADS:
        start = material.start if material.start is not None and head in material.start.heads else None
        truth, many = material.truth[head][rows], len(material.labels[head]) > settings.many_labels
        least = dict(settings.telling)[head]
        telling = tell_apart(kept, truth, least=least) if least else np.ones(len(columns))
        held = [kept * telling, extra * material.sizes[head], *([csr_array(start.scores[rows])] if start else ())]
        features = hstack(held, format="csr").astype(np.float32)
        features.indices, features.indptr = features.indices.astype(np.int32), features.indptr.astype(np.int32)
        w, b = fit_separators(
            features, truth, material.weight[rows],
            size=len(material.labels[head]), penalty=dict(settings.penalty)[head], seed=seed,
            balanced=settings.aim == "macro-f1" or head == "urgency" or many, jointly=many,
        )  # fmt: skip
        w[:others_from] *= telling[:, None]
        w[others_from:scores_from] *= material.sizes[head][:, None]  # from here on a column is 0 or 1
        if material.start is not None:
            learned.append(w[scores_from:] if start else np.zeros((len(material.start.bias), w.shape[1]), np.float32))
        parts.append(w[:scores_from])
        biases.append(b)
    columns, weights = _strongest(columns, np.hstack(parts), seen, most=settings.most_columns)
    bias = np.concatenate(biases)
    if material.start is not None:
        columns, weights, bias = material.start.fold_in(columns, weights, bias, np.hstack(learned))
    scored = hstack([material.ngrams[others][:, columns], material.extra[others]], format="csr")
    return Fitted(columns, weights, bias, np.asarray(scored @ weights + bias, np.float32))


def _strongest(
    columns: npt.NDArray[np.int32], weights: Floats, seen: _Rows, *, most: int
) -> tuple[npt.NDArray[np.int32], Floats]:
    """The columns that move scores most, by weight and by how often they are met, and the weights without the others'.

    Args:
        weights: Of the columns, then of signals, channels and traits, which all stay.
        seen: In how many texts each column of the features stands.
    """
    if len(columns) <= most:
        return columns, weights
    moved = np.square(weights[: len(columns)]).sum(axis=1) * np.sqrt(seen[columns])
    kept = np.sort(np.argpartition(-moved, most)[:most])
    return columns[kept], np.vstack((weights[kept], weights[len(columns) :]))


def fit_stack_of(material: Material, settings: TrainingSettings, seed: int, job: tuple[Floats, _Rows]) -> Stack | None:
    """What chooses among kinds; None where too few messages have one.

    Args:
        job: Held-out scores of all messages, and the rows to learn from.
    """
    scores, rows = job
    truth = material.truth["kind"][rows]
    known = rows[truth >= 0]
    if not settings.stack_units or len(known) < settings.least_to_stack:
        return None
    labels = material.labels["kind"]
    found = fit_stack(
        scores[rows], marks_of_rows(material, rows), truth, kinds=len(labels), units=settings.stack_units, seed=seed
    )
    plain = fit_head(scores[known, : len(labels)], material.truth["kind"][known], labels)
    return found and replace(found, scale=plain.scale)


def fit_further_of(
    material: Material, settings: TrainingSettings, seed: int, job: tuple[Floats, _Rows]
) -> Further | None:
    """What names further types. The job is that of ``fit_stack_of``."""
    del settings, seed
    scores, rows = job
    truth = material.truth["type"]
    rows = rows[(rows < len(material.also)) & (truth[rows] >= 0)]
    return fit_further(scores[rows], marks_of_rows(material, rows), truth[rows], material.also[rows])


def marks_of_rows(material: Material, rows: _Rows) -> Floats:
    """Channel and shape of some messages; see ``stacking.py``."""
    found: Floats = material.extra[rows][:, -(len(CHANNELS) + len(TRAITS)) :].toarray().astype(np.float32)
    return found


class Workers:
    """Does pieces of work on one material, in two processes if it is large. Use as a context manager."""

    def __init__(self, material: Material, settings: TrainingSettings, seed: int) -> None:
        self._held = (replace(material, rows=()), settings, seed)
        self._pool: ProcessPoolExecutor | None = None
        if material.ngrams.nnz >= _MANY and (os.cpu_count() or 1) > 1:
            self._pool = ProcessPoolExecutor(
                _PROCESSES, mp_context=multiprocessing.get_context("spawn"), initializer=_hold, initargs=self._held
            )

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def each(self, work: Callable[[Material, TrainingSettings, int, T], R], jobs: Iterable[T]) -> Iterator[R]:
        """Results in the order of the jobs, each as soon as it and those before it are done."""
        if self._pool is None:
            return (work(*self._held, job) for job in jobs)
        return self._pool.map(partial(_work, work), jobs)


_held: tuple[Material, TrainingSettings, int] | None = None


def _hold(material: Material, settings: TrainingSettings, seed: int) -> None:
    """Keep what all pieces of work of this process share, and end with the process that asked for them."""
    global _held  # noqa: PLW0603 - belongs to the process
    _held = (material, settings, seed)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(work: Callable[..., R], job: object) -> R:
    """Do a piece of work with what was kept in its process."""
    assert _held is not None
    return work(*_held, job)
