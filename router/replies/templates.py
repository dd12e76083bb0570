# SPDX-License-Identifier: Apache-2.0
"""Texts sent to customers, as files: ``templates/<name>/<language>.txt``, the first line ``Subject: ...``.

Only the listed placeholders are filled in; everything else in a template, and everything in a value, stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from router.config.problems import suggestion
from router.errors import ConfigError, Mistake
from router.schema import LANGUAGES

__all__ = ["PLACEHOLDERS", "Rendered", "Template", "Templates"]

PLACEHOLDERS: Mapping[str, str] = {
    "reference": "reference of the case, which the customer can quote",
    "company": "name of the company, from router.yaml",
    "name": "name the sender goes by; left out where it looks like an address or a link",
    "days": "working days until somebody answers; 2 unless said otherwise",
}
MAX_BYTES = 64 * 1024
MAX_VALUE = 80
_DEFAULTS = {"days": "2"}
_PLACEHOLDER = re.compile(r"\{([a-z_]{1,40})\}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_LINK = re.compile(r"://|www\.|@|\.[a-z]{2,}(?:/|\b)|\d{6,}", re.IGNORECASE)


@dataclass(frozen=True)
class Rendered:
    """A template filled in, and the language it was found in."""

    subject: str
    text: str
    language: str


@dataclass(frozen=True)
class Template:
    """One text in one language."""

    subject: str
    text: str


@dataclass(frozen=True)
class Templates:
    """All templates of an installation: name to language to text."""

    texts: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)
    default_language: str = "en"

    @classmethod
    def load(cls, folder: Path, *, default_language: str = "en") -> Templates:
        """Read every template; a missing folder holds none.

        Raises:
            ConfigError: With every mistake of every file.
        """
        mistakes: list[Mistake] = []
        texts: dict[str, dict[str, Template]] = {}
        for place in sorted(path for path in folder.glob("*") if path.is_dir() and path.name[0] != "."):
            shown = f"{folder.name}/{place.name}"
            if not _NAME.fullmatch(place.name):
                mistakes.append(Mistake(shown, 0, 0, "", "not a name: small letters, digits, '-' and '_', at most 63"))
                continue
            texts[place.name] = {}
            for path in sorted(place.glob("*.txt")):
                found = _read(path, f"{shown}/{path.name}", mistakes)
                if found is not None:
                    texts[place.name][path.stem] = found
            if not (place / f"{default_language}.txt").is_file():
                sentence = f"no text in the default language: {shown}/{default_language}.txt is missing"
                mistakes.append(Mistake(shown, 0, 0, "", sentence))
        if mistakes:
            raise ConfigError(mistakes)
        return cls(texts=texts, default_language=default_language)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.texts)

    def render(self, name: str, language: str, values: Mapping[str, str]) -> Rendered:
        """Fill in a template in a language, or in the default language where it has none.

        Args:
            name: The template.
            language: ISO 639-1, also with a region ("pt-BR"); anything may stand here.
            values: Placeholder to value. Line breaks become spaces; a placeholder without value is left empty.

        Raises:
            KeyError: There is no such template; the loader checks all names that rules use.
        """
        known = self.texts[name]
        chosen = next(lang for lang in (language, language[:2].lower(), self.default_language, *known) if lang in known)
        template = known[chosen]
        filled = {**_DEFAULTS, **{key: _one_line(value) for key, value in values.items()}}
        if _LINK.search(filled.get("name", "")):
            filled["name"] = ""  # an acknowledgement must not carry a stranger's advertisement
        return Rendered(
            subject=_tidy(_fill(template.subject, filled)), text=_fill(template.text, filled), language=chosen
        )


def _fill(text: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        return values.get(match[1], "") if match[1] in PLACEHOLDERS else match[0]

    return _PLACEHOLDER.sub(value, text)


def _one_line(value: str) -> str:
    """Without control and format characters, short enough for a subject."""
    kept = "".join(" " if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") else char for char in value)
    return _tidy(kept)[:MAX_VALUE]


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _read(path: Path, shown: str, mistakes: list[Mistake]) -> Template | None:
    """One file, or None with its mistakes noted."""

    def wrong(line: int, sentence: str, column: int = 1) -> None:
        mistakes.append(Mistake(shown, line, column if line else 0, "", sentence))

    if path.stem not in LANGUAGES:
        wrong(0, f"unknown language '{path.stem}'; known: {', '.join(LANGUAGES)}{suggestion(path.stem, LANGUAGES)}")
        return None
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wrong(content.count(b"\n", 0, error.start) + 1, "not valid UTF-8; save the file as UTF-8")
        return None
    except OSError as error:
        wrong(0, f"cannot be read: {error.strerror}")
        return None
    if len(content) > MAX_BYTES:
        wrong(0, f"larger than {MAX_BYTES // 1024} KiB")
        return None
    lines = text.splitlines()
    before = len(mistakes)
    if not lines or not lines[0].startswith("Subject: ") or not lines[0][9:].strip():
        wrong(1, "the first line must be 'Subject: ' and the subject")
    elif len(lines) < 2 or lines[1].strip():
        wrong(2, "the second line must be empty; the text starts in the third")
    elif not "".join(lines[2:]).strip():
        wrong(3, "the text is empty")
    for number, line in enumerate(lines, start=1):
        for match in _PLACEHOLDER.finditer(line):
            if match[1] not in PLACEHOLDERS and (hint := suggestion(match[1], PLACEHOLDERS)):
                known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
                wrong(number, f"unknown placeholder '{match[0]}'; known: {known}{hint}", match.start() + 1)
    if len(mistakes) > before:
        return None
    return Template(subject=lines[0][9:].strip(), text="\n".join(lines[2:]).strip() + "\n")
