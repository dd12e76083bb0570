# SPDX-License-Identifier: Apache-2.0
"""Settings of a Telegram bot, and what happens without the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from channels.telegram.channel import create
from channels.telegram.config import Config
from router.errors import MissingExtra
from router.testing.channels import make_context

TOKEN = {"env": "TELEGRAM_TOKEN"}


def test_config_needs_only_a_token() -> None:
    """Polling works with nothing else."""
    assert Config.model_validate({"token": TOKEN}).mode == "polling"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"token": "123:abc"},
        {"token": TOKEN, "mode": "webhook"},
        {"token": TOKEN, "poll_seconds": 0},
        {"token": TOKEN, "base_url": "http://127.0.0.1:1/"},
        {"token": TOKEN, "unknown": 1},
    ],
    ids=str,
)
def test_config_refuses_mistakes(given: dict[str, Any]) -> None:
    """A missing or open token, a webhook without secret and unknown keys are mistakes."""
    with pytest.raises(ValidationError):
        Config.model_validate(given)


def test_create_names_the_extra_when_the_library_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without python-telegram-bot the error says what to install."""
    monkeypatch.setitem(sys.modules, "telegram", None)
    monkeypatch.delitem(sys.modules, "channels.telegram.client", raising=False)
    with pytest.raises(MissingExtra, match=r"complaint-router\[telegram\]"):
        create("bot", Config.model_validate({"token": TOKEN}), make_context(tmp_path))


def test_parse_and_config_do_not_import_the_library() -> None:
    """Reading settings and messages needs no client library."""
    code = "import sys, channels.telegram.parse, channels.telegram.channel; sys.exit('telegram' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
