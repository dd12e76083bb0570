# SPDX-License-Identifier: Apache-2.0
"""The client library's errors in the product's words."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from telegram import error as tg

from channels.telegram.client import translate
from router.errors import PermanentError, SendError, TransientError, UnknownOutcome

MADE = {
    tg.RetryAfter: lambda: tg.RetryAfter(timedelta(seconds=7)),
    tg.ChatMigrated: lambda: tg.ChatMigrated(-100),
}
WANTED = {
    tg.BadRequest: PermanentError,
    tg.ChatMigrated: PermanentError,
    tg.Conflict: TransientError,
    tg.EndPointNotFound: PermanentError,
    tg.Forbidden: PermanentError,
    tg.InvalidToken: TransientError,
    tg.NetworkError: UnknownOutcome,
    tg.PassportDecryptionError: PermanentError,
    tg.RetryAfter: TransientError,
    tg.TelegramError: UnknownOutcome,
    tg.TimedOut: UnknownOutcome,
}


def every_error(of: type[tg.TelegramError] = tg.TelegramError) -> set[type[tg.TelegramError]]:
    found = {of}
    for child in of.__subclasses__():
        found |= every_error(child)
    return {kind for kind in found if kind.__module__.startswith("telegram.")}


@pytest.mark.parametrize("kind", sorted(every_error(), key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_translate_knows_every_error_of_the_library(kind: type[tg.TelegramError]) -> None:
    """No error of python-telegram-bot is without a meaning of ours, and the table is complete."""
    found = translate(MADE[kind]() if kind in MADE else kind("said"))
    assert type(found) is WANTED[kind]


def test_translate_keeps_the_wait() -> None:
    """The seconds Telegram asks for reach the outbox; a bad token leaves time for a person."""
    busy, token = translate(tg.RetryAfter(timedelta(seconds=7))), translate(tg.InvalidToken("x"))
    assert isinstance(busy, TransientError)
    assert isinstance(token, TransientError)
    assert (busy.retry_after, token.retry_after) == (7, 300)


@pytest.mark.parametrize(
    ("cause", "wanted"),
    [
        (httpx.ConnectError("x"), TransientError),
        (httpx.ConnectTimeout("x"), TransientError),
        (httpx.PoolTimeout("x"), TransientError),
        (httpx.ReadTimeout("x"), UnknownOutcome),
        (httpx.WriteError("x"), UnknownOutcome),
        (httpx.ReadError("x"), UnknownOutcome),
        (httpx.RemoteProtocolError("x"), UnknownOutcome),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_translate_asks_whether_the_request_left(cause: Exception, wanted: type[SendError]) -> None:
    """Only a failure before the connection stood is certainly not sent."""
    exc = tg.TimedOut() if isinstance(cause, httpx.TimeoutException) else tg.NetworkError("x")
    exc.__cause__ = cause
    assert type(translate(exc)) is wanted


def test_translate_of_our_own_timeout_is_unknown() -> None:
    """Our patience running out says nothing about theirs."""
    assert isinstance(translate(TimeoutError()), UnknownOutcome)
