# SPDX-License-Identifier: Apache-2.0
"""``cases``: a team's queue in the terminal or as JSON Lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import (
    ConfigOption,
    JsonOption,
    check_team,
    load_configuration,
    print_json,
    run_async,
    with_store,
)

if TYPE_CHECKING:
    from datetime import datetime

    from router.schema import Case

__all__ = ["cases"]

_COLUMNS = ("case", "team", "urgency", "type", "lang", "channel", "state", "age", "subject")
_WIDE_ONLY = ("lang", "channel", "state")
_WIDE_COLUMNS, _PIPE_COLUMNS = 100, 250
_MOST_WIDTH = 16
_COLORS = {"critical": "bold red", "high": "yellow", "low": "dim"}


def cases(
    *,
    config: ConfigOption = Path("config"),
    team: Annotated[str | None, typer.Option(help="Only this team's cases.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All teams, resolved cases too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many.")] = 100_000,
    as_json: JsonOption = False,
) -> None:
    """List cases, most urgent first, then oldest."""
    from router.records import CaseFilter

    configuration = load_configuration(config)
    if team is not None:
        check_team(team, (known.name for known in configuration.teams.teams))
    which = CaseFilter(
        teams=None if team is None else (team,),
        states=None if everything else ("open", "waiting"),
        limit=limit,
        with_messages=True,
    )
    found = run_async(with_store(configuration, lambda store: store.cases(which)))
    if as_json:
        for case in found:
            print_json(case.model_dump(mode="json"))
        return
    _table(found)


def _table(found: list[Case]) -> None:
    """One line a case. A narrow terminal shows less of it, so that the subject has room; a pipe gets everything."""
    import sys
    from datetime import UTC, datetime

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not found:
        typer.echo("No cases.")
        return
    console = Console() if sys.stdout.isatty() else Console(width=_PIPE_COLUMNS)
    now, wide = datetime.now(UTC), console.width >= _WIDE_COLUMNS
    rows = [_row(case, now) for case in found]
    table = Table(box=None, header_style="bold", pad_edge=False)
    shown = [name for name in _COLUMNS if wide or name not in _WIDE_ONLY]
    for name in shown:
        width = max(len(name), *(len(row[name]) for row in rows))  # all but the subject keep theirs
        table.add_column(
            name, no_wrap=True, overflow="ellipsis", justify="right" if name == "age" else "left",
            min_width=None if name == "subject" else min(width, _MOST_WIDTH),
        )  # fmt: skip
    for row in rows:
        table.add_row(*(Text(row[name], style=_COLORS.get(row[name], "")) for name in shown))
    console.print(table)


def _row(case: Case, now: datetime) -> dict[str, str]:
    return {
        "case": case.id, "team": case.team, "urgency": case.urgency, "type": case.type or case.kind,
        "lang": case.language, "channel": case.channel, "state": case.state,
        "age": _age((now - case.created_at).total_seconds()), "subject": " ".join(case.subject.split()),
    }  # fmt: skip


def _age(seconds: float) -> str:
    """How long ago, in the largest unit that gives at least one: 5 min, 3 h, 12 d."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "now"
