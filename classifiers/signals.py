# SPDX-License-Identifier: Apache-2.0
"""Lists of phrases that people write by hand: signals of urgency, and concepts, words of one meaning in all languages.

How much a group weighs for which label is learned with the model; that a signal was seen, and where, is a reason
anybody can read. A phrase is a row of words, compared without case and accents. ``word*`` takes any ending, ``...``
stands for up to five words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from pydantic import Field

from classifiers.normalize import MAX_CHARS, fold_text
from router.schema import Frozen, Urgency

__all__ = ["SIGNALS", "Hit", "SignalFile", "SignalGroup", "SignalMatcher", "read_signals", "with_added"]

SIGNALS = Path(__file__).parent / "data" / "signals.yaml"
CONCEPTS = Path(__file__).parent / "data" / "concepts.yaml"
_TOKEN = re.compile(r"\w+")
_PHRASE_WORD = re.compile(r"\w+\*?|\.\.\.")
_MAX_GAP = 5  # words that "..." may stand for
_ANY = "..."
_REMEMBERED = 50_000  # words of a language whose phrases are not looked up again

Phrase: TypeAlias = tuple[str, ...]


class SignalGroup(Frozen):
    """What a group means, and its phrases by language."""

    meaning: str = ""
    at_least: Urgency | None = None  # a hit raises the urgency to this, whatever the model thinks
    presses: bool = True  # shown as a reason of urgency; False for concepts
    phrases: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class SignalFile(Frozen):
    """``signals.yaml``: groups by name."""

    groups: dict[str, SignalGroup]


@dataclass(frozen=True)
class Hit:
    """A phrase that was found: its group, and its place in code points of the text."""

    group: str
    start: int
    end: int


def read_signals(signals: Path = SIGNALS, concepts: Path | None = CONCEPTS) -> SignalFile:
    """Read a list of signals and one of concepts; a concept may not have the name of a signal.

    Raises:
        OSError, ValueError: The file is missing or does not fit the model (pydantic's ValidationError is a ValueError).
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    def read(path: Path) -> dict[str, SignalGroup]:
        try:
            content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        except YAMLError as error:
            raise ValueError(f"is not YAML: {error}") from error
        return SignalFile.model_validate(content).groups

    groups = read(signals)
    for name, group in (read(concepts) if concepts else {}).items():
        if name in groups:
            raise ValueError(f"'{name}' is a signal and a concept")
        groups[name] = group.model_copy(update={"presses": False})
    return SignalFile(groups=groups)


@dataclass
class _Language:
    """The phrases of one language by how their first word is met."""

    exact: dict[str, list[tuple[Phrase, str]]] = field(default_factory=dict)
    prefix: dict[str, list[tuple[Phrase, str]]] = field(default_factory=dict)
    lengths: tuple[int, ...] = ()
    remembered: dict[str, tuple[tuple[Phrase, str], ...]] = field(default_factory=dict)

    def starting_with(self, token: str) -> tuple[tuple[Phrase, str], ...]:
        """What may follow a first word, and the group it would belong to."""
        found = self.remembered.get(token)
        if found is None:
            every = list(self.exact.get(token, ()))
            for length in self.lengths:
                every += self.prefix.get(token[:length], ()) if length <= len(token) else ()
            found = tuple(every)
            if len(self.remembered) < _REMEMBERED:
                self.remembered[token] = found
        return found


def _split(phrase: str) -> Phrase:
    return tuple(_PHRASE_WORD.findall(fold_text(phrase)))


def _follows(tokens: Sequence[str], at: int, phrase: Phrase) -> int:
    """Position after the phrase's last word if its words from the second on follow, else -1."""
    if not phrase:
        return at
    if phrase[0] == _ANY:
        for skip in range(_MAX_GAP + 1):
            end = _follows(tokens, at + skip, phrase[1:])
            if end >= 0:
                return end
        return -1
    if at >= len(tokens):
        return -1
    word = phrase[0]
    fits = tokens[at].startswith(word[:-1]) if word.endswith("*") else tokens[at] == word
    return _follows(tokens, at + 1, phrase[1:]) if fits else -1


class SignalMatcher:
    """Finds signals in texts. The groups have a fixed order, which is the order of the model's columns."""

    def __init__(self, signals: SignalFile) -> None:
        self.signals = signals
        self.groups = tuple(signals.groups)
        self._languages: dict[str, _Language] = {}
        for group, content in signals.groups.items():
            for language, phrases in content.phrases.items():
                known = self._languages.setdefault(language, _Language())
                for phrase in map(_split, phrases):
                    first = phrase[0]
                    home = known.prefix if first.endswith("*") else known.exact
                    home.setdefault(first.removesuffix("*"), []).append((phrase[1:], group))
        for known in self._languages.values():
            known.lengths = tuple(sorted({len(prefix) for prefix in known.prefix}))

    def find(self, text: str, languages: Sequence[str]) -> list[Hit]:
        """Hits in the order of the text, at most one a group and place."""
        return self.find_folded(fold_text(text[:MAX_CHARS]), languages)

    def find_folded(self, folded: str, languages: Sequence[str]) -> list[Hit]:
        """The same for text that ``fold_text`` has seen already."""
        tokens = _TOKEN.findall(folded)
        found: list[tuple[int, int, str]] = []
        for language in languages:
            known = self._languages.get(language)
            if known is not None:
                found += _search(tokens, known)
        if not found:
            return []
        spans = [match.span() for match in _TOKEN.finditer(folded)]
        unique = dict.fromkeys((spans[first][0], spans[last - 1][1], group) for first, last, group in sorted(found))
        return [Hit(group, start, end) for start, end, group in unique]


def _search(tokens: Sequence[str], known: _Language) -> list[tuple[int, int, str]]:
    found = []
    remembered, look_up = known.remembered, known.starting_with
    for i, token in enumerate(tokens):
        starts = remembered.get(token)
        for rest, group in look_up(token) if starts is None else starts:
            end = _follows(tokens, i + 1, rest) if rest else i + 1
            if end >= 0:
                found.append((i, end, group))
    return found


def with_added(signals: SignalFile, added: Mapping[str, SignalGroup]) -> SignalFile:
    """Add an installation's phrases to groups the model knows; a group it does not know is refused.

    Raises:
        ValueError: Names the unknown group and the known ones.
    """
    groups = dict(signals.groups)
    for name, group in added.items():
        if name not in groups:
            raise ValueError(f"unknown group '{name}' of signals; known: {', '.join(groups)}")
        old = groups[name]
        phrases = {**old.phrases, **{lang: (*old.phrases.get(lang, ()), *new) for lang, new in group.phrases.items()}}
        groups[name] = old.model_copy(update={"phrases": phrases})
    return SignalFile(groups=groups)
