# SPDX-License-Identifier: Apache-2.0
"""``user``: who may log in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

import typer

from router.cli.common import (
    ConfigOption,
    JsonOption,
    check_team,
    load_configuration,
    print_json,
    run_async,
    stop,
    with_store,
)

__all__ = ["app"]

T = TypeVar("T")

app = typer.Typer(help="Who may log in, and to which teams.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Lower case letters, digits, dots and dashes.")],
    *,
    config: ConfigOption = Path("config"),
    team: Annotated[list[str] | None, typer.Option(help="A team; may be given several times.")] = None,
    role: Annotated[str | None, typer.Option(help="agent, manager (all teams) or admin (reads no complaint).")] = None,
    display_name: Annotated[str | None, typer.Option(help="The name colleagues see.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File with the password; asked for if not given.")] = None,
    disable: Annotated[bool | None, typer.Option("--disable/--enable", help="Lock out, or let in again.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Add a user, or change one: of somebody who exists, only what is given changes."""
    from pydantic import ValidationError

    from router.records import User

    configuration = load_configuration(config)
    known = [each.name for each in configuration.teams.teams]
    for wanted in team or ():
        check_team(wanted, known)
    before = run_async(with_store(configuration, lambda store: store.user(name)))
    given = {
        "display_name": display_name,
        "role": role,
        "teams": None if team is None else tuple(team),
        "disabled": disable,
        "password_hash": _hashed(password_file) if before is None or password_file is not None else None,
    }
    values = before.model_dump() if before is not None else {"name": name, "display_name": name}
    try:
        person = User(**values | {key: value for key, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        raise stop(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}", code=2) from None
    run_async(with_store(configuration, lambda store: store.put_user(person)))
    shown = person.model_dump(exclude={"password_hash"})
    if as_json:
        print_json(shown)
    elif person.disabled:
        typer.secho(f"{name} is locked out; every session has ended", fg=typer.colors.YELLOW)
    else:
        typer.secho(f"{name} may log in: {person.role}, teams {', '.join(person.teams) or '-'}", fg=typer.colors.GREEN)


@app.command()
def link(
    name: Annotated[str, typer.Argument(help="Somebody who exists.")],
    *,
    config: ConfigOption = Path("config"),
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="How long it may be used.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Make an address that logs somebody in, once: for a first log-in or a forgotten password."""
    from datetime import UTC, datetime

    from router.web.links import make_link

    configuration = load_configuration(config)
    now = datetime.now(UTC)
    token = run_async(with_store(configuration, lambda store: make_link(store, name, now=now, minutes=minutes)))
    address = f"{configuration.settings.public_url}/login/{token}"
    if as_json:
        print_json({"user": name, "link": address, "minutes": minutes})
    else:
        typer.echo(address)


def _hashed(file: Path | None) -> str:
    from router.web.passwords import hash_password

    return hash_password(_password(file))


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
    configuration = load_configuration(config)
    for person in run_async(with_store(configuration, lambda store: store.users())):
        shown = person.model_dump(exclude={"password_hash"})
        if as_json:
            print_json(shown)
        else:
            state = "  disabled" if person.disabled else ""
            typer.echo(f"{person.name:20} {person.role:8} {', '.join(person.teams)}{state}")
