# SPDX-License-Identifier: Apache-2.0
"""What commands share: options, output, errors. Imports nothing heavy, so that ``--help`` answers at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from router.config.loader import Configuration
    from router.interfaces import Store
    from router.schema import Classification

__all__ = [
    "ConfigOption",
    "JsonOption",
    "check_team",
    "load_configuration",
    "plural",
    "print_json",
    "read_input",
    "run_async",
    "stop",
    "with_store",
    "words_of",
]  # fmt: skip

T = TypeVar("T")

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", "-c", envvar="COMPLAINT_ROUTER_CONFIG", help="Folder of the configuration.", show_default=True
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON for machines.")]


def print_json(value: Any) -> None:
    """One value on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def stop(sentence: str, *, code: int = 1) -> typer.Exit:
    """Say what is wrong on standard error; raise what this returns."""
    typer.secho(sentence, fg=typer.colors.RED, err=True)
    return typer.Exit(code)


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def words_of(labels: Classification, label: str, *, most: int) -> str:
    """The words that spoke for a label, strongest first, each once."""
    words = [evidence.text.strip() for evidence in labels.why.get(label, ()) if evidence.weight > 0]
    return ", ".join(list({word.casefold(): word for word in reversed(words) if word}.values())[::-1][:most])


def load_configuration(folder: Path) -> Configuration:
    """Load, or end the command listing every mistake."""
    from router.config.loader import load
    from router.errors import ConfigError

    if not folder.is_dir():
        raise stop(f"{folder} is not a folder; make one with: complaint-router init {folder}", code=2)
    try:
        return load(folder)
    except ConfigError as error:
        for mistake in error.mistakes:
            typer.secho(str(mistake), fg=typer.colors.RED, err=True)
        raise stop(f"{plural(len(error.mistakes), 'mistake')}; nothing was loaded", code=2) from error


def check_team(name: str, known: Iterable[str]) -> None:
    """End the command if there is no such team, naming those there are."""
    names = list(known)
    if name not in names:
        raise stop(f"unknown team '{name}'; known: {', '.join(names)}", code=2)


async def with_store(configuration: Configuration, work: Callable[[Store], Awaitable[T]]) -> T:
    """Open the installation's store for one piece of work."""
    from router.core import open_installation_store

    store = await open_installation_store(configuration)
    try:
        return await work(store)
    finally:
        await store.close()


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; the product's own errors end the command with their sentence."""
    import asyncio

    from router.errors import ComplaintRouterError, ConfigError

    try:
        return asyncio.run(work)
    except ConfigError as error:
        raise stop(str(error), code=2) from error
    except ComplaintRouterError as error:
        raise stop(str(error)) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def read_input(source: str) -> str:
    """The text of a file, or of standard input for ``-``."""
    if source == "-":
        return sys.stdin.read()
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise stop(f"{source}: {reason}", code=2) from error
