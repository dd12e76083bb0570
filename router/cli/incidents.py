# SPDX-License-Identifier: Apache-2.0
"""``incidents``: many complaints about one thing: list, show, answer all at once, mute, end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from router.cli.common import (
    ConfigOption,
    JsonOption,
    load_configuration,
    plural,
    print_json,
    run_async,
    stop,
    with_store,
)
from router.cli.incidents_update import preview_lines, read_texts, texts_and_preview

if TYPE_CHECKING:
    from router.incidents.records import Incident, IncidentUpdate
    from router.interfaces import Store

__all__ = ["app"]

T = TypeVar("T")
app = typer.Typer(
    help="Many complaints about one thing: list, show, answer all at once, mute, end.", no_args_is_help=True
)
_Id = Annotated[str, typer.Argument(help="Incident, such as INC-1A2B3C4D.")]
_Case = Annotated[str, typer.Argument(help="Reference of a case.")]
_ACTOR = "command line"


def _in(folder: Path, work: Callable[[Store], Awaitable[T]]) -> T:
    return run_async(with_store(load_configuration(folder), work))


@app.command("list")
def list_(
    *,
    config: ConfigOption = Path("config"),
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List incidents, the newest first."""
    found = _in(config, lambda store: store.incidents(state=None if everything else "open", limit=1000))
    if not found and not as_json:
        typer.echo("No incidents.")
    for incident in found:
        _say(incident, as_json)


def _say(incident: Incident, as_json: bool) -> None:
    if as_json:
        print_json({**incident.model_dump(mode="json"), "cases": incident.cases})
        return
    since = f"{incident.opened_at:%Y-%m-%d %H:%M} UTC"
    muted = "  muted" if incident.state == "open" and incident.is_muted(_now()) else ""
    typer.echo(
        f"{incident.id}  {incident.state:<8}  {since}  {plural(incident.cases, 'case'):>9}  {incident.title}{muted}"
    )


def _now() -> datetime:
    from router.clock import SystemClock

    return SystemClock().now()


@app.command()
def show(incident: _Id, *, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """Show one incident: its cases, why nobody is told of it, and the updates that went out."""

    async def fetch(store: Store) -> tuple[Incident, list[str], list[IncidentUpdate]]:
        found = await store.incident(incident.upper())
        cases = await store.incident_cases(found.id, limit=100_000)
        return found, [case.id for case in cases], await store.incident_updates(found.id)

    found, cases, updates = _in(config, fetch)
    if as_json:
        more = {"case_ids": cases, "updates": [update.model_dump(mode="json") for update in updates]}
        print_json({**found.model_dump(mode="json"), "cases": found.cases, **more})
        return
    _say(found, as_json)
    typer.echo(f"Usual in that time: {found.expected:g}. They share: {', '.join(found.keys)}")
    if found.silent:
        typer.echo(f"Nobody is told of it: {found.silent}")
    if found.muted_until is not None and found.muted_until > _now():
        typer.echo(f"Nobody is told of it until {found.muted_until:%Y-%m-%d %H:%M} UTC: muted by {found.muted_by}")
    for update in updates:
        counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(update.tally.items()))
        state = f"stopped by {update.stopped_by}" if update.stopped_by else "done" if update.done else "under way"
        at = f"{update.at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"Update {update.number} by {update.actor}, {at}, {state}: {counts or '-'}")
    typer.echo("\n".join(cases))


@app.command()
def close(incident: _Id, *, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """End an incident; its cases stay as they are."""
    _say(_in(config, lambda store: store.close_incident(incident.upper(), actor=_ACTOR)), as_json)


@app.command()
def reopen(incident: _Id, *, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """Take up an incident that is over."""
    _say(_in(config, lambda store: store.reopen_incident(incident.upper(), actor=_ACTOR)), as_json)


@app.command()
def mute(
    incident: _Id,
    *,
    length: Annotated[str, typer.Option("--for", help="How long: 45m, 4h, 2d.")] = "4h",
    config: ConfigOption = Path("config"),
    as_json: JsonOption = False,
) -> None:
    """Tell nobody of an incident for a while; it goes on gathering cases."""
    until = _now() + _length(length)
    _say(_in(config, lambda store: store.mute_incident(incident.upper(), until=until, actor=_ACTOR)), as_json)


def _length(text: str) -> timedelta:
    number, unit = text.strip()[:-1], text.strip()[-1:]
    units = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
    if unit not in units or not (number.isascii() and number.isdigit()) or len(number) > 5 or int(number) == 0:
        raise stop(f"--for: '{text[:30]}' is no length of time; write 45m, 4h or 2d", code=2)
    return int(number) * units[unit]


@app.command()
def unmute(incident: _Id, *, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """Let sinks be told of an incident again."""
    _say(_in(config, lambda store: store.mute_incident(incident.upper(), until=None, actor=_ACTOR)), as_json)


@app.command()
def add(incident: _Id, case: _Case, *, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """Put a case into an incident by hand."""
    placed = _in(config, lambda store: store.place_case(case.upper(), incident_id=incident.upper(), actor=_ACTOR))
    if placed is not None:
        _say(placed, as_json)


@app.command()
def remove(case: _Case, *, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """Take a case out of its incident; updates then leave it out."""
    left = _in(config, lambda store: store.place_case(case.upper(), incident_id=None, actor=_ACTOR))
    if left is None:
        raise stop(f"{case.upper()} is in no incident")
    _say(left, as_json)


@app.command()
def update(
    incident: _Id,
    text: Annotated[str | None, typer.Argument(help="The text in the default language.")] = None,
    *,
    config: ConfigOption = Path("config"),
    file: Annotated[Path | None, typer.Option(help="YAML file: language to text, as 'fi: Korjaamme vikaa.'")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Send without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send one text to every case of an incident, each on its channel and in its language, after showing to whom."""
    texts = read_texts(text, file)
    configuration = load_configuration(config)
    checked, preview = run_async(
        with_store(configuration, lambda store: texts_and_preview(store, configuration, incident.upper(), texts))
    )
    if not as_json:
        typer.echo("\n".join(preview_lines(preview)))
    if not yes and not typer.confirm("Send it?"):
        raise typer.Exit(1)
    made = _in(
        config,
        lambda store: store.add_incident_update(
            incident.upper(), texts=checked, default_language=configuration.settings.default_language, actor=_ACTOR
        ),
    )
    if as_json:
        counts = [{"channel": c, "language": lang, "what": w, "cases": n} for (c, lang, w), n in preview.items()]
        print_json({**made.model_dump(mode="json"), "preview": counts})
    else:
        typer.echo(f"Update {made.number} is kept; the running process sends it.")


@app.command("stop")
def stop_(
    incident: _Id,
    number: Annotated[int, typer.Argument(help="Number of the update.")],
    *,
    config: ConfigOption = Path("config"),
    as_json: JsonOption = False,
) -> None:
    """Send an update to nobody else, and take back what has not left."""
    found = _in(config, lambda store: store.stop_incident_update(incident.upper(), number, actor=_ACTOR))
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        typer.echo(f"Update {number} is stopped; the running process takes back what has not left.")
