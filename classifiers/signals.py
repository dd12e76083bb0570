# SPDX-License-Identifier: Apache-2.0
"""Lists of phrases that people write by hand: signals of urgency, and concepts, words of one meaning in all languages.

How much a group weighs for which label is learned with the model; that a signal was seen, and where, is a reason
anybody can read. A phrase is a row of words, compared without case and accents. ``word*`` takes any ending, ``...``
stands for up to five words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from classifiers.normalize import MAX_CHARS, Block, read_block
from classifiers.phrases import Match, PhraseIndex
from router.schema import Frozen, Urgency

__all__ = ["SIGNALS", "Hit", "SignalFile", "SignalGroup", "SignalMatcher", "read_signals", "with_added"]

SIGNALS = Path(__file__).parent / "data" / "signals.yaml"
CONCEPTS = Path(__file__).parent / "data" / "concepts.yaml"


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


class SignalMatcher:
    """Finds signals in texts. The groups have a fixed order, which is the order of the model's columns."""

    def __init__(self, signals: SignalFile) -> None:
        self.signals = signals
        self.groups = tuple(signals.groups)
        entries = [
            (phrase, language, number)
            for number, group in enumerate(signals.groups.values())
            for language, phrases in group.phrases.items()
            for phrase in phrases
        ]
        phrases, languages, numbers = zip(*entries, strict=True) if entries else ((), (), ())
        self._index = PhraseIndex(phrases, languages, numbers)

    def find(self, text: str, languages: Sequence[str]) -> list[Hit]:
        """Hits in the order of the text, at most one a group and place."""
        match = self.find_block(read_block([text[:MAX_CHARS]]), [languages])
        places = zip(match.group.tolist(), match.start.tolist(), match.end.tolist(), strict=True)
        return [Hit(self.groups[group], start, end) for group, start, end in places]

    def find_block(self, block: Block, languages: Sequence[Sequence[str]]) -> Match:
        """Hits of all texts of a block as arrays; ``languages`` says for each text whose phrases are looked for."""
        return self._index.find(block, languages)


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
