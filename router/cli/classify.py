# SPDX-License-Identifier: Apache-2.0
"""``classify``: what the model says of texts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from router.cli.common import JsonOption, load_configuration, print_json, stop, words_of

if TYPE_CHECKING:
    from router.interfaces import Classifier, ClassifierInput
    from router.schema import Classification

__all__ = ["classify"]

_BATCH = 256


def classify(
    source: Annotated[
        str, typer.Argument(metavar="[FILE|-]", help="JSON Lines with 'text'; without --json also plain lines.")
    ] = "-",
    *,
    model: Annotated[Path | None, typer.Option(help="Model archive; default: the one that ships.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Answer as this installation would: its model, its own types.")
    ] = None,
    as_json: JsonOption = False,
    explain: Annotated[bool, typer.Option(help="Show the words that decided.")] = True,
) -> None:
    """Label texts: kind, type, urgency, language. A line in, a line out, in order; blank lines are left out."""
    from classifiers.default import load_default
    from router.errors import ModelError

    try:
        classifier = load_default(model) if config is None else _installed(config, model)
    except ModelError as error:
        raise stop(str(error)) from error
    try:
        with _opened(source) as lines:
            for batch in _batches(lines, as_json=as_json):
                for text, labels in zip(batch, classifier.classify(batch, explain=explain), strict=True):
                    _show(text.text, labels, as_json=as_json)
    except UnicodeDecodeError as error:
        raise stop(f"{source}: not UTF-8 text", code=2) from error
    except IsADirectoryError as error:
        raise stop(f"{source}: {error.strerror}", code=2) from error


def _installed(folder: Path, model: Path | None) -> Classifier:
    """The classifier of an installation, or another model with the installation's languages, phrases and types."""
    from router.core import load_classifier

    configuration = load_configuration(folder)
    if model is not None:
        settings = configuration.settings.model_copy(update={"model": model})
        configuration = replace(configuration, settings=settings)
    return load_classifier(configuration)


def _opened(source: str) -> TextIO:
    if source == "-":
        return sys.stdin
    try:
        return Path(source).open(encoding="utf-8-sig")
    except OSError as error:
        raise stop(f"{source}: {error.strerror}", code=2) from error


def _batches(lines: TextIO, *, as_json: bool) -> Iterator[list[ClassifierInput]]:
    batch: list[ClassifierInput] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            batch.append(_read(line, number, as_json=as_json))
        except typer.Exit:  # a bad line ends the command; those before it were good
            if batch:
                yield batch
            raise
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _read(line: str, number: int, *, as_json: bool) -> ClassifierInput:
    from router.interfaces import ClassifierInput

    if not as_json and not line.lstrip().startswith("{"):
        return ClassifierInput(text=line.rstrip("\n"))
    try:
        row: Any = json.loads(line)
    except ValueError as error:
        raise stop(f"line {number}: not JSON: {error}", code=2) from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise stop(f"line {number}: an object with 'text' is needed", code=2)
    given = {name: row[name] for name in ("text", "channel", "language") if row.get(name) is not None}
    for name, value in given.items():
        if not isinstance(value, str):
            raise stop(f"line {number}: '{name}' must be text", code=2)
    return ClassifierInput(**given)


def _show(text: str, labels: Classification, *, as_json: bool) -> None:
    if as_json:
        print_json(labels.model_dump(mode="json"))
        return
    typer.secho(text if len(text) <= 100 else f"{text[:99]}…", bold=True)
    for label in ("kind", "type", "urgency", "language"):
        value = getattr(labels, label)
        if value is None:
            continue
        line = f"  {label:9}{value:11}{labels.confidence(label):5.0%}  {words_of(labels, label, most=5)}"
        typer.echo(line.rstrip())
    if labels.also:
        typer.echo(f"  also     {', '.join(labels.also)}")
    if labels.unsure:
        typer.secho("  unsure   a person should look", fg=typer.colors.YELLOW)
