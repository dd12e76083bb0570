# SPDX-License-Identifier: Apache-2.0
"""``assignments``: who of each team has what, who is away, and which cases wait, in the terminal or as JSON Lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import (
    ConfigOption,
    JsonOption,
    check_team,
    load_configuration,
    plural,
    print_json,
    run_async,
    with_store,
)

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from router.assign.view import TeamView
    from router.interfaces import Store

__all__ = ["assignments"]


def assignments(
    *,
    config: ConfigOption = Path("config"),
    team: Annotated[str | None, typer.Option(help="Only this team.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=5_000, help="At most so many waiting cases of a team.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show who has how many open cases, who is away, and which cases wait in which order and why."""
    from datetime import UTC, datetime

    from router.assign.view import team_view

    configuration = load_configuration(config)
    book = configuration.assignments.teams
    if team is not None:
        check_team(team, book)
    names = tuple(book) if team is None else (team,)
    now = datetime.now(UTC)

    async def fetch(store: Store) -> list[TeamView]:
        users = await store.users()
        return [team_view(book[name], await store.assignment_state((name,)), users, now, most=limit) for name in names]

    found = run_async(with_store(configuration, fetch))
    if as_json:
        for view in found:
            print_json(view.model_dump(mode="json"))
        return
    _show(found, now)


def _show(found: list[TeamView], now: datetime) -> None:
    import sys

    from rich.console import Console

    console = Console(markup=False) if sys.stdout.isatty() else Console(width=250, markup=False)
    for number, view in enumerate(found):
        how = "people take cases themselves" if view.strategy == "manual" else view.strategy
        console.print(f"{'' if number == 0 else chr(10)}{view.team}: {how}", style="bold", highlight=False)
        if not view.members and not view.waiting:
            console.print("nobody, and no case waits", highlight=False)
            continue
        _members(console, view)
        _waiting(console, view, now)


def _members(console: Console, view: TeamView) -> None:
    from rich.table import Table

    if not view.members:
        console.print("nobody is in this team", style="red", highlight=False)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("who", "open", "of", "now"):
        table.add_column(name, no_wrap=True)
    for one in view.members:
        now = one.missing or "there"
        if one.until is not None:
            now = f"absent until {one.until:%Y-%m-%d %H:%M} UTC{f', deputy {one.deputy}' if one.deputy else ''}"
        table.add_row(one.name, str(one.open_cases), "" if one.capacity is None else str(one.capacity), now)
    console.print(table)


def _waiting(console: Console, view: TeamView, now: datetime) -> None:
    from rich.table import Table

    if not view.waiting:
        console.print("no case waits", highlight=False)
        return
    console.print(f"{plural(len(view.waiting), 'case')} waiting", highlight=False)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", "case", "urgency", "due", "waits", "why"):
        table.add_column(name, no_wrap=True)
    for case in view.waiting:
        due = "" if case.due_at is None else f"{case.due_at:%Y-%m-%d %H:%M} UTC"
        minutes = max(int((now - case.since).total_seconds() // 60), 0)
        waits = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
        table.add_row(str(case.place), case.id, case.urgency, due, waits, case.why)
    console.print(table)
