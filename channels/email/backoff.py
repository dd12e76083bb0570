# SPDX-License-Identifier: Apache-2.0
"""How long to wait before the next try: doubling, capped, with jitter, starting over after a success."""

from __future__ import annotations

import random
from collections.abc import Callable

__all__ = ["Backoff"]


class Backoff:
    """Waiting times in seconds; full jitter over the upper half, so that many accounts do not come back at once."""

    def __init__(
        self, *, first: float = 1.0, longest: float = 120.0, jitter: Callable[[], float] = random.random
    ) -> None:
        self._first, self._longest, self._jitter = first, longest, jitter
        self._tries = 0

    def next(self) -> float:
        ceiling = min(self._longest, self._first * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return ceiling * (0.5 + 0.5 * self._jitter())

    def reset(self) -> None:
        self._tries = 0
