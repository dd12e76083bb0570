# SPDX-License-Identifier: Apache-2.0
"""The mail a team gets about a case."""

from __future__ import annotations

import email
import email.policy
import inspect
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from pydantic import ValidationError

from router.config.models import Secret
from router.errors import PermanentError, SendError, TransientError
from router.sinks.email import Config, create, render
from router.testing.sinks import HOSTILE, make_event

CONFIG = {"to": ["team@example.org"], "sender": "router@example.org", "host": "127.0.0.1", "security": "none"}


def _mail(text: str, **limits: int) -> EmailMessage:
    mail = render(
        make_event(text),
        sender="router@example.org",
        to=("team@example.org", "lead@example.org"),
        max_text_chars=limits.get("max_text_chars", 10_000),
    )
    return email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)  # as it travels


def test_render_headers_hold_only_our_own_words() -> None:
    """Whatever the customer wrote, the headers are these and no more."""
    mail = _mail(HOSTILE)
    assert mail["Subject"] == "[7K2M9-QXA4B] high: delivery complaint for delivery/lost"
    assert mail["To"] == "team@example.org, lead@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [name for name in mail.keys() if name.lower() in {"bcc", "cc", "reply-to"}] == []  # noqa: SIM118
    assert mail.keys() == _mail("plain").keys()


def test_render_is_plain_text_with_the_words_quoted() -> None:
    """There is no HTML part, and no control character reaches a terminal."""
    mail = _mail(HOSTILE)
    assert mail.get_content_type() == "text/plain"
    body = mail.get_content()
    assert "> Bcc: someone@example.org" in body
    assert "\x1b" not in body
    assert "Õäß 🙂" in body


def test_render_same_event_same_bytes() -> None:
    """A repeat is the same mail, so mail programs show it once."""
    first, second = (
        render(make_event(), sender="r@example.org", to=("t@example.org",), max_text_chars=99) for _ in "12"
    )
    assert first.as_bytes() == second.as_bytes()
    assert first["Message-ID"].endswith("@example.org>")


def test_render_says_when_it_cut() -> None:
    """The team knows that there is more."""
    assert "> [cut at 10 characters]" in _mail("x" * 50, max_text_chars=10).get_content()


@pytest.mark.parametrize(
    "wrong",
    [{"to": []}, {"to": ["a@example.org\nBcc: b@example.org"]}, {"sender": "nobody"}, {"username": "u"}, {"port": 0}],
)
def test_config_refuses(wrong: dict[str, Any]) -> None:
    """Addresses that could break a header and half a log-in are mistakes of the configuration."""
    with pytest.raises(ValidationError):
        Config(**(CONFIG | wrong))


def _errors() -> list[type[Exception]]:
    return [each for each in vars(aiosmtplib.errors).values() if inspect.isclass(each) and issubclass(each, Exception)]


@pytest.mark.parametrize("error", [*_errors(), TimeoutError, ConnectionResetError, OSError])
async def test_forward_lets_no_client_error_out(monkeypatch: Any, error: type[Exception]) -> None:
    """Every error of the mail library becomes one of ours."""

    async def fail(*_: object, **__: object) -> None:
        raised = error.__new__(error)
        raised.code, raised.recipients = 451, []  # type: ignore[attr-defined]
        raise raised

    monkeypatch.setattr(aiosmtplib.SMTP, "connect", fail)
    with pytest.raises(SendError):
        await create("team", Config(**CONFIG)).forward(make_event())


@pytest.mark.parametrize(
    ("code", "error"), [(421, TransientError), (451, TransientError), (550, PermanentError), (554, PermanentError)]
)
async def test_forward_maps_reply_codes(monkeypatch: Any, code: int, error: type[SendError]) -> None:
    """4yz comes back, 5yz is for ever, and health tells."""

    async def fail(*_: object, **__: object) -> None:
        raise aiosmtplib.SMTPDataError(code, "no")

    monkeypatch.setattr(aiosmtplib.SMTP, "connect", fail)
    sink = create("team", Config(**CONFIG))
    with pytest.raises(error):
        await sink.forward(make_event())
    assert not (await sink.health()).ok
    assert str(code) in (await sink.health()).detail


async def test_forward_keeps_a_wrong_password_to_itself(monkeypatch: Any, tmp_path: Path) -> None:
    """A refused log-in is worth retrying once it is put right, and neither password nor server words are told."""
    (tmp_path / "password").write_text("hunter2")

    async def fail(*_: object, **__: object) -> None:
        raise aiosmtplib.SMTPAuthenticationError(535, "hunter2 is wrong")

    monkeypatch.setattr(aiosmtplib.SMTP, "connect", fail)
    config = Config(**CONFIG, username="router", password=Secret(file=tmp_path / "password"))
    with pytest.raises(TransientError, match="535") as caught:
        await create("team", config).forward(make_event())
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__
