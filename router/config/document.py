# SPDX-License-Identifier: Apache-2.0
"""A YAML file as a small tree that knows line and column of every key and value. Only the harmless part of YAML 1.2.

Refused, each with its place: tags, anchors, aliases, directives, several documents, duplicate keys, keys that are not
text, nesting deeper than 50, more than 25,000 values and files above 512 KiB. The pure Python parser needs about two
seconds for a hostile MiB; the caps keep any file under a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from router.errors import ConfigError, Mistake

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "Mapping", "Node", "Scalar", "Sequence_", "parse", "read"]

MAX_BYTES = 512 * 1024
MAX_DEPTH = 50
MAX_NODES = 25_000

_INTEGER = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

Path_: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True)
class Scalar:
    """One value. ``quoted`` says whether it was written as text on purpose."""

    line: int
    column: int
    value: str | int | float | bool | None
    quoted: bool = False

    def plain(self) -> Any:
        return self.value


@dataclass(frozen=True)
class Sequence_:  # noqa: N801 - the YAML word, apart from collections.abc.Sequence
    """A list."""

    line: int
    column: int
    items: list[Node] = field(default_factory=list)

    def plain(self) -> Any:
        return [item.plain() for item in self.items]


@dataclass(frozen=True)
class Mapping:
    """Keys in file order, each with its own place and its value."""

    line: int
    column: int
    keys: dict[str, Scalar] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)

    def plain(self) -> Any:
        return {key: value.plain() for key, value in self.values.items()}


Node: TypeAlias = Scalar | Sequence_ | Mapping


@dataclass(frozen=True)
class Document:
    """A file that was read: its name as shown in mistakes, its text and its root."""

    name: str
    text: str
    root: Mapping

    def at(self, path: Sequence[str | int]) -> tuple[Node, int, int]:
        """The node at a path of keys and indexes, or the nearest one above it, with line and column of its value."""
        node: Node = self.root
        for step in path:
            if isinstance(node, Mapping) and step in node.values:
                node = node.values[str(step)]
            elif isinstance(node, Sequence_) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
        return node, node.line, node.column

    def mistake(self, path: Sequence[str | int], sentence: str, *, key: bool = False) -> Mistake:
        """A mistake at the value of a path, or at its key."""
        _, line, column = self.at(path)
        parent, *_ = self.at(path[:-1])
        if key and path and isinstance(parent, Mapping) and path[-1] in parent.keys:
            place = parent.keys[str(path[-1])]
            line, column = place.line, place.column
        return Mistake(self.name, line, column, show_path(path), sentence)


def show_path(path: Sequence[str | int]) -> str:
    """A path as people write it: ``routes[2].queue``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read(path: Path, name: str) -> Document:
    """Read one file.

    Raises:
        ConfigError: It cannot be read or is not the YAML that is allowed here; one mistake.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = "the file is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise ConfigError([Mistake(name, 0, 0, "", reason)]) from error
    return parse(content, name)


def parse(content: bytes, name: str) -> Document:
    """Make a document of the bytes of a file; errors as in ``read``."""
    if len(content) > MAX_BYTES:
        raise ConfigError([Mistake(name, 0, 0, "", f"larger than {MAX_BYTES // 1024} KiB")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise ConfigError([Mistake(name, line, column, "", "not valid UTF-8; save the file as UTF-8")]) from error
    return Document(name, text, _Builder(name, text).root())


class _Builder:
    """Turns the parser's events into nodes while counting depth and nodes."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.nodes = 0
        self.duplicates: list[Mistake] = []
        self.events: Iterator[Event] = iter(YAML(typ="safe", pure=True).parse(text))

    def fail(self, line: int, column: int, sentence: str) -> ConfigError:
        return ConfigError([Mistake(self.name, line, column, "", sentence)])

    def next(self) -> Event:
        try:
            return next(self.events)
        except ReaderError as error:
            line = self.text.count("\n", 0, error.position) + 1
            column = error.position - self.text.rfind("\n", 0, error.position)
            raise self.fail(line, column, f"the character U+{_code(error.character):04X} is not allowed") from error
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            sentence = _syntax_sentence(error, self.text)
            raise self.fail(mark.line + 1 if mark else 0, mark.column + 1 if mark else 0, sentence) from error
        except AssertionError as error:  # ruamel.yaml 0.18 asserts the numbers of a %YAML directive
            raise self.fail(1, 1, "directives ('%YAML', '%TAG') are not used here; remove the line") from error
        except (YAMLError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise self.fail(0, 0, "not YAML") from error

    def root(self) -> Mapping:
        root: Node | None = None
        for event in iter(self.next, None):
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    raise self.fail(*_place(event), "a second document ('---'); one file holds one")
                if event.version or event.tags:
                    raise self.fail(*_place(event), "directives ('%YAML', '%TAG') are not used here; remove the line")
                root = self.node(self.next(), ())
            elif type(event).__name__ == "StreamEndEvent":
                break
        if self.duplicates:
            raise ConfigError(self.duplicates)
        if root is None or (isinstance(root, Scalar) and root.value is None):
            return Mapping(1, 1)
        if not isinstance(root, Mapping):
            raise self.fail(root.line, root.column, "must be a mapping of keys to values at the top")
        return root

    def node(self, event: Event, path: Path_) -> Node:
        line, column = _place(event)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.fail(line, column, f"more than {MAX_NODES:,} values in one file")
        if len(path) > MAX_DEPTH:
            raise self.fail(line, column, f"nested deeper than {MAX_DEPTH} levels")
        self.refuse_extras(event, line, column)
        if isinstance(event, ScalarEvent):
            return _scalar(event, line, column)
        if isinstance(event, SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(entry := self.next(), SequenceEndEvent):
                items.append(self.node(entry, (*path, len(items))))
            return Sequence_(line, column, items)
        if isinstance(event, MappingStartEvent):
            return self.mapping(line, column, path)
        raise self.fail(line, column, "not YAML")

    def mapping(self, line: int, column: int, path: Path_) -> Mapping:
        found = Mapping(line, column)
        while not isinstance(entry := self.next(), MappingEndEvent):
            if isinstance(entry, SequenceStartEvent | MappingStartEvent):
                raise self.fail(*_place(entry), "a key must be text, not a list or mapping")
            key = self.node(entry, path)
            if not isinstance(key, Scalar) or not isinstance(key.value, str):
                shown = key.plain()
                raise self.fail(key.line, key.column, f"a key must be text, not {shown}; put it in quotes")
            if key.value == "<<":
                raise self.fail(key.line, key.column, "merge keys ('<<') are not used here; write the keys out")
            value = self.node(self.next(), (*path, key.value))
            if key.value in found.keys:
                first = found.keys[key.value].line
                sentence = f"duplicate key '{_short(key.value)}'; first written in line {first}"
                self.duplicates.append(
                    Mistake(self.name, key.line, key.column, show_path((*path, key.value)), sentence)
                )
                continue
            found.keys[key.value] = key
            found.values[key.value] = value
        return found

    def refuse_extras(self, event: Event, line: int, column: int) -> None:
        if isinstance(event, AliasEvent):
            raise self.fail(
                line, column, f"aliases ('*{_short(str(event.anchor))}') are not used here; repeat the value"
            )
        if not isinstance(event, NodeEvent):
            raise self.fail(line, column, "not YAML")
        if event.anchor is not None:
            raise self.fail(line, column, f"anchors ('&{_short(str(event.anchor))}') are not used here; remove it")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self.fail(line, column, f"tags ('{_short(str(tag))}') are not used here; remove it")


def _place(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _code(character: str | int) -> int:
    return character if isinstance(character, int) else ord(character)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"


def _scalar(event: ScalarEvent, line: int, column: int) -> Scalar:
    """The value by the core schema of YAML 1.2: ``yes`` and ``on`` are text, ``010`` is ten."""
    text = event.value
    if event.style:
        return Scalar(line, column, text, quoted=True)
    if text in _WORDS:
        return Scalar(line, column, _WORDS[text])
    if _INTEGER.fullmatch(text):
        return Scalar(line, column, int(text, 0) if text[:2] in ("0o", "0x") else int(text))
    if len(text) < 40 and _FLOAT.fullmatch(text):
        return Scalar(line, column, float(text))
    return Scalar(line, column, text)


def _syntax_sentence(error: MarkedYAMLError, text: str) -> str:
    problem = str(error.problem or error.context or "")
    mark = error.problem_mark
    lines = text.split("\n")
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\\t" in problem or line.lstrip(" ").startswith("\t"):
        return "a tab in the indentation; use spaces"
    if "mapping values are not allowed" in problem:
        return "a ':' where no key can be; put a text that holds ': ' in quotes, or look at the indentation"
    if "could not find expected ':'" in problem:
        return "a key without ':' after it, or a line that is indented too little"
    if "expected <block end>" in problem:
        return "the indentation does not fit the lines above"
    if "end of stream" in problem or "<stream end>" in problem:
        return "the file ends inside a quote, list or mapping"
    return f"not YAML: {problem}" if problem else "not YAML"
