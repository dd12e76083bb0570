# SPDX-License-Identifier: Apache-2.0
"""Sums of rows: whichever way is taken for few and for many, it is the sum that plain loops give."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from classifiers.gather import add_rows, share_out


@pytest.mark.parametrize(("sums", "each"), [(1, 5), (3, 4), (40, 60), (3, 0)])
def test_add_rows_is_the_plain_sum(sums: int, each: int) -> None:
    """One sum, a few, and so many rows that they are sorted by place first."""
    rng = np.random.default_rng(1)
    table = rng.normal(size=(500, 7)).astype(np.float32)
    chosen = rng.integers(0, 500, sums * each)
    factors = rng.normal(size=len(chosen)).astype(np.float32)
    bounds = np.arange(sums + 1) * each
    plain = [
        sum((table[row] * factor for row, factor in zip(chosen[a:b], factors[a:b], strict=True)), np.zeros(7))
        for a, b in itertools.pairwise(bounds)
    ]
    assert np.allclose(add_rows(table, chosen, bounds, factors), plain, atol=1e-4)
    assert np.allclose(
        add_rows(table, chosen, bounds),
        [table[chosen[a:b]].sum(axis=0) for a, b in itertools.pairwise(bounds)],
        atol=1e-4,
    )


@pytest.mark.parametrize("rows", [0, 1, 300, 9_000])
def test_share_out_is_the_plain_sum(rows: int) -> None:
    """Nothing, one row, some, and so many that a matrix is made of them."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=(rows, 3)).astype(np.float32)
    counts = rng.integers(1, 4, rows)
    places = rng.integers(0, 50, int(counts.sum()))
    portions = rng.choice([0.5, 1.0], len(places))
    plain = np.zeros((50, 3))
    np.add.at(plain, places, values.repeat(counts, axis=0) * portions[:, None])
    got = share_out(values, counts, places, portions, 50)
    assert got.shape == (3, 50)
    assert np.allclose(got, plain.T)
