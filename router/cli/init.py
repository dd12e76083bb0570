# SPDX-License-Identifier: Apache-2.0
"""``init``: a folder with an annotated configuration to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from router.cli.common import JsonOption, print_json, stop

__all__ = ["init"]


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to put the configuration.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a configuration for a small company, ready to run and annotated."""
    import shutil

    from router.config.shipped import shipped_config

    source = shipped_config()
    files = [
        path for path in sorted(source.rglob("*")) if path.is_file() and "data" not in path.relative_to(source).parts
    ]
    taken = [path for path in files if (folder / path.relative_to(source)).exists()]
    if taken and not force:
        names = ", ".join(str(path.relative_to(source)) for path in taken[:5])
        raise stop(
            f"{folder} already holds {names}{' ...' if len(taken) > 5 else ''}; use --force to overwrite", code=2
        )
    try:
        for path in files:
            target = folder / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    except OSError as error:
        raise stop(f"{error.filename}: {error.strerror}", code=2) from error
    if as_json:
        print_json({"folder": str(folder), "files": [str(path.relative_to(source)) for path in files]})
        return
    typer.echo(f"Wrote {len(files)} files to {folder}. Next:")
    for command, purpose in (
        ("check", "look for mistakes"),
        ("user add NAME --team TEAM", "somebody who may log in"),
        ("run", "start"),
    ):
        typer.echo(f"  {purpose}:")
        typer.echo(f"    complaint-router {command} --config {folder}")
