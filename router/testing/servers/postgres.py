# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL on a free port in a temporary folder, with its durability settings left on."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from router.testing.servers import ServerMissing, free_port

__all__ = ["postgres"]


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server in a temporary folder for the length of the context; yields its address.

    initdb refuses to run as root, so as root it runs as the user ``postgres`` of the package.

    Raises:
        ServerMissing: PostgreSQL is not installed.
    """
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="cr-postgres-"))
    user: list[str | Path] = []
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        user = [shutil.which("runuser") or "runuser", "-u", "postgres", "--"]
    data, port = folder / "pg", free_port()
    control: list[str | Path] = [*user, binaries / "pg_ctl", "-D", data, "-w"]
    try:
        _run([*user, binaries / "initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C"], folder)
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        _run([*control, "-l", folder / "log", "-o", options, "start"], folder)
        try:
            yield f"postgresql://test@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    """The folder of initdb and pg_ctl."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = next((folder for folder in candidates if (folder / "initdb").exists()), None)
    if found is None:
        raise ServerMissing("PostgreSQL is not installed: apt-get install postgresql", "postgresql")
    return found


def _run(command: Sequence[str | Path], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, timeout=60)
