# SPDX-License-Identifier: Apache-2.0
"""``run``: the product itself, until it is told to stop."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from router.cli.common import ConfigOption, load_configuration, run_async

if TYPE_CHECKING:
    from router.app import Application

__all__ = ["run", "run_application"]


def run(*, config: ConfigOption = Path("config")) -> None:
    """Start: receive, classify, route, serve the queue, answer. Stops in order on SIGTERM or Ctrl-C."""
    gc.disable()  # see ``run_application``
    try:
        _run(config)
    finally:
        gc.enable()


def _run(config: Path) -> None:
    from router import logs
    from router.app import Application

    configuration = load_configuration(config)
    logs.configure(form=configuration.settings.logs.format, level=configuration.settings.logs.level)

    async def started(address: str) -> None:
        typer.secho(f"complaint-router is at {address}", fg=typer.colors.GREEN)

    async def work() -> None:
        await run_application(Application(configuration), started=started)

    run_async(work())


async def run_application(application: Application, *, started: Callable[[str], Awaitable[None]]) -> None:
    """Run with the signals a service gets: SIGTERM and SIGINT stop, SIGHUP reads the configuration again.

    Commands switch the collection of cycles off before they import: the hundred thousand objects that starting makes
    all stay, and going through them takes a tenth of a start and, later, 70 ms at a time. From the moment it has
    started they are left out of it.
    """
    import asyncio
    import signal

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[object]] = set()

    def reload() -> None:
        task: asyncio.Task[object] = asyncio.create_task(application.reload(), name="reload")
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    async def begin(address: str) -> None:
        gc.freeze()
        gc.enable()
        await started(address)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
    await application.run(stop, started=begin)
