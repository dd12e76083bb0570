# SPDX-License-Identifier: Apache-2.0
"""Conditions that hold for every message or for none, and so ask nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.config.problems import Problems
from router.rules.fields import KNOWN_VALUES
from router.rules.lint_atoms import Atom, all_atoms
from router.rules.lint_logic import always, clash
from router.rules.lint_routes import Lines
from router.rules.matchers import KnownNames
from router.rules.patterns import Pattern, PatternError

__all__ = ["check_values"]

# One of them escapes every pattern that asks for something.
_PROBES = ("", " ", "\n", "a", "Z", "0", "é", "漢", "!", "a b\nc d", "\n\n", "_-_", "x" * 100_000 + "\n1")
_NEVER = re.compile(r"(?<!\\)(?:[A-Za-z0-9]\^|\$[A-Za-z0-9])")  # a letter before the start, or after the end
_MULTILINE = re.compile(r"\(\?[a-zA-Z]*m")


def check_values(lines: Lines, problems: Problems) -> None:
    """Note every single condition that is always or never so."""
    for line in lines.all:
        for atom in all_atoms(line.rows):
            for sentence in _wrong(atom):
                problems.add(atom.at, sentence)


def _wrong(atom: Atom) -> Iterator[str]:
    if atom.field is None:
        if atom.value.strip("() ") in ("true", "false"):
            yield f"is always {atom.value.strip('() ')}; leave it out"
    elif atom.operator == "matches":
        yield from _pattern(atom)
    elif atom.operator == "contains":
        yield from _words(atom)
    elif atom.operator == "is" and atom.name.endswith("sender.domain"):
        yield from (
            f"'{word}' is never a domain; leave out all up to the @: {word.rpartition('@')[2] or 'example.org'}"
            for word in atom.words
            if isinstance(word, str) and "@" in word
        )
    elif always(atom):
        yield f"{atom.name} is always so; leave the condition out"
    elif atom.field.type != "list" and clash((atom,)):
        yield f"{atom.name} is never so"


def _pattern(atom: Atom) -> Iterator[str]:
    try:
        pattern = Pattern(str(atom.value), ignore_case=True)
    except PatternError:
        return
    if all(pattern.find(text.encode()) is not None for text in _PROBES):
        yield "this pattern fits every text, the empty one too; ask for at least one character"
    elif _NEVER.search(_outside_classes(str(atom.value))) and not _optional(str(atom.value)):
        yield "this pattern fits no text: something stands before its beginning or after its end"
    elif (known := _known(atom)) and not any(pattern.find(value.encode()) for value in known):
        yield f"this pattern fits no {atom.name.rpartition('.')[2]} there is: {', '.join(known)}"


def _words(atom: Atom) -> Iterator[str]:
    known = _known(atom)
    for word in atom.words:
        bare = str(word).strip("*").strip().casefold()
        if known and not any(bare in value for value in known):
            yield f"'{word}' is in no {atom.name.rpartition('.')[2]} there is: {', '.join(known)}"


def _known(atom: Atom) -> tuple[str, ...]:
    """The values that a field can have, where there are few."""
    assert atom.field is not None  # expressions have no pattern
    names = atom.field.names
    return KnownNames().of(names) if names in ("types", "languages") or names in KNOWN_VALUES else ()


def _outside_classes(pattern: str) -> str:
    return re.sub(r"\\.|\[(?:\\.|[^\]])*\]", " ", pattern)


def _optional(pattern: str) -> bool:
    """Whether another branch may fit, or lines have ends of their own."""
    return "|" in pattern or bool(_MULTILINE.search(pattern)) or bool(re.search(r"[?*]|\{0", pattern))
