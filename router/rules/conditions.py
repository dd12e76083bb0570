# SPDX-License-Identifier: Apache-2.0
"""Conditions as compiled: each can be asked, and can say what it wanted and what it saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from router.rules.fields import View
from router.schema import ConditionTrace

__all__ = ["Condition", "all_of", "any_of", "not_all", "show_fragment", "show_value"]

MAX_KEPT = 128  # traces kept by each condition
MAX_SEEN = 80  # characters of a value shown in a trace


@dataclass(frozen=True, slots=True)
class Condition:
    """One question. ``members`` are the questions inside ``any``, ``all`` and ``not``."""

    path: str
    wanted: str
    test: Callable[[View], bool]
    seen: Callable[[View], str]
    members: tuple[Condition, ...] = ()

    made: dict[tuple[str, bool], ConditionTrace] = field(default_factory=dict, compare=False, repr=False)

    def traces(self, view: View, prefix: str = "") -> Iterator[ConditionTrace]:
        """This question as it was tried, then those inside it, each under the path that leads to it.

        A condition stands in one place and mostly sees the same few values, so what was made is kept for the next.
        """
        path, key = prefix + self.path, (self.seen(view), self.test(view))
        found = self.made.get(key)
        if found is None:
            if len(self.made) >= MAX_KEPT:
                self.made.clear()
            found = ConditionTrace(path=path, wanted=self.wanted, seen=key[0], held=key[1])
            self.made[key] = found
        yield found
        for member in self.members:
            yield from member.traces(view, f"{path}.")


def _count(members: tuple[Condition, ...]) -> Callable[[View], str]:
    return lambda view: f"{sum(member.test(view) for member in members)} of {len(members)} held"


def all_of(path: str, members: tuple[Condition, ...]) -> Condition:
    """Holds if every member does."""
    tests = tuple(member.test for member in members)
    return Condition(
        path, "all of these hold", lambda view: all(test(view) for test in tests), _count(members), members
    )


def any_of(path: str, members: tuple[Condition, ...]) -> Condition:
    """Holds if at least one member does."""
    tests = tuple(member.test for member in members)
    return Condition(
        path, "at least one of these holds", lambda view: any(test(view) for test in tests), _count(members), members
    )


def not_all(path: str, members: tuple[Condition, ...]) -> Condition:
    """Holds unless all members do."""
    tests = tuple(member.test for member in members)
    return Condition(
        path, "unless all of these hold", lambda view: not all(test(view) for test in tests), _count(members), members
    )


def show_value(value: Any) -> str:
    """A value as a trace shows it; "nothing" where it is absent."""
    if value is None or value in ("", ()):
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.3g}"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text if len(text) <= MAX_SEEN else text[: MAX_SEEN - 1] + "…"


def show_fragment(text: bytes, span: tuple[int, int]) -> str:
    """The place that fitted with a little around it, on one line."""
    start, end = max(0, span[0] - 20), min(len(text), span[1] + 20, span[0] + MAX_SEEN)
    found = " ".join(text[start:end].decode(errors="ignore").split())
    return f"{'…' if start else ''}{found}{'…' if end < len(text) else ''}"
