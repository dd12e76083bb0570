# SPDX-License-Identifier: Apache-2.0
"""Options that ``train`` and ``evaluate`` share: which column of an own file says what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import stop

if TYPE_CHECKING:
    from classifiers.own_rows import Columns, OwnRows

__all__ = [
    "ChannelColumn", "EncodingOption", "GroupColumn", "KindColumn", "LabelColumn", "LanguageColumn", "MapOption",
    "ReportOption", "TextColumn", "TypeColumn", "UrgencyColumn", "columns_of", "is_own", "mapping_of", "read_labelled",
]  # fmt: skip

TextColumn = Annotated[str, typer.Option("--text-column", help="Column of the text in a CSV or JSON Lines file.")]
LabelColumn = Annotated[
    str, typer.Option("--label-column", help="Column of labels of any kind; they become the types, or the kind.")
]
KindColumn = Annotated[str, typer.Option("--kind-column", help="Column of the kind.")]
TypeColumn = Annotated[str, typer.Option("--type-column", help="Column of the type.")]
UrgencyColumn = Annotated[str, typer.Option("--urgency-column", help="Column of the urgency.")]
LanguageColumn = Annotated[str, typer.Option("--language-column", help="Column of the language.")]
ChannelColumn = Annotated[str, typer.Option("--channel-column", help="Column of the channel.")]
GroupColumn = Annotated[
    str,
    typer.Option(
        "--group-column", help="Column of what belongs together, such as the conversation: never parted when judging."
    ),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="WRITTEN=LABEL", help="What a written label stands for: --map yes=complaint."),
]
EncodingOption = Annotated[str, typer.Option("--encoding", help="Of the files; default: UTF-8.")]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="DIR", help="Write a report with pictures into this folder.")
]


def columns_of(**names: str) -> Columns:
    """The options as one value, by the names of its fields."""
    from classifiers.own_rows import Columns

    return Columns(**names)


def is_own(files: Sequence[Path], columns: Columns) -> bool:
    """Whether these files are somebody's own: columns were named, or it is no file of the corpus's form."""
    return columns.given or any(path.suffix.lower() != ".jsonl" for path in files)


def mapping_of(pairs: Sequence[str] | None) -> dict[str, str]:
    """``yes=complaint`` and so on; a mistake ends the command."""
    found = {}
    for pair in pairs or ():
        written, equals, label = pair.rpartition("=")
        if not equals or not written.strip() or not label.strip():
            raise stop(f"--map {pair}: write it as WRITTEN=LABEL, such as yes=complaint", code=2)
        found[written.strip()] = label.strip()
    return found


def read_labelled(
    files: Sequence[Path],
    columns: Columns,
    *,
    pairs: Sequence[str] | None,
    encoding: str,
    types: Mapping[str, Sequence[str]] | None,
) -> OwnRows:
    """Read own files; ``types`` are the installation's, if it has any of its own. Raises ConfigError."""
    from classifiers.own_rows import read_own
    from router.schema import TYPES

    own = read_own(
        files, columns, types=tuple(types) if types else TYPES, strict_types=types is not None,
        mapping=mapping_of(pairs), encoding=encoding,
    )  # fmt: skip
    if own.unlabelled:
        typer.echo(f"{own.unlabelled} rows without any label are left out", err=True)
    return own
