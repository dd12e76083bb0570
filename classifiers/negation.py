# SPDX-License-Identifier: Apache-2.0
"""Which words of a text a negation turns around: "not clean" speaks for something else than "clean".

A pair of words says so only where the two stand side by side; what is negated stands a few words later as often. Which
language a text is in is not asked: what is a negation in one and an ordinary word in another marks a few words more,
whose weights are learned as those of any other feature.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from classifiers.normalize import Block, IntArray, read_block

__all__ = ["find_negated"]

_U64 = npt.NDArray[np.uint64]
_ENDS_SENTENCE = np.isin(np.arange(128), [ord(mark) for mark in ".!?;"])

_NEGATIONS = {
    # "don't" and the like are read as two words, of which the second is "t"
    "en": ("not", "no", "never", "none", "nothing", "nobody", "neither", "nor", "cannot", "without", "hardly", "t",
           "dont", "cant", "wont", "didnt", "doesnt", "isnt", "wasnt", "arent", "werent", "couldnt", "wouldnt"),
    "fi": ("ei", "eivät", "emme", "ette", "ole", "eikä", "ilman", "ikinä", "koskaan", "tuskin"),
    "fr": ("ne", "pas", "jamais", "rien", "aucun", "aucune", "sans", "guère"),
    "et": ("ei", "pole", "polnud", "mitte", "ega", "ilma", "kunagi", "vaevalt"),
    "hr": ("ne", "nije", "nisu", "nisam", "nismo", "niste", "nema", "nemaju", "nikad", "nikada", "ništa", "bez",
           "niti"),
    "de": ("nicht", "kein", "keine", "keinen", "keiner", "keinem", "keinerlei", "nie", "niemals", "nichts", "ohne",
           "kaum", "weder"),
    "es": ("no", "nunca", "jamás", "nada", "ningún", "ninguna", "tampoco", "sin", "apenas"),
    "it": ("non", "mai", "niente", "nulla", "nessun", "nessuno", "nessuna", "senza", "nemmeno", "neanche"),
    "pt": ("não", "nao", "nem", "nunca", "jamais", "nada", "nenhum", "nenhuma", "sem"),
    "nl": ("niet", "geen", "nooit", "niets", "zonder", "nauwelijks", "noch"),
    "sv": ("inte", "ingen", "inget", "inga", "aldrig", "utan", "knappt", "ej", "varken"),
    "pl": ("nie", "nigdy", "nic", "bez", "żaden", "żadna", "żadnych", "brak", "ani"),
}  # fmt: skip


@cache
def _hashes() -> _U64:
    """Of all negations, ascending."""
    block = read_block([word for words in _NEGATIONS.values() for word in words], masks=False)
    return np.unique(block.word_hash)


def find_negated(block: Block, reach: int) -> IntArray:
    """Numbers of the words that stand at most ``reach`` words after a negation of the same sentence, ascending."""
    known, words = _hashes(), block.word_hash
    at: IntArray = (known[np.minimum(known.searchsorted(words), len(known) - 1)] == words).nonzero()[0]
    if not len(at):
        return at
    after = (at[:, None] + np.arange(1, reach + 1)).ravel()
    negation = at.repeat(reach)
    inside = after < len(words)
    after, negation = after[inside], negation[inside]
    ends = _ENDS_SENTENCE[np.minimum(block.plain, 127)]
    sentence = ends.cumsum()[block.starts] + block.row[block.starts]  # both only grow, so the sum tells them apart
    found = np.zeros(len(words), bool)
    found[after[sentence[after] == sentence[negation]]] = True
    numbers: IntArray = found.nonzero()[0]
    return numbers
