# SPDX-License-Identifier: Apache-2.0
"""Signals and concepts: what a phrase matches, and the lists that ship."""

from __future__ import annotations

import pytest

from classifiers.normalize import fold_text
from classifiers.signals import SignalFile, SignalGroup, SignalMatcher, shipped_signals, with_added
from router.schema import LANGUAGES


def _matcher(*phrases: str) -> SignalMatcher:
    return SignalMatcher(SignalFile(groups={"g": SignalGroup(phrases={"en": phrases})}))


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("caught fire", "It CAUGHT  fire!", "CAUGHT  fire"),
        ("caught fire", "caught the fire", None),
        ("smok*", "It was smoking.", "smoking"),
        ("smok*", "a nonsmoker", None),
        ("brakes ... not", "the brakes of my car do not work", "brakes of my car do not"),
        ("brakes ... not", "brakes a b c d e f not", None),
        ("brûlé", "ca sent le BRULE", "BRULE"),
        ("day-to-day", "day to day", "day to day"),
    ],
)
def test_find_matches_rows_of_words(phrase: str, text: str, found: str | None) -> None:
    """Words, endings and gaps, without case and accents."""
    hits = _matcher(phrase).find(text, ["en"])
    assert [text[hit.start : hit.end] for hit in hits] == ([found] if found else [])


def test_find_looks_only_at_the_language() -> None:
    """A phrase of one language does not hit in texts of another."""
    assert _matcher("fire").find("fire", ["fi", "sv"]) == []


def test_shipped_signals_covers_every_language() -> None:
    """Each group that ships has phrases in all twelve languages, each with a word in it."""
    for name, group in shipped_signals().groups.items():
        if group.negates:
            assert not group.phrases
            continue
        assert set(group.phrases) == set(LANGUAGES), name
        for language in LANGUAGES:
            assert group.split(language)
            assert all(any(char.isalpha() for char in phrase) for phrase in group.split(language)), name


def test_a_list_may_be_one_text() -> None:
    """Semicolons part its phrases; ends of lines are white."""
    text = SignalGroup.model_validate({"phrases": {"en": "not worth it; rip-off ;\n bland*"}})
    several = SignalGroup.model_validate({"phrases": {"en": ["not worth it", "rip-off", "bland*"]}})
    assert text.split("en") == several.split("en") == ("not worth it", "rip-off", "bland*")
    assert text.split("fi") == ()
    assert SignalGroup.model_validate(several.model_dump(mode="json")) == several
    for group in (text, several):
        hits = SignalMatcher(SignalFile(groups={"g": group})).find("A rip-off. Not worth it, blandest of all", ["en"])
        assert [(hit.start, hit.end) for hit in hits] == [(2, 9), (11, 23), (25, 33)]


@pytest.mark.parametrize(
    ("phrases", "said"),
    [(7, "texts in a list"), ({"a": 1}, "texts in a list"), (["a", 112], "112 is no text"), ([["a"]], "is no text")],
)
def test_what_is_no_list_of_phrases_is_refused(phrases: object, said: str) -> None:
    """A number in a list is an error that names the place and says what to do, not a phrase."""
    with pytest.raises(ValueError, match=rf"phrases\.en\n.*{said}"):
        SignalGroup.model_validate({"phrases": {"en": phrases}})


def test_shipped_opinions_contradict_themselves_nowhere() -> None:
    """No phrase both praises and blames in one language."""
    said: dict[tuple[str, str], set[str]] = {}
    for group in shipped_signals().groups.values():
        for language in group.phrases if group.opinion else ():
            for phrase in group.split(language):
                said.setdefault((language, fold_text(phrase)), set()).add(str(group.opinion))
    assert len(said) > 10_000
    assert [phrase for phrase, opinions in said.items() if len(opinions) > 1] == []


def test_with_added_extends_a_group() -> None:
    """An installation's own phrases join the group; the others stay."""
    added = with_added(shipped_signals(), {"fire": SignalGroup(phrases={"en": ("reactor alarm",)})})
    matcher = SignalMatcher(added)
    found = [hit.group for hit in matcher.find("reactor alarm, it melted", ["en"])]
    assert [group for group in found if group == "fire"] == ["fire", "fire"]


def test_with_added_refuses_an_unknown_group() -> None:
    """A group the model has no weight for is named, the nearest one, and those of danger and opinion."""
    with pytest.raises(ValueError, match="unknown group 'flood' of signals; known: alarm, fire") as told:
        with_added(shipped_signals(), {"flood": SignalGroup()})
    assert "bad_quality" in str(told.value)
    assert len(str(told.value)) < 400
    with pytest.raises(ValueError, match=r"'bad_qualty' of signals \(did you mean 'bad_quality'\?\); known"):
        with_added(shipped_signals(), {"bad_qualty": SignalGroup()})


@pytest.mark.parametrize(
    ("phrases", "told"),
    [
        ({"EN": ("reactor alarm",)}, r"'alarm': 'EN' is no language \(did you mean 'en'\?\); known: en, fi"),
        ({"german": ("Reaktor",)}, "'german' is no language"),
        ({"en": ("reactor alarm", "🔥🔥")}, r"the phrase '🔥🔥' \(en\) holds no word, so it is never found"),
    ],
)
def test_with_added_refuses_what_would_never_be_found(phrases: dict[str, tuple[str, ...]], told: str) -> None:
    """An alarm that somebody counts on must not be silent for a mistake in the file."""
    with pytest.raises(ValueError, match=told):
        with_added(shipped_signals(), {"alarm": SignalGroup(phrases=phrases)})


def test_with_added_takes_languages_told_by_their_letters() -> None:
    """Greek is found without a model of it."""
    matcher = SignalMatcher(with_added(shipped_signals(), {"alarm": SignalGroup(phrases={"el": ("φωτια",)})}))
    assert [hit.group for hit in matcher.find("Φωτιά!", ["el"])] == ["alarm"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("You should fire that manager, the burger was to die for.", "en"),
        ("Das Design ist der Hammer, ein echter Knaller.", "de"),
        ("La película fue la bomba.", "es"),
    ],
)
def test_shipped_signals_do_not_fire_on_figures_of_speech(text: str, language: str) -> None:
    """Figures of speech are not danger."""
    groups = {hit.group for hit in SignalMatcher(shipped_signals()).find(text, [language])}
    assert not groups & {"fire", "injury", "danger", "threat"}
