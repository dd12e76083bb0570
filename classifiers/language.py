# SPDX-License-Identifier: Apache-2.0
"""Which language a text is in, or that one cannot know.

py3langid, held to the languages an installation works in. Texts too short or too close to call are ``und``, unless
the channel said which language it speaks.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from router.schema import LANGUAGES

__all__ = ["LanguageFinder", "LanguageGuess"]

_MIN_LETTERS = 12  # below this nothing is decided from the letters
_SURE_LETTERS = 20  # below this only a clear lead decides
_CLEAR_LEAD = 0.2
_LEAD = 0.02
_MAX_CHARS = 96  # more text does not change the answer and costs time
_READ_CHARS = 400  # links and numbers among them are taken out first
_ENOUGH_CHARS = 60  # whose letters are counted
_NOISY = re.compile(r"[@#/_\d]")
_NOT_LATIN = re.compile(r"[\u0370-\u1dff\u2e80-\ua71f\ua800-\ud7ff\uf900-\ufaff]")
_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|@\w+|#\w+|[\d_]+")
_SCRIPTS = {"CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar", "HEBREW": "he", "HANGUL": "ko", "HIRAGANA": "ja",
            "KATAKANA": "ja", "CJK": "zh",
            "THAI": "th", "DEVANAGARI": "hi", "GEORGIAN": "ka", "ARMENIAN": "hy"}  # fmt: skip
_LETTERS_OF_ONE = {"ł": "pl", "ą": "pl", "ę": "pl", "ś": "pl", "ź": "pl", "ż": "pl", "ñ": "es", "¿": "es", "¡": "es",
                   "ß": "de", "đ": "hr", "ã": "pt", "œ": "fr"}  # fmt: skip


@dataclass(frozen=True)
class LanguageGuess:
    """The language, and how probable each of the likeliest is; candidates are worth looking at when undecided."""

    language: str
    scores: dict[str, float]
    candidates: tuple[str, ...]


def _foreign_script(text: str) -> str:
    """The language of a script none of the Latin languages use, if most letters are of it; else ""."""
    letters = [char for char in text if char.isalpha()]
    foreign = [_SCRIPTS.get(unicodedata.name(char, "").split(" ")[0].split("-")[0], "") for char in letters]
    named = [language for language in foreign if language]
    if len(named) * 2 <= len(letters):
        return ""
    return "ja" if "ja" in named else max(set(named), key=named.count)


class LanguageFinder:
    """Restricted language identification; the identifier's table is read when first needed, about a second."""

    def __init__(self, languages: Sequence[str] = LANGUAGES) -> None:
        self.languages = tuple(languages)
        self._identifier: Any = None
        self._lock = threading.Lock()

    def _ready(self) -> Any:
        with self._lock:
            if self._identifier is None:
                from py3langid.langid import MODEL_FILE, LanguageIdentifier

                identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
                known = [code for code in self.languages if code in identifier.labels]
                identifier.set_languages(known or None)
                self._identifier = identifier
        return self._identifier

    def find(self, text: str, hint: str = "") -> LanguageGuess:
        """Guess the language of one text.

        Args:
            text: Anything; only the first few hundred characters are read.
            hint: What the channel claims; decides where the text cannot.
        """
        words = text[:_READ_CHARS]
        if _NOT_LATIN.search(words):
            foreign = _foreign_script(words)
            if foreign:
                return LanguageGuess(foreign, {foreign: 1.0}, (foreign,))
        if _NOISY.search(words):
            words = _NOISE.sub(" ", words)
        words = words.strip()[:_MAX_CHARS]
        letters = sum(map(str.isalpha, words[:_ENOUGH_CHARS]))
        if letters == 0:
            return LanguageGuess(hint or "und", {}, (hint,) if hint else ())
        ranked: list[tuple[str, float]] = self._ready().rank(words)[:3]
        lead = ranked[0][1] - (ranked[1][1] if len(ranked) > 1 else 0.0)
        candidates = tuple(code for code, _ in ranked[:2])
        needed = _LEAD if letters >= _SURE_LETTERS else _CLEAR_LEAD
        scores = {code: round(score, 4) for code, score in ranked}
        if letters >= _MIN_LETTERS and lead >= needed:
            return LanguageGuess(ranked[0][0], scores, candidates)
        own = {_LETTERS_OF_ONE[char] for char in words.lower() if char in _LETTERS_OF_ONE}
        if len(own) == 1 and own <= set(candidates):
            return LanguageGuess(own.pop(), scores, candidates)
        if hint:
            return LanguageGuess(hint, scores, (hint,))
        return LanguageGuess("und", scores, candidates)
