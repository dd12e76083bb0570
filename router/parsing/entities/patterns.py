# SPDX-License-Identifier: Apache-2.0
"""The installation's own patterns, searched with RE2: time grows with the length of the text, whatever the pattern."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from router.parsing.entities.spans import Found

if TYPE_CHECKING:
    import re2

__all__ = ["find_by_patterns"]

_MAX_HITS = 50  # of one pattern in one text


def find_by_patterns(text: str, patterns: Sequence[tuple[str, str]]) -> list[Found]:
    """Every place that fits a pattern; where several want the same place, the longest one, then the first pattern.

    The group named ``value`` is the value, else group 1, else all that fits. ``patterns`` were checked when loaded.
    """
    octets = text.encode()
    where = _offsets(text) if len(octets) != len(text) else None
    hits: list[tuple[int, int, Found]] = []
    for order, (kind, expression) in enumerate(patterns):
        program, group = _compiled(expression)
        for count, match in enumerate(program.finditer(octets)):
            start, end = match.span(group)
            if count == _MAX_HITS:
                break
            if start >= end:  # empty, or a group that took no part
                continue
            if where is not None:
                start, end = where[start], where[end]
            hits.append((start - end, order, Found(kind, start, end, text[start:end].strip().upper())))
    chosen: list[Found] = []
    for _, _, found in sorted(hits):
        if not any(found.start < other.end and other.start < found.end for other in chosen):
            chosen.append(found)
    return chosen


def _offsets(text: str) -> dict[int, int]:
    """Byte offset in UTF-8 to code point."""
    ends = accumulate((len(char.encode()) for char in text), initial=0)
    return {octet: index for index, octet in enumerate(ends)}


@lru_cache(maxsize=256)
def _compiled(expression: str) -> tuple[re2._Regexp[bytes], int]:
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 2 << 20
    program = re2.compile(expression.encode(), options)
    return program, program.groupindex.get("value", program.groupindex.get(b"value", 1 if program.groups else 0))
