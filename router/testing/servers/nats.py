# SPDX-License-Identifier: Apache-2.0
"""A private NATS server on a free port, that a test may kill and start again."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from router.testing.servers import find_binary, free_port, wait_for_port

__all__ = ["NatsServer", "nats_server"]


class NatsServer:
    """One server, always on the same port. It keeps nothing."""

    def __init__(self, folder: Path, *, options: Sequence[str] = ()) -> None:
        """``options`` go to the command, such as ``--user``. Raises ServerMissing."""
        self.port = free_port()
        self.log = folder / f"nats-{self.port}.log"
        self._options = options
        self._binary = find_binary("nats-server", "nats-server")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the server, without credentials."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers."""
        command = [str(self._binary), "-a", "127.0.0.1", "-p", str(self.port), "-l", str(self.log), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port, what="nats-server")

    def freeze(self) -> None:
        """Let it fall silent: connections stay, nothing is answered, until it is killed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End it at once, without a word to its clients."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(10)


@contextmanager
def nats_server(folder: Path, *, options: Sequence[str] = ()) -> Iterator[NatsServer]:
    """A running server; its log goes to ``folder``.

    Raises:
        ServerMissing: nats-server is not installed.
    """
    server = NatsServer(folder, options=options)
    try:
        server.start()
        yield server
    finally:
        server.kill()
