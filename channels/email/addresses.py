# SPDX-License-Identifier: Apache-2.0
"""Address fields as a person reads them. Understands what is sent, not only what RFC 5322 allows; never raises."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from channels.email.charset import decode_text
from channels.email.encoded import decode_words, one_line
from channels.email.limits import MAX_ADDRESS_CHARS, MAX_ADDRESS_FIELD_CHARS, MAX_ADDRESSES

__all__ = ["Mailbox", "find_address", "read_addresses"]

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=")
_PLAIN = re.compile(r'[^"<>()\[\],;:=\\]+')
_COMMENT = re.compile(r"\([^()]*\)")
_MOST_GROUP_WORDS = 20  # pieces of a group's name; with more it is none
_LOOSE = re.compile(r"\s*@\s*|\s+\.\s*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_QUOTED_LOCAL = re.compile(r'"[^"]*"@\S+\Z')
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@]{1,64}@[^\s<>()\[\]\",;:@]{1,255}")


@dataclass(slots=True)
class Mailbox:
    """One address with its display name. ``odd``: parsers could read it differently."""

    address: str = ""
    name: str = ""
    odd: bool = False


def find_address(text: str) -> str:
    """The first thing that looks like an address in a text; "" if there is none."""
    match = _ADDRESS.search(text[:MAX_ADDRESS_CHARS])
    return match[0].strip(".'`") if match else ""


def read_addresses(values: Iterable[bytes], *, fallback: str = "utf-8") -> tuple[list[Mailbox], bool]:
    """Read all values of one address field.

    Returns:
        The mailboxes in order (at most ``MAX_ADDRESSES``), groups opened, and whether the list was cut.
    """
    found: list[Mailbox] = []
    room = MAX_ADDRESS_FIELD_CHARS
    for value in values:
        if room <= 0:
            return found[:MAX_ADDRESSES], True
        room -= len(value)
        text = value.decode("ascii") if value.isascii() else decode_text(value, "", fallback=fallback)[0]
        found += _read(text, MAX_ADDRESSES - len(found) + 1)
        if len(found) > MAX_ADDRESSES:
            return found[:MAX_ADDRESSES], True
    return found, False


def _read(text: str, most: int) -> list[Mailbox]:
    if "=?" not in text or "@" in text:
        return _Reader(text, most).read()
    # The sender encoded the whole field, address and all.
    mailboxes = _Reader(one_line(decode_words(text)), most).read()
    for mailbox in mailboxes:
        mailbox.odd = True
    return mailboxes


class _Reader:
    """One pass over one field: collects the pieces of a mailbox until a comma, semicolon or the end closes it."""

    def __init__(self, text: str, most: int) -> None:
        self.text = text
        self.most = most
        self.found: list[Mailbox] = []
        self.held: Mailbox | None = None  # words before an unquoted comma: perhaps "Smith, John <j@example.org>"
        self.quotes = '"' in text
        self.grouped = False  # a group was opened: a comment alone is no mailbox then
        self._clear()

    def _clear(self) -> None:
        self.phrase: list[str] = []
        self.comments: list[str] = []
        self.angles: list[str] = []
        self.quoted = False
        self.after = False  # something followed the angle brackets

    def read(self) -> list[Mailbox]:
        at, end, text = 0, len(self.text), self.text
        while at < end and len(self.found) < self.most:
            char = text[at]
            if char == '"' and self.quotes:
                match = _QUOTED.match(text, at)
                if match and text[match.end() : match.end() + 1] == "@":  # a quoted local part
                    self._add(match[0])
                    at = match.end()
                    continue
                if match:
                    self._add(_ESCAPED.sub(r"\1", match[1]) if "\\" in match[1] else match[1], quoted=True)
                    at = match.end()
                    continue
                self.quotes = False  # never closed: an ordinary character from here on
            elif char == "=" and (match := _WORD.match(text, at)):
                self._add(match[0])
                at = match.end()
                continue
            elif char == "<":
                at = self._angle(at)
                continue
            elif char == "(":
                at = self._comment(at)
                continue
            elif char in ",;":
                self._close(comma=char == ",")
                at += 1
                continue
            elif char == ":" and self._opens_group(at):
                self.grouped = True
                self._clear()
                at += 1
                continue
            elif (match := _PLAIN.match(text, at)) is not None:
                self._add(match[0])
                at = match.end()
                continue
            self._add(char)
            at += 1
        self._close(comma=False)
        if self.held is not None:
            self.found.append(self.held)
        return self.found

    def _has_at(self) -> bool:
        return any("@" in piece for piece in self.phrase)

    def _add(self, piece: str, *, quoted: bool = False) -> None:
        if self.angles and piece.strip():
            self.after = True
        self.quoted = self.quoted or quoted
        self.phrase.append(piece)

    def _angle(self, at: int) -> int:
        end = self.text.find(">", at)
        nxt = self.text.find("<", at + 1, end if end >= 0 else None)
        if nxt >= 0:  # "<" inside: the earlier one was part of a name
            self._add("<")
            return at + 1
        if end < 0:
            self.angles.append(self.text[at + 1 :])
            return len(self.text)
        self.angles.append(self.text[at + 1 : end])
        return end + 1

    def _comment(self, at: int) -> int:
        depth = 0
        escaped = False
        for place in range(at, len(self.text)):
            char = self.text[place]
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
                if depth == 0:
                    self.comments.append(self.text[at + 1 : place])
                    return place + 1
        self._add(self.text[at + 1 :])  # never closed
        return len(self.text)

    def _opens_group(self, at: int) -> bool:
        """A colon after words without an address, with a semicolon or an address to follow, names a group."""
        if self.angles or len(self.phrase) > _MOST_GROUP_WORDS or self._has_at():
            return False
        words = "".join(self.phrase).strip().lower()
        if words in ("mailto", "smtp"):
            return True
        return bool(words) and self.text.find(";", at) >= 0

    def _close(self, *, comma: bool) -> None:
        mailbox = self._mailbox()
        if mailbox is None:
            self._clear()
            return
        bare = not self.angles and "@" not in mailbox.address
        if self.held is not None:
            if self.angles and mailbox.name and "@" not in self.held.address:
                mailbox.name = f"{self.held.address}, {mailbox.name}"
            else:
                self.found.append(self.held)
            self.held = None
        if bare and comma and not self.quoted:
            self.held = mailbox
        else:
            self.found.append(mailbox)
        self._clear()

    def _mailbox(self) -> Mailbox | None:
        phrase = "".join(self.phrase)
        if not (self.angles or phrase.strip() or (self.comments and not self.grouped)):
            return None
        odd = len(self.angles) > 1 or self.after
        if self.angles:
            # Of several, the last with an @ is what servers deliver to; people are told that it was odd.
            address = next((a for a in reversed(self.angles) if "@" in a), self.angles[-1])
            name = _name(phrase) or (_name(self.comments[-1]) if self.comments else "")
        else:
            address, name, more = _bare(phrase)
            name = name or (_name(self.comments[-1]) if self.comments else "")
            odd = odd or more
        address, strange = _address(address)
        inside = find_address(name)
        odd = odd or strange or bool(inside and inside.lower() != address.lower())
        return Mailbox(address, name, odd)


def _bare(phrase: str) -> tuple[str, str, bool]:
    """Address, name and oddness of a mailbox without angle brackets."""
    if "@" in phrase:
        phrase = _LOOSE.sub(lambda match: match[0].strip(), phrase)
    words = phrase.split()
    if _QUOTED_LOCAL.match(phrase.strip()):
        return phrase.strip(), "", False
    if len(words) <= 1:
        return phrase, "", False
    if sum("@" in word for word in words) == 1:
        at = next(n for n, word in enumerate(words) if "@" in word)
        if words[at].strip("@") != words[at]:  # "user @ example.org"
            return "".join(words), "", True
        return words[at].strip("[]"), _name(" ".join(words[:at])), True
    return phrase, "", True


def _name(text: str) -> str:
    """A display name: words decoded, quotes and white space around it gone."""
    name = one_line(decode_words(text))
    if "\\" in name:
        name = _ESCAPED.sub(r"\1", name)
    name = " ".join(name.split())
    while len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return name[:MAX_ADDRESS_CHARS]


def _address(text: str) -> tuple[str, bool]:
    """The bare address, and whether its form is one that parsers read differently."""
    odd = "=?" in text
    if "(" in text:
        text, odd = _COMMENT.sub("", text), True
    text = one_line(decode_words(text)) if odd else text
    address = text.strip().strip("<>").strip()
    if address[:7].lower() == "mailto:":
        address = address[7:]
    if address.startswith("@") and ":" in address:  # a source route, RFC 5322 section 4.4
        address, odd = address.rpartition(":")[2], True
    if any(c.isspace() for c in address) and not _QUOTED_LOCAL.match(address):
        joined = "".join(address.split())
        address, odd = (joined, True) if "@" in joined else (" ".join(address.split()), True)
    if len(address) > 1 and address[0] == address[-1] and address[0] in "\"'":
        address = address[1:-1]
    local, sign, domain = address.rpartition("@")
    if sign:
        domain = domain.rstrip(".")
        odd = odd or "@" in local or not local or not domain
        address = f"{local}@{domain}"
    return address[:MAX_ADDRESS_CHARS], odd
