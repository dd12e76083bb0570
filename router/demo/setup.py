# SPDX-License-Identifier: Apache-2.0
"""Lays out the demo's folder: the shipped configuration, channels of its own, colleagues who may log in."""

from __future__ import annotations

import base64
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from router.config.shipped import shipped_config
from router.core import RunLock
from router.records import User

__all__ = ["PASSWORD", "DemoFolder", "lay_out", "people"]

PASSWORD = "only-for-the-demo"  # noqa: S105 - printed on the screen; the demo listens on this machine alone


@dataclass(frozen=True)
class DemoFolder:
    """Where things are."""

    config: Path
    inbox: Path
    secret: str


def lay_out(folder: Path) -> DemoFolder:
    """Start from nothing: what an earlier demo left is removed. Only a folder that a demo made is touched.

    Raises:
        FileExistsError: The folder holds something else, or a demo that runs.
    """
    mark = folder / ".complaint-router-demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise FileExistsError(f"{folder} holds something that is not a demo; name another folder with --folder")
    if mark.exists() and not _is_free(folder):
        raise FileExistsError(f"a demo runs in {folder}; stop it, or name another folder with --folder")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "inbox").mkdir(parents=True)
    mark.touch()
    shutil.copytree(shipped_config(), folder / "config", ignore=shutil.ignore_patterns("data"))
    shutil.copyfile(Path(__file__).parent / "channels.yaml", folder / "config" / "channels.yaml")
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    (folder / "webhook-secret").write_text(secret, encoding="ascii")
    return DemoFolder(config=folder / "config", inbox=folder / "inbox", secret=secret)


def _is_free(folder: Path) -> bool:
    lock = RunLock(folder / "config" / "data")
    try:
        return lock.acquire()
    finally:
        lock.release()


def people(teams: tuple[str, ...], password_hash: str) -> list[User]:
    """Two colleagues in every team, since a public reply needs a second pair of eyes; a manager; an administrator."""
    return [
        User(name="aino", display_name="Aino", teams=teams, password_hash=password_hash),
        User(name="eero", display_name="Eero", teams=teams, password_hash=password_hash),
        User(name="maria", display_name="Maria", role="manager", teams=teams, password_hash=password_hash),
        User(name="admin", display_name="Administrator", role="admin", password_hash=password_hash),
    ]
