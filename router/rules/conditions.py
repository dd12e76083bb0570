# SPDX-License-Identifier: Apache-2.0
"""Conditions as compiled: each can be asked, can say what it wanted and saw, and tells the index what it asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from router.rules.fields import View
from router.rules.patterns import Pattern
from router.schema import ConditionTrace

__all__ = ["Condition", "Leaf", "all_of", "any_of", "not_all", "show_fragment", "show_value"]

MAX_KEPT = 128  # traces kept by each condition
MAX_SEEN = 80  # characters of a value shown in a trace


Group: TypeAlias = Literal["any", "all", "not", ""]


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a condition asks of one field, for the index. ``key`` is what it reads from the view.

    ``kind``: "is" (one of ``values``; of a list, any), "range" (of numbers, with its end in ``bound``), "rank" (of
    urgency, a handful of values), "presence", "search" (``pattern`` is found in any of the texts).
    """

    key: str
    kind: Literal["is", "range", "rank", "presence", "search"]
    values: frozenset[Any] = frozenset()
    many: bool = False  # the field holds a list
    bound: float = 0.0
    pattern: Pattern | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One question. ``members`` are the questions inside ``any``, ``all`` and ``not``, which ``group`` names;
    ``leaf`` is there where the question is about one field and can be indexed."""

    path: str
    wanted: str
    test: Callable[[View], bool]
    seen: Callable[[View], str]
    members: tuple[Condition, ...] = ()
    group: Group = ""
    leaf: Leaf | None = None

    reads: str = ""  # key of the view whose value alone says what is seen and whether it holds
    made: dict[Any, ConditionTrace] = field(default_factory=dict, compare=False, repr=False)

    def add_traces(self, view: View, traces: list[ConditionTrace], prefix: str = "") -> None:
        """Add this question as it was tried, then those inside it, each under the path that leads to it.

        A condition stands in one place and mostly sees the same few values, so what was made is kept for the next.
        """
        key = view[self.reads] if self.reads else (self.seen(view), self.test(view))
        found = self.made.get(key)
        if found is None:
            if len(self.made) >= MAX_KEPT:
                self.made.clear()
            seen, held = (self.seen(view), self.test(view)) if self.reads else key
            found = ConditionTrace(path=prefix + self.path, wanted=self.wanted, seen=seen, held=held)
            self.made[key] = found
        traces.append(found)
        for member in self.members:
            member.add_traces(view, traces, f"{prefix}{self.path}.")


def _count(members: tuple[Condition, ...]) -> Callable[[View], str]:
    return lambda view: f"{sum(member.test(view) for member in members)} of {len(members)} held"


def all_of(path: str, members: tuple[Condition, ...]) -> Condition:
    """Holds if every member does."""
    tests = tuple(member.test for member in members)
    return Condition(
        path, "all of these hold", lambda view: all(test(view) for test in tests), _count(members), members, "all"
    )


def any_of(path: str, members: tuple[Condition, ...]) -> Condition:
    """Holds if at least one member does."""
    tests = tuple(member.test for member in members)
    return Condition(
        path, "at least one of these holds", lambda view: any(test(view) for test in tests), _count(members), members,
        "any",
    )  # fmt: skip


def not_all(path: str, members: tuple[Condition, ...]) -> Condition:
    """Holds unless all members do."""
    tests = tuple(member.test for member in members)
    return Condition(
        path, "unless all of these hold", lambda view: not all(test(view) for test in tests), _count(members), members,
        "not",
    )  # fmt: skip


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
