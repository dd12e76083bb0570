# SPDX-License-Identifier: Apache-2.0
"""``train``: a model from labelled messages."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from router.cli.common import JsonOption, print_json, stop
from router.cli.labelled import (
    ChannelColumn,
    EncodingOption,
    GroupColumn,
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
)

__all__ = ["Aim", "Promote", "train"]


class Aim(StrEnum):
    """What training on own files is to be best at."""

    macro_f1 = "macro-f1"
    accuracy = "accuracy"


class Promote(StrEnum):
    """When a candidate takes over."""

    ask = "ask"
    auto = "auto"


def train(
    corpus: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE...]", help="Labelled messages; default: what ships.")
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option(help="Where the model goes.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Make it the model of this installation.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed and files give the same model.")] = 0,
    from_corrections: Annotated[
        bool, typer.Option("--from-corrections", help="Learn what people corrected too; needs --config.")
    ] = False,
    promote: Annotated[
        Promote | None,
        typer.Option(
            help="auto: a candidate that is not worse takes over at once; ask: it waits. Default: router.yaml."
        ),
    ] = None,
    trust: Annotated[
        list[str] | None, typer.Option(help="A user whose corrections are believed however one-sided they are.")
    ] = None,
    text_column: TextColumn = "",
    label_column: LabelColumn = "",
    kind_column: KindColumn = "",
    type_column: TypeColumn = "",
    urgency_column: UrgencyColumn = "",
    language_column: LanguageColumn = "",
    channel_column: ChannelColumn = "",
    group_column: GroupColumn = "",
    pairs: MapOption = None,
    encoding: EncodingOption = "",
    own_only: Annotated[
        bool, typer.Option("--own-only", help="Learn from the file alone, not from the corpus that ships as well.")
    ] = False,
    tune: Annotated[
        bool, typer.Option("--tune/--no-tune", help="Own files: try a few settings and take the best; takes longer.")
    ] = True,
    aim: Annotated[
        Aim, typer.Option(help="macro-f1: rare labels count as much as frequent ones; accuracy: as often as they come.")
    ] = Aim.macro_f1,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Without files: learn from the whole corpus; takes some six minutes.")
    ] = False,
    report: ReportOption = None,
    learning_curve: Annotated[
        bool, typer.Option("--learning-curve", help="Show in the report what more messages would give.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train the classifier and report how well it does on messages it has not seen."""
    if from_corrections:
        from router.cli.learning import train_from_corrections

        if config is None or out is not None:
            raise stop("--from-corrections needs --config, and its models go into the data folder: no --out", code=2)
        train_from_corrections(
            config,
            corpus=corpus or (),
            promote=promote.value if promote is not None else None,
            trusted=trust or (),
            seed=seed,
            as_json=as_json,
        )
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from classifiers.corpus import corpus_files
    from classifiers.training import QUICK, QUICK_MOST
    from classifiers.training import train as train_model
    from router.cli.common import load_configuration
    from router.cli.installed import check_free, keep
    from router.errors import ComplaintRouterError

    configuration = load_configuration(config) if config else None
    if configuration is not None and out is None:
        check_free(configuration)
    columns = columns_of(
        text=text_column,
        label=label_column,
        kind=kind_column,
        type=type_column,
        urgency=urgency_column,
        language=language_column,
        channel=channel_column,
        group=group_column,
    )
    if corpus and is_own(corpus, columns):
        from router.cli.own import OwnTraining, train_own_files

        types = None
        if configuration is not None:
            types = configuration.settings.types.sources if configuration.settings.types.changed else None
        train_own_files(
            OwnTraining(
                corpus, columns, out, installation=configuration, pairs=pairs, encoding=encoding, types=types,
                own_only=own_only, tune=tune, aim="accuracy" if aim is Aim.accuracy else "macro-f1",
                learning_curve=learning_curve, report=report, seed=seed,
            ),
            as_json=as_json,
        )  # fmt: skip
        return
    quick = not corpus and not thorough
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )
    try:
        with bar:
            task = bar.add_task("starting", total=1.0)
            result = train_model(
                corpus or corpus_files(),
                seed=seed,
                settings=QUICK if quick else None,
                most=QUICK_MOST if quick else None,
                progress=lambda what, done: bar.update(task, description=what, completed=done),
            )
        out, digest = keep(
            result.save, out=out, configuration=configuration, text=result.report.to_text(),
            learned_from=", ".join(path.name for path in corpus or ()) or "the corpus that ships",
        )  # fmt: skip
    except ComplaintRouterError as error:
        raise stop(str(error), code=2) from error
    if report is not None:
        from classifiers.report_page import write_report

        write_report(report, result.report, result.rows, result.answers)
    if as_json:
        print_json({"model": str(out), "sha256": digest, "report": result.report.model_dump(mode="json")})
        return
    if quick:
        typer.echo(f"Learned from {len(result.rows):,} messages of the corpus; --thorough learns from all.", err=True)
    typer.echo(result.report.to_text())
    typer.secho(f"{out}: {out.stat().st_size / 1e6:.1f} MB", fg=typer.colors.GREEN)
