# SPDX-License-Identifier: Apache-2.0
"""From what is written after a field to a compiled condition: equality, sets, ranges, words, patterns, presence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from router.config.problems import Problems, unknown
from router.rules.conditions import Condition, Leaf, show_fragment, show_value
from router.rules.fields import KNOWN_VALUES, LABELS, Field, View, find_field
from router.rules.patterns import PatternBudget, PatternError
from router.schema import LANGUAGES, TYPES, URGENCIES

__all__ = ["OPERATORS", "Compiler", "KnownNames", "operators_of"]

Path: TypeAlias = tuple[str | int, ...]
Test: TypeAlias = Callable[[View], bool]
Seen: TypeAlias = Callable[[View], str]

OPERATORS: Mapping[str, str] = {
    "is": "equals the value; of a list, any of its values",
    "matches": "a regular expression (RE2) is found, in any letter case",
    "contains": "a whole word or phrase is found, in any letter case; `*` at its end stands for more letters",
    "above": "greater than",
    "below": "less than",
    "at_least": "greater than or equal",
    "at_most": "less than or equal",
    "exists": "`true`: there is a value; `false`: there is none",
    "confidence": "beside another: the label is looked at from this probability on, also where it is not acted on",
}
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "above": lambda a, b: a > b,
    "below": lambda a, b: a < b,
    "at_least": lambda a, b: a >= b,
    "at_most": lambda a, b: a <= b,
}
_RANK = {name: rank for rank, name in enumerate(reversed(URGENCIES))}


@dataclass(frozen=True)
class KnownNames:
    """What rules may name. An empty tuple means that any value is allowed; None that the names could not be read
    and are not checked."""

    types: tuple[str, ...] = TYPES
    languages: tuple[str, ...] = LANGUAGES
    channels: tuple[str, ...] = ()
    queues: Mapping[str, str] | None = None  # queue -> the team that works it
    sinks: tuple[str, ...] | None = None
    templates: tuple[str, ...] | None = None
    calendars: tuple[str, ...] | None = None
    deadlines: tuple[str, ...] | None = None  # sets of deadlines that a route may name
    more: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: KNOWN_VALUES)

    def of(self, names: str) -> tuple[str, ...]:
        if names == "languages":
            return (*self.languages, "und")
        ours = {
            "types": self.types, "channels": self.channels, "queues": tuple(self.queues or ()),
            "teams": tuple(dict.fromkeys((self.queues or {}).values())), "deadlines": self.deadlines or (),
        }  # fmt: skip
        return ours.get(names) or self.more.get(names, ())


def operators_of(found: Field) -> tuple[str, ...]:
    """The operators that make sense for a field of this type."""
    more = ("confidence",) if found.name in LABELS else ()
    if found.type in ("text", "list"):
        return ("is", "matches", "contains", "exists", *more)
    if found.type == "yes/no":
        return ("is", "exists")
    return ("is", "above", "below", "at_least", "at_most", "exists", *more)


class Compiler:
    """Compiles the conditions of one file, noting mistakes instead of raising them."""

    def __init__(self, problems: Problems, known: KnownNames) -> None:
        self.problems = problems
        self.known = known
        self.patterns = PatternBudget()
        self.asked: set[str] = set()  # fields that conditions look at

    def field(self, found: Field, wanted: Any, path: Path) -> list[Condition]:
        """Conditions of one ``field: wanted``; several where a range has two ends; none where it is wrong."""
        self.asked.add(found.name)
        if not isinstance(wanted, Mapping):
            condition = self.equals(found, wanted, path)
            return [condition] if condition else []
        if not wanted:
            self.problems.add(path, f"says nothing; known: {', '.join(operators_of(found))}")
        result = []
        if "confidence" in wanted and found.name in LABELS:
            return self.suggested(found, wanted, path)
        for operator, operand in wanted.items():
            if operator not in OPERATORS:
                self.problems.add((*path, operator), unknown("operator", operator, operators_of(found)), key=True)
            elif operator not in operators_of(found):
                sentence = f"'{operator}' does not go with '{found.name}' ({found.type}); known: "
                self.problems.add((*path, operator), sentence + ", ".join(operators_of(found)), key=True)
            elif condition := self.operator(found, operator, operand, (*path, operator)):
                result.append(condition)
        return result

    def suggested(self, found: Field, wanted: Mapping[str, Any], path: Path) -> list[Condition]:
        """A label with its own limit: it is looked at even where it is not acted on, from that probability on."""
        label, probability = find_field(f"suggested.{found.name}"), find_field(f"confidence.{found.name}")
        assert label is not None  # both are in the table
        assert probability is not None
        rest = {operator: operand for operator, operand in wanted.items() if operator != "confidence"}
        if not rest:
            self.problems.add(path, f"says no value; write {found.name}: {{is: ..., confidence: ...}}")
            return []
        limit = self.compare(probability, "at_least", wanted["confidence"], (*path, "confidence"))
        return [*self.field(label, rest, path), *([limit] if limit else [])]

    def operator(self, found: Field, operator: str, operand: Any, path: Path) -> Condition | None:
        if operator == "is":
            return self.equals(found, operand, path)
        if operator == "exists":
            return self.exists(found, operand, path)
        if operator in _COMPARE:
            return self.compare(found, operator, operand, path)
        return self.search(found, operator, operand, path)

    def equals(self, found: Field, wanted: Any, path: Path) -> Condition | None:
        many = isinstance(wanted, list)
        values = wanted if many else [wanted]
        if not values:
            self.problems.add(path, "an empty list never holds")
            return None
        fits = [self.check_value(found, v, (*path, i) if many else path) for i, v in enumerate(values)]
        if not all(fits):
            return None
        text = " or ".join(show_value(value) for value in values)
        return Condition(
            found.name, f"is {text}" if len(text) <= 300 else f"is one of {len(values)} values",
            _equality(found, values), _seen(found.name), leaf=_equality_leaf(found, values),
            reads="" if found.name in ("text", "full_text") else found.name,
        )  # fmt: skip

    def check_value(self, found: Field, value: Any, path: Path) -> bool:
        """Whether a value can ever be equal to what the field holds."""
        sentence = ""
        if self.problems.full:
            return False
        if found.type == "yes/no":
            if not isinstance(value, bool):
                sentence = f"'{found.name}' is true or false, not {_show(value)}"
        elif found.type == "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                sentence = f"'{found.name}' is a number, not {_show(value)}"
        elif not isinstance(value, str):
            sentence = f"'{found.name}' is text, not {_show(value)}"
            if isinstance(value, int | float | bool):
                sentence += f'; put it in quotes: "{show_value(value)}"'
        elif found.names == "calendars":
            if self.known.calendars is not None and value.casefold() not in self.known.calendars:
                sentence = unknown("calendar", value, self.known.calendars)
        elif (known := self.known.of(found.names)) and value.casefold() not in known:
            sentence = unknown(_one(found.names), value, known)
        if sentence:
            self.problems.add(path, sentence)
        return not sentence

    def exists(self, found: Field, wanted: Any, path: Path) -> Condition | None:
        if not isinstance(wanted, bool):
            self.problems.add(path, f"must be true or false, not {_show(wanted)}")
            return None
        name = found.name
        test: Test = (
            (lambda view: view[name] not in (None, "", ())) if wanted else lambda view: view[name] in (None, "", ())
        )
        return Condition(
            name,
            "is present" if wanted else "is absent",
            test,
            _seen(name),
            leaf=Leaf(name, "presence"),
            reads="" if found.name in ("text", "full_text") else name,
        )

    def compare(self, found: Field, operator: str, wanted: Any, path: Path) -> Condition | None:
        if not self.check_value(found, wanted, path):
            return None
        name, holds = found.name, _COMPARE[operator]
        text = f"{operator.replace('_', ' ')} {show_value(wanted)}"
        if found.type == "urgency":
            rank = _RANK[wanted.casefold()]
            return Condition(
                name,
                text,
                lambda view: holds(_RANK.get(view[name], -1), rank),
                _seen(name),
                leaf=Leaf(name, "rank"),
                reads=name,
            )

        def test(view: View) -> bool:
            value = view[name]
            return value is not None and holds(value, wanted)

        return Condition(name, text, test, _seen(name), leaf=Leaf(name, "range", bound=wanted), reads=name)

    def search(self, found: Field, operator: str, wanted: Any, path: Path) -> Condition | None:
        words = wanted if isinstance(wanted, list) else [wanted]
        for index, word in enumerate(words):
            if not isinstance(word, str):
                self.problems.add(
                    (*path, index) if isinstance(wanted, list) else path, f"must be text, not {_show(word)}"
                )
                return None
        try:
            if operator == "contains":
                pattern = self.patterns.words(words)
                text = "contains " + " or ".join(words)
            elif isinstance(wanted, list):
                self.problems.add(path, "one pattern; join several with '|'")
                return None
            else:
                pattern = self.patterns.regex(wanted)
                text = f"matches {wanted}"
        except PatternError as error:
            self.problems.add(path, str(error))
            return None
        place, texts = f"?{'.'.join(map(str, path))}", f"#{found.name}"

        def span(view: View) -> Any:
            """The text that fits and where, or False; looked for once."""
            known = view.get(place)
            if known is None:
                known = view[place] = next(((item, at) for item in view[texts] if (at := pattern.find(item))), False)
            return known

        return Condition(
            found.name, text if len(text) <= 300 else text[:299] + "…",
            lambda view: span(view) is not False, _found(found.name, span),
            leaf=Leaf(texts, "search", pattern=pattern),
        )  # fmt: skip


def _equality(found: Field, values: Sequence[Any]) -> Test:
    name, folded = found.name, f"~{found.name}"
    if found.type in ("number", "yes/no"):
        numbers = tuple(values)
        return lambda view: view[name] in numbers
    words = frozenset(value.casefold() for value in values)
    if found.type == "list":
        return lambda view: not words.isdisjoint(view[folded])
    if len(words) == 1:
        (word,) = words
        return lambda view: bool(view[folded] == word)
    return lambda view: view[folded] in words


def _equality_leaf(found: Field, values: Sequence[Any]) -> Leaf:
    if found.type in ("number", "yes/no"):
        return Leaf(found.name, "is", frozenset(values))
    return Leaf(f"~{found.name}", "is", frozenset(value.casefold() for value in values), many=found.type == "list")


def _seen(name: str) -> Seen:
    return lambda view: show_value(view[name])


def _found(name: str, span: Callable[[View], Any]) -> Seen:
    """Where the pattern fitted; of long text that did not fit only the length, so that traces stay small."""

    def seen(view: View) -> str:
        if (fitted := span(view)) is not False:
            return show_fragment(*fitted)
        value = view[name]
        if isinstance(value, str) and len(value) > 80:
            return f"nothing like it in {len(value):,} characters"
        return show_value(value)

    return seen


def _show(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Mapping):
        return "a mapping"
    if value is None:
        return "nothing"
    return f"'{show_value(value)}'" if isinstance(value, str) else show_value(value)


def _one(names: str) -> str:
    words = {"urgencies": "urgency", "visibilities": "visibility", "case_states": "state", "alarm_states": "state"}
    return words.get(names, names.removesuffix("s") or "value")
