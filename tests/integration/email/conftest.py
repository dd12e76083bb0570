# SPDX-License-Identifier: Apache-2.0
"""Real mail servers for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from channels.email.config import Config
from router.interfaces import ChannelContext
from router.testing.channels import make_context
from router.testing.servers import ServerMissing, free_port, skip_or_fail
from router.testing.servers.certificates import Certificates, make_certificates
from router.testing.servers.dovecot import DovecotServer, dovecot
from router.testing.servers.postfix import PostfixServer, postfix

MakeConfig = Callable[..., Config]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture
def imap_server(certificates: Certificates) -> Iterator[DovecotServer]:
    try:
        with dovecot(certificates) as server:
            yield server
    except ServerMissing as error:
        skip_or_fail(error)


@pytest.fixture(scope="module")
def relay_port() -> int:
    """Where the relay of this module hands mail on to; a test lets something listen there."""
    return free_port()


@pytest.fixture(scope="module")
def relay(certificates: Certificates, relay_port: int) -> Iterator[PostfixServer]:
    try:
        with postfix(certificates, relay_port=relay_port) as server:
            yield server
    except ServerMissing as error:
        skip_or_fail(error)


@pytest.fixture
def context(tmp_path: Path) -> ChannelContext:
    return make_context(tmp_path)


@pytest.fixture
def imap_config(imap_server: DovecotServer, tmp_path: Path) -> MakeConfig:
    """Settings for the running Dovecot; keyword arguments change single ones."""
    secret = tmp_path / "imap-password"
    secret.write_text(imap_server.password, encoding="utf-8")

    def make(**changes: Any) -> Config:
        imap: dict[str, Any] = {
            "host": "localhost",
            "port": imap_server.tls_port,
            "ca_file": imap_server.ca_file,
            "user": imap_server.user,
            "password": {"file": secret},
            "timeout_seconds": 5,
        }
        return Config.model_validate({"address": "support@example.org", "imap": imap | changes})

    return make
