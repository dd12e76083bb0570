# SPDX-License-Identifier: Apache-2.0
"""Settings of an e-mail account: what is refused, and why."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from channels.email.config import Config, is_loopback

IMAP = {"host": "imap.example.org", "user": "support", "password": {"env": "IMAP_PASSWORD"}}
SMTP = {"host": "smtp.example.org"}


def make(**changes: Any) -> Config:
    return Config.model_validate({"address": "support@example.org", **changes})


def test_config_needs_no_more_than_an_address() -> None:
    """Everything but the address has a default."""
    assert make().own == ("support@example.org",)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"address": "Support <support@example.org>"}, "one plain mail address"),
        ({"address": "support@example.org\r\nBcc: a@example.org"}, "one plain mail address"),
        ({"imap": IMAP | {"tls": "none"}}, "only for a host on this machine"),
        ({"smtp": SMTP | {"tls": "none"}}, "only for a host on this machine"),
        ({"smtp": SMTP | {"user": "support"}}, "belong together"),
        ({"imap": IMAP | {"flag": "\\Deleted"}}, "'flag' must be"),
        ({"imap": IMAP | {"flag": "a) b"}}, "'flag' must be"),
        ({"imap": IMAP | {"mailboxes": ["INBOX\r\nx DELETE y"]}}, "control characters"),
        ({"imap": IMAP | {"mailboxes": ["A", "A"]}}, "named twice"),
        ({"imap": IMAP | {"after": "move", "move_to": "INBOX"}}, "round in circles"),
        ({"imap": IMAP | {"password": "secret"}}, "Secret"),
        ({"reply_address": "support@example.org"}, "{token} before the @"),
        ({"reply_address": "support@{token}.example.org"}, "{token} before the @"),
        ({"return_path": "bounces@example.org"}, "{token} before the @"),
        ({"return_path": "bounces+{token}@example.com"}, "must be in the domain example.org"),
        ({"from_name": "Support\nBcc: a@example.org"}, "control characters"),
        ({"listener": {"recipients": ["everybody"]}}, "whole domain"),
        ({"verify": False}, "Extra inputs"),
    ],
)
def test_config_refuses(changes: dict[str, Any], sentence: str) -> None:
    """What is unsafe or cannot work is refused with a sentence that says so."""
    with pytest.raises(ValidationError) as caught:
        make(**changes)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(("tls", "imap", "smtp"), [("implicit", 993, 465), ("starttls", 143, 587), ("none", 143, 25)])
def test_config_knows_the_usual_ports(tls: str, imap: int, smtp: int) -> None:
    """Without a port the one that belongs to the kind of encryption is used."""
    config = make(imap=IMAP | {"host": "localhost", "tls": tls}, smtp={"host": "localhost", "tls": tls})
    assert config.imap is not None
    assert config.smtp is not None
    assert (config.imap.usual_port, config.smtp.usual_port) == (imap, smtp)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.1.2.3", True), ("localhost.example.org", False),
     ("10.0.0.1", False), ("0.0.0.0", False)],
)  # fmt: skip
def test_is_loopback_means_this_machine_only(host: str, expected: bool) -> None:
    """A name that merely looks local is not."""
    assert is_loopback(host) is expected


def test_config_prints_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings can be shown: they hold where a secret is, not the secret."""
    monkeypatch.setenv("IMAP_PASSWORD", "very-secret")
    assert "very-secret" not in repr(make(imap=IMAP))


def test_accepted_recipients_default_to_our_addresses() -> None:
    """The listener takes mail for the account's addresses and the base of its reply addresses."""
    config = make(reply_address="Answers+{token}@example.org", aliases=["help@example.org"], listener={})
    assert config.accepted == ("support@example.org", "help@example.org", "answers@example.org")
    assert config.token_domain == "example.org"
