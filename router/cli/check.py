# SPDX-License-Identifier: Apache-2.0
"""``check``: every mistake in the configuration at once, before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from router.cli.common import ConfigOption, JsonOption, plural, print_json

if TYPE_CHECKING:
    from router.config.loader import Configuration
    from router.errors import Mistake

__all__ = ["check"]


def check(
    *,
    config: ConfigOption = Path("config"),
    strict: Annotated[bool, typer.Option("--strict", help="Warnings make it fail too, with exit code 1.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List mistakes in the configuration, and what is most probably meant otherwise. Exit code 0: it can run."""
    from router.config.loader import check_secrets, load
    from router.errors import ConfigError, Mistake

    mistakes: list[Mistake] = []
    warnings: list[Mistake] = []
    summary: dict[str, Any] = {}
    if not config.is_dir():
        mistakes = [Mistake(str(config), 0, 0, "", f"no such folder; make one with: complaint-router init {config}")]
    else:
        try:
            configuration = load(config)
        except ConfigError as error:
            mistakes = list(error.mistakes)
        else:
            mistakes = [*check_secrets(configuration), *_of_classifier(configuration)]
            warnings = _warnings(configuration)
            summary = {
                "channels": [f"{c.kind}:{c.account}" for c in configuration.channels if c.enabled],
                "teams": [team.name for team in configuration.teams.teams],
                "digest": configuration.digest,
            }
    ok = not mistakes and not (strict and warnings)
    if as_json:
        print_json({"ok": ok, "mistakes": _rows(mistakes), "warnings": _rows(warnings), **summary})
    else:
        _show(mistakes, warnings, summary)
    if not ok:
        raise typer.Exit(2 if mistakes else 1)


def _of_classifier(configuration: Configuration) -> list[Mistake]:
    """What is wrong with an own model or own phrases; what ships needs no look, which would take a second."""
    settings = configuration.settings
    named = [name for name in ("model", "signals") if getattr(settings, name) is not None]
    trained = configuration.data_dir / "models" / "current.zip"
    if not named and not trained.exists():
        return []
    from router.core import load_classifier
    from router.errors import Mistake, ModelError

    try:
        load_classifier(configuration)
    except ModelError as error:
        if not named:
            return [
                Mistake(str(trained), 0, 0, "", f"{error}; complaint-router models rollback brings the former back")
            ]
        return [Mistake("router.yaml", 0, 0, " or ".join(named), str(error))]
    return []


def _warnings(configuration: Configuration) -> list[Mistake]:
    from router.cli.members import unstaffed
    from router.rules.lint import lint

    return lint(configuration) + unstaffed(configuration)


def _rows(found: list[Mistake]) -> list[dict[str, Any]]:
    return [{**vars(mistake), "message": str(mistake)} for mistake in found]


def _show(mistakes: list[Mistake], warnings: list[Mistake], summary: dict[str, Any]) -> None:
    for mistake in mistakes:
        typer.secho(str(mistake), fg=typer.colors.RED, err=True)
    for warning in warnings:
        typer.secho(str(warning), fg=typer.colors.YELLOW, err=True)
    if mistakes:
        typer.secho(plural(len(mistakes), "mistake"), fg=typer.colors.RED, err=True)
        return
    if warnings:
        typer.secho(f"It can run, with {plural(len(warnings), 'warning')}.", fg=typer.colors.YELLOW)
    else:
        typer.secho("The configuration is good.", fg=typer.colors.GREEN)
    typer.echo(f"  channels  {', '.join(summary['channels']) or 'none enabled'}")
    typer.echo(f"  teams     {', '.join(summary['teams'])}")
