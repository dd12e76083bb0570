# SPDX-License-Identifier: Apache-2.0
"""``deadlines``: the clocks of a case, or what is due next, in the terminal or as JSON Lines."""

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
    stop,
    with_store,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from router.deadlines.records import ClockRow
    from router.interfaces import Store

__all__ = ["deadlines"]

_COLUMNS = ("case", "deadline", "clock", "state", "due", "left")


def deadlines(
    case: Annotated[str | None, typer.Argument(help="Reference of a case; left out: what is due next.")] = None,
    *,
    config: ConfigOption = Path("config"),
    due: Annotated[str | None, typer.Option(help="Due within so long, overdue ones too: 24h, 3d, 2w.")] = None,
    team: Annotated[str | None, typer.Option(help="Only this team's cases.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many.")] = 1000,
    as_json: JsonOption = False,
) -> None:
    """List deadlines: all of one case, or those that run, the nearest first."""
    from datetime import UTC, datetime

    configuration = load_configuration(config)
    if team is not None:
        check_team(team, (known.name for known in configuration.teams.teams))
    if case is not None and (due is not None or team is not None):
        raise stop("--due and --team go without a case", code=2)
    now = datetime.now(UTC)
    until = None if due is None else now + _within(due)

    async def fetch(store: Store) -> list[ClockRow]:
        if case is not None:
            return await store.clocks((await store.case(case.strip().upper())).id)
        return await store.due_clocks(until=until, teams=None if team is None else (team,), limit=limit)

    found = run_async(with_store(configuration, fetch))
    if as_json:
        for clock in found:
            print_json(clock.model_dump(mode="json"))
        return
    _table(found, now)


def _within(text: str) -> timedelta:
    """Time by the clock on the wall, not of anybody's hours."""
    import re
    from datetime import timedelta

    word = re.fullmatch(r"(\d{1,5})\s*(m|h|d|w)", text.strip().casefold())
    if word is None:
        raise stop(f"'{text}' is no length of time here; write 90m, 24h, 3d or 2w", code=2)
    unit = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}[word[2]]
    return timedelta(seconds=int(word[1]) * unit)


def _table(found: list[ClockRow], now: datetime) -> None:
    import sys

    from rich.console import Console
    from rich.table import Table

    if not found:
        typer.echo("No deadlines.")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name, no_wrap=True)
    for clock in found:
        shown = "" if clock.due_at is None else f"{clock.due_at:%Y-%m-%d %H:%M:%S} UTC"
        left = _left(clock, now)
        kind = clock.kind.replace("_", " ")
        table.add_row(clock.case_id, clock.name, kind, clock.state, shown, left, style="red" if "late" in left else "")
    (Console() if sys.stdout.isatty() else Console(width=250)).print(table)


def _left(clock: ClockRow, now: datetime) -> str:
    """How long until it is due: "3 h", "2 d late"; nothing where it does not run."""
    if clock.due_at is None or clock.state != "running":
        return ""
    seconds = (clock.due_at - now).total_seconds()
    size, unit = next(((n, u) for n, u in ((86_400, "d"), (3600, "h")) if abs(seconds) >= n), (60, "min"))
    return f"{int(abs(seconds) // size)} {unit}{' late' if seconds < 0 else ''}"
