# SPDX-License-Identifier: Apache-2.0
"""``test``: the cases beside the rules, decided by the rules as they stand in the folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from router.cli.common import ConfigOption, JsonOption, load_configuration, plural, print_json, stop

if TYPE_CHECKING:
    from router.config.loader import Configuration
    from router.rules.cases_read import ReadCases
    from router.rules.cases_report import Coverage
    from router.rules.cases_run import CaseResult, Tools

__all__ = ["run_test"]


def run_test(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE...]", help="Files with cases; default: tests/*.yaml.")
    ] = None,
    *,
    config: ConfigOption = Path("config"),
    junit: Annotated[Path | None, typer.Option(help="Write the results as JUnit XML as well.")] = None,
    coverage: Annotated[bool, typer.Option("--coverage", help="List the routes that no case takes.")] = False,
    fail_under: Annotated[
        float | None, typer.Option(min=0, max=100, help="Fail where cases take less than this percentage of routes.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Decide the cases beside the rules and compare. Exit code 0: all passed; 1: not; 2: they cannot be run."""
    from router.rules.cases_report import coverage as coverage_of
    from router.rules.cases_report import junit as junit_of
    from router.rules.cases_run import run_cases

    configuration = load_configuration(config)
    read = _read(files, configuration)
    results = list(run_cases(read, configuration, _tools(configuration)))
    taken = coverage_of(configuration.rules, results)
    if junit is not None:
        try:
            junit.parent.mkdir(parents=True, exist_ok=True)
            junit.write_text(junit_of(results), encoding="utf-8")
        except OSError as error:
            raise stop(f"{junit}: {error.strerror}", code=2) from error
    failed = sum(not result.passed for result in results)
    too_few = fail_under is not None and taken.percent < fail_under
    if as_json:
        print_json(_json(results, taken, ok=not failed and not too_few))
    else:
        _show(results, taken, list_never=coverage)
        if too_few:
            typer.secho(f"below the {fail_under:g} % asked for", fg=typer.colors.RED, err=True)
    if failed or too_few:
        raise typer.Exit(1)


def _read(files: list[Path] | None, configuration: Configuration) -> list[ReadCases]:
    from router.rules.cases_read import FOLDER, case_files, read_cases

    paths = files or case_files(configuration.folder)
    if not paths:
        raise stop(f"no cases: {configuration.folder / FOLDER} holds no .yaml file", code=2)
    found, mistakes = read_cases(paths, configuration)
    for mistake in mistakes:
        typer.secho(str(mistake), fg=typer.colors.RED, err=True)
    if mistakes:
        raise stop(f"{plural(len(mistakes), 'mistake')}; nothing was run", code=2)
    return found


def _tools(configuration: Configuration) -> Tools:
    """The product's own reading, finding and labelling, each taken up only where a case asks for it."""
    from router.accounts import any_options
    from router.rules.cases_run import Tools

    options = any_options(configuration.settings.limits, configuration.settings.entities)

    def enrich(message: Any) -> Any:
        from router.parsing.enrich import enriched

        return enriched(message, options)

    return Tools(read=_reader(options), enrich=enrich, classify=_classifier(configuration))


def _reader(options: Any) -> Callable[..., Any]:
    def read(file: ReadCases, given: Any) -> Any:
        from datetime import UTC, datetime

        from router.errors import ParseError
        from router.registry import channel_kinds, channel_parse
        from router.schema import RawMessage

        path = file.path.parent / given.file
        if given.channel not in channel_kinds():
            raise stop(f"no channel is called '{given.channel}'; known: {', '.join(channel_kinds())}", code=2)
        try:
            raw = RawMessage(
                channel=given.channel, account=given.account, native_id="case", body=path.read_bytes(),
                received_at=datetime.now(UTC),
            )  # fmt: skip
            found = channel_parse(given.channel)(raw, options)
        except (OSError, ParseError) as error:
            raise stop(f"{path}: {error}", code=2) from error
        if len(found) != 1:
            raise stop(f"{path} holds {plural(len(found), 'message')}; a case is about one", code=2)
        return found[0]

    return read


def _classifier(configuration: Configuration) -> Callable[..., Any]:
    def classify(batch: Sequence[Any]) -> Sequence[Any]:
        if not batch:
            return []
        from router.core import load_classifier
        from router.errors import ModelError

        try:
            return load_classifier(configuration).classify(batch)
        except ModelError as error:
            raise stop(str(error), code=2) from error

    return classify


def _show(results: Sequence[CaseResult], taken: Coverage, *, list_never: bool) -> None:
    from itertools import groupby

    from router.rules.cases_report import nearest

    for file, group in groupby(results, key=lambda result: result.file):
        typer.secho(file, bold=True)
        for result in group:
            mark, color = ("✓", typer.colors.GREEN) if result.passed else ("✗", typer.colors.RED)
            typer.secho(f"  {mark} ", fg=color, nl=False)
            typer.echo(result.name)
            if result.passed:
                continue
            for difference in result.differences:
                typer.secho(f"      {difference}", fg=typer.colors.RED)
            typer.echo(f"      line {result.line}; took {' then '.join(result.taken)}")
            for line in nearest(result):
                typer.echo(f"      {line}")
    failed = sum(not result.passed for result in results)
    typer.secho(
        f"{plural(len(results), 'case')}: {len(results) - failed} passed, {failed} failed",
        fg=typer.colors.RED if failed else typer.colors.GREEN,
    )
    typer.echo(f"{taken.taken} of {plural(taken.routes, 'route')} taken ({taken.percent:.0f} %)")
    if list_never and taken.never:
        typer.echo("no case takes")
        for path in taken.never:
            typer.echo(f"  {path}")


def _json(results: Sequence[CaseResult], taken: Coverage, *, ok: bool) -> dict[str, Any]:
    return {
        "ok": ok,
        "cases": [
            {
                "file": result.file, "line": result.line, "name": result.name, "passed": result.passed,
                "differences": [vars(one) for one in result.differences],
                "queue": result.decision.queue, "route": result.decision.route,
                "urgency": result.decision.urgency, "taken": result.taken,
            }
            for result in results
        ],
        "coverage": {"percent": round(taken.percent, 1), "taken": taken.taken, "routes": taken.routes,
                     "never": taken.never},
    }  # fmt: skip
