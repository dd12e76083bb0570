# SPDX-License-Identifier: Apache-2.0
"""The whole product in a process of its own, for end-to-end tests: started, asked, killed, started again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

import aiohttp
from ruamel.yaml import YAML

from router.config.shipped import shipped_config
from router.testing.servers import free_port

__all__ = ["PASSWORD", "Product", "make_installation"]

PASSWORD = "a password for tests"


def make_installation(
    folder: Path, *, channels: list[dict[str, Any]], settings: Mapping[str, Any] | None = None
) -> Path:
    """The shipped configuration with these channels, listening on a free port; returns its folder."""
    import shutil

    shutil.copytree(shipped_config(), folder, ignore=shutil.ignore_patterns("data"))
    port = free_port()
    values: dict[str, Any] = {
        "company": "Example Shop",
        "public_url": f"http://127.0.0.1:{port}",
        "web": {"port": port},
    }
    _write(folder / "router.yaml", values | dict(settings or {}))
    _write(folder / "channels.yaml", {"channels": channels})
    return folder


def _write(path: Path, value: Any) -> None:
    text = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.dump(value, text)
    path.write_text(text.getvalue(), encoding="utf-8")


class Product:
    """``complaint-router run`` on one configuration. Use as an async context manager."""

    _started: ClassVar[list[subprocess.Popen[bytes]]] = []

    @classmethod
    def kill_all(cls) -> None:
        """End whatever a failed test left running."""
        for process in cls._started:
            if process.poll() is None:
                process.kill()
                process.wait(10)
        cls._started.clear()

    def __init__(self, folder: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.url = YAML(typ="safe").load(folder / "router.yaml")["public_url"]
        self.environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._tokens: dict[str, str] = {}

    async def __aenter__(self) -> Product:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            await self.stop()

    def command(self, *words: str) -> str:
        """Run another command of the product; its standard output."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            [sys.executable, "-m", "router.cli.main", *words],
            capture_output=True,
            timeout=120,
            env=environment,
            check=True,
        )
        return done.stdout.decode()

    def add_user(self, name: str, *teams: str, role: str = "agent") -> None:
        """Somebody who may log in with ``PASSWORD``."""
        secret = self.folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        options = [word for team in teams for word in ("--team", team)]
        self.command(
            "user", "add", name, *options, "--role", role, "--config", str(self.folder), "--password-file", str(secret)
        )

    def command_cases(self) -> list[dict[str, Any]]:
        """Every case as the command ``cases`` prints it, with the source keys of its messages."""
        lines = self.command("cases", "--config", str(self.folder), "--all", "--json").splitlines()
        return [json.loads(line) for line in lines]

    async def start(
        self, *, seconds: float = 60, environment: Mapping[str, str] | None = None, wait: bool = True
    ) -> None:
        """Start and, unless it is meant to die on the way, wait until it says that it is ready."""
        with (self.folder / "run.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "router.cli.main", "run", "--config", str(self.folder)],
                stdout=log, stderr=log, env={**os.environ, **self.environment, **(environment or {})},
            )  # fmt: skip
        self._started.append(self._process)
        if wait:
            await self.wait_ready(seconds=seconds)

    async def wait_ready(self, *, seconds: float = 60) -> None:
        """Wait until it says that it is ready. Raises TimeoutError: it did not in time, or it died."""
        assert self._process is not None
        end = time.monotonic() + seconds
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            while True:
                try:
                    async with session.get(f"{self.url}/readyz") as answer:
                        if answer.status == 200:
                            return
                except (aiohttp.ClientError, TimeoutError):
                    pass
                if time.monotonic() > end or self._process.poll() is not None:
                    raise TimeoutError(f"it did not start: {self.log()[-3000:]}")
                await asyncio.sleep(0.05)

    def log(self) -> str:
        """What it wrote so far."""
        return (self.folder / "run.log").read_text(encoding="utf-8", errors="replace")

    async def stop(self, *, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(number)
        return await asyncio.to_thread(process.wait, 60)

    async def kill(self) -> None:
        """As a power cut for the process: no chance to say goodbye."""
        await self.stop(number=signal.SIGKILL)

    async def wait_dead(self, *, seconds: float = 30) -> int:
        """Wait until a failpoint has killed it; the exit code. Raises TimeoutError: it lives."""
        assert self._process is not None
        end = time.monotonic() + seconds
        while (code := self._process.poll()) is None:
            if time.monotonic() > end:
                raise TimeoutError(f"it did not die within {seconds:g} s: {self.log()[-3000:]}")
            await asyncio.sleep(0.02)
        self._process = None
        return code

    @asynccontextmanager
    async def _session(self, user: str) -> AsyncIterator[aiohttp.ClientSession]:
        async with aiohttp.ClientSession(self.url, timeout=aiohttp.ClientTimeout(total=30)) as session:
            if user not in self._tokens:
                async with session.post("/api/v1/tokens", json={"name": user, "password": PASSWORD}) as answer:
                    answer.raise_for_status()
                    self._tokens[user] = (await answer.json())["token"]
            session.headers["Authorization"] = f"Bearer {self._tokens[user]}"
            yield session

    async def api(self, method: str, path: str, *, user: str, status: int | None = None, **body: Any) -> Any:
        """Call the JSON API as a user; the decoded answer. ``status`` None wants any 2xx."""
        url = f"/api/v1{path}"
        async with self._session(user) as session, session.request(method, url, json=body or None) as answer:
            said = await answer.json(content_type=None)
            fits = answer.status == status if status else answer.ok
            assert fits, f"{method} {path}: {answer.status} {said}"
            return said

    async def cases(self, *, user: str, count: int = 1, seconds: float = 30, **query: str) -> list[dict[str, Any]]:
        """Wait until the user sees so many cases; the list."""
        end = time.monotonic() + seconds
        path = "/cases" + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")
        while True:
            said = await self.api("GET", path, user=user)
            found: list[dict[str, Any]] = said["cases"]
            if len(found) >= count:
                return found
            if time.monotonic() > end:
                raise TimeoutError(f"{len(found)} of {count} cases after {seconds:g} s: {self.log()[-3000:]}")
            await asyncio.sleep(0.1)
