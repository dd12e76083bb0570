# SPDX-License-Identifier: Apache-2.0
"""``evaluate``: how well a model does on labelled messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from router.cli.common import JsonOption, load_configuration, print_json, stop
from router.cli.labelled import (
    ChannelColumn,
    EncodingOption,
    KindColumn,
    LabelColumn,
    LanguageColumn,
    MapOption,
    ReportOption,
    TextColumn,
    TypeColumn,
    UrgencyColumn,
    columns_of,
    is_own,
    read_labelled,
)

__all__ = ["evaluate"]


def evaluate(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Labelled messages: JSON Lines as in the corpus, or CSV.")
    ],
    *,
    model: Annotated[Path | None, typer.Option(help="Model archive; default: the one that ships.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Judge the model of this installation, with its own types.")
    ] = None,
    hints: Annotated[bool, typer.Option(help="Tell the model each message's language.")] = False,
    text_column: TextColumn = "",
    label_column: LabelColumn = "",
    kind_column: KindColumn = "",
    type_column: TypeColumn = "",
    urgency_column: UrgencyColumn = "",
    language_column: LanguageColumn = "",
    channel_column: ChannelColumn = "",
    pairs: MapOption = None,
    encoding: EncodingOption = "",
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a model: macro-F1 of kind and type, kappa of urgency, recall of critical, by language and channel."""
    from classifiers.corpus import read_corpus
    from classifiers.default import load_default
    from classifiers.evaluation import Labelled, answer_all, report_of
    from router.core import load_classifier
    from router.errors import ComplaintRouterError
    from router.schema import TYPES

    columns = columns_of(
        text=text_column,
        label=label_column,
        kind=kind_column,
        type=type_column,
        urgency=urgency_column,
        language=language_column,
        channel=channel_column,
    )
    configuration = load_configuration(config) if config is not None else None
    settings = configuration.settings.types if configuration is not None else None
    types = settings.sources if settings is not None and settings.changed else None
    rows: list[Labelled]
    try:
        if is_own(files, columns):
            own = read_labelled(files, columns, pairs=pairs, encoding=encoding, types=types)
            rows = [*own.rows]
        else:
            rows = [*read_corpus(files, types=tuple(types or TYPES))]
        if not rows:
            raise stop("no labelled messages in these files", code=2)
        if configuration is not None and model is None:
            classifier = load_classifier(configuration)
        else:
            classifier = load_default(model, types=types)
        said = answer_all(classifier, rows, hints=hints)
        found = report_of(rows, said, model=classifier.name)
        if report is not None:
            from classifiers.report_page import write_report

            write_report(report, found, rows, said)
    except ComplaintRouterError as error:
        raise stop(str(error), code=2) from error
    except OSError as error:
        raise stop(f"{report}: {error.strerror or error}", code=2) from error
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        typer.echo(found.to_text())
