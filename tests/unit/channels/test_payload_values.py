# SPDX-License-Identifier: Apache-2.0
"""Values that readers of reviews and chats take out of untrusted JSON."""

from __future__ import annotations

from typing import Any

import pytest

from channels.payload import ident_at, language_code, stand_in_id, stars


@pytest.mark.parametrize(
    ("found", "wanted"),
    [(1, 1.0), (5, 5.0), ("4", 4.0), (3.5, 3.5), (0, None), (6, None), ("six", None), ("²", None), (True, None),
     (float("nan"), None), (None, None), ([3], None), (10**40, None)],
)  # fmt: skip
def test_stars_are_from_one_to_five(found: Any, wanted: float | None) -> None:
    """Stars are numbers from 1 to 5, also written as text; anything else counts as none."""
    assert stars({"stars": found}, "stars") == wanted


@pytest.mark.parametrize(
    ("claimed", "wanted"),
    [("en", "en"), ("pt-BR", "pt"), ("en_US", "en"), ("FI", "fi"), ("est", "est"), ("und", ""), ("", ""),
     ("english", ""), ("\ud800", ""), ("5", "")],
)  # fmt: skip
def test_language_code_is_the_first_part_of_the_tag(claimed: str, wanted: str) -> None:
    """Only the language of a tag is kept; what names none gives nothing."""
    assert language_code(claimed) == wanted


def test_ident_at_gives_text_that_can_be_stored() -> None:
    """Long numbers stay exact, and an id of nothing but NUL is none."""
    assert ident_at({"id": 9007199254740993}, "id") == "9007199254740993"
    assert ident_at({"id": "\0"}, "id") == ""


def test_stand_in_id_depends_on_each_part() -> None:
    """The same parts give the same id; moving a letter from one to the next gives another."""
    assert stand_in_id("ab", "c") == stand_in_id("ab", "c") != stand_in_id("a", "bc")
