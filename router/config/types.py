# SPDX-License-Identifier: Apache-2.0
"""An installation's own types: the shipped ones renamed, merged, dropped, and new ones beside them.

What is made of them is plain data: the types in the order they are shown, and which labels of a model count for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from pydantic import Field

from router.config.problems import Problems, unknown
from router.schema import TYPES, Frozen

__all__ = ["OwnType", "TypeSettings", "check_types"]


class OwnType(Frozen):
    """One type. Without ``from`` it is a shipped type that gets a title, or a new one that must be trained."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")  # what rules and --json say
    title: str = Field(default="", max_length=100)  # shown to agents; left out: the name
    from_: tuple[str, ...] = Field(default=(), alias="from")  # shipped types that are this one from now on


class TypeSettings(Frozen):
    """``types`` of ``router.yaml``. Shipped types that are not named here stay as they are."""

    own: tuple[OwnType, ...] = Field(default=(), max_length=200)
    drop: tuple[str, ...] = ()  # shipped types that are not used; their probability goes to the others

    @cached_property
    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """Every type, in the order shown, and the shipped types that count for it; none: it must be trained."""
        of = {part: own.name for own in self.own for part in own.from_ or (own.name,)}
        found: dict[str, tuple[str, ...]] = {}
        for shipped in TYPES:
            if shipped not in self.drop:
                name = of.get(shipped, shipped)
                found[name] = (*found.get(name, ()), shipped)
        return {**found, **{own.name: () for own in self.own if own.name not in found}}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.sources)

    @property
    def titles(self) -> Mapping[str, str]:
        """What agents read, for every type."""
        own = {own.name: own.title for own in self.own if own.title}
        return {name: own.get(name, name) for name in self.names}

    @property
    def changed(self) -> bool:
        """Whether anything differs from what ships."""
        return bool(self.own or self.drop)


def check_types(settings: TypeSettings, problems: Problems) -> None:
    """Note names that do not exist or are used twice, each at its place."""
    used: dict[str, str] = {}
    names: set[str] = set()
    for i, own in enumerate(settings.own):
        at = ("types", "own", i)
        if own.name in names:
            problems.add((*at, "name"), f"another type is named '{own.name}' too")
        names.add(own.name)
        for n, part in enumerate(own.from_):
            if part not in TYPES:
                problems.add((*at, "from", n), unknown("shipped type", part, TYPES))
            elif (other := used.setdefault(part, own.name)) != own.name or part in own.from_[:n]:
                problems.add((*at, "from", n), f"'{part}' is part of '{other}' already")
    taken = set(used)
    for i, own in enumerate(settings.own):
        if own.from_ and own.name in TYPES and own.name not in taken and own.name not in settings.drop:
            sentence = f"'{own.name}' is also a shipped type; list it in 'from' or in 'drop', or take another name"
            problems.add(("types", "own", i, "name"), sentence)
    for n, name in enumerate(settings.drop):
        at_drop = ("types", "drop", n)
        if name not in TYPES:
            problems.add(at_drop, unknown("shipped type", name, TYPES))
        elif name in used:
            problems.add(at_drop, f"'{name}' is part of '{used[name]}' and cannot be dropped too")
        elif name in settings.drop[:n]:
            problems.add(at_drop, f"'{name}' is dropped already")
    if not problems.mistakes and len(settings.names) < 2:
        problems.add(("types",), "at least two types must be left")
