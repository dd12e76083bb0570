# SPDX-License-Identifier: Apache-2.0
"""``parse``: what a channel's reader makes of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from router.cli.common import JsonOption, print_json

if TYPE_CHECKING:
    from router.parsing.frames import Answer

__all__ = ["parse"]


def parse(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Messages as they came: .eml files, JSON payloads ...")
    ],
    *,
    channel: Annotated[str, typer.Option(help="Kind of channel whose reader is used.")] = "email",
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Read by the limits and patterns of this installation.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read message files as the channel would, keeping nothing. One JSON value a file, one a line, in order.

    Exit code 2 if a file is missing or the channel unknown; a message that cannot be read is an answer like any other.
    """
    import asyncio
    import hashlib
    from datetime import UTC, datetime

    from router.interfaces import ParseOptions
    from router.parsing.pool import InlineReader
    from router.registry import reader_kinds
    from router.schema import RawMessage

    unknown = f"no channel is called '{channel}'; known: {', '.join(reader_kinds())}"
    options = ParseOptions()
    if config is not None:
        from router.accounts import any_options
        from router.cli.common import load_configuration

        settings = load_configuration(config).settings
        options = any_options(settings.limits, settings.entities)
    reader = InlineReader(lambda _: options)
    missing = False
    for file in files:
        try:
            body = file.read_bytes() if channel in reader_kinds() else None
        except OSError as error:
            body, unknown = None, f"{file}: {error.strerror}"
        if body is None:
            missing = True
            _show(file, {"error": unknown}, as_json=as_json)
            continue
        raw = RawMessage(
            channel=channel,
            account="parse",
            native_id=f"sha256-{hashlib.sha256(body).hexdigest()}",
            body=body,
            received_at=datetime.now(UTC),
        )
        [answer] = asyncio.run(reader.read([raw]))
        _show(file, _value(answer), as_json=as_json)
    if missing:
        raise typer.Exit(2)


def _value(answer: Answer) -> Any:
    """An object for a message, a list for several, or the error. ``ignored`` marks what would open no case: a payload
    that holds no message, what we sent ourselves, a deletion."""
    if answer.error:
        return {"error": answer.error}
    shown = []
    for message in answer.messages:
        value = message.model_dump(mode="json", exclude={"received_at"})
        shown.append(value | {"date": value["sent_at"], "ignored": message.flags.own or message.event == "delete"})
    return shown[0] if len(shown) == 1 else shown or {"ignored": True}


def _show(file: Path, value: Any, *, as_json: bool) -> None:
    from router.schema import DeliveryReport

    if as_json:
        print_json(value)
        return
    typer.secho(f"== {file}", bold=True)
    for message in value if isinstance(value, list) else [value]:
        if "event" not in message and "error" not in message:
            typer.echo("holds no message")
            continue
        if "error" in message:
            typer.secho(message["error"], fg=typer.colors.RED, err=True)
            continue
        flags = [name for name, on in message["flags"].items() if on]
        sender = message["sender"]
        address = sender["address"] or sender["id"]
        typer.echo(f"from     {sender['name']} <{address}>" if sender["name"] else f"from     {address or '(nobody)'}")
        typer.echo(f"subject  {message['subject'] or '(none)'}")
        typer.echo(f"date     {message['sent_at'] or '-'}   {message['visibility']}   {' '.join(flags)}".rstrip())
        for part in message["attachments"]:
            typer.echo(f"part     {part['filename'] or '(no name)'}  {part['content_type']}  {part['size']} bytes")
        for entity in message["entities"]:
            unit = f" {entity['unit']}" if entity["unit"] else ""
            typer.echo(f"found    {entity['kind']}  {entity['value']}{unit}  ({entity['place']}: {entity['text']})")
        if message["report"] is not None:
            typer.echo(f"report   {DeliveryReport.model_validate(message['report']).sentence('mail')}")
        for note in message["notes"]:
            typer.echo(f"note     {note}")
        typer.echo(f"\n{message['reply_text'] or message['text']}\n")
