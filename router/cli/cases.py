# SPDX-License-Identifier: Apache-2.0
"""``cases``: a team's queue in the terminal or as JSON Lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import ConfigOption, JsonOption, load_configuration, print_json, run_async, stop

if TYPE_CHECKING:
    from router.schema import Case

__all__ = ["cases"]


def cases(
    *,
    config: ConfigOption = Path("config"),
    team: Annotated[str | None, typer.Option(help="Only this team's cases.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All teams, resolved cases too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many.")] = 100_000,
    as_json: JsonOption = False,
) -> None:
    """List cases, most urgent first, then oldest."""
    from router.core import open_installation_store
    from router.records import CaseFilter

    configuration = load_configuration(config)
    teams = [known.name for known in configuration.teams.teams]
    if team is not None and team not in teams:
        raise stop(f"unknown team '{team}'; known: {', '.join(teams)}", code=2)
    which = CaseFilter(
        teams=None if team is None else (team,),
        states=None if everything else ("open", "waiting"),
        limit=limit,
        with_messages=True,
    )

    async def fetch() -> list[Case]:
        store = await open_installation_store(configuration)
        try:
            return await store.cases(which)
        finally:
            await store.close()

    found = run_async(fetch())
    if as_json:
        for case in found:
            print_json(case.model_dump(mode="json"))
        return
    _table(found)


def _table(found: list[Case]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colors = {"critical": "bold red", "high": "yellow", "normal": "", "low": "dim"}
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("case", "team", "urgency", "type", "lang", "channel", "state", "opened", "subject"):
        table.add_column(name, no_wrap=name != "subject", overflow="ellipsis")
    for case in found:
        table.add_row(
            case.id, case.team, Text(case.urgency, style=colors[case.urgency]), case.type or case.kind, case.language,
            case.channel, case.state, f"{case.created_at:%Y-%m-%d %H:%M}", Text(case.subject),
        )  # fmt: skip
    console = Console()
    console.print(table if found else "No cases.")
