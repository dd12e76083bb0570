# SPDX-License-Identifier: Apache-2.0
"""Sums of rows of a table, which is all the arithmetic a linear model of sparse features needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["add_rows"]

_Floats = npt.NDArray[np.float32]


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
    sums: _Floats = csr_array((factors, chosen, bounds), shape=(len(bounds) - 1, len(table))) @ table
    return sums
