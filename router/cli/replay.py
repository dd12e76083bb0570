# SPDX-License-Identifier: Apache-2.0
"""``replay``: new rules over stored messages. What would go elsewhere is counted; nothing is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import JsonOption, load_configuration, plural, print_json, stop

if TYPE_CHECKING:
    from datetime import datetime

    from router.config.loader import Configuration
    from router.replay.limits import Limit
    from router.replay.report import Report
    from router.replay.tally import Tally
    from router.replay.work import Job

__all__ = ["replay"]

_MOST_ROWS = 30


def replay(
    *,
    config: Annotated[
        Path,
        typer.Option("--config", "-c", envvar="COMPLAINT_ROUTER_CONFIG", help="Folder of the new configuration."),
    ] = Path("config"),
    against: Annotated[
        str, typer.Option(help="Folder of the configuration before, whose messages are read; or current, or stored.")
    ] = "current",
    since: Annotated[str | None, typer.Option(help="Only messages received within so long: 12h, 30d, 8w.")] = None,
    fail_if: Annotated[
        list[str] | None, typer.Option(help="End with 1 if this is so, such as 'moved > 5%'; may be repeated.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with a picture of the flow as well.")] = None,
    zone: Annotated[str, typer.Option(help="Whose hours of the day are shown, such as Europe/Helsinki.")] = "UTC",
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many share the work.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Decide stored messages again by other rules, and show what would go elsewhere. Changes nothing."""
    from time import perf_counter

    from router.replay.report import Report

    after = load_configuration(config)
    queues, teams = _names(after, against)
    limits = tuple(_limit(text, queues, teams) for text in fail_if or ())
    with _job(after, against, _since(since), _zone(zone)) as (job, before):
        began = perf_counter()
        tally = _run(job, processes, quiet=as_json)
    report = Report(
        tally=tally, before=before, after=f"{config} ({after.rules.digest})", since=job.since, zone=zone,
        seconds=perf_counter() - began, limits=limits,
    )  # fmt: skip
    if html is not None:
        _write(html, report)
    if as_json:
        print_json(report.json())
    else:
        _show(report, html)
    if report.broken:
        raise typer.Exit(1)


@contextmanager
def _job(after: Configuration, against: str, since: datetime | None, zone: str) -> Iterator[tuple[Job, str]]:
    """What is replayed, and how what it is compared with is called."""
    from router.errors import ConfigError
    from router.replay.work import Job
    from router.rules.kept import KeptRules, Unknown, laid_over

    def job(source: Configuration, before: Path | None) -> Job:
        return Job(
            store=source.settings.store, data_dir=source.data_dir, after=after.folder, before=before, since=since,
            zone=zone,
        )  # fmt: skip

    if against not in ("current", "stored"):
        source = load_configuration(Path(against))
        yield job(source, source.folder), f"{against} ({source.rules.digest})"
        return
    kept = KeptRules(after.data_dir)
    entry = kept.in_force() if against == "current" else None
    if entry is None:
        yield job(after, None), "as decided then"
        return
    try:
        with laid_over(after.folder, kept.files(entry.digest)) as folder:
            yield job(after, folder), f"in force since {entry.at:%Y-%m-%d %H:%M} UTC ({entry.rules})"
    except (Unknown, ConfigError) as error:
        raise stop(f"the rules in force cannot be loaded, use --against stored: {error}", code=2) from error


def _zone(text: str) -> str:
    from router.rules.cases_times import is_zone

    try:
        return is_zone(text)
    except ValueError as error:
        raise stop(f"--zone: {error}", code=2) from error


def _since(text: str | None) -> datetime | None:
    from datetime import UTC, datetime

    from router.rules.cases_times import age_of

    try:
        return None if text is None else datetime.now(UTC) - age_of(text)
    except ValueError as error:
        raise stop(f"--since: {error}", code=2) from error


def _names(after: Configuration, against: str) -> tuple[list[str], list[str]]:
    """Queues and teams that a limit may name: those of the new rules, and those there were."""
    both = [after]
    if against not in ("current", "stored"):
        both.append(load_configuration(Path(against)))
    queues = dict.fromkeys(queue for one in both for queue in one.queues)
    return list(queues), list(dict.fromkeys(team.name for one in both for team in one.teams.teams))


def _limit(text: str, queues: list[str], teams: list[str]) -> Limit:
    from router.replay.limits import parse_limit

    try:
        return parse_limit(text, queues=queues, teams=teams)
    except ValueError as error:
        raise stop(f"--fail-if: {error}", code=2) from error


def _run(job: Job, processes: int, *, quiet: bool) -> Tally:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from router.errors import ComplaintRouterError
    from router.replay.work import replay as run

    columns = (TextColumn("deciding again"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as bar:
            task = bar.add_task("replay", total=None)
            return run(
                job, processes=processes, progress=lambda done, total: bar.update(task, completed=done, total=total)
            )
    except ComplaintRouterError as error:
        raise stop(str(error), code=2) from error


def _write(path: Path, report: Report) -> None:
    from router.replay.page import page

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(report), encoding="utf-8")
    except OSError as error:
        raise stop(f"{path}: {error.strerror}", code=2) from error


# --- the terminal --------------------------------------------------------------------------------------------------


def _show(report: Report, html: Path | None) -> None:
    import sys

    from rich.console import Console

    tally = report.tally
    console = Console(highlight=False) if sys.stdout.isatty() else Console(width=120, highlight=False)
    typer.echo(f"before  {report.before}\nafter   {report.after}")
    typer.echo(f"{plural(tally.messages, 'message')} of {plural(tally.cases, 'case')} in {report.seconds:.1f} s")
    if tally.unreadable:
        typer.secho(f"{plural(tally.unreadable, 'message')} could not be read", fg=typer.colors.YELLOW)
    typer.secho(f"{tally.moved:,} cases move ({report.share(tally.moved):.1f} %)", bold=True)
    typer.echo(f"{tally.unrouted_after:,} cases are taken by no route; {tally.unrouted_before:,} before")
    typer.echo(f"{tally.raised:,} messages become more urgent, {tally.lowered:,} less")
    if tally.changed:
        names = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in tally.other.most_common())
        typer.echo(f"{tally.changed:,} messages have other actions: {names}")
    if tally.alarms:
        names = ", ".join(f"{name} {count:,}" for name, count in tally.alarm_other.most_common())
        line = f"{tally.alarms_changed:,} of {plural(tally.alarms, 'warning')} and misses of deadlines act otherwise"
        typer.echo(f"{line}{f': {names}' if names else ''}")
    if report.moves:
        _moves(report, console)
        _teams(report, console)
        typer.echo()
    for limit in report.limits:
        broken = limit in report.broken
        value = f"{limit.value(tally):,.4g}{'%' if limit.percent else ''}"
        mark, color = ("✗", typer.colors.RED) if broken else ("✓", typer.colors.GREEN)
        typer.secho(f"{mark} {limit.text}: {value}", fg=color)
    if html is not None:
        typer.echo(f"wrote {html}")


def _moves(report: Report, console: object) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("from", "to"):
        table.add_column(name, no_wrap=True)
    table.add_column("cases", justify="right")
    for name in ("such as", "subject"):
        table.add_column(name, no_wrap=True)
    for before, after, count in report.moves[:_MOST_ROWS]:
        start = (before, after, f"{count:,}")
        for one in report.tally.examples.get((before, after), ()):
            table.add_row(*start, one.case_id, Text(one.subject))
            start = ("", "", "")
    _print(console, table)
    if len(report.moves) > _MOST_ROWS:
        typer.echo(f"… and {len(report.moves) - _MOST_ROWS} smaller moves; --json and --html have all")


def _teams(report: Report, console: object) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("team", no_wrap=True)
    for name in ("before", "after", "change"):
        table.add_column(name, justify="right")
    table.add_column(f"busiest hour ({report.zone})", justify="right")
    hours = report.tally.hours_after
    for name, was, will in report.teams:
        busiest = max(range(24), key=lambda hour: (hours[name, hour], -hour))
        shown = f"{busiest:02}:00 with {hours[name, busiest]:,}" if will else ""
        change = f"{will - was:+,}" if will != was else "0"
        table.add_row(name, f"{was:,}", f"{will:,}", change, shown)
    _print(console, table)


def _print(console: object, table: object) -> None:
    from rich.console import Console

    assert isinstance(console, Console)
    typer.echo()
    console.print(table)
