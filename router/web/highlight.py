# SPDX-License-Identifier: Apache-2.0
"""Which words of a message decided its labels: from the classifier's evidence to pieces of text to mark."""

from __future__ import annotations

import re
from dataclasses import dataclass

from router.schema import Classification, Evidence

__all__ = ["Piece", "pieces", "reasons_against"]

_LABELS = ("type", "urgency", "kind")  # a word that speaks for several is marked for the first of these
_MOST = 6  # evidence shown per label
_SHORTEST = 3  # shorter pieces are not searched for in the text: they would be found everywhere


@dataclass(frozen=True)
class Piece:
    """A run of text; ``label`` is empty for plain text, else what the run spoke for."""

    text: str
    label: str = ""
    weight: float = 0.0


def pieces(shown: str, classification: Classification | None, *, subject: str = "") -> list[Piece]:
    """Cut ``shown`` into marked and plain pieces which together are ``shown`` again.

    The classifier may have read subject and words joined, so an offset is believed only where the text agrees, as it
    stands or moved by the length of the subject; otherwise the piece is looked for as a word.
    """
    if classification is None or not shown:
        return [Piece(shown)] if shown else []
    owner: list[tuple[str, float] | None] = [None] * len(shown)
    for label in reversed(_LABELS):
        for evidence in _strongest(classification, label):
            for start, end in _places(shown, subject, evidence):
                owner[start:end] = [(label, evidence.weight)] * (end - start)
    return _runs(shown, owner)


def reasons_against(classification: Classification, label: str) -> list[Evidence]:
    """What spoke against the chosen value of the label, strongest first."""
    against = [piece for piece in classification.why.get(label, ()) if piece.weight < 0]
    return sorted(against, key=lambda piece: piece.weight)[:_MOST]


def _strongest(classification: Classification, label: str) -> list[Evidence]:
    spoke_for = [piece for piece in classification.why.get(label, ()) if piece.weight > 0 and piece.text.strip()]
    return sorted(spoke_for, key=lambda piece: -piece.weight)[:_MOST]


def _places(shown: str, subject: str, evidence: Evidence) -> list[tuple[int, int]]:
    if evidence.start >= 0:
        for gap in (0, len(subject) + 1, len(subject) + 2):
            start, end = evidence.start - gap, evidence.end - gap
            if 0 <= start < end <= len(shown) and shown[start:end].casefold() == evidence.text.casefold():
                return [(start, end)]
    if len(evidence.text.strip()) < _SHORTEST:
        return []
    word = re.compile(rf"(?<!\w){re.escape(evidence.text.strip())}(?!\w)", re.IGNORECASE)
    return [match.span() for match in word.finditer(shown)]


def _runs(shown: str, owner: list[tuple[str, float] | None]) -> list[Piece]:
    found: list[Piece] = []
    start = 0
    for index in range(1, len(shown) + 1):
        if index == len(shown) or owner[index] != owner[start]:
            label, weight = owner[start] or ("", 0.0)
            found.append(Piece(shown[start:index], label, weight))
            start = index
    return found
