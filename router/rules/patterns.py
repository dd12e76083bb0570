# SPDX-License-Identifier: Apache-2.0
"""Text patterns with RE2: time grows with the length of the text and never faster, whatever the pattern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import re2

__all__ = ["Pattern", "PatternBudget", "PatternError", "PatternSet"]

MAX_PATTERN = 1_000  # characters of one regular expression
MAX_WORDS = 500  # words of one list
MAX_TOTAL = 50_000  # characters of all regular expressions of a file
MAX_TOTAL_WORDS = 200_000  # characters of all words of a file
MAX_LATER = 2_000  # bytes of words that certainly make no large automaton, so that it can be made when it is needed
MAX_PROGRAM = 20_000  # instructions of the compiled automaton
MAX_TOTAL_PROGRAM = 2_000_000  # of all patterns of a file: about a second to compile
MAX_TOO_LARGE = 10  # each costs some 20 ms to find out

_UNANCHORED = re2._re2.RE2.Anchor.UNANCHORED  # noqa: SLF001 - the wrapper's own search costs twice the match
_BORDER = r"[^\pL\pM\pN_]"  # not \b, which knows ASCII letters only
_BEFORE = f"(?:^|{_BORDER})"
_AFTER = f"(?:$|{_BORDER})"


class PatternError(ValueError):
    """The pattern cannot be used; the sentence says why."""


class Pattern:
    """One pattern over UTF-8 bytes. Borders of words know all letters and make automata of thousands of instructions,
    so a pattern of words is first searched for without them, and compiled as a whole when that is found somewhere."""

    __slots__ = ("_hinted", "_program", "expression", "hint", "ignore_case", "size")

    def __init__(self, expression: str, *, ignore_case: bool, hint: str = "") -> None:
        """``hint`` is a simpler expression that is found wherever this one is; without it, the expression itself.

        Raises:
            PatternError: It is not valid or too large.
        """
        self.expression = expression
        self.hint = hint or expression
        self.ignore_case = ignore_case
        self.size = len(self.hint)
        self._hinted: Any = _program(hint, ignore_case=ignore_case) if hint else None
        self._program: Any = None
        if not hint or len(hint.encode()) > MAX_LATER:
            self._program = _program(expression, ignore_case=ignore_case)
            self.size = self._program.ProgramSize()

    def find(self, text: bytes) -> tuple[int, int] | None:
        """Start and end, in bytes, of the first place that fits."""
        if self._hinted is not None and self._hinted.Match(_UNANCHORED, text, 0, len(text))[0][0] < 0:
            return None
        if self._program is None:
            self._program = _program(self.expression, ignore_case=self.ignore_case)
        start, end = self._program.Match(_UNANCHORED, text, 0, len(text))[0]
        return None if start < 0 else (start, end)


def _program(expression: str, *, ignore_case: bool) -> Any:
    program = re2._re2.RE2(expression.encode(), _options(ignore_case=ignore_case))  # noqa: SLF001 - see above
    if not program.ok():
        raise PatternError(_reason(program.error()))
    if program.ProgramSize() > MAX_PROGRAM:
        raise PatternError("too large; use shorter repeats")
    return program


def _options(*, ignore_case: bool) -> Any:
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.never_capture = True
    options.max_mem = 2 << 20
    return options


class PatternBudget:
    """Compiles the patterns of one file and stops a file that has too many or too large ones."""

    def __init__(self) -> None:
        self._characters = {"words": 0, "regular expressions": 0}
        self._too_large = 0
        self._program_size = 0
        self._made: dict[tuple[str, bool], Pattern] = {}  # the same words stand in many routes

    def regex(self, expression: str, *, ignore_case: bool = True) -> Pattern:
        """A regular expression in RE2's syntax, found anywhere in the text.

        Raises:
            PatternError: It is not valid, or too long or large.
        """
        if len(expression) > MAX_PATTERN:
            raise PatternError(f"longer than {MAX_PATTERN:,} characters")
        if not expression:
            raise PatternError("an empty pattern matches everything; leave the condition out instead")
        return self._compile(expression, ignore_case=ignore_case)

    def words(self, words: list[str]) -> Pattern:
        """Whole words or phrases in any of their letter cases; ``*`` at an end stands for more letters there.

        Raises:
            PatternError: Too many, or one that says nothing.
        """
        if len(words) > MAX_WORDS:
            raise PatternError(f"more than {MAX_WORDS} words")
        if not words:
            raise PatternError("an empty list never holds")
        expression, hint = _words_expression(words)
        return self._compile(expression, ignore_case=True, hint=hint)

    def _compile(self, expression: str, *, ignore_case: bool, hint: str = "") -> Pattern:
        sort, most = ("words", MAX_TOTAL_WORDS) if hint else ("regular expressions", MAX_TOTAL)
        self._characters[sort] += len(hint or expression)
        if self._characters[sort] > most:
            raise PatternError(f"the {sort} of this file hold more than {most:,} characters together")
        if self._too_large >= MAX_TOO_LARGE:
            raise PatternError("not looked at: too many patterns of this file are too large")
        if self._program_size > MAX_TOTAL_PROGRAM:
            raise PatternError("not looked at: the patterns of this file are too large together")
        try:
            key = (expression, ignore_case)
            pattern = self._made.get(key) or Pattern(expression, ignore_case=ignore_case, hint=hint)
            self._made[key] = pattern
            self._program_size += pattern.size
        except PatternError as error:
            if "large" in str(error):
                self._too_large += 1
            raise
        return pattern


def _words_expression(words: list[str]) -> tuple[str, str]:
    """Alternatives, grouped by whether a border is asked for on the left and on the right; and the same without
    any border, whose automaton is some hundred times smaller."""
    groups: dict[tuple[bool, bool], list[str]] = {}
    for word in words:
        bare = word.strip("*").strip()
        if not bare:
            raise PatternError(f"'{word}' fits everything" if "*" in word else "an empty word")
        if len(word) > MAX_PATTERN:
            raise PatternError(f"longer than {MAX_PATTERN:,} characters")
        left = not word.startswith("*") and _is_letter(bare[0])
        right = not word.endswith("*") and _is_letter(bare[-1])
        groups.setdefault((left, right), []).append(r"\s+".join(_quote(part) for part in bare.split()))
    expression = "|".join(
        (_BEFORE if left else "") + "(?:" + "|".join(found) + ")" + (_AFTER if right else "")
        for (left, right), found in groups.items()
    )
    return expression, "|".join(word for found in groups.values() for word in found)


class PatternSet:
    """Many patterns looked for at once: one pass over the text for the words that they cannot do without says which
    can be there, and only those are searched for."""

    MAX_HINTS = 200_000  # characters of all hints
    MAX_SIZE = 100_000  # instructions of the patterns that are their own hint

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        """Patterns too large for that are searched for one by one. All must ignore case."""
        self._patterns = tuple(patterns)
        self._alone: list[int] = []
        self._numbers: list[int] = []  # of the patterns in the filter, in its order
        options = _options(ignore_case=True)
        self._filter: Any = re2._re2.Filter()  # noqa: SLF001 - the wrapper has no search by bytes
        characters = size = 0
        for number, pattern in enumerate(self._patterns):
            own = pattern.size if pattern.hint is pattern.expression else 0
            if characters + len(pattern.hint) > self.MAX_HINTS or size + own > self.MAX_SIZE:
                self._alone.append(number)
                continue
            self._filter.Add(pattern.hint.encode(), options)
            characters += len(pattern.hint)
            size += own
            self._numbers.append(number)
        if not self._numbers or not self._filter.Compile():
            self._alone, self._numbers = list(range(len(self._patterns))), []

    def find(self, texts: tuple[bytes, ...]) -> list[int]:
        """Numbers of the patterns that are found in at least one of the texts."""
        wanted = dict.fromkeys(self._alone)
        for text in texts if self._numbers else ():
            wanted.update(dict.fromkeys([self._numbers[hit] for hit in self._filter.Match(text, True)]))
        return [number for number in wanted if any(self._patterns[number].find(text) for text in texts)]


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"


def _quote(text: str) -> str:
    return str(re2.escape(text))


def _reason(error: object) -> str:
    text = error.decode(errors="replace") if isinstance(error, bytes) else str(error)
    if "too large" in text or "repetition size" in text:
        return "too large; use shorter repeats"
    if "perl operator" in text or "escape sequence" in text:
        return f"not a pattern: {text} (look-around and back-references do not exist here)"
    return f"not a pattern: {text}"
