# SPDX-License-Identifier: Apache-2.0
"""The public feed of customer reviews in its two forms, read into one shape; entities are never expanded."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from channels.payload import JsonObject, objects, text_at, values
from router.errors import ParseError

__all__ = ["Entry", "read_atom", "read_json"]

_ATOM, _IM = "http://www.w3.org/2005/Atom ", "http://itunes.apple.com/rss "
_MAX_DEPTH = 100
_MAX_ELEMENTS = 100_000  # a page holds fifty reviews of some twenty elements


@dataclass(slots=True)
class Entry:
    """One entry of the feed. ``values`` maps the names of the feed (``im:rating``, ``author.uri``) to their text."""

    values: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "").strip()


_JSON_NAMES = ("id", "title", "updated", "im:rating", "im:version", "im:voteCount", "im:voteSum")


def read_json(feed: JsonObject) -> list[Entry]:
    """The entries of a feed as JSON, where one entry alone is not put in a list."""
    alone = values(feed, "entry")
    return [_json_entry(entry) for entry in ([alone] if alone else objects(feed, "entry"))]


def _json_entry(entry: JsonObject) -> Entry:
    found = {name: _label(entry, name) for name in _JSON_NAMES}
    author, content = values(entry, "author"), values(entry, "content")
    found["author.name"], found["author.uri"] = _label(author, "name"), _label(author, "uri")
    found["link"] = text_at(values(values(entry, "link"), "attributes"), "href")
    if not content:  # several forms of the same words
        forms = objects(entry, "content")
        plain = [form for form in forms if text_at(values(form, "attributes"), "type") == "text"]
        content = next(iter(plain or forms), {})
    found["content"] = text_at(content, "label")
    return Entry(found)


def _label(parent: JsonObject, key: str) -> str:
    return text_at(values(parent, key), "label") or text_at(parent, key)


def read_atom(body: bytes) -> list[Entry]:
    """The entries of a feed as XML.

    Raises:
        ParseError: It is not well-formed, or declares a document type, which feeds do not and attacks need.
    """
    reader = _AtomReader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise ParseError("not an App Store feed: the XML is not well-formed") from error
    if not reader.is_feed:
        raise ParseError("not an App Store feed: the XML is no Atom")
    return reader.entries


def _refuse(*_: object) -> None:
    raise ParseError("not an App Store feed: the XML declares a document type or entities")


class _AtomReader:
    """Gathers the text of the elements of interest, without a tree."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.is_feed = False
        self._elements = 0
        self._path: list[str] = []
        self._words: list[str] = []
        self._inside = False
        self._form = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > _MAX_ELEMENTS:
            raise ParseError("not an App Store feed: the XML has too many elements")
        if len(self._path) >= _MAX_DEPTH:
            raise ParseError("not an App Store feed: the XML is nested too deeply")
        short = name.removeprefix(_ATOM) if name.startswith(_ATOM) else name.replace(_IM, "im:")
        self._path.append(short)
        self._words = []
        if self._path in (["feed"], ["entry"]):
            self.is_feed = True
        if short == "entry" and not self._inside:
            self.entries.append(Entry())
            self._inside = True
        if self._inside and short == "content":
            self._form = attributes.get("type", "text")
        if self._inside and short == "link" and attributes.get("rel", "related") != "enclosure":
            self.entries[-1].values.setdefault("link", attributes.get("href", ""))

    def text(self, words: str) -> None:
        if self._inside:
            self._words.append(words)

    def end(self, _: str) -> None:
        name = self._path.pop()
        if not self._inside:
            return
        if name == "entry":
            self._inside = False
            return
        parent = self._path[-1] if self._path else ""
        key = f"author.{name}" if parent == "author" else name if parent == "entry" else ""
        if key == "content" and self._form != "text":  # the same words again, with the app's picture around them
            key = "content.html"
        if key:
            self.entries[-1].values.setdefault(key, "".join(self._words))
        self._words = []
