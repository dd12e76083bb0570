# SPDX-License-Identifier: Apache-2.0
"""Collects mistakes of one file, with their places, while it is checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from router.config.document import Document
from router.errors import Mistake

__all__ = ["Problems", "suggestion", "unknown"]

MAX_LISTED = 16  # names beside a suggestion; longer lists would bury it
MAX_SHOWN = 60
MAX_MISTAKES = 200  # of one file; a file with more is shown its first ones


def suggestion(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'billing'?)`` or nothing."""
    close = difflib.get_close_matches(word[:100].casefold(), list(known)[:500], n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


def unknown(what: str, word: str, known: Iterable[str]) -> str:
    """``unknown queue 'biling'; known: billing, delivery (did you mean 'billing'?)``."""
    names = list(dict.fromkeys(known))
    hint = suggestion(word, names)
    if hint and len(names) > MAX_LISTED:
        return f"unknown {what} '{word[:60]}'{hint}"
    shown = ", ".join(names[:MAX_SHOWN]) + (", …" if len(names) > MAX_SHOWN else "")
    return f"unknown {what} '{word[:60]}'; known: {shown or 'none'}{hint}"


class Problems:
    """The mistakes of one document, in the order found."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.mistakes: list[Mistake] = []

    @property
    def full(self) -> bool:
        return len(self.mistakes) >= MAX_MISTAKES

    def add(self, path: Sequence[str | int], sentence: str, *, key: bool = False) -> None:
        """Note a mistake at the value of ``path``, or at its key."""
        if not self.full:
            self.mistakes.append(self.document.mistake(path, sentence, key=key))

    def expect_keys(self, path: Sequence[str | int], found: Iterable[str], known: Iterable[str], what: str) -> None:
        """Note every key that is not one of the known ones."""
        allowed = tuple(known)
        for name in found:
            if name not in allowed and not self.full:
                self.add((*path, name), unknown(what, name, allowed), key=True)
