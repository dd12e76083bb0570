# SPDX-License-Identifier: Apache-2.0
"""``rules``: the sets of rules, teams and templates that were in force, what differs, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import ConfigOption, JsonOption, plural, print_json, stop

if TYPE_CHECKING:
    from router.rules.kept import KeptRules

__all__ = ["app"]

app = typer.Typer(help="The sets of rules, teams and templates that were in force.", no_args_is_help=True)

_NOW = "now"
_Digest = Annotated[str, typer.Argument(metavar="DIGEST", help="As the log or a decision shows it; its beginning will do.")]  # fmt: skip  # noqa: E501


@app.command()
def log(
    *,
    config: ConfigOption = Path("config"),
    limit: Annotated[int, typer.Option(min=1, help="At most this many, the newest.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List when which set came into force, and which was refused."""
    kept = _kept(config)
    entries, in_force = kept.entries()[-limit:], kept.in_force()
    if as_json:
        for entry in entries:
            print_json({**vars(entry), "in_force": entry == in_force})
        return
    if not entries:
        typer.echo("No set was kept yet; the first is when the product starts.")
    for entry in entries:
        mark = "→" if entry == in_force else " "
        rules = f"rules {entry.rules}" if entry.rules else ""
        start = f"{mark} {entry.at:%Y-%m-%d %H:%M:%S}  {entry.digest or '-':16}"
        typer.echo(f"{start}  {rules:22}  {entry.cause:11}  {entry.verdict}")


@app.command()
def show(
    digest: _Digest,
    *,
    file: Annotated[str | None, typer.Option(help="Only this file of the set.")] = None,
    config: ConfigOption = Path("config"),
    as_json: JsonOption = False,
) -> None:
    """Print the files of a set."""
    _, files = _files(_kept(config), config, digest)
    if file is not None and file not in files:
        raise stop(f"the set has no file '{file}'; it has {', '.join(files)}", code=2)
    texts = {name: content.decode(errors="replace") for name, content in files.items() if file in (None, name)}
    if as_json:
        print_json(texts)
    elif file is not None:
        typer.echo(texts[file], nl=False)
    else:
        for name, text in texts.items():
            typer.secho(f"# --- {name}", bold=True)
            typer.echo(text, nl=not text.endswith("\n"))


@app.command()
def diff(
    one: _Digest,
    other: Annotated[str, typer.Argument(metavar="[DIGEST]", help="Left out: the files as they are now.")] = _NOW,
    *,
    config: ConfigOption = Path("config"),
    as_json: JsonOption = False,
) -> None:
    """Show what differs between two sets, line by line. Exit code 1: something does."""
    kept = _kept(config)
    lines = _diff(_files(kept, config, one), _files(kept, config, other))
    if as_json:
        print_json({"differs": bool(lines), "lines": lines})
    colors = {"+": typer.colors.GREEN, "-": typer.colors.RED, "@": typer.colors.CYAN}
    for line in () if as_json else lines:
        typer.secho(line, fg=colors.get(line[:1]))
    if lines:
        raise typer.Exit(1)


@app.command()
def rollback(
    digest: _Digest,
    *,
    config: ConfigOption = Path("config"),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Put a former set back into the folder; a running product takes it within a second. The present one is kept."""
    import getpass
    from datetime import UTC, datetime

    from router.config.loader import load
    from router.errors import ConfigError
    from router.rules.kept import files_in_force, laid_over, write_back

    kept = _kept(config)
    found, files = _files(kept, config, digest)
    lines = _diff((_NOW, files_in_force(config)), (found, files))
    if not lines:
        raise stop(f"the files are those of {found} already")
    try:
        with laid_over(config, files) as place:
            rules = load(place).rules.digest
    except ConfigError as error:
        for mistake in error.mistakes:
            typer.secho(str(mistake), fg=typer.colors.RED, err=True)
        raise stop(
            f"{found} does not fit the rest of the configuration any more; nothing was changed", code=2
        ) from error
    if not yes:
        typer.echo("\n".join(lines), err=True)
        typer.confirm(f"Put {found} back?", abort=True, err=True)
    try:
        now, who = datetime.now(UTC), getpass.getuser()
        kept.note(at=now, cause="kept", verdict=f"before a rollback by {who}", files=files_in_force(config))
        write_back(config, files)
        kept.note(at=now, cause="rollback", verdict=f"put back by {who}", files=files, rules=rules)
    except OSError as error:
        raise stop(f"{error.filename}: {error.strerror}", code=2) from error
    changed = sum(line.startswith("+++ ") for line in lines)
    if as_json:
        print_json({"digest": found, "rules": rules, "files": changed})
        return
    typer.secho(f"{found} is back: {plural(changed, 'file')} changed", fg=typer.colors.GREEN)


def _kept(config: Path) -> KeptRules:
    """What is kept in the data folder, which is found even where the rules are broken."""
    from router.config.document import read
    from router.config.models import RouterSettings
    from router.config.paths import absolute
    from router.config.problems import Problems
    from router.config.validate import validate
    from router.errors import ConfigError
    from router.rules.kept import KeptRules

    try:
        problems = Problems(read(config / "router.yaml", "router.yaml"))
        settings, mistakes = validate(RouterSettings, problems), problems.mistakes
    except ConfigError as error:
        settings, mistakes = None, list(error.mistakes)
    for mistake in mistakes:
        typer.secho(str(mistake), fg=typer.colors.RED, err=True)
    if settings is None:
        raise stop(f"{config} names no data folder", code=2)
    return KeptRules(absolute(settings, config.absolute()).data)


def _files(kept: KeptRules, config: Path, name: str) -> tuple[str, dict[str, bytes]]:
    from router.rules.kept import Unknown, files_in_force

    if name == _NOW:
        return _NOW, files_in_force(config)
    try:
        found = kept.find(name)
        return found, kept.files(found)
    except Unknown as error:
        raise stop(str(error), code=2) from error


def _diff(one: tuple[str, dict[str, bytes]], other: tuple[str, dict[str, bytes]]) -> list[str]:
    import difflib

    lines: list[str] = []
    for name in sorted({*one[1], *other[1]}):
        before, after = (files.get(name, b"").decode(errors="replace").splitlines() for _, files in (one, other))
        lines += difflib.unified_diff(before, after, f"{one[0]}/{name}", f"{other[0]}/{name}", lineterm="")
    return lines
