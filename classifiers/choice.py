# SPDX-License-Identifier: Apache-2.0
"""Which messages teach the most when a person labels them: those the model wavers on, no two alike, from everywhere."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence

import numpy as np

from classifiers.features import HashedNgrams
from router.schema import Classification, Frozen

__all__ = ["Doubtful", "choose", "margin"]

_POOL = 300  # of the smallest margins, from which a diverse choice is made
_ALIKE = 0.8  # cosine of character 5-grams from which two texts are nearly the same


class Doubtful(Frozen):
    """A message that could be labelled."""

    text: str
    language: str
    channel: str
    said: Classification


def margin(said: Classification) -> float:
    """By how much the likeliest value beats the next, where it is closest: of kind, and of type if there is one."""
    margins = [1.0]
    for head in ("kind", "type") if said.type is not None else ("kind",):
        scores = sorted(said.scores.get(head, {}).values(), reverse=True)
        if len(scores) > 1:
            margins.append(scores[0] - scores[1])
    return min(margins)


def choose(found: Sequence[Doubtful], most: int) -> list[int]:
    """Positions of the messages to label next, best first: languages and channels take turns, each with its smallest
    margins; a text that nearly repeats one chosen before is left out, as is one without words."""
    order = sorted((at for at in range(len(found)) if found[at].text.strip()), key=lambda at: margin(found[at].said))
    pool = order[:_POOL]
    if not pool:
        return []
    grams = HashedNgrams(char_min=5, char_max=5, word_weight=1e-6).transform([found[at].text for at in pool])
    alike = np.asarray((grams @ grams.T).todense()) >= _ALIKE
    turns: dict[tuple[str, str], deque[int]] = defaultdict(deque)
    for place, at in enumerate(pool):
        turns[found[at].language, found[at].channel].append(place)
    chosen: list[int] = []
    while turns and len(chosen) < most:
        for group in list(turns):
            place = turns[group].popleft()
            if not turns[group]:
                del turns[group]
            if len(chosen) < most and not alike[place, chosen].any():
                chosen.append(place)
    return [pool[place] for place in chosen]
