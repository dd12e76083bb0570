# SPDX-License-Identifier: Apache-2.0
"""``incidents``: many complaints about one thing: list, show, answer all at once, end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from router.cli.common import ConfigOption, JsonOption, load_configuration, plural, print_json, run_async, stop

if TYPE_CHECKING:
    from router.config.loader import Configuration
    from router.incidents.fanout import Preview
    from router.incidents.records import Incident, IncidentUpdate
    from router.interfaces import Store

__all__ = ["app"]

T = TypeVar("T")
app = typer.Typer(help="Many complaints about one thing: list, show, answer all at once, end.", no_args_is_help=True)
_Id = Annotated[str, typer.Argument(help="Incident, such as INC-1A2B3C4D.")]
_ACTOR = "command line"


def _with_store(folder: Path, work: Callable[[Store, Configuration], Awaitable[T]]) -> T:
    from router.core import open_installation_store

    configuration = load_configuration(folder)

    async def run() -> T:
        store = await open_installation_store(configuration)
        try:
            return await work(store, configuration)
        finally:
            await store.close()

    return run_async(run())


@app.command("list")
def list_(
    *,
    config: ConfigOption = Path("config"),
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List incidents, the newest first."""
    found = _with_store(config, lambda store, _: store.incidents(state=None if everything else "open", limit=1000))
    if not found and not as_json:
        typer.echo("No incidents.")
    for incident in found:
        if as_json:
            print_json(incident.model_dump(mode="json"))
        else:
            _line(incident)


def _line(incident: Incident) -> None:
    since = f"{incident.opened_at:%Y-%m-%d %H:%M} UTC"
    cases = plural(incident.cases, "case")
    typer.echo(f"{incident.id}  {incident.state:<8}  {since}  {cases:>9}  {incident.title}")


@app.command()
def show(incident: _Id, *, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """Show one incident: its cases, and the updates that went out."""

    async def fetch(store: Store, _: Configuration) -> tuple[Incident, list[str], list[IncidentUpdate]]:
        found = await store.incident(incident.upper())
        cases = await store.incident_cases(found.id, limit=100_000)
        return found, [case.id for case in cases], await store.incident_updates(found.id)

    found, cases, updates = _with_store(config, fetch)
    if as_json:
        more = {"case_ids": cases, "updates": [update.model_dump(mode="json") for update in updates]}
        print_json({**found.model_dump(mode="json"), **more})
        return
    _line(found)
    typer.echo(f"Usual in that time: {found.expected:g}. They share: {', '.join(found.keys)}")
    for update in updates:
        counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(update.tally.items()))
        state = "done" if update.done else "under way"
        at = f"{update.at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"Update {update.number} by {update.actor}, {at}, {state}: {counts or '-'}")
    typer.echo("\n".join(cases))


@app.command()
def close(incident: _Id, *, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """End an incident; its cases stay as they are."""
    found = _with_store(config, lambda store, _: store.close_incident(incident.upper(), actor=_ACTOR))
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _line(found)


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
    texts = _texts(text, file)

    async def look(store: Store, configuration: Configuration) -> tuple[dict[str, str], Preview]:
        from router.incidents.fanout import checked_texts

        default = configuration.settings.default_language
        given = {default if language == "" else language: words for language, words in texts.items()}
        checked = checked_texts(given, default_language=default)
        return checked, await _preview(store, configuration, incident.upper(), checked)

    checked, preview = _with_store(config, look)
    if not as_json:
        for (channel, language, what), count in sorted(preview.items()):
            typer.echo(f"{count:>6}  {channel:<12} {language:<4} {_WHAT[what]}")
    if not yes and not typer.confirm("Send it?"):
        raise typer.Exit(1)
    made = _with_store(
        config,
        lambda store, configuration: store.add_incident_update(
            incident.upper(), texts=checked, default_language=configuration.settings.default_language, actor=_ACTOR
        ),
    )
    if as_json:
        counts = [{"channel": c, "language": lang, "what": w, "cases": n} for (c, lang, w), n in preview.items()]
        print_json({**made.model_dump(mode="json"), "preview": counts})
    else:
        typer.echo(f"Update {made.number} is kept; the running process sends it.")


_WHAT = {"sent": "is sent", "held": "public: waits for approval", "none": "cannot be answered on its channel"}


def _texts(text: str | None, file: Path | None) -> dict[str, str]:
    """Language to text; "" stands for the default language."""
    from router.config.document import read
    from router.errors import ConfigError

    texts = {"": text} if text else {}
    if file is not None:
        try:
            found = read(file, file.name).root.plain()
        except ConfigError as error:
            raise stop(str(error), code=2) from error
        if not isinstance(found, dict) or not all(isinstance(words, str) for words in found.values()):
            raise stop(f"{file}: must be lines of language and text, as 'fi: Korjaamme vikaa.'", code=2)
        texts |= {str(language): words for language, words in found.items()}
    if not texts:
        raise stop("give a text, or --file with one for each language", code=2)
    return texts


async def _preview(store: Store, configuration: Configuration, incident: str, texts: dict[str, str]) -> Preview:
    from router.accounts import mail_route
    from router.clock import SystemClock
    from router.core import installation_key
    from router.incidents.fanout import Fanout
    from router.parts import make_channels
    from router.replies.service import ReplyService

    key, clock = installation_key(configuration), SystemClock()
    known = {f"{c.kind}:{c.account}": c for c in configuration.channels if c.enabled}
    mail = {name: mail_route(channel, known) for name, channel in known.items()}
    channels = make_channels(configuration, store=lambda: store, key=key, clock=clock)
    try:
        desk = ReplyService(store, channels=channels, mail=mail, key=key, clock=clock, queued=lambda: None)
        found = await store.incident(incident)
        return await Fanout(store, desk).preview(found, texts, default_language=configuration.settings.default_language)
    finally:
        for channel in channels.values():
            await channel.close()
