# SPDX-License-Identifier: Apache-2.0
"""``evaluate``: how well a model does on labelled messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from router.cli.common import JsonOption, print_json, stop

__all__ = ["evaluate"]


def evaluate(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Labelled messages, JSON Lines as in the corpus.")
    ],
    *,
    model: Annotated[Path | None, typer.Option(help="Model archive; default: the one that ships.")] = None,
    hints: Annotated[bool, typer.Option(help="Tell the model each message's language.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Score a model: macro-F1 of kind and type, kappa of urgency, recall of critical, by language and channel."""
    from classifiers.corpus import read_corpus
    from classifiers.default import load_default
    from classifiers.evaluation import evaluate as score
    from router.errors import ComplaintRouterError

    try:
        rows = read_corpus(files)
        if not rows:
            raise stop("no labelled messages in these files", code=2)
        report = score(load_default(model), rows, hints=hints)
    except ComplaintRouterError as error:
        raise stop(str(error), code=2) from error
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        typer.echo(report.to_text())
