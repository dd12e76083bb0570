# SPDX-License-Identifier: Apache-2.0
"""Lists of phrases that people write by hand: signals of urgency; concepts, words of one meaning in all languages; and
words of opinion.

How much a group weighs for which label is learned with the model; that a signal was seen, and where, is a reason
anybody can read. A phrase is a row of words, compared without case and accents. ``word*`` takes any ending, ``...``
stands for up to five words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from classifiers.language import SCRIPT_LANGUAGES
from classifiers.normalize import MAX_CHARS, Block, read_block
from classifiers.phrases import Match, PhraseIndex
from router.schema import LANGUAGES, Frozen, Urgency

__all__ = ["SIGNALS", "Hit", "SignalFile", "SignalGroup", "SignalMatcher", "read_signals", "shipped_signals",
           "with_added"]  # fmt: skip

SIGNALS = Path(__file__).parent / "data" / "signals.yaml"
CONCEPTS = Path(__file__).parent / "data" / "concepts.yaml"
OPINIONS = Path(__file__).parent / "data" / "opinions.yaml"

Opinion = Literal["good", "bad"]


def _join(phrases: object) -> str:
    """Held as one text, ``first; second``, as it may be written: of a hundred thousand phrases none is an object."""
    items = list(phrases) if isinstance(phrases, (list, tuple)) else [phrases]
    odd = [item for item in items if not isinstance(item, str)]
    if odd:
        raise ValueError(f"{odd[0]!r:.60} is no text; phrases are texts in a list, or one text with ';' between them")
    return "; ".join(map(str, items))


class SignalGroup(Frozen):
    """What a group means, and its phrases by language."""

    meaning: str = ""
    at_least: Urgency | None = None  # a hit raises the urgency to this, whatever the model thinks
    presses: bool = True  # shown as a reason of urgency; False for concepts
    opinion: Opinion | None = None  # what its phrases say of the thing they are said of
    negates: Opinion | None = None  # has no phrases, but counts those of this opinion that stand after a negation
    phrases: dict[str, Annotated[str, BeforeValidator(_join)]] = Field(default_factory=dict)

    def split(self, language: str) -> tuple[str, ...]:
        """The phrases of a language one by one; none for a language without any."""
        return tuple(filter(None, map(str.strip, self.phrases.get(language, "").split(";"))))


class SignalFile(Frozen):
    """``signals.yaml``: groups by name."""

    groups: dict[str, SignalGroup]


@dataclass(frozen=True)
class Hit:
    """A phrase that was found: its group, and its place in code points of the text."""

    group: str
    start: int
    end: int


def read_signals(path: Path = SIGNALS) -> SignalFile:
    """Read one list.

    Raises:
        OSError, ValueError: The file is missing or does not fit the model (pydantic's ValidationError is a ValueError).
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        raise ValueError(f"is not YAML: {error}") from error
    return SignalFile.model_validate(content)


@cache
def shipped_signals() -> SignalFile:
    """All lists that come along; what is no signal presses nobody. Read once: that takes seconds."""
    groups = dict(read_signals(SIGNALS).groups)
    for path in (CONCEPTS, OPINIONS):
        for name, group in read_signals(path).groups.items():
            if name in groups:
                raise ValueError(f"{path.name}: the group '{name}' is in two lists")
            groups[name] = group.model_copy(update={"presses": False})
    return SignalFile(groups=groups)


class SignalMatcher:
    """Finds signals in texts. The groups have a fixed order, which is the order of the model's columns."""

    def __init__(self, signals: SignalFile) -> None:
        self.signals = signals
        self.groups = tuple(signals.groups)
        lists = [(text, of, n) for n, group in enumerate(signals.groups.values()) for of, text in group.phrases.items()]
        texts, languages, numbers = zip(*lists, strict=True) if lists else ((), (), ())
        self._index = PhraseIndex(texts, languages, numbers)

    def find(self, text: str, languages: Sequence[str]) -> list[Hit]:
        """Hits in the order of the text, at most one a group and place."""
        match = self.find_block(read_block([text[:MAX_CHARS]]), [languages])
        places = zip(match.group.tolist(), match.start.tolist(), match.end.tolist(), strict=True)
        return [Hit(self.groups[group], start, end) for group, start, end in places]

    def find_block(self, block: Block, languages: Sequence[Sequence[str]]) -> Match:
        """Hits of all texts of a block as arrays; ``languages`` says for each text whose phrases are looked for."""
        return self._index.find(block, languages)


def _check_phrases(name: str, group: SignalGroup) -> None:
    """What would never be found is a mistake, and the alarm somebody counts on would be silent."""
    for language in group.phrases:
        if language not in (*LANGUAGES, *SCRIPT_LANGUAGES):
            near = get_close_matches(language.lower(), LANGUAGES, n=1, cutoff=0.5)
            meant = f" (did you mean '{near[0]}'?)" if near else ""
            raise ValueError(f"'{name}': '{language}' is no language{meant}; known: {', '.join(LANGUAGES)}")
        for phrase in group.split(language):
            if not any(char.isalnum() for char in phrase):
                raise ValueError(
                    f"'{name}': the phrase '{phrase[:60]}' ({language}) holds no word, so it is never found"
                )


def with_added(signals: SignalFile, added: Mapping[str, SignalGroup]) -> SignalFile:
    """Add an installation's phrases to groups the model knows; what could never be found is refused.

    Raises:
        ValueError: Names the unknown group, the nearest known one, and those that phrases are mostly added to; or the
            language or phrase that is none.
    """
    groups = dict(signals.groups)
    for name, group in added.items():
        if name not in groups:
            near = get_close_matches(name, groups, n=1)
            meant = f" (did you mean '{near[0]}'?)" if near else ""
            usual = ", ".join(known for known, one in groups.items() if one.presses or (one.opinion and one.phrases))
            raise ValueError(f"unknown group '{name}' of signals{meant}; known: {usual}, and those of concepts.yaml")
        _check_phrases(name, group)
        old = groups[name]
        more = {language: f"{old.phrases.get(language, '')}; {new}" for language, new in group.phrases.items()}
        phrases = {**old.phrases, **more}
        groups[name] = old.model_copy(update={"phrases": phrases})
    return SignalFile(groups=groups)
