# SPDX-License-Identifier: Apache-2.0
"""``ingest``: files through the whole durable pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from router.cli.common import ConfigOption, JsonOption, load_configuration, print_json, run_async, stop

__all__ = ["ingest"]


def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, folders, mailboxes (mbox, maildir).")],
    *,
    config: ConfigOption = Path("config"),
    channel: Annotated[str, typer.Option(help="Kind of channel the files are of.")] = "email",
    account: Annotated[str, typer.Option(help="Account they are kept under.")] = "ingest",
    as_json: JsonOption = False,
) -> None:
    """Push message files through the pipeline as if they had arrived. Safe to kill and to run again."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from router import logs
    from router.ingest import ingest_files
    from router.registry import channel_kinds

    if channel not in channel_kinds():
        raise stop(f"no channel is called '{channel}'; known: {', '.join(channel_kinds())}", code=2)
    for path in paths:
        if not path.exists():
            raise stop(f"{path}: no such file or folder", code=2)
    configuration = load_configuration(config)
    logs.configure(form=configuration.settings.logs.format, level="error")
    bar = Progress(
        TextColumn("ingesting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("", total=None)
        work = ingest_files(
            configuration, paths, channel=channel, account=account, progress=lambda n: bar.advance(task, n)
        )
        report = run_async(work)
    counts = {name: value for name, value in vars(report).items() if name != "reasons"}
    if as_json:
        for name, reason in report.reasons:
            print_json({"file": name, "reason": reason})
        print_json(counts)
        return
    for name, reason in report.reasons[:50]:
        typer.echo(f"  {name}: {reason}")
    if len(report.reasons) > 50:
        typer.echo(f"  ... and {len(report.reasons) - 50} more; --json lists all")
    rate = report.received / report.seconds if report.seconds else 0.0
    parts = ", ".join(f"{counts[name]} {name.replace('_', ' ')}" for name in list(counts)[1:-1] if counts[name])
    typer.secho(f"{report.received} received: {parts}  ({report.seconds:.1f} s, {rate:.0f}/s)", bold=True)
