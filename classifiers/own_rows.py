# SPDX-License-Identifier: Apache-2.0
"""An installation's own labelled messages: which column says what, checked, every mistake with file, line and column.

A row may lack labels; it then teaches only those it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from classifiers.tables import Table, TableRow, hint, read_table
from router.errors import ConfigError, Mistake
from router.schema import KINDS, TYPES, URGENCIES, Frozen, Kind, Urgency

__all__ = ["Columns", "OwnRow", "OwnRows", "read_own"]

_SHOWN_MISTAKES = 50
_MOST_TYPES = 200
_MAX_LABEL = 100
_LISTED = 16
_LABELS = ("kind", "type", "urgency")


class OwnRow(Frozen):
    """A labelled message; None where a label is not known."""

    text: str
    language: str = ""
    channel: str = ""
    kind: Kind | None = None
    type: str | None = None
    also: tuple[str, ...] = ()
    urgency: Urgency | None = None
    weight: float = 1.0
    source: str = ""
    group: str = ""  # rows of one group are learned from or judged together, never one by the others


@dataclass(frozen=True)
class Columns:
    """Which column says what; "" for none. ``label`` is one column of labels that may be anything."""

    text: str = ""
    label: str = ""
    kind: str = ""
    type: str = ""
    urgency: str = ""
    language: str = ""
    channel: str = ""
    group: str = ""

    @property
    def given(self) -> bool:
        return any(vars(self).values())

    def of(self, table: Table) -> Columns:
        """With what was not said: columns of the usual names, unless labels were asked for by name."""
        named = any((self.label, self.kind, self.type, self.urgency))

        def usual(name: str, given: str) -> str:
            usable = name in table.columns and not (named and name in _LABELS)
            return given or (name if usable else "")

        return Columns(
            text=self.text or "text", label=self.label, group=self.group,
            **{name: usual(name, getattr(self, name)) for name in (*_LABELS, "language", "channel")},
        )  # fmt: skip


@dataclass(frozen=True)
class OwnRows:
    """What was read. ``types`` are those the rows use, in a fixed order: the known ones, or the rows' own."""

    rows: list[OwnRow]
    types: tuple[str, ...]
    own_types: bool  # the types are another vocabulary than the known one
    unlabelled: int  # rows left out because they have no label at all


@dataclass
class _Mistakes:
    """Gathers mistakes; the same wrong label is told once, with how often it stands there."""

    found: list[Mistake] = field(default_factory=list)
    repeated: dict[tuple[str, int, str, str], list[int]] = field(default_factory=dict)

    def label(self, table: Table, line: int, column: str, sentence: str) -> None:
        place = table.columns.index(column) + 1
        self.repeated.setdefault((table.file, place, column, sentence), []).append(line)

    def all(self) -> list[Mistake]:
        found = list(self.found)
        for (file, place, column, sentence), lines in self.repeated.items():
            more = f" (and on {len(lines) - 1} more lines)" if len(lines) > 1 else ""
            found.append(Mistake(file, lines[0], place, column, sentence + more))
        return sorted(found, key=lambda mistake: (mistake.file, mistake.line, mistake.column))


def read_own(
    paths: Sequence[Path],
    columns: Columns,
    *,
    types: Sequence[str] = TYPES,
    strict_types: bool = False,
    mapping: Mapping[str, str] | None = None,
    encoding: str = "",
) -> OwnRows:
    """Read labelled messages.

    Args:
        paths: CSV or JSON Lines.
        types: The types of this installation.
        strict_types: Types that are not among these are mistakes even if none is.
        mapping: What a written label stands for, such as ``{"label": "complaint"}``.
        encoding: Of the files; UTF-8 by default.

    Raises:
        ConfigError: Up to 50 mistakes of all files with file, line and column; nothing is skipped.
    """
    mistakes = _Mistakes()
    wanted = [name for name in vars(columns).values() if name]
    tables = [read_table(path, encoding=encoding, wanted=wanted or ["text"]) for path in paths]
    usable = [(table, columns.of(table)) for table in tables if _check_columns(table, columns, mistakes)]
    reader = _Reader(usable, types, mapping or {}, mistakes, strict=strict_types)
    rows, unlabelled = reader.read()
    every = mistakes.all()
    if not every and not rows:
        names = ", ".join(map(str, paths))
        every = [Mistake(names, 0, 0, "", "no row has a label; name a column with --label-column or --type-column")]
    if every:
        shown = every[:_SHOWN_MISTAKES]
        if len(every) > len(shown):
            shown.append(Mistake(every[-1].file, 0, 0, "", f"and {len(every) - len(shown)} more mistakes"))
        raise ConfigError(shown)
    return OwnRows(rows, reader.types, reader.own_types, unlabelled)


def _check_columns(table: Table, columns: Columns, mistakes: _Mistakes) -> bool:
    mistakes.found += table.mistakes
    if not table.columns:
        return False
    asked = columns.of(table)
    absent = [name for name in vars(asked).values() if name and name not in table.columns]
    for name in absent:
        option = "" if name in vars(columns).values() else "; name it with --text-column"
        mistakes.found.append(Mistake(table.file, 1, 1, "", table.missing(name) + option))
    return not absent


class _Reader:
    """Turns rows of values into labelled messages."""

    def __init__(
        self,
        tables: Sequence[tuple[Table, Columns]],
        types: Sequence[str],
        mapping: Mapping[str, str],
        mistakes: _Mistakes,
        *,
        strict: bool,
    ) -> None:
        self.tables, self.mapping, self.mistakes = tables, mapping, mistakes
        self.labels_are_kinds = self._are_kinds()
        written = self._written(types)
        known = sum(name in types for name in written)
        # Another vocabulary, or this one with slips of the pen: what most labels are decides.
        self.own_types = bool(written) and not strict and 2 * known < len(written)
        self.types = tuple(sorted(written)) if self.own_types else tuple(types)
        self._check_vocabulary()

    def _label(self, row: TableRow, column: str) -> str:
        value = row.values.get(column, "").strip() if column else ""
        return self.mapping.get(value, value)

    def _are_kinds(self) -> bool:
        """Whether the generic label says the kind: every label is one, and not merely "other"."""
        labels = {self._label(row, columns.label) for table, columns in self.tables for row in table.rows}
        seen = {label.casefold() for label in labels} - {""}
        targets = set(self.mapping.values()) & (set(KINDS) - {"other"})
        return bool(targets) or (bool(seen - {"other"}) and seen <= set(KINDS))

    def _type_column(self, columns: Columns) -> str:
        return columns.type or ("" if self.labels_are_kinds else columns.label)

    def _written(self, types: Sequence[str]) -> Counter[str]:
        """The types in the files; those that differ in case only are one, as the vocabulary or most rows write it."""
        spelled = Counter(
            label
            for table, columns in self.tables
            for row in table.rows
            if (label := self._label(row, self._type_column(columns)))
        )
        names = {name.casefold(): name for name, _ in reversed(spelled.most_common())} | {
            name.casefold(): name for name in types
        }
        found: Counter[str] = Counter()
        for label, count in spelled.items():
            found[names[label.casefold()]] += count
        return found

    def _check_vocabulary(self) -> None:
        if not self.own_types or self.mistakes.found:
            return
        file = self.tables[0][0].file
        if not 2 <= len(self.types) <= _MOST_TYPES:
            sentence = f"the number of different labels is {len(self.types)}; from 2 to {_MOST_TYPES} can be told apart"
            self.mistakes.found.append(Mistake(file, 0, 0, self._type_column(self.tables[0][1]), sentence))
        for name in self.types:
            if len(name) > _MAX_LABEL:
                sentence = f"the label '{name[:40]}…' has more than {_MAX_LABEL} characters; is it the right column?"
                self.mistakes.found.append(Mistake(file, 0, 0, "", sentence))

    def read(self) -> tuple[list[OwnRow], int]:
        """The labelled rows, and how many have no label."""
        rows, unlabelled = [], 0
        for table, columns in self.tables:
            for row in table.rows:
                found = self._row(table, row, columns)
                if found is not None and (found.kind or found.type or found.urgency):
                    rows.append(found)
                else:
                    unlabelled += found is not None
        return rows, unlabelled

    def _row(self, table: Table, row: TableRow, columns: Columns) -> OwnRow | None:
        text = row.values.get(columns.text, "")
        if not text.strip():
            self.mistakes.label(table, row.line, columns.text, "the text is empty")
            return None
        kind_column = columns.kind or (columns.label if self.labels_are_kinds else "")
        kind = self._known(table, row, kind_column, "kind", KINDS)
        type_ = self._known(table, row, self._type_column(columns), "type", self.types)
        urgency = self._known(table, row, columns.urgency, "urgency", URGENCIES)
        if kind in {"praise", "other"}:
            type_ = None
        return OwnRow(
            text=text, kind=cast("Kind | None", kind), type=type_, urgency=cast("Urgency | None", urgency),
            source=table.file,
            language=row.values.get(columns.language, "").strip().lower(),
            channel=row.values.get(columns.channel, "").strip().lower(),
            group=row.values.get(columns.group, "").strip(),
        )  # fmt: skip

    def _known(self, table: Table, row: TableRow, column: str, what: str, known: Sequence[str]) -> str | None:
        label = self._label(row, column)
        if not label or label in known:
            return label or None
        folded = label.casefold()
        for name in known:
            if name.casefold() == folded:
                return name
        listed = f"; known: {', '.join(known)}" if len(known) <= _LISTED else ""
        way_out = hint(label, known) or f"; say what it means with --map '{label[:40]}=…'"
        self.mistakes.label(table, row.line, column, f"unknown {what} '{label[:60]}'{listed}{way_out}")
        return None
