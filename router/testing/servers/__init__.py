# SPDX-License-Identifier: Apache-2.0
"""Private servers for tests: started from the installed binaries, in a folder of their own, on free loopback ports."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

__all__ = ["ServerMissing", "find_binary", "free_port", "skip_or_fail", "wait_for", "wait_for_port"]


class ServerMissing(Exception):
    """A server that a test needs is not installed; ``package`` is the Debian package to install."""

    def __init__(self, sentence: str, package: str) -> None:
        super().__init__(sentence)
        self.package = package


def find_binary(name: str, package: str) -> Path:
    """Where ``name`` is installed, looking also where daemons live.

    Raises:
        ServerMissing: It is not; names the Debian package.
    """
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/lib/postfix/sbin:/usr/lib/dovecot")
    if found is None:
        raise ServerMissing(f"'{name}' is not installed: apt-get install {package}", package)
    return Path(found)


def skip_or_fail(error: ServerMissing) -> NoReturn:
    """Skip the test on a developer's machine; fail it where CI promised that the server is there."""
    import pytest

    if os.environ.get("CI"):
        pytest.fail(str(error))
    pytest.skip(str(error))


_PORTS_OF_PROCESS = 1_000
_FIRST_PORT = 16_000 + os.getpid() % 16 * _PORTS_OF_PROCESS  # below those that outgoing connections get
_ports = itertools.cycle(range(_PORTS_OF_PROCESS))


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free, and that this process does not give again soon. Raises OSError: none is."""
    for number in itertools.islice(_ports, _PORTS_OF_PROCESS):
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", _FIRST_PORT + number))
            return _FIRST_PORT + number
    raise OSError("no free port")


def wait_for(ready: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Look again and again until ``ready`` or raise TimeoutError naming ``what``."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s")
        time.sleep(0.02)


def wait_for_port(port: int, *, seconds: float = 10, what: str = "server") -> None:
    """Wait until something listens on ``port`` of 127.0.0.1."""

    def listening() -> bool:
        with socket.socket() as sock:
            sock.settimeout(1)
            return sock.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listening, seconds=seconds, what=f"{what} listening on port {port}")
