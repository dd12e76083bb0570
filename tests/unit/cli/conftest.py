# SPDX-License-Identifier: Apache-2.0
"""Commands run in this process, on a configuration of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from router.cli.main import app
from router.testing.classifier import KeywordClassifier

MAIL = (
    b"From: Anna <anna@example.org>\r\nTo: support@example.com\r\nSubject: Late\r\n"
    b"Message-ID: <m%d@example.org>\r\n\r\n%s\r\n"
)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logging of the whole test process stays as it is, and no model file is read unless a test wants one."""
    monkeypatch.setattr("router.logs.configure", lambda **_: None)
    monkeypatch.setattr("classifiers.default.load_default", lambda path=None, **_: KeywordClassifier())
    with capture_logs():
        yield


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command in an empty folder; ``code`` is the exit code it must end with."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"})

    def call(*words: object, code: int = 0, text: str | bytes | None = None) -> Result:
        done = runner.invoke(app, [str(word) for word in words], input=text)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    return call


@pytest.fixture
def rows(run: Callable[..., Result]) -> Callable[..., list[Any]]:
    """Run a command with --json; its lines, decoded."""

    def call(*words: object, **more: Any) -> list[Any]:
        return [json.loads(line) for line in run(*words, "--json", **more).stdout.splitlines()]

    return call


@pytest.fixture
def conf(run: Callable[..., Result], tmp_path: Path) -> Path:
    """A configuration as ``init`` makes it."""
    run("init", "conf")
    return tmp_path / "conf"


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    """Four mails: two about a parcel, of one case; one about an invoice; one that is empty."""
    folder = tmp_path / "mails"
    folder.mkdir()
    (folder / "1.eml").write_bytes(MAIL % (1, b"Where is my parcel?"))
    answer = (MAIL % (2, b"The parcel?")).replace(b"Subject", b"In-Reply-To: <m1@example.org>\r\nSubject")
    (folder / "2.eml").write_bytes(answer)
    (folder / "3.eml").write_bytes(MAIL % (3, b"My invoice is wrong, my lawyer says"))
    (folder / "4.eml").write_bytes(b"")
    return folder
