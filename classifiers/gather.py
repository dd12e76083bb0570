# SPDX-License-Identifier: Apache-2.0
"""Sums of rows of a table, which is all the arithmetic a linear model of sparse features needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["add_rows", "share_out"]

_Floats = npt.NDArray[np.float32]
_FEW = 10_000  # below so many the making of a matrix takes longer than the sum
_MANY = 8  # from an eighth as many chosen rows as the table has it pays to sort them


def add_rows(
    table: _Floats, chosen: npt.NDArray[np.integer], bounds: npt.NDArray[np.integer], factors: _Floats | None = None
) -> _Floats:
    """Add up chosen rows of a table.

    Args:
        table: Shape (a, b).
        chosen: Which rows, one sum after the other.
        bounds: Where the rows of each sum begin in ``chosen``, and where the last ends; shape (sums + 1,).
        factors: What each chosen row is multiplied by; 1 by default.

    Returns:
        Shape (sums, b).
    """
    if len(bounds) == 2:  # a fifth of the time that making a matrix takes
        rows = table.take(chosen, axis=0)
        return (rows.sum(axis=0) if factors is None else factors @ rows)[None, :]
    from scipy.sparse import csr_array

    factors = np.ones(len(chosen), np.float32) if factors is None else factors
    held = csr_array((factors, chosen, bounds), shape=(len(bounds) - 1, len(table)))
    # Column by column the table, which is too large for the processor's cache, is gone through once and in order.
    sums: _Floats = (held.tocsc() if len(chosen) * _MANY > len(table) else held) @ table
    return sums


def share_out(
    values: _Floats,
    counts: npt.NDArray[np.integer],
    places: npt.NDArray[np.integer],
    portions: npt.NDArray[np.float64],
    size: int,
) -> npt.NDArray[np.float64]:
    """Give each row of values to several places, a portion to each, and add up what every place got.

    Args:
        values: Shape (n, b).
        counts: To how many places each row goes; shape (n,).
        places: Those of the first row, then those of the next, below ``size``; shape (counts.sum(),).
        portions: What each place gets of its row; the same shape.

    Returns:
        Shape (b, size).
    """
    if len(places) < _FEW:
        given = values.T.repeat(counts, axis=1) * portions
        return np.array([np.bincount(places, row, size) for row in given], float).reshape(len(given), size)
    from scipy.sparse import csc_array

    bounds = np.concatenate(([0], counts.cumsum()))
    sums: npt.NDArray[np.float64] = csc_array((portions, places, bounds), shape=(size, len(values))) @ values
    return np.ascontiguousarray(sums.T)
