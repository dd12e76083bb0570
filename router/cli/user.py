# SPDX-License-Identifier: Apache-2.0
"""``user``: who may log in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from router.cli.common import ConfigOption, JsonOption, load_configuration, print_json, run_async, stop

__all__ = ["app"]

app = typer.Typer(help="Who may log in, and to which teams.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Lower case letters, digits, dots and dashes.")],
    *,
    config: ConfigOption = Path("config"),
    team: Annotated[list[str] | None, typer.Option(help="A team; may be given several times.")] = None,
    role: Annotated[
        str, typer.Option(help="agent, manager (reads all teams) or admin (reads no complaint).")
    ] = "agent",
    display_name: Annotated[str, typer.Option(help="The name colleagues see.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="File with the password; asked for if not given.")] = None,
    disable: Annotated[bool, typer.Option(help="Lock the user out and end every session.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Add a user, or change one: teams, role, password."""
    from pydantic import ValidationError

    from router.core import open_installation_store
    from router.records import User
    from router.web.passwords import hash_password

    configuration = load_configuration(config)
    known = [each.name for each in configuration.teams.teams]
    for wanted in team or ():
        if wanted not in known:
            raise stop(f"unknown team '{wanted}'; known: {', '.join(known)}", code=2)
    password = _password(password_file)
    try:
        person = User(
            name=name,
            display_name=display_name or name,
            role=role,
            teams=tuple(team or ()),
            password_hash=hash_password(password),
            disabled=disable,
        )
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        raise stop(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}", code=2) from None

    async def work() -> None:
        store = await open_installation_store(configuration)
        try:
            await store.put_user(person)
        finally:
            await store.close()

    run_async(work())
    shown = person.model_dump(exclude={"password_hash"})
    if as_json:
        print_json(shown)
    else:
        typer.secho(f"{name} may log in: {role}, teams {', '.join(person.teams) or '-'}", fg=typer.colors.GREEN)


def _password(file: Path | None) -> str:
    if file is None:
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        try:
            password = file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise stop(f"{file}: {error.strerror}", code=2) from error
    if len(password) < 12:
        raise stop("the password needs at least 12 characters", code=2)
    return password


@app.command("list")
def list_users(*, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """Show every user."""
    from router.core import open_installation_store
    from router.records import User

    configuration = load_configuration(config)

    async def work() -> list[User]:
        store = await open_installation_store(configuration)
        try:
            return await store.users()
        finally:
            await store.close()

    for person in run_async(work()):
        shown = person.model_dump(exclude={"password_hash"})
        if as_json:
            print_json(shown)
        else:
            state = "  disabled" if person.disabled else ""
            typer.echo(f"{person.name:20} {person.role:8} {', '.join(person.teams)}{state}")
