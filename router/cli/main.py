# SPDX-License-Identifier: Apache-2.0
"""The command line: ``complaint-router COMMAND``. One file a command; what is heavy is imported when it runs."""

from __future__ import annotations

import io
import sys

import typer

from router.cli import (
    assignments,
    cases,
    check,
    classify,
    deadlines,
    demo,
    doctor,
    drift,
    evaluate,
    explain,
    incidents,
    ingest,
    init,
    label,
    learning,
    parse,
    replay,
    rules,
    run,
    test,
    train,
    user,
)

__all__ = ["app", "main"]

app = typer.Typer(
    name="complaint-router",
    help="Complaints from every channel: labelled, routed by your rules, answered where they came from.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for module in (
    init, run, demo, check, replay, doctor, ingest, cases, deadlines, assignments, explain, parse, classify, train,
    evaluate, label, drift,
):  # fmt: skip
    app.command()(getattr(module, module.__name__.rpartition(".")[2]))
app.command("test")(test.run_test)
app.add_typer(rules.app, name="rules")
app.add_typer(user.app, name="user")
app.add_typer(learning.app, name="models")
app.add_typer(incidents.app, name="incidents")


@app.callback(invoke_without_command=True)
def _options(*, version: bool = typer.Option(default=False, help="Print the version and end.", is_eager=True)) -> None:
    if version:
        from router import __version__

        typer.echo(f"complaint-router {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point of the installed command. What it writes is UTF-8 wherever it runs, as JSON is."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="strict")
    app()


if __name__ == "__main__":
    main()
