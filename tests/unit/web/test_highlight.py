# SPDX-License-Identifier: Apache-2.0
"""Marking the words that decided."""

from __future__ import annotations

from typing import Any

import pytest

from router.schema import Classification, Evidence
from router.web.highlight import pieces, reasons_against


def _labels(**why: Any) -> Classification:
    made = {
        name: tuple(Evidence(text=t, start=s, end=e, weight=w) for t, s, e, w in rows) for name, rows in why.items()
    }
    return Classification(kind="complaint", type="delivery", why=made)


@pytest.mark.parametrize(
    ("evidence", "subject", "marked"),
    [
        (("lost", 13, 17, 1.0), "", ["lost"]),
        (("lost", 19, 23, 1.0), "Hello", ["lost"]),
        (("lost", 2, 6, 1.0), "", ["lost"]),
        (("LOST", -1, -1, 1.0), "", ["lost"]),
        (("los", -1, -1, 1.0), "", []),
        (("lost", 13, 17, -1.0), "", []),
        (("a", -1, -1, 1.0), "", []),
        ((" ", 2, 3, 1.0), "", []),
        (("lost", 900, 904, 1.0), "", ["lost"]),
    ],
    ids=[
        "offset",
        "behind the subject",
        "wrong offset",
        "no offset",
        "part of a word",
        "against",
        "short",
        "blank",
        "far",
    ],
)
def test_pieces_mark_what_spoke_for_a_label(evidence: Any, subject: str, marked: list[str]) -> None:
    """Offsets are believed where the text agrees; otherwise whole words are looked for."""
    shown = "My parcel is lost."
    found = pieces(shown, _labels(type=[evidence]), subject=subject)
    assert [piece.text for piece in found if piece.label] == marked
    assert "".join(piece.text for piece in found) == shown


def test_pieces_of_several_labels_do_not_overlap() -> None:
    """Type goes before urgency; the text stays whole."""
    found = pieces("lost since weeks", _labels(type=[("lost", 0, 4, 1.0)], urgency=[("lost since", 0, 10, 2.0)]))
    assert [(piece.text, piece.label) for piece in found] == [("lost", "type"), (" since", "urgency"), (" weeks", "")]


def test_pieces_without_labels_are_the_text() -> None:
    """No classification, no marks; no text, no pieces."""
    assert [piece.text for piece in pieces("words", None)] == ["words"]
    assert pieces("", None) == []


def test_reasons_against_come_strongest_first() -> None:
    """What spoke against is told apart."""
    labels = _labels(type=[("a", 0, 1, 1.0), ("b", 1, 2, -0.2), ("c", 2, 3, -0.9)])
    assert [piece.text for piece in reasons_against(labels, "type")] == ["c", "b"]
