# SPDX-License-Identifier: Apache-2.0
"""How a text is written: what each shape means, and that a text has the same shapes alone and in a batch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.shape import SHAPES, find_shapes

_LONG = {"under-25", "under-50", "under-100", "under-200", "under-400", "under-800"}


def _names(texts: list[str]) -> list[set[str]]:
    found: list[set[str]] = [set() for _ in texts]
    for text, shape in zip(*find_shapes(texts), strict=True):
        found[text].add(SHAPES[shape])
    return found


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("Where is it?", {"question", "ends-asking", "mostly-asks"}),
        ("Well. Is it? Is it gone? ", {"question", "questions", "ends-asking", "mostly-asks"}),
        ("No. No. No. Is it so? Yes.", {"question"}),
        ("Stop!!!!", {"exclaims", "exclaims-twice", "exclaims-often"}),
        ("NOTHING WORKS HERE", {"shouts"}),
        ("ÄÄRETÖN SOTKU TÄÄLLÄ", {"shouts"}),
        ("USA", set()),
        ("so it goes...", {"trails-off", "no-capitals", "small-start"}),
        ("so it goes…", {"trails-off", "no-capitals", "small-start"}),
        ("Order 4711, 20 €", {"digit", "long-number", "money"}),
        ("Order 471 1", {"digit"}),
        ("Das „Angebot“", {"quotes"}),
        ("See https://example.org", {"link"}),
        ("See WWW.example.org", {"link"}),
        ("@shop #late", {"handle", "hashtag", "no-capitals"}),
        ("Hi :-)", {"smiles"}),
        ("Hi :-(", {"frowns"}),
        ("Hi \U0001f621", {"frowns", "picture"}),
        ("Hi \u2764", {"smiles"}),
        ("A\nB\nC\nD\nE", {"lines", "many-lines"}),
        ("", {"no-capitals"}),
    ],
)
def test_find_shapes_names_what_is_there(text: str, shapes: set[str]) -> None:
    """Each shape holds where a reader would say so."""
    [found] = _names([text])
    assert found - _LONG == shapes


def test_find_shapes_tells_lengths() -> None:
    """A text has every length that it stays under."""
    [short, long] = _names(["a" * 24, "a" * 100])
    assert short & _LONG == _LONG
    assert long & _LONG == {"under-200", "under-400", "under-800"}


@given(st.lists(st.text(alphabet=st.sampled_from("aB?!.:;()-/w3 \n@#€„\u2026\u2764\U0001f600"), max_size=30)))
def test_find_shapes_is_the_same_alone_and_in_a_batch(texts: list[str]) -> None:
    """Nothing reaches from one text into the next."""
    assert _names(texts) == [_names([text])[0] for text in texts]
