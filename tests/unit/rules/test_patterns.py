# SPDX-License-Identifier: Apache-2.0
"""Patterns: whole words in every script, and no pattern that is slow."""

from __future__ import annotations

import time

import pytest

from router.rules.patterns import MAX_TOO_LARGE, PatternBudget, PatternError

WORDS = [
    ("fire", "Fire!", True),
    ("fire", "fired", False),
    ("fire*", "fired", True),
    ("*phone", "telephone", True),
    ("lost parcel", "my lost \n parcel", True),
    ("@example.org", "anna@example.org", True),
    ("a.b", "axb", False),
    ("pake*", "Minun PAKETTINI", True),
    ("ärger", "Ärgern", False),
    ("жалоба", "моя Жалоба.", True),
    ("c++", "I use c++ daily", True),
    ("don't", "I DON'T know", True),
    ("30", "30%", True),
    ("30", "1300", False),
]
BACKTRACKING = [
    "(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*)*x", "(.*a){20}", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", "([a-zA-Z]+)*$",
    "(a?){50}a{50}", "^(a+)+b", "(?:a|b|ab)*c", "([^a]*a)*b", "(\\s*,?\\s*)*$", "(\\w+\\s?)*$", "a*a*a*a*a*b",
    "(.+)+\\.(.+)+x", "(a{1,50}){1,10}b", "^(\\d+)*$", "(?:(?:a+)*)*b", "(\\pL+)+!", "(a|b)*a(a|b){40}", "\\bx*\\b*y",
    "(?i)(k|K)+z", "(aa|aab?)*c",
]  # fmt: skip


@pytest.mark.parametrize(("word", "text", "expected"), WORDS)
def test_words_are_found_whole(word: str, text: str, expected: bool) -> None:
    """Letters of all languages count, in any letter case."""
    assert (PatternBudget().words([word]).find(text.encode()) is not None) is expected


@pytest.mark.parametrize("expression", BACKTRACKING)
def test_regex_is_linear(expression: str) -> None:
    """What hangs other engines takes next to nothing here on 50,000 characters; the bound is generous on purpose."""
    try:
        pattern = PatternBudget().regex(expression)
    except PatternError:
        return  # refused when loaded is as good
    for probe in ("a", "ab", "x", "a ", "Aa1 ,"):
        text = (probe * 50_000)[:50_000].encode()
        start = time.process_time()
        pattern.find(text)
        assert time.process_time() - start < 1


@pytest.mark.parametrize("expression", ["(a", "(?=a)", r"(a)\1", "a{5000}", r"\pL{1000}\pL{1000}", "", "a" * 1001, "*"])
def test_regex_that_cannot_be_used_is_refused_with_a_reason(expression: str) -> None:
    """Wrong, too long, too large, or needing another engine."""
    with pytest.raises(PatternError, match=r".{5}"):
        PatternBudget().regex(expression)


def test_budget_stops_a_file_of_too_large_patterns() -> None:
    """After ten too large ones the rest is not even tried, so that a hostile file is refused at once."""
    budget = PatternBudget()
    for _ in range(MAX_TOO_LARGE):
        with pytest.raises(PatternError, match="too large"):
            budget.regex(r"\pL{1000}\pL{1000}")
    with pytest.raises(PatternError, match="not looked at"):
        budget.regex("harmless")


def test_budget_counts_all_characters_of_a_file() -> None:
    """Fifty thousand characters of patterns are enough."""
    budget = PatternBudget()
    for _ in range(50):
        budget.regex("a" * 1000)
    with pytest.raises(PatternError, match="50,000"):
        budget.regex("a")
