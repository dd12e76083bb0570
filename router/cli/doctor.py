# SPDX-License-Identifier: Apache-2.0
"""``doctor``: which channel, server and credential works, and what to do about the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from router.cli.common import ConfigOption, JsonOption, load_configuration, print_json, run_async, with_store

if TYPE_CHECKING:
    from router.config.loader import Configuration
    from router.interfaces import Channel, Classifier, Sink

__all__ = ["doctor"]

_SECONDS = 20.0


def doctor(*, config: ConfigOption = Path("config"), as_json: JsonOption = False) -> None:
    """Try everything that is configured, without receiving or sending. Exit code 0: all works."""
    configuration = load_configuration(config)
    rows = run_async(_examine(configuration))
    for row in rows:
        if as_json:
            print_json(row)
            continue
        mark, color = ("ok  ", typer.colors.GREEN) if row["ok"] else ("FAIL", typer.colors.RED)
        typer.secho(f"{mark} ", fg=color, nl=False)
        typer.echo(f"{row['what']:24} {row['detail']}")
    if not all(row["ok"] for row in rows):
        raise typer.Exit(1)


async def _examine(configuration: Configuration) -> list[dict[str, Any]]:
    from router.config.loader import check_secrets
    from router.core import load_classifier

    rows = [_row("secret", ok=False, detail=str(mistake)) for mistake in check_secrets(configuration)]
    rows.append(_disk(configuration))

    classifier: Classifier | None = None

    async def model() -> str:
        nonlocal classifier
        classifier = load_classifier(configuration)
        return classifier.name

    rows.append(await _try("model", model))
    if classifier is not None:
        rows += _untrained(getattr(classifier, "untrained", ()))
    rows.append(await _try("store", lambda: _store(configuration)))
    if all(row["ok"] for row in rows):
        rows += await _ends(configuration)
    return rows


def _untrained(types: Sequence[str]) -> list[dict[str, Any]]:
    """Types that the model was never shown: no message gets one until it is trained, which is no failure yet."""
    if not types:
        return []
    detail = f"the model does not know {', '.join(types)}; train it: complaint-router train FILE --config FOLDER"
    return [_row("types", ok=True, detail=detail)]


async def _store(configuration: Configuration) -> str:
    states = await with_store(configuration, lambda store: store.raw_states())
    kind = configuration.settings.store.kind
    return f"{kind}, {sum(states.values())} messages, {states.get('quarantined', 0)} quarantined"


async def _ends(configuration: Configuration) -> list[dict[str, Any]]:
    """Channels and sinks, each asked how it is."""
    from router.clock import SystemClock
    from router.core import installation_key, open_installation_store
    from router.parts import make_channels, make_sinks

    store = await open_installation_store(configuration)
    rows = []
    try:
        key = installation_key(configuration)
        channels = make_channels(configuration, store=lambda: store, key=key, clock=SystemClock())
        parts: dict[str, Channel | Sink] = dict(channels)
        parts |= {f"sink {name}": sink for name, sink in make_sinks(configuration).items()}
        for name, part in parts.items():
            rows.append(await _health(name, part))
            await part.close()
    finally:
        await store.close()
    return rows


async def _health(name: str, part: Any) -> dict[str, Any]:
    import asyncio

    try:
        async with asyncio.timeout(_SECONDS):
            health = await part.health()
    except TimeoutError:
        return _row(name, ok=False, detail=f"no answer within {_SECONDS:.0f} s")
    return _row(name, ok=health.ok, detail=health.detail)


async def _try(what: str, work: Callable[[], Awaitable[str]]) -> dict[str, Any]:
    from router.errors import ComplaintRouterError

    try:
        return _row(what, ok=True, detail=await work())
    except (ComplaintRouterError, OSError, KeyError) as error:
        return _row(what, ok=False, detail=str(error))


def _disk(configuration: Configuration) -> dict[str, Any]:
    import shutil

    folder = configuration.data_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return _row("disk", ok=free > 1 << 30, detail=f"{free / (1 << 30):.1f} GiB free for {configuration.data_dir}")


def _row(what: str, *, ok: bool, detail: str) -> dict[str, Any]:
    return {"what": what, "ok": ok, "detail": detail}
