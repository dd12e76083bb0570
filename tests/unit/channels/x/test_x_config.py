# SPDX-License-Identifier: Apache-2.0
"""Settings of an X account, and what happens without the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from channels.x import channel
from channels.x.config import Config
from router.errors import MissingExtra
from router.testing.channels import make_context

KEYS: dict[str, Any] = {
    name: {"env": f"X_{name.upper()}"}
    for name in ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
}


def test_config_needs_only_the_four_keys() -> None:
    """Mentions and direct messages are polled with nothing else."""
    config = Config.model_validate(KEYS)
    assert (config.mentions, config.direct_messages, config.stream) == (True, True, False)


@pytest.mark.parametrize(
    "given",
    [
        {},
        KEYS | {"consumer_key": "open"},
        KEYS | {"stream": True},
        KEYS | {"mentions": False, "direct_messages": False},
        KEYS | {"post_limit": 10},
        KEYS | {"unknown": 1},
    ],
    ids=["no keys", "open key", "stream without bearer", "nothing to receive", "limit", "unknown"],
)
def test_config_refuses_mistakes(given: dict[str, Any]) -> None:
    """Missing or open keys, a stream without its token and unknown settings are mistakes."""
    with pytest.raises(ValidationError):
        Config.model_validate(given)


def test_create_names_the_extra_when_the_library_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without tweepy the error says what to install."""
    monkeypatch.setattr(channel, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"complaint-router\[x\]"):
        channel.create("acme", Config.model_validate(KEYS), make_context(tmp_path))


def test_parse_and_config_do_not_import_the_library() -> None:
    """Reading settings and messages needs no client library."""
    code = "import sys, channels.x.parse, channels.x.channel; sys.exit('tweepy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
