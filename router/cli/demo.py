# SPDX-License-Identifier: Apache-2.0
"""``demo``: the product with a made-up company, in seconds, without any account."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import load_configuration, run_async, stop

if TYPE_CHECKING:
    from router.app import Application
    from router.config.loader import Configuration
    from router.demo.setup import DemoFolder

__all__ = ["demo"]


def demo(
    *,
    port: Annotated[int, typer.Option(help="Port of the web server; 0 takes any free one.")] = 8080,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its data; emptied at each start.")] = Path(
        "demo-data"
    ),
) -> None:
    """Start with a small company and complaints that trickle in; prints one address to open in a browser."""
    from router import logs
    from router.demo.setup import lay_out

    logs.configure(level="error")
    try:
        where = lay_out(folder)
    except OSError as error:
        raise stop(str(error)) from error
    run_async(_run(load_configuration(where.config), where, port))


async def _run(configuration: Configuration, where: DemoFolder, port: int) -> None:
    import asyncio

    from router.app import Application
    from router.cli.run import run_application
    from router.demo.peers import peers
    from router.demo.setup import PASSWORD, people
    from router.demo.trickle import Trickle
    from router.web.passwords import hash_password

    async with peers() as (smtp_port, replies_url):
        application = Application(_adapted(configuration, port=port, smtp_port=smtp_port, replies_url=replies_url))
        tasks: list[asyncio.Task[None]] = []

        async def started(address: str) -> None:
            store = application.core.store
            teams = tuple(team.name for team in configuration.teams.teams)
            for person in people(teams, await asyncio.to_thread(hash_password, PASSWORD)):
                await store.put_user(person)
            link = await _link(application, "aino")
            typer.secho(f"\n  Open {address}/login/{link}\n", fg=typer.colors.GREEN, bold=True)
            typer.echo(f"  You are Aino. Eero approves what Aino writes in public: log in as eero, password {PASSWORD}")
            typer.echo(f"  (also maria, a manager, and admin). The customers' form: {address}/forms/support")
            typer.echo("  Complaints keep coming for three minutes. Ctrl-C ends the demo.\n")
            trickle = Trickle(inbox=where.inbox, address=address, secret=where.secret, channels=application.channels)
            tasks.append(asyncio.create_task(trickle.run(), name="trickle"))

        try:
            await run_application(application, started=started)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _link(application: Application, user: str) -> str:
    from router.web.links import make_link

    return await make_link(application.core.store, user, now=application.core.clock.now(), minutes=60)


def _adapted(configuration: Configuration, *, port: int, smtp_port: int, replies_url: str) -> Configuration:
    """The configuration with the ports that were free, and a web server on this machine alone."""
    from dataclasses import replace

    channels = []
    for channel in configuration.channels:
        settings = channel.settings
        if channel.kind == "email":
            settings = settings.model_copy(update={"smtp": settings.smtp.model_copy(update={"port": smtp_port})})
        elif channel.kind == "webhook":
            settings = settings.model_copy(update={"reply_url": replies_url})
        channels.append(channel.model_copy(update={"settings": settings}))
    web = configuration.settings.web.model_copy(update={"host": "127.0.0.1", "port": port})
    shown = configuration.settings.model_copy(update={"web": web, "public_url": f"http://127.0.0.1:{port}"})
    return replace(configuration, channels=tuple(channels), settings=shown)
