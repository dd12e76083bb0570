# SPDX-License-Identifier: Apache-2.0
"""``train`` on an installation's own labelled files; ``train.py`` calls it when columns or foreign files are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from router.cli.common import print_json, stop
from router.cli.installed import keep
from router.cli.labelled import read_labelled

if TYPE_CHECKING:
    from classifiers.own_rows import Columns
    from classifiers.own_training import Curve
    from router.config.loader import Configuration

__all__ = ["OwnTraining", "progress_bar", "train_own_files"]


@dataclass(frozen=True)
class OwnTraining:
    """What ``train`` was asked for."""

    files: Sequence[Path]
    columns: Columns
    out: Path | None  # None: it becomes the model of ``installation``
    installation: Configuration | None = None
    pairs: Sequence[str] | None = None
    encoding: str = ""
    types: Mapping[str, Sequence[str]] | None = None
    own_only: bool = False
    tune: bool = False
    aim: Literal["macro-f1", "accuracy"] = "macro-f1"
    learning_curve: bool = False
    report: Path | None = None
    seed: int = 0


@contextmanager
def progress_bar() -> Iterator[Callable[[str, float], None]]:
    """A bar on standard error, gone when the work is done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )
    with bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda what, done: bar.update(task, description=what, completed=done)


def train_own_files(asked: OwnTraining, *, as_json: bool) -> None:
    """Read, train, write the model and the report, and say how well it does."""
    from classifiers.own_training import learning_curve, own_settings, train_own, tune
    from classifiers.report_page import write_report
    from router.errors import ComplaintRouterError

    try:
        with progress_bar() as progress:
            progress("reading", 0.0)
            own = read_labelled(
                asked.files, asked.columns, pairs=asked.pairs, encoding=asked.encoding, types=asked.types
            )
            settings = own_settings(own, aim=asked.aim)
            if asked.tune:
                settings = tune(own, aim=asked.aim, progress=progress, seed=asked.seed)
            trained = train_own(
                own, asked.files, own_only=asked.own_only, types=asked.types, settings=settings, seed=asked.seed,
                progress=progress,
            )  # fmt: skip
            curve: Curve = ()
            if asked.learning_curve:
                curve = learning_curve(own, settings, seed=asked.seed, progress=progress)
        out, digest = keep(
            trained.result.save, out=asked.out, configuration=asked.installation,
            learned_from=", ".join(path.name for path in asked.files), text=trained.report.to_text(),
        )  # fmt: skip
    except ComplaintRouterError as error:
        raise stop(str(error), code=2) from error
    except OSError as error:
        raise stop(f"{error.filename or asked.out}: {error.strerror or error}", code=2) from error
    pages: list[str] = []
    if asked.report is not None:
        try:
            pages = [
                str(path)
                for path in write_report(asked.report, trained.report, trained.rows, trained.answers, curve=curve)
            ]
        except OSError as error:
            raise stop(f"{asked.report}: {error.strerror or error}", code=2) from error
    if as_json:
        told = {"model": str(out), "sha256": digest, "types": own.types, "unlabelled": own.unlabelled}
        print_json({**told, "pages": pages, "report": trained.report.model_dump(mode="json")})
        return
    typer.echo(trained.report.to_text())
    if own.own_types and asked.out is None and asked.types is None:
        known = ", ".join(f"{{name: {name}}}" for name in own.types[:20])
        typer.secho(
            f"rules cannot ask for these types until router.yaml lists them: types: {{own: [{known}]}}",
            fg=typer.colors.YELLOW, err=True,
        )  # fmt: skip
    if own.own_types and not asked.own_only:
        typer.echo("the labels are types of your own: the corpus that ships taught kind and urgency only")
    if pages:
        typer.echo(f"report: {pages[0]}")
    typer.secho(f"{out}: {out.stat().st_size / 1e6:.1f} MB", fg=typer.colors.GREEN)
