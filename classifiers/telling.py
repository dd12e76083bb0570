# SPDX-License-Identifier: Apache-2.0
"""How well each n-gram tells labels apart: 1 for one that stands in texts of a single label, 0 for one that does not
care. Learned on the messages a model is trained on, never on those it is judged by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

__all__ = ["tell_apart"]

_RARE = 2.0  # texts; an n-gram of so few is believed half
_LENGTH = 2.0  # square of the length that rows have on average: characters and words, 1 each


def tell_apart(ngrams: csr_array, truth: npt.NDArray[np.int64], *, least: float) -> npt.NDArray[np.float32]:
    """A factor for each column, such that rows keep their usual length on average.

    Args:
        ngrams: Shape (n, columns).
        truth: Positions of labels, -1 for none; shape (n,).
        least: Added for every column, so that none is lost.
    """
    labelled = np.flatnonzero(truth >= 0)
    labels, columns = np.unique(truth[labelled], return_inverse=True)
    if len(labels) < 2:
        return np.ones(ngrams.shape[1], np.float32)
    rows = ngrams[labelled]
    member = csr_array(
        (np.ones(len(labelled), np.float32), (columns, np.arange(len(labelled)))), shape=(len(labels), len(labelled))
    )
    present = rows.copy()
    present.data = np.ones_like(present.data)
    found = (member @ present).tocsr()  # texts of each label that hold each n-gram
    texts = np.bincount(found.indices, found.data, ngrams.shape[1])
    sizes = np.bincount(columns).astype(np.float64)
    share = found.data / np.repeat(sizes, np.diff(found.indptr))  # as if all labels were equally frequent
    share /= np.bincount(found.indices, share, ngrams.shape[1])[found.indices]
    entropy = -np.bincount(found.indices, share * np.log(share), ngrams.shape[1]) / np.log(len(labels))
    factor = least + (1 - entropy) * texts / (texts + _RARE)
    length = float(((rows.data * factor[rows.indices]) ** 2).sum()) / max(1, len(labelled))
    result: npt.NDArray[np.float32] = (factor * np.sqrt(_LENGTH / max(length, 1e-12))).astype(np.float32)
    return result
