# SPDX-License-Identifier: Apache-2.0
"""Lengths as platforms count them."""

import pytest

from router.measure import Unit, measure, weighted_length

FAMILY = "\U0001f469‍\U0001f469‍\U0001f467"


@pytest.mark.parametrize(
    ("text", "unit", "length"),
    [
        ("häät", "code_points", 4),
        ("häät", "bytes", 6),
        ("\U0001f4e6", "code_points", 1),
        ("\U0001f4e6", "utf16_units", 2),
        ("\U0001f4e6", "bytes", 4),
        ("e\u0301", "code_points", 2),
        ("e\u0301", "graphemes", 1),
        ("", "weighted_280", 0),
        ("häät", "weighted_280", 4),
        ("包裹", "weighted_280", 4),
        ("包裹", "utf16_units", 2),
    ],
)
def test_measure_counts_in_the_unit_asked_for(text: str, unit: Unit, length: int) -> None:
    """The same text is longer or shorter by what its platform counts."""
    assert measure(text, unit) == length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("see https://example.org/a/very/long/path?with=query#and-more now", 4 + 23 + 4),
        ("(https://example.org).", 1 + 23 + 2),
        ("example.org", 23),
        ("mail anna@example.org", 21),
        ("1.5 and e.g. this", 17),
        ("\U0001f600", 2),
        (FAMILY, 2),
        ("\U0001f1eb\U0001f1ee", 2),
        ("1\ufe0f\u20e3", 2),
        ("e\u0301", 1),
        ("‘quote’ – …", 12),
        ("a" * 280, 280),
    ],
    ids=[
        "link",
        "punctuation",
        "bare",
        "mail",
        "no-link",
        "emoji",
        "family",
        "flag",
        "keycap",
        "composed",
        "marks",
        "full",
    ],
)
def test_weighted_length_counts_as_x_does(text: str, length: int) -> None:
    """Links are 23, an emoji 2 however it is made, most scripts beyond Latin 2 a letter."""
    assert weighted_length(text) == length
