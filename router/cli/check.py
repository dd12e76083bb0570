# SPDX-License-Identifier: Apache-2.0
"""``check``: every mistake in the configuration at once, before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from router.cli.common import ConfigOption, JsonOption, plural, print_json, stop

__all__ = ["check"]


def check(*, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """Read the whole configuration and list what is wrong with file, line and column. Exit code 0: it can run."""
    from router.config.loader import check_secrets, load
    from router.errors import ConfigError, Mistake

    mistakes: list[Mistake] = []
    summary: dict[str, Any] = {}
    if not config.is_dir():
        mistakes = [Mistake(str(config), 0, 0, "", f"no such folder; make one with: complaint-router init {config}")]
    else:
        try:
            configuration = load(config)
        except ConfigError as error:
            mistakes = list(error.mistakes)
        else:
            mistakes = list(check_secrets(configuration))
            summary = {
                "channels": [f"{c.kind}:{c.account}" for c in configuration.channels if c.enabled],
                "teams": [team.name for team in configuration.teams.teams],
                "digest": configuration.digest,
            }
    if as_json:
        rows = [{**vars(m), "message": str(m)} for m in mistakes]
        print_json({"ok": not mistakes, "mistakes": rows, **summary})
        raise typer.Exit(2 if mistakes else 0)
    for mistake in mistakes:
        typer.secho(str(mistake), fg=typer.colors.RED, err=True)
    if mistakes:
        raise stop(plural(len(mistakes), "mistake"), code=2)
    typer.secho("The configuration is good.", fg=typer.colors.GREEN)
    typer.echo(f"  channels  {', '.join(summary['channels']) or 'none enabled'}")
    typer.echo(f"  teams     {', '.join(summary['teams'])}")
