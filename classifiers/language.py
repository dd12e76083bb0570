# SPDX-License-Identifier: Apache-2.0
"""Which language a text is in, or that one cannot know.

A linear model of letter n-grams, which knows the languages of the product and their neighbours, leaned towards those
an installation works in. Texts too short or too close to call are ``und``, unless the channel said which language it
speaks. Scripts of their own (Greek, Cyrillic, ...) are told by their letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifiers.language_head import LanguageHead, load_head
from classifiers.normalize import MAX_CHARS, Block, read_block
from router.schema import LANGUAGES

__all__ = ["SCRIPT_LANGUAGES", "LanguageFinder", "LanguageGuess", "primary_tag"]

_READ_CHARS = 400  # in which letters of other scripts are looked for
_LEAN = 3.0  # added to the score of each language the installation works in
_HINT = 3.0  # added to that of the channel's language where a text has no letters, less the more there are
_HINT_LETTERS = 40  # from here on the channel is not asked
_LATIN_END = 0x370  # the first code point of the scripts named below
_CANDIDATES = 3  # whose phrases are looked for where a text is in none for sure
_FEW_LETTERS, _SURE = 20, 0.97  # a shorter text is sure to be in a language only where it is that probable
_NOT_LATIN = np.zeros(0x10000, bool)  # letters of other scripts, roughly; nothing that stands in Latin texts too
for _first, _last in ((0x370, 0x1DFF), (0x2E80, 0xA71F), (0xA800, 0xD7FF), (0xF900, 0xFAFF), (0xFB1D, 0xFDFF)):
    _NOT_LATIN[_first : _last + 1] = True
_SCRIPTS = {"CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar", "HEBREW": "he", "HANGUL": "ko", "HIRAGANA": "ja",
            "KATAKANA": "ja", "CJK": "zh",
            "THAI": "th", "DEVANAGARI": "hi", "GEORGIAN": "ka", "ARMENIAN": "hy"}  # fmt: skip
_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9_-]{1,32})?\Z")
SCRIPT_LANGUAGES = frozenset((*_SCRIPTS.values(), "uk"))  # told by their letters
_UKRAINIAN = frozenset("іїєґІЇЄҐ")


@dataclass(frozen=True)
class LanguageGuess:
    """The language, how probable each of the likeliest is, and the languages whose phrases are worth looking for: one
    where the text decided, more where that is undecided, said by the channel alone, or none of the installation's."""

    language: str
    scores: dict[str, float]
    spoken: tuple[str, ...]


def _foreign_script(text: str) -> str:
    """The language of a script none of the Latin languages use, if most letters are of it; else ""."""
    letters = [char for char in text if char.isalpha()]
    foreign = [_SCRIPTS.get(unicodedata.name(char, "").split(" ")[0].split("-")[0], "") for char in letters]
    named = [language for language in foreign if language]
    if len(named) * 2 <= len(letters):
        return ""
    if "ja" in named:
        return "ja"
    likeliest = max(sorted(set(named)), key=named.count)
    return "uk" if likeliest == "ru" and not _UKRAINIAN.isdisjoint(text) else likeliest


def primary_tag(claimed: str) -> str:
    """The language of a tag such as ``pt-BR`` or ``EN_us`` (RFC 5646) as the product writes it; "" for no tag."""
    match = _TAG.match(claimed.strip())
    return match[1].lower() if match else ""


def _needed(letters: int) -> float:
    """How probable a language must be to be said: the fewer letters, the more."""
    return 0.97 if letters < 8 else 0.7 if letters < 12 else 0.4


class LanguageFinder:
    """Language identification for a whole batch at once."""

    def __init__(self, languages: Sequence[str] = LANGUAGES, *, head: LanguageHead | None = None) -> None:
        """Take the model that ships unless one is given. Raises ModelError if that is damaged."""
        self.languages = tuple(languages)
        self._head = head or load_head()
        self._codes = self._head.languages
        self._place = {code: i for i, code in enumerate(self._codes)}
        self._lean = np.array([_LEAN if code in self.languages else 0.0 for code in self._codes], np.float32)

    def find(self, text: str, hint: str = "") -> LanguageGuess:
        """Guess the language of one text; ``hint`` is what the channel claims and decides where the text cannot."""
        return self.find_many([text], [hint])[0]

    def find_many(self, texts: Sequence[str], hints: Sequence[str] = ()) -> list[LanguageGuess]:
        """Guess the languages of texts; shape (n,), and as many hints or none."""
        from classifiers.features import cut_blocks

        found: list[LanguageGuess] = []
        for part in cut_blocks([text[:MAX_CHARS] for text in texts]) if texts else ():
            found += self.find_block(read_block(part), part, hints[len(found) : len(found) + len(part)])
        return found

    def find_block(self, block: Block, texts: Sequence[str], hints: Sequence[str] = ()) -> list[LanguageGuess]:
        """The same for a block that was read already."""
        scores, letters = self._head.score(block)
        scores += self._lean
        hints = [primary_tag(hint) for hint in hints] or [""] * len(texts)
        for i, hint in enumerate(hints):
            if hint and letters[i] < _HINT_LETTERS and hint in self._place:
                scores[i, self._place[hint]] += _HINT * (1 - letters[i] / _HINT_LETTERS)
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores)
        chances /= chances.sum(axis=1, keepdims=True)
        order = (-chances).argsort(axis=1)[:, :3]
        table = chances[np.arange(len(order))[:, None], order].astype(np.float64).round(4).tolist()
        foreign = self._foreign(block, texts)
        codes = self._codes
        return [
            foreign.get(i) or self._decide([codes[k] for k in best], table[i], count, hints[i])
            for i, (best, count) in enumerate(zip(order.tolist(), letters.tolist(), strict=True))
        ]

    def _decide(self, best: list[str], chances: list[float], letters: int, hint: str) -> LanguageGuess:
        if not letters:
            return LanguageGuess(hint or "und", {}, (hint,) if hint else ())
        scores = dict(zip(best, chances, strict=True))
        candidates = tuple(code for code in best if code in self.languages)[:_CANDIDATES]
        if chances[0] >= _needed(letters):
            sure = best[0] in candidates and (letters >= _FEW_LETTERS or chances[0] >= _SURE)
            return LanguageGuess(best[0], scores, (best[0],) if sure else candidates)
        if hint:  # it may be that of the form, of the phone, of the shop: an alarm in another is to be heard as well
            return LanguageGuess(hint, scores, tuple(dict.fromkeys((hint, *candidates))))
        return LanguageGuess("und", scores, candidates)

    def _foreign(self, block: Block, texts: Sequence[str]) -> dict[int, LanguageGuess]:
        """Texts in a script of their own."""
        if int(block.lower.max(initial=0)) < _LATIN_END:
            return {}
        beyond: npt.NDArray[np.bool_] = (block.lower >= _LATIN_END) & _NOT_LATIN[np.minimum(block.lower, 0xFFFF)]
        found = {}
        for i in sorted(set(block.row[beyond].tolist())):
            language = _foreign_script(texts[i][:_READ_CHARS]) if i < len(texts) else ""
            if language:
                found[i] = LanguageGuess(language, {language: 1.0}, (language,))
        return found
