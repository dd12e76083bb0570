# SPDX-License-Identifier: Apache-2.0
"""Hashes of any stretch of a text from one running sum over its code points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["RunningHash", "edges_of", "mix64", "powers_to"]

_U32 = npt.NDArray[np.uint32]
_U64 = npt.NDArray[np.uint64]
_Ints = npt.NDArray[np.int64]

STEP = 0x9E3779B97F4A7C15 | 1
_STEP_INVERSE = pow(STEP, -1, 1 << 64)


def mix64(x: _U64) -> _U64:
    """Let each bit depend on every other."""
    x = x ^ (x >> np.uint64(32))
    x *= np.uint64(0xD6E8FEB86659FD93)
    x ^= x >> np.uint64(32)
    return x


_MIXED = mix64(np.arange(1 << 16, dtype=np.uint64) * np.uint64(STEP))  # looked up in a fifth of the time


def _mixed(codes: _U32) -> _U64:
    """What stands for each code point in the sum."""
    return _MIXED[codes] if int(codes.max(initial=0)) < len(_MIXED) else mix64(codes * np.uint64(STEP))


def _powers_of(step: int, count: int) -> _U64:
    """The first powers of a number modulo 2**64; ``count`` is a power of two."""
    powers, known = np.ones(count, np.uint64), 1
    while known < count:  # each turn doubles what is known: twenty times as fast as one power after the other
        np.multiply(powers[:known], np.uint64(step), out=powers[known : 2 * known])
        known, step = 2 * known, step * step % (1 << 64)
    return powers


_powers: tuple[_U64, _U64] = (np.ones(1, np.uint64), np.ones(1, np.uint64))


def powers_to(count: int) -> tuple[_U64, _U64]:
    """Powers of the step and of its inverse modulo 2**64, kept between calls; replaced whole, for threads."""
    global _powers  # noqa: PLW0603 - a cache
    known = _powers
    if len(known[0]) < count:
        up, down = (_powers_of(step, 1 << (count - 1).bit_length()) for step in (STEP, _STEP_INVERSE))
        known = _powers = (up, down)
    return known[0][:count], known[1][:count]


class RunningHash:
    """The hash of a stretch depends on its code points alone, not on where it stands."""

    def __init__(self, codes: _U32) -> None:
        up, self._down = powers_to(len(codes) + 1)
        self._running = np.zeros(len(codes) + 1, np.uint64)
        np.cumsum(_mixed(codes) * up[:-1], out=self._running[1:])

    def of(self, starts: _Ints, ends: _Ints) -> _U64:
        """Hashes of half-open ranges; 64 bits, the upper ones the better spread."""
        return (self._running[ends] - self._running[starts]) * self._down[starts]


def edges_of(inside: npt.NDArray[np.bool_]) -> _Ints:
    """Where runs of True begin and end, in turn."""
    padded = np.zeros(len(inside) + 2, bool)
    padded[1:-1] = inside
    edges: _Ints = (padded[1:] != padded[:-1]).nonzero()[0]
    return edges
