# SPDX-License-Identifier: Apache-2.0
"""Statuses and the client library's errors in the product's words."""

from __future__ import annotations

import ssl
from typing import Any

import aiohttp
import pytest
import tweepy
from aiohttp.client_reqrep import ConnectionKey

from channels.x.client import translate
from channels.x.errors import by_status
from router.errors import PermanentError, SendError, TransientError, UnknownOutcome

STATUS = {
    tweepy.BadRequest: 400,
    tweepy.Unauthorized: 401,
    tweepy.Forbidden: 403,
    tweepy.NotFound: 404,
    tweepy.TooManyRequests: 429,
    tweepy.TwitterServerError: 503,
    tweepy.HTTPException: 418,
}
WANTED = {
    tweepy.BadRequest: PermanentError,
    tweepy.Forbidden: PermanentError,
    tweepy.HTTPException: PermanentError,
    tweepy.NotFound: PermanentError,
    tweepy.TooManyRequests: TransientError,
    tweepy.TweepyException: UnknownOutcome,
    tweepy.TwitterServerError: UnknownOutcome,
    tweepy.Unauthorized: TransientError,
}


class Answer:
    """As much of an aiohttp answer as the library's errors look at."""

    def __init__(self, status: int) -> None:
        self.status, self.reason = status, "reason"


def every_error(of: Any = tweepy.TweepyException) -> set[Any]:
    found = {of}
    for child in of.__subclasses__():
        found |= every_error(child)
    return {kind for kind in found if kind.__module__.startswith("tweepy.")}


@pytest.mark.parametrize("kind", sorted(every_error(), key=str), ids=lambda kind: kind.__name__)
def test_translate_knows_every_error_of_the_library(kind: Any) -> None:
    """No error of tweepy is without a meaning of ours, and the table is complete."""
    made = kind(Answer(STATUS[kind]), response_json={"detail": "said"}) if kind in STATUS else kind("said")
    assert type(translate(made, now=0)) is WANTED[kind]


@pytest.mark.parametrize(("reset", "wait"), [(1500, 501), (900, 1), (None, 900), ("soon", 900)])
def test_translate_waits_until_the_limit_is_lifted(reset: Any, wait: float) -> None:
    """The reset time becomes a wait, never a negative one; without it a whole window is waited."""
    found = translate(tweepy.TooManyRequests(Answer(429), response_json={}, reset_time=reset), now=1000)
    assert isinstance(found, TransientError)
    assert found.retry_after == wait


@pytest.mark.parametrize(
    ("status", "said", "wanted"),
    [
        (302, "", UnknownOutcome),
        (400, "", PermanentError),
        (401, "", TransientError),
        (402, "", TransientError),
        (403, "", PermanentError),
        (403, "Your client app is not configured with the appropriate oauth1 app permissions", TransientError),
        (403, "To protect our users from spam this account is temporarily locked", TransientError),
        (404, "", PermanentError),
        (408, "", UnknownOutcome),
        (413, "", PermanentError),
        (420, "", TransientError),
        (429, "", TransientError),
        (500, "", UnknownOutcome),
        (502, "", UnknownOutcome),
        (503, "", UnknownOutcome),
        (504, "", UnknownOutcome),
        (0, "", UnknownOutcome),
    ],
)
def test_by_status_says_whether_to_try_again(status: int, said: str, wanted: type[SendError]) -> None:
    """Each status has its meaning."""
    assert type(by_status(status, said=said)) is wanted


KEY = ConnectionKey("x.example.org", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)


@pytest.mark.parametrize(
    ("exc", "wanted"),
    [
        (aiohttp.ClientConnectorError(KEY, OSError(111, "refused")), TransientError),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("x")), TransientError),
        (aiohttp.ConnectionTimeoutError(), TransientError),
        (aiohttp.SocketTimeoutError(), UnknownOutcome),
        (aiohttp.ServerDisconnectedError(), UnknownOutcome),
        (aiohttp.ClientOSError(), UnknownOutcome),
        (aiohttp.ClientPayloadError(), UnknownOutcome),
        (TimeoutError(), UnknownOutcome),
        (AttributeError("x"), UnknownOutcome),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_translate_asks_whether_the_request_left(exc: BaseException, wanted: type[SendError]) -> None:
    """Only a failure before the connection stood is certainly not sent."""
    assert type(translate(exc, now=0)) is wanted
