# SPDX-License-Identifier: Apache-2.0
"""``train --from-corrections``, and ``models``: candidates, which one is in force, and the way back."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from router.cli.common import ConfigOption, JsonOption, load_configuration, print_json, run_async, stop, with_store

if TYPE_CHECKING:
    from datetime import datetime

    from router.config.loader import Configuration
    from router.interfaces import Store
    from router.learning.report import LearningReport

__all__ = ["app", "note", "person", "train_from_corrections"]

T = TypeVar("T")

app = typer.Typer(help="Models of this installation: which there are, which is in force.", no_args_is_help=True)


def person() -> str:
    """Who is at the keyboard, for the audit trail."""
    try:
        return f"cli:{getpass.getuser()}"[:64]
    except (KeyError, OSError):  # a container may have no name for its user
        return "cli"


def train_from_corrections(
    config: Path,
    *,
    corpus: Sequence[Path] = (),
    promote: Literal["ask", "auto"] | None = None,
    trusted: Sequence[str] = (),
    seed: int = 0,
    as_json: bool = False,
) -> None:
    """Train a candidate, judge it, show the report. Ends with 3 where there was nothing to learn from."""
    from router.clock import SystemClock
    from router.learning.report import report_text
    from router.learning.run import NothingNew, Options, learn

    configuration = load_configuration(config)
    wanted = promote or configuration.settings.learning.promote

    async def work(store: Store, progress: Callable[[str, float], None]) -> LearningReport:
        options = Options(
            promote=wanted, corpus=tuple(corpus), seed=seed, trusted=tuple(trusted), by=person(), progress=progress
        )
        report = await learn(configuration, store, clock=SystemClock(), options=options)
        await note(store, "model_promoted" if report.in_force else "model_trained", report.digest, report.is_good)
        return report

    from router.errors import ComplaintRouterError

    try:
        with _Bar() as progress:
            report = run_async_raw(with_store(configuration, lambda store: work(store, progress)))
    except NothingNew as error:
        raise stop(str(error), code=3) from error
    except ComplaintRouterError as error:
        raise stop(str(error), code=2) from error
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    typer.echo(report_text(report))
    if report.in_force:
        typer.secho(f"model {report.digest[:12]} is in force", fg=typer.colors.GREEN)
    elif report.is_good:
        typer.echo(f"put it in force with: complaint-router models promote {report.digest[:12]} -c {config}")
    else:
        typer.secho("the model in force stays", fg=typer.colors.YELLOW)


def run_async_raw(work: Awaitable[T]) -> T:
    """Run to the end; errors come through."""
    import asyncio

    async def wait() -> T:
        return await work

    return asyncio.run(wait())


class _Bar:
    """A bar on standard error while a training runs."""

    def __enter__(self) -> Callable[[str, float], None]:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.start()
        task = self._bar.add_task("starting", total=1.0)
        return lambda what, done: self._bar.update(task, description=what, completed=done)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


async def note(store: Store, action: str, digest: str, good: bool | None = None) -> None:
    """Keep in the audit trail what was done with a model."""
    from router.clock import SystemClock
    from router.records import AuditRow, Commit

    detail = {"model": digest[:12]} | ({} if good is None else {"good": "yes" if good else "no"})
    await store.commit(Commit(audit=(AuditRow(at=SystemClock().now(), actor=person(), action=action, detail=detail),)))


@app.command("list")
def list_models(*, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """Show the models at hand, newest first, and which is in force."""
    from router.errors import ModelError
    from router.learning.run import shelf_of

    configuration = load_configuration(config)
    try:
        found = shelf_of(configuration).models()
    except ModelError as error:
        raise stop(str(error)) from error
    if as_json:
        for one in found:
            print_json(one.model_dump(mode="json"))
        return
    for one in found:
        made = f"{one.made_at:%Y-%m-%d %H:%M} UTC" if one.made_at else "-".ljust(20)
        verdict = {True: "good", False: "refused", None: ""}[one.good]
        line = f"{'*' if one.in_force else ' '} {one.digest[:12]:12}  {made}  {verdict:7}  {one.verdict or ''}"
        typer.echo(line.rstrip())
    if configuration.settings.model is not None:
        typer.secho("router.yaml names a model file; that one is in force, whatever is here", fg=typer.colors.YELLOW)


@app.command()
def show(
    digest: Annotated[str, typer.Argument(help="The first characters of its digest.")],
    *,
    config: ConfigOption = Path("config"),
    as_json: JsonOption = False,
) -> None:
    """Show the report of a model."""
    from router.errors import ModelError
    from router.learning.run import shelf_of

    shelf = shelf_of(load_configuration(config))
    try:
        whole = shelf.find(digest)
        found = shelf.report(whole)
    except ModelError as error:
        raise stop(str(error)) from error
    if not found:
        raise stop(f"model {digest} has no report")
    if as_json:
        print_json(found)
        return
    typer.echo(shelf.text(whole))


@app.command()
def promote(
    digest: Annotated[str, typer.Argument(help="The first characters of its digest, or 'shipped'.")],
    *,
    config: ConfigOption = Path("config"),
    force: Annotated[bool, typer.Option("--force", help="Even if its report refuses it.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Put a model in force; a running router takes it up within seconds."""

    def work(configuration: Configuration) -> str:
        from router.errors import ModelError
        from router.learning.run import shelf_of

        shelf = shelf_of(configuration)
        refusal = shelf.refusal(digest)
        if refusal and not force:
            raise ModelError(f"its report refuses it: {refusal}; --force puts it in force all the same")
        return shelf.promote(digest, by=person(), at=_now())

    _swap(config, work, "model_promoted", as_json=as_json)


@app.command()
def rollback(*, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """Put the former model back in force; a running router takes it up within seconds."""

    def work(configuration: Configuration) -> str:
        from router.learning.run import shelf_of

        return shelf_of(configuration).rollback(by=person(), at=_now())

    _swap(config, work, "model_rolled_back", as_json=as_json)


def _swap(config: Path, work: Callable[[Configuration], str], action: str, *, as_json: bool) -> None:
    from router.errors import ModelError

    configuration = load_configuration(config)
    if configuration.settings.model is not None:
        raise stop("router.yaml names a model file; take 'model' out of it first", code=2)
    try:
        digest = work(configuration)
    except ModelError as error:
        raise stop(str(error)) from error
    run_async(with_store(configuration, lambda store: note(store, action, digest)))
    if as_json:
        print_json({"in_force": digest})
        return
    typer.secho(f"model {digest[:12]} is in force", fg=typer.colors.GREEN)


def _now() -> datetime:
    from router.clock import SystemClock

    return SystemClock().now()
