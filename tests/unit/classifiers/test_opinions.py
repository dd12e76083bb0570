# SPDX-License-Identifier: Apache-2.0
"""Words of opinion: what a negation makes of them, how they balance, and what they teach."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.material import TrainingSettings, make_material
from classifiers.negation import find_negated
from classifiers.normalize import read_block
from classifiers.opinions import BALANCES, TRAITS, Opinions, lessons_of
from classifiers.public import PartRow
from classifiers.shape import SHAPES
from classifiers.signals import SignalFile, SignalGroup, SignalMatcher, shipped_signals
from router.schema import LANGUAGES, TYPES

SIGNALS = SignalFile(
    groups={
        "fire": SignalGroup(phrases={"en": ("burnt",)}),
        "good": SignalGroup(opinion="good", phrases={"en": ("tasty", "kind*", "no complaints")}),
        "bad": SignalGroup(opinion="bad", phrases={"en": ("bland", "rude*", "burnt ... taste")}),
        "not_good": SignalGroup(opinion="bad", negates="good"),
        "not_bad": SignalGroup(opinion="good", negates="bad"),
    }
)


def _read(*texts: str) -> tuple[list[list[str]], list[set[str]]]:
    """The groups that were hit in each text, and its balances."""
    block, opinions = read_block(texts), Opinions(SIGNALS)
    match = SignalMatcher(SIGNALS).find_block(block, [["en"]] * len(texts))
    match = opinions.turn(match, block, find_negated(block, 5))
    names = list(SIGNALS.groups)
    groups: list[list[str]] = [[] for _ in texts]
    for row, group in zip(match.row.tolist(), match.group.tolist(), strict=True):
        groups[row].append(names[group])
    balances: list[set[str]] = [set() for _ in texts]
    for row, trait in zip(*opinions.traits(texts, match), strict=True):
        if trait >= len(SHAPES):
            balances[row].add(TRAITS[trait])
    return groups, balances


@pytest.mark.parametrize(
    ("text", "groups", "balances"),
    [
        ("tasty", ["good"], {"good-alone", "more-good"}),
        ("not at all tasty", ["not_good"], {"bad-alone", "more-bad"}),
        ("It was never bland", ["not_bad"], {"good-alone", "more-good"}),
        ("not today. tasty", ["good"], {"good-alone", "more-good"}),
        ("no complaints", ["good"], {"good-alone", "more-good"}),
        ("kind and tasty, but rude", ["good", "good", "bad"], {"good-and-bad", "more-good", "good-twice"}),
        ("rude, rudest, bland", ["bad"] * 3, {"bad-alone", "more-bad", "bad-twice", "bad-often"}),
        ("tasty not tasty", ["good", "not_good"], {"good-and-bad"}),
        ("not burnt", ["fire"], set()),
        ("a parcel", [], set()),
        ("", [], set()),
    ],
)
def test_opinions_are_turned_and_weighed(text: str, groups: list[str], balances: set[str]) -> None:
    """A negation turns what follows it in its sentence; other groups are left as they are. Alone and in a batch."""
    assert _read(text) == ([groups], [balances])
    assert _read("bland and not kind", text, "tasty") == (
        [["bad", "not_good"], groups, ["good"]],
        [{"bad-alone", "more-bad", "bad-twice"}, balances, {"good-alone", "more-good"}],
    )


def test_lessons_of_says_each_word_once_without_signs() -> None:
    """A phrase teaches the kind it speaks for; groups of no opinion teach nothing."""
    assert dict(lessons_of(SIGNALS)) == {
        "tasty": "praise", "kind": "praise", "no complaints": "praise",
        "bland": "complaint", "rude": "complaint", "burnt taste": "complaint",
    }  # fmt: skip


def test_words_teach_by_their_letters_alone() -> None:
    """No channel, shape, signal or balance of a mere word is learned from."""
    text = "The waiter was very rude and the soup was bland."
    rows = [PartRow(text=text, kind="complaint", source="x", channel="email", is_word=word) for word in (False, True)]
    material = make_material([], rows, SIGNALS, TrainingSettings(), TYPES)
    plain, word = material.extra.toarray()
    assert plain[2] == 1.0
    assert plain[-len(BALANCES) :].sum() > 0
    assert word.sum() == 0
    assert np.diff(material.ngrams.indptr).min() > 0


def test_shipped_opinions_are_many_in_every_language() -> None:
    """Enough of both in each, so that no language is read less well than the others."""
    for language in LANGUAGES:
        for opinion in ("good", "bad"):
            count = sum(
                len(group.split(language)) for group in shipped_signals().groups.values() if group.opinion == opinion
            )
            assert count > 500, (language, opinion, count)
