# SPDX-License-Identifier: Apache-2.0
"""The table of phrases: that the array arithmetic finds what a plain loop would."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers import phrases as phrases_module
from classifiers.normalize import read_block
from classifiers.phrases import PhraseIndex
from router.errors import ModelError

WORDS = ("a", "ab", "abc", "b", "ba")
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join), min_size=1, max_size=4)
PHRASES = st.lists(
    st.lists(st.sampled_from((*WORDS, "a*", "ab*", "...")), min_size=1, max_size=4).map(" ".join), max_size=8
)


def _after(words: list[str], at: int, phrase: list[str]) -> int:
    """The place after the shortest match of a phrase, -1 for none."""
    if not phrase:
        return at
    if phrase[0] == "...":
        ends = [_after(words, at + skip, phrase[1:]) for skip in range(6)]
        return min((end for end in ends if end >= 0), default=-1)
    if at >= len(words):
        return -1
    stem = phrase[0].removesuffix("*")
    fits = words[at].startswith(stem) if phrase[0].endswith("*") else words[at] == stem
    return _after(words, at + 1, phrase[1:]) if fits else -1


def _expected(texts: list[str], phrases: list[str]) -> set[tuple[int, int, int, int]]:
    found = set()
    for row, text in enumerate(texts):
        places = [match.span() for match in re.finditer(r"\w+", text)]
        for number, phrase in enumerate(phrases):
            parts = re.sub(r"(\.\.\. ?)+", "... ", phrase).split()
            parts = parts[parts[0] == "..." :]
            parts = parts[: len(parts) - (parts[-1:] == ["..."])]
            for at in range(len(places)) if parts else ():
                end = _after(text.split(), at, parts)
                if end >= 0:
                    found.add((row, number, places[at][0], places[end - 1][1]))
    return found


@settings(max_examples=150, deadline=None)
@given(TEXTS, PHRASES)
def test_find_agrees_with_a_loop(texts: list[str], phrases: list[str]) -> None:
    """Words, beginnings and gaps, in any texts and for any phrases."""
    index = PhraseIndex(phrases, ["en"] * len(phrases), range(len(phrases)))
    match = index.find(read_block(texts), [("en",)] * len(texts))
    columns = (match.row.tolist(), match.group.tolist(), match.start.tolist(), match.end.tolist())
    assert set(zip(*columns, strict=True)) == _expected(texts, phrases)


def test_lists_are_read_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists longer and shorter than a portion, empty ones among them: every phrase keeps its list's group."""
    lists = ["red", "", "green; not ... blue", ";", "white*;\n black"]
    block = read_block(["black and whitest, not at all blue; green red"])
    found = []
    for chars in (1, 9, 1000):
        monkeypatch.setattr(phrases_module, "_AT_ONCE", chars)
        match = PhraseIndex(lists, ["en"] * 5, [4, 3, 2, 1, 0]).find(block, [("en",)])
        found.append(list(zip(match.group.tolist(), match.start.tolist(), strict=True)))
    assert found == [[(0, 0), (0, 10), (2, 19), (2, 36), (4, 42)]] * 3


def test_find_looks_in_the_languages_of_each_text() -> None:
    """Texts of a batch are each asked in their own languages, none, one or two."""
    index = PhraseIndex(["gift", "gift", "box"], ["en", "de", "en"], [0, 1, 2])
    match = index.find(read_block(["gift box"] * 4), [("en",), ("de", "sv"), (), ("en", "de")])
    assert list(zip(match.row.tolist(), match.group.tolist(), strict=True)) == [
        (0, 0),
        (0, 2),
        (1, 1),
        (3, 0),
        (3, 1),
        (3, 2),
    ]


@pytest.mark.parametrize("text", ["café", "cafe\u0301", "CAFÉ", "cafe"])
def test_find_folds_case_and_accents(text: str) -> None:
    """However an accent is written, the place is that of the text as it came."""
    match = PhraseIndex(["Café"], ["fr"], [0]).find(read_block(["un " + text]), [("fr",)])
    assert match.start.tolist() == [3]


def test_find_sees_words_that_masks_hide() -> None:
    """The currency of an amount is a word to a list of phrases, though the features do not see it."""
    match = PhraseIndex(["euro*"], ["en"], [0]).find(read_block(["refund me 50 euros now"]), [("en",)])
    assert (match.start.tolist(), match.end.tolist()) == ([13], [18])


def test_find_without_phrases_finds_nothing() -> None:
    """An empty table is a table."""
    assert len(PhraseIndex([], [], []).find(read_block(["a", ""]), [("en",)] * 2).row) == 0
    assert len(PhraseIndex(["..."], ["en"], [0]).find(read_block([]), []).row) == 0


def test_more_phrases_than_numbers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their places would run into each other; better said at the start than found wrongly for ever."""
    monkeypatch.setattr(phrases_module, "_MOST", 2)
    with pytest.raises(ModelError, match="3 phrases of signals are more than 2"):
        PhraseIndex(["a", "b", "c"], ["en"] * 3, [0, 1, 2])
