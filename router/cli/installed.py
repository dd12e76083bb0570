# SPDX-License-Identifier: Apache-2.0
"""A model trained on the command line becomes that of the installation: kept with a report, with a way back, noted."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from router.cli.common import run_async, stop, with_store

if TYPE_CHECKING:
    from router.config.loader import Configuration

__all__ = ["check_free", "keep"]


def check_free(configuration: Configuration) -> None:
    """End the command where ``router.yaml`` names a model: what is trained would not be used."""
    if configuration.settings.model is not None:
        sentence = "router.yaml names a model file, which stays in force: take 'model' out of it, or give --out"
        raise stop(sentence, code=2)


def keep(
    save: Callable[[Path], str], *, out: Path | None, configuration: Configuration | None, learned_from: str, text: str
) -> tuple[Path, str]:
    """Write a model where it was asked for, else make it that of the installation; where it is, and its digest.

    Raises:
        ModelError: As ``_install``.
        OSError: It cannot be written.
    """
    if out is None and configuration is not None:
        digest = _install(configuration, save, learned_from=learned_from, text=text)
        return configuration.data_dir / "models" / "current.zip", digest
    out = out or Path("model.zip")
    out.parent.mkdir(parents=True, exist_ok=True)
    return out, save(out)


def _install(configuration: Configuration, save: Callable[[Path], str], *, learned_from: str, text: str) -> str:
    """Write a model, put it in force at once, and note who did.

    Args:
        save: Writes it to a path and returns its digest.
        learned_from: The files, for its report; ``text`` is the report for people.

    Raises:
        ModelError: The installation could not start with it, or it cannot be written; what was in force stays.
    """
    from router.cli.learning import note, person
    from router.clock import SystemClock
    from router.errors import ModelError
    from router.learning.shelf import MAKING, shelf_of

    shelf, now = shelf_of(configuration), SystemClock().now()
    try:
        shelf.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=shelf.folder, prefix=MAKING) as place:
            made = Path(place) / "model.zip"
            digest = save(made)
            verdict = {"good": None, "reason": f"trained from {learned_from}"}
            shelf.add(made, digest=digest, report={"made_at": now.isoformat(), "verdict": verdict}, text=text)
    except OSError as error:
        raise ModelError(f"{shelf.folder}: cannot be written: {error.strerror or error}") from error
    if shelf.in_force() != digest:
        shelf.promote(digest, by=person(), at=now)
        run_async(with_store(configuration, lambda store: note(store, "model_promoted", digest)))
    return digest
