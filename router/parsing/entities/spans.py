# SPDX-License-Identifier: Apache-2.0
"""What the finders are told and what they give back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Found", "Hints", "is_apart"]


class Found(NamedTuple):
    """One thing found: offsets in code points, and its value in one form."""

    kind: str
    start: int
    end: int
    value: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known besides the text; "" where it is not."""

    language: str = ""
    country: str = ""
    kinds: frozenset[str] = frozenset()


def is_apart(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit touches the span on either side."""
    return not (start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_")) and not (
        end < len(text) and (text[end].isalnum() or text[end] == "_")
    )
