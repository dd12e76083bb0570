# SPDX-License-Identifier: Apache-2.0
"""Somebody else's file as rows of named values: CSV of any usual dialect, or JSON Lines, every mistake with its place.

What the values mean is told in ``own_rows.py``.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from router.errors import Mistake

__all__ = ["Table", "TableRow", "hint", "read_table"]

_MAX_BYTES = 512 * 1024 * 1024
_MAX_VALUE = 1_000_000  # characters of one value
_DELIMITERS = (",", ";", "\t", "|")
_SNIFFED_LINES = 50
_MOST = 1000  # mistakes gathered of one file
_SHOWN_COLUMNS = 20


@dataclass(frozen=True)
class TableRow:
    """One row. ``line`` is the first line of the file that it stands on, from 1."""

    line: int
    values: dict[str, str]


@dataclass
class Table:
    """A file that was read, with the mistakes found in it."""

    file: str
    columns: tuple[str, ...] = ()
    rows: list[TableRow] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def add(self, line: int, column: int, name: str, sentence: str) -> None:
        """Note a mistake; far too many are not kept."""
        if len(self.mistakes) < _MOST:
            self.mistakes.append(Mistake(self.file, line, column, name, sentence))

    def missing(self, name: str) -> str:
        """What to say of a column that is not there."""
        shown = ", ".join(self.columns[:_SHOWN_COLUMNS]) + (", …" if len(self.columns) > _SHOWN_COLUMNS else "")
        return f"there is no column '{name[:60]}'; columns: {shown or 'none'}{hint(name, self.columns)}"


def hint(word: str, known: Sequence[str]) -> str:
    """`` (did you mean 'text'?)`` or nothing."""
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word[:100].casefold(), list(folded)[:500], n=1, cutoff=0.6)
    return f" (did you mean '{folded[close[0]]}'?)" if close else ""


def read_table(path: Path, *, encoding: str = "", wanted: Sequence[str] = ()) -> Table:
    """Read a file; what is wrong with it stands in ``mistakes`` of what is returned.

    Args:
        path: JSON Lines if the name ends in .jsonl, .ndjson or .json; else CSV.
        encoding: By default UTF-8, or UTF-16 where the file begins with its mark.
        wanted: Names of columns that help to tell the dialect.
    """
    table = Table(str(path))
    text = _decoded(path, encoding, table)
    if text is None:
        return table
    if path.suffix.lower() in {".jsonl", ".ndjson", ".json"}:
        _read_json(text, table)
    else:
        _read_csv(text, table, wanted)
    if not table.rows and not table.mistakes:
        table.add(0, 0, "", "holds no rows")
    return table


def _decoded(path: Path, encoding: str, table: Table) -> str | None:
    try:
        if path.stat().st_size > _MAX_BYTES:
            table.add(0, 0, "", f"has more than {_MAX_BYTES // 1024**2} MiB")
            return None
        content = path.read_bytes()
    except OSError as error:
        table.add(0, 0, "", f"cannot be read: {error.strerror or error}")
        return None
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"  # of the same, without the mark that spreadsheets put first
    marked = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding or marked)
    except LookupError:
        table.add(0, 0, "", f"there is no encoding '{encoding[:40]}'")
    except UnicodeError:
        _note_bad_bytes(content, encoding or marked, table)
    return None


def _note_bad_bytes(content: bytes, encoding: str, table: Table) -> None:
    """Every line that cannot be decoded; an encoding of wide units is named as a whole."""
    way_out = "give its encoding, such as --encoding cp1252"
    for number, line in enumerate(content.split(b"\n"), 1):
        try:
            line.decode(encoding)
        except UnicodeDecodeError as error:
            byte = line[error.start]
            table.add(number, error.start + 1, "", f"byte 0x{byte:02x} is not {error.encoding}; {way_out}")
    if not table.mistakes:
        table.add(0, 0, "", f"is not {encoding} text; {way_out}")


# --- CSV -------------------------------------------------------------------------------------------------------------


def _delimiter(text: str, wanted: Sequence[str]) -> str:
    """The one that cuts the first rows most evenly, and brings out the columns asked for."""
    start = "".join(text.splitlines(keepends=True)[:_SNIFFED_LINES])

    def score(delimiter: str) -> tuple[int, float, int]:
        try:
            rows = [row for row in csv.reader(io.StringIO(start, newline=""), delimiter=delimiter) if row]
        except csv.Error:
            return (-1, 0.0, 0)
        if not rows:
            return (0, 0.0, 0)
        header = [name.strip() for name in rows[0]]
        even = sum(len(row) == len(header) for row in rows) / len(rows)
        return (sum(name in header for name in wanted), even if len(header) > 1 else 0.0, len(header))

    return max(_DELIMITERS, key=score)


def _read_csv(text: str, table: Table, wanted: Sequence[str]) -> None:
    old = csv.field_size_limit(_MAX_VALUE)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, wanted), strict=True)
        _fill(_records(reader, table), table)
    finally:
        csv.field_size_limit(old)


def _records(reader: Iterator[list[str]], table: Table) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the line each begins on; what cannot be read is noted."""
    while True:
        line = getattr(reader, "line_num", 0) + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            table.add(line, 0, "", _said_plainly(str(error)))
            continue
        if row and (len(row) > 1 or row[0].strip()):
            yield line, row


def _said_plainly(reason: str) -> str:
    if "unexpected end of data" in reason:
        return "a quoted value begins on this row and is never closed"
    if "expected after" in reason:
        return "text follows a closing quote; a quote inside a quoted value is written twice"
    if "field larger" in reason:
        return f"a value has more than {_MAX_VALUE} characters; is a quote left open?"
    return f"cannot be read: {reason}"


def _fill(records: Iterator[tuple[int, list[str]]], table: Table) -> None:
    line, header = next(records, (0, []))
    names = [name.strip() for name in header]
    for place, name in enumerate(names, 1):
        if not name and any(names):
            table.add(line, place, "", f"column {place} of the header has no name")
        elif name in names[: place - 1]:
            table.add(line, place, name, "two columns have this name")
    table.columns = tuple(names)
    for at, row in records:
        if len(row) != len(names):
            table.add(at, 0, "", f"has {len(row)} values; the header names {len(names)}")
        else:
            table.rows.append(TableRow(at, dict(zip(names, row, strict=True))))


# --- JSON Lines ------------------------------------------------------------------------------------------------------


def _read_json(text: str, table: Table) -> None:
    columns: dict[str, None] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            table.add(number, error.colno, "", f"is not JSON: {error.msg}")
            continue
        except (ValueError, RecursionError) as error:
            table.add(number, 0, "", f"is not JSON: {error}")
            continue
        if not isinstance(value, dict):
            table.add(number, 1, "", 'must be an object: {"text": …}')
            continue
        columns.update(dict.fromkeys(value))
        table.rows.append(TableRow(number, _plain(value, number, line, table)))
    table.columns = tuple(columns)


def _plain(value: dict[str, object], number: int, line: str, table: Table) -> dict[str, str]:
    """Text, numbers and yes or no as text; absent where there is none. A list of texts is joined by commas."""
    found = {}
    for name, one in value.items():
        if isinstance(one, bool):
            found[name] = "true" if one else "false"
        elif isinstance(one, str | int | float):
            found[name] = str(one)
        elif isinstance(one, list) and all(isinstance(part, str) for part in one):
            found[name] = ",".join(map(str, one))
        elif one is not None and name == "text":
            table.add(number, line.find(f'"{name}"') + 1, name, "must be text")
    return found
