# SPDX-License-Identifier: Apache-2.0
"""Text patterns with RE2: time grows with the length of the text and never faster, whatever the pattern."""

from __future__ import annotations

import re2

__all__ = ["Pattern", "PatternBudget", "PatternError"]

MAX_PATTERN = 1_000  # characters of one regular expression
MAX_WORDS = 500  # words of one list
MAX_TOTAL = 50_000  # characters of all patterns of a file
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
    """One compiled pattern over UTF-8 bytes."""

    __slots__ = ("_program", "size")

    def __init__(self, expression: str, *, ignore_case: bool) -> None:
        options = re2.Options()
        options.case_sensitive = not ignore_case
        options.log_errors = False
        options.never_capture = True
        options.max_mem = 2 << 20
        program = re2._re2.RE2(expression.encode(), options)  # noqa: SLF001 - see above
        if not program.ok():
            raise PatternError(_reason(program.error()))
        self.size = program.ProgramSize()
        if self.size > MAX_PROGRAM:
            raise PatternError("too large; use shorter repeats")
        self._program = program

    def find(self, text: bytes) -> tuple[int, int] | None:
        """Start and end, in bytes, of the first place that fits."""
        start, end = self._program.Match(_UNANCHORED, text, 0, len(text))[0]
        return None if start < 0 else (start, end)


class PatternBudget:
    """Compiles the patterns of one file and stops a file that has too many or too large ones."""

    def __init__(self) -> None:
        self._characters = 0
        self._too_large = 0
        self._program_size = 0

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
        return self._compile(_words_expression(words), ignore_case=True)

    def _compile(self, expression: str, *, ignore_case: bool) -> Pattern:
        self._characters += len(expression)
        if self._characters > MAX_TOTAL:
            raise PatternError(f"the patterns of this file hold more than {MAX_TOTAL:,} characters together")
        if self._too_large >= MAX_TOO_LARGE:
            raise PatternError("not looked at: too many patterns of this file are too large")
        if self._program_size > MAX_TOTAL_PROGRAM:
            raise PatternError("not looked at: the patterns of this file are too large together")
        try:
            pattern = Pattern(expression, ignore_case=ignore_case)
            self._program_size += pattern.size
        except PatternError as error:
            if "large" in str(error):
                self._too_large += 1
            raise
        return pattern


def _words_expression(words: list[str]) -> str:
    """Alternatives, grouped by whether a border is asked for on the left and on the right."""
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
    return "|".join(
        (_BEFORE if left else "") + "(?:" + "|".join(found) + ")" + (_AFTER if right else "")
        for (left, right), found in groups.items()
    )


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
