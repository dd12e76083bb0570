# SPDX-License-Identifier: Apache-2.0
"""``train``: a model from labelled messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from router.cli.common import JsonOption, print_json, stop

__all__ = ["train"]


def train(
    corpus: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE...]", help="JSON Lines files; default: the corpus that ships.")
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option(help="Where the model goes.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Make it the model of this installation.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed and files give the same model.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Train the classifier and report how well it does on messages it has not seen."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from classifiers.corpus import corpus_files
    from classifiers.training import train as train_model
    from router.cli.common import load_configuration
    from router.errors import ComplaintRouterError

    if out is None:
        out = load_configuration(config).data_dir / "models" / "current.zip" if config else Path("model.zip")
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )
    try:
        with bar:
            task = bar.add_task("starting", total=1.0)
            result = train_model(
                corpus or corpus_files(),
                seed=seed,
                progress=lambda what, done: bar.update(task, description=what, completed=done),
            )
        out.parent.mkdir(parents=True, exist_ok=True)
        digest = result.save(out)
    except ComplaintRouterError as error:
        raise stop(str(error), code=2) from error
    if as_json:
        print_json({"model": str(out), "sha256": digest, "report": result.report.model_dump(mode="json")})
        return
    typer.echo(result.report.to_text())
    typer.secho(f"{out}: {out.stat().st_size / 1e6:.1f} MB", fg=typer.colors.GREEN)
