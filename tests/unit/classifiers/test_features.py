# SPDX-License-Identifier: Apache-2.0
"""Features: what is counted, and that the array arithmetic counts what a plain loop would."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.features import FeatureSettings, HashedNgrams, cut_blocks, find_ngrams, weigh
from classifiers.negation import find_negated
from classifiers.normalize import fold_text, read_block

SETTINGS = FeatureSettings(char_bits=16, word_bits=15)
UNTURNED = FeatureSettings(char_bits=16, word_bits=15, negated=0)


def _grams(text: str) -> list[str]:
    """The n-grams of one text by a plain loop over what was read."""
    block = read_block([text])
    found = find_ngrams(block, UNTURNED)
    chars = "".join(map(chr, block.plain))
    return sorted(chars[s : s + n] for s, n in zip(found.start.tolist(), found.length.tolist(), strict=True))


def _expected(text: str) -> list[str]:
    grams: list[str] = []
    for word in text.split():
        padded = f" {word} "
        grams += [padded[i : i + n] for n in range(2, 6) for i in range(len(padded) - n + 1)]
    words = text.split()
    return sorted(grams + words + [" ".join(pair) for pair in pairwise(words)])


def test_find_ngrams_finds_what_a_loop_finds() -> None:
    """Character n-grams of 2 to 5 within words, single words and pairs of words."""
    text = "my parcel is so late a b"
    assert _grams(text) == _expected(text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="abcdefghij", min_size=1, max_size=9), min_size=1, max_size=8))
def test_find_ngrams_agrees_with_a_loop_on_any_words(words: list[str]) -> None:
    """The same for any words."""
    text = " ".join(words)
    assert _grams(text) == _expected(text)


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_transform_has_a_row_for_each_text(count: int) -> None:
    """The shape is texts by columns, for no text too."""
    matrix = HashedNgrams(char_bits=16, word_bits=15).transform(["late parcel"] * count)
    assert matrix.shape == (count, (1 << 16) + (1 << 15))


def test_transform_does_not_depend_on_the_neighbours() -> None:
    """A text has the same features alone and in a batch, next to empty and odd ones."""
    texts = ["My parcel is late", "", "  ", "😡 no", "Missä paketti on?", "a"]
    hashed = HashedNgrams()
    together = hashed.transform(texts)
    for i, text in enumerate(texts):
        alone = hashed.transform([text])
        assert (together[[i]] != alone).nnz == 0


def test_weigh_gives_both_parts_their_length() -> None:
    """Characters of a text have length 1, words what the settings say, whatever its size."""
    rows = weigh(find_ngrams(read_block(["late late late parcel"]), SETTINGS), 1, SETTINGS)
    chars = rows.indices < 1 << SETTINGS.char_bits
    assert float((rows.values[chars] ** 2).sum()) == pytest.approx(1, abs=1e-5)
    assert float((rows.values[~chars] ** 2).sum()) == pytest.approx(SETTINGS.word_weight**2, abs=1e-5)


def test_weigh_tells_which_occurrences_made_each_feature() -> None:
    """Every occurrence belongs to one feature of its row, whose column it has."""
    found = find_ngrams(read_block(["late late parcel", "late"]), SETTINGS)
    plain = weigh(found, 2, SETTINGS)
    shared = weigh(found, 2, SETTINGS, shares=True)
    assert shared.order is not None
    assert shared.counts is not None
    assert np.array_equal(plain.indices, shared.indices)
    assert sorted(shared.order.tolist()) == list(range(len(found.column)))
    assert np.array_equal(found.column[shared.order], shared.indices.repeat(shared.counts))
    assert shared.counts.max() == 2


def test_transform_folds_case_and_keeps_accents_beside() -> None:
    """Case says nothing; a word without its accents is near the word with them, and not the same."""
    matrix = HashedNgrams().transform(["Réclamation", "RÉCLAMATION", "reclamation"])
    close = (matrix @ matrix.T).toarray()
    assert close[0, 1] == pytest.approx(1 + SETTINGS.word_weight**2, abs=1e-4)
    assert 1.2 < close[0, 2] < 1.45


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("see https://a.example/1", "see http://b.example/xyz?q=2"),
        ("from a.b@example.org now", "from someone@example.com now"),
        ("hey @shop help", "hey @company_2 help"),
        ("paid 12,50 € twice", "paid 8 EUR twice"),
        ("order 12345", "order 98765"),
    ],
    ids=["link", "mail", "handle", "amount", "digits"],
)
def test_transform_masks_what_is_personal(one: str, other: str) -> None:
    """Links, addresses, handles, amounts and digits count as what they are, not as what they say."""
    matrix = HashedNgrams().transform([one, other])
    assert (matrix[[0]] != matrix[[1]]).nnz == 0


def test_read_block_knows_where_everything_stood() -> None:
    """Each code point that was kept says its place in its text, letters with combining marks too."""
    texts = ["  Hei\tmaailma ", "tänk om", ""]
    block = read_block(texts)
    for code, offset, row in zip(block.plain.tolist(), block.offset.tolist(), block.row.tolist(), strict=True):
        if code != 32:
            assert chr(code) == fold_text(texts[row][offset])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("late , really !", " late, really! "),
        ("so late. . .", " so late... "),
        (". x", " . x "),
        ("no -  3 .5", " no - 0.0 "),
    ],
)
def test_read_block_takes_no_notice_of_white_before_punctuation(text: str, read: str) -> None:
    """As the French and tokenisers write it; white between texts stays."""
    block = read_block([text, "!"])
    assert "".join(map(chr, block.plain)) == f"{read}! "
    assert block.row[-2:].tolist() == [1, 2]


def test_fold_text_keeps_the_length() -> None:
    """Folding never moves a place in the text."""
    text = "Straße ŁÓDŹ İstanbul 😡 ŉ ǆ ﬁ"
    assert len(fold_text(text)) == len(text)


def _columns(text: str, negated: int) -> set[int]:
    return set(HashedNgrams(negated=negated).transform([text]).indices.tolist())


@pytest.mark.parametrize(
    "text",
    ["the room was not clean", "it isn't clean", "huone ei ollut siisti", "das Zimmer war nicht sauber",
     "la camera non era pulita", "la chambre n'était pas propre", "soba nije bila čista", "pokój nie był czysty"],
)  # fmt: skip
def test_transform_counts_words_after_a_negation_as_negated_too(text: str) -> None:
    """Beside the features of the words themselves, in every language."""
    assert _columns(text, 0) < _columns(text, 5)


@pytest.mark.parametrize("text", ["the room was clean", "no. The room was clean!", "clean, not"])
def test_transform_negates_only_what_follows_in_the_sentence(text: str) -> None:
    """Another sentence, and what stands before, is left as it is."""
    assert _columns(text, 0) == _columns(text, 5)


def test_find_negated_keeps_texts_apart_and_reaches_so_far() -> None:
    """A negation at the end of a text does nothing to the next one; words beyond the reach are free."""
    block = read_block(["is it not", "clean and tidy", "never one two three four"])
    assert find_negated(block, 2).tolist() == [7, 8]


def test_cut_blocks_keeps_all_texts_in_order() -> None:
    """Cutting for size loses nothing, and no text is too long to be taken."""
    texts = ["x" * 100_000, "y", "z" * 100_000, ""]
    blocks = cut_blocks(texts)
    assert [text for block in blocks for text in block] == texts
    assert len(blocks) == 2


def test_hashed_ngrams_is_a_transformer() -> None:
    """scikit-learn's own clone and parameters work on it."""
    from sklearn.base import clone

    copy = clone(HashedNgrams(char_bits=16))
    assert copy.get_params()["char_bits"] == 16
    with pytest.raises(ValueError, match="unknown parameters: bits; known: char_bits"):
        copy.set_params(bits=3)
