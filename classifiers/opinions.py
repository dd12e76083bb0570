# SPDX-License-Identifier: Apache-2.0
"""Words of praise and of blame: how they stand to each other in a text, and what they teach by themselves.

A corpus holds the words that many people use; the many that few use are lists (``data/opinions.yaml``). What such a
word says depends on the words around it: "not crispy" blames, and one "soggy" among four kind words is still a
complaint. So a good word after a negation counts as a bad one, and how many of both stand in a text is told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from classifiers.normalize import STRIDE, Block, IntArray
from classifiers.phrases import Match
from classifiers.shape import SHAPES, find_shapes
from classifiers.signals import SignalFile

__all__ = ["BALANCES", "TRAITS", "Opinions", "lessons_of"]

BALANCES = (
    "good-alone", "bad-alone", "good-and-bad", "more-good", "more-bad", "good-twice", "bad-twice", "good-often",
    "bad-often",
)  # fmt: skip
TRAITS = (*SHAPES, *BALANCES)
"""What is told of a text as a whole: names, in the order of their columns."""

_OFTEN = 3


class Opinions:
    """Which groups of phrases praise and which blame."""

    def __init__(self, signals: SignalFile) -> None:
        groups = list(signals.groups.values())
        self._sign = np.array([{"good": 1, "bad": -1, None: 0}[group.opinion] for group in groups], np.int64)
        self._negated = np.arange(len(groups))
        for number, group in enumerate(groups):
            if group.negates:
                self._negated[[other for other, one in enumerate(groups) if one.opinion == group.negates]] = number

    def turn(self, match: Match, block: Block, negated: IntArray) -> Match:
        """Give what stands after a negation to the group that counts it.

        Args:
            negated: Numbers of the words of the block that a negation turns around.
        """
        if not len(negated) or not len(match.row):
            return match
        first = block.starts[negated]
        turned = block.row[first] * STRIDE + block.offset[first]
        place = match.row * STRIDE + match.start
        hit = turned[np.minimum(turned.searchsorted(place), len(turned) - 1)] == place
        return Match(match.row, np.where(hit, self._negated[match.group], match.group), match.start, match.end)

    def traits(self, texts: Sequence[str], match: Match) -> tuple[IntArray, IntArray]:
        """What holds of each text as a whole.

        Args:
            match: What ``turn`` gave.

        Returns:
            Positions of texts and positions in ``TRAITS``, each pair once, in no order.
        """
        rows, shapes = find_shapes(texts)
        sign = self._sign[match.group]
        if len(texts) == 1:  # a fifth of the time that arrays take
            balance = _balance(int(np.count_nonzero(sign > 0)), int(np.count_nonzero(sign < 0)))
            on = np.array([place for place, held in enumerate(balance) if held], np.int64)
            of = np.zeros(len(on), np.int64)
        else:
            good, bad = (np.bincount(match.row[sign == one], minlength=len(texts)) for one in (1, -1))
            of, on = np.stack(_balance(good, bad), axis=1).nonzero()
        return np.concatenate((rows, of)), np.concatenate((shapes, on + len(SHAPES)))

    def find_opinions(self, match: Match) -> IntArray:
        """Which matches praise or blame."""
        return self._sign[match.group].nonzero()[0]


def _balance(good: Any, bad: Any) -> tuple[Any, ...]:
    """Which of ``BALANCES`` hold for so many words of praise and of blame: numbers, or arrays of them."""
    return (
        (good > 0) & (bad == 0), (good == 0) & (bad > 0), (good > 0) & (bad > 0), good > bad, bad > good,
        good > 1, bad > 1, good >= _OFTEN, bad >= _OFTEN,
    )  # fmt: skip


def lessons_of(signals: SignalFile) -> Sequence[tuple[str, str]]:
    """Each phrase of praise and of blame as a text, and the kind it speaks for."""
    kinds = {"good": "praise", "bad": "complaint"}
    texts: dict[str, str] = {}
    for group in signals.groups.values():
        if group.opinion is None:
            continue
        for language in group.phrases:
            for phrase in group.split(language):
                words = phrase.replace("*", "").replace("...", " ").split()
                texts.setdefault(" ".join(words), kinds[group.opinion])
    return list(texts.items())
