# SPDX-License-Identifier: Apache-2.0
"""``drift``: whether messages are still like those the model was made for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import ConfigOption, JsonOption, load_configuration, print_json, run_async, with_store

if TYPE_CHECKING:
    from router.interfaces import Store
    from router.learning.records import DriftReport

__all__ = ["drift"]


def drift(
    *,
    config: ConfigOption = Path("config"),
    weeks: Annotated[int, typer.Option(min=1, max=104, help="So many weeks back.")] = 4,
    as_json: JsonOption = False,
) -> None:
    """Show shares of doubt, labels and scores by week, channel and language, beside those at training."""
    from router.clock import SystemClock
    from router.core import load_classifier
    from router.errors import ModelError
    from router.learning.drift import drift_report

    configuration = load_configuration(config)

    async def work(store: Store) -> DriftReport:
        settings = configuration.settings.learning.drift
        return await drift_report(store, model, now=SystemClock().now(), settings=settings, weeks=weeks)

    from router.cli.common import stop

    try:
        model = load_classifier(configuration)
    except ModelError as error:
        raise stop(str(error), code=2) from error
    report = run_async(with_store(configuration, work))
    if as_json:
        print_json({**report.model_dump(mode="json"), "alarms": list(report.alarms)})
        return
    _show(report)


def _show(report: DriftReport) -> None:
    if not report.origin:
        typer.echo("The model tells nothing of the messages at its training; train it anew to compare.")
    for week in report.weeks:
        typer.echo(f"{week.until:%Y-%m-%d}  {week.messages} messages, {week.unsure.get('all', 0.0):.0%} unsure")
        for cell in week.cells:
            index = "  ".join(f"{name} {value:.2f}" for name, value in cell["psi"].items())
            line = f"  {cell['cell']:18} {cell['messages']:6}  unsure {cell['unsure_then']:.0%} -> {cell['unsure']:.0%}"
            typer.echo(f"{line}  PSI {index}", nl=not cell["alarms"])
            if cell["alarms"]:
                typer.secho(f"  {', '.join(cell['alarms'])}!", fg=typer.colors.RED)
