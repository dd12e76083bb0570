# SPDX-License-Identifier: Apache-2.0
"""What aiosmtplib says, in terms of what the outbox does next. Pure; a test walks every error of that library."""

from __future__ import annotations

import re
import ssl
from typing import Literal, TypeAlias

import aiosmtplib

from channels.email.tls import explain_tls
from router.errors import PermanentError, SendError, TransientError, UnknownOutcome

__all__ = ["CREDENTIAL_RETRY_SECONDS", "LIBRARY_ERRORS", "Stage", "error_for_code", "map_error"]

Stage: TypeAlias = Literal["connect", "log-in", "envelope", "data", "answer"]
"""How far a send had come. ``data``: before the first byte of the message; ``answer``: the message is on its way and
only the server's answer is missing. Just there, silence means that nobody knows."""

CREDENTIAL_RETRY_SECONDS = 900.0  # a person must act first
LIBRARY_ERRORS = (aiosmtplib.SMTPException, OSError, ValueError, RuntimeError)
_NEEDS_LOG_IN = frozenset({530, 534, 535, 538})  # RFC 4954 section 6
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")


def map_error(error: BaseException, stage: Stage, server: str) -> SendError:
    """The error of ours for one of the library's; ``server`` is host and port. No address gets into the sentence."""
    tls = _tls_error(error)
    if tls is not None and stage != "answer":
        return TransientError(explain_tls(tls, server), retry_after=CREDENTIAL_RETRY_SECONDS)
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return error_for_code(error.code, error.message, stage, server)
    if stage == "answer":
        return UnknownOutcome(f"{server}: the message was handed over, but no answer came: it may have been delivered")
    return _without_answer(error, stage, server)


def _without_answer(error: BaseException, stage: Stage, server: str) -> SendError:
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return PermanentError(f"{server}: the server cannot take this message: {_told(str(error))}")
    if isinstance(error, TimeoutError):
        return TransientError(f"{server}: no answer in time ({stage})")
    if stage == "log-in":
        sentence = f"{server}: log-in is not possible: check 'user', 'password' and 'tls': {_told(str(error))}"
        return TransientError(sentence, retry_after=CREDENTIAL_RETRY_SECONDS)
    if isinstance(error, ValueError) and stage != "connect":
        return PermanentError(f"{server}: this message cannot be sent: an address or option is not allowed ({stage})")
    return TransientError(f"{server}: no connection ({stage}): {_told(str(error))}")


def error_for_code(code: int, words: str, stage: Stage, server: str) -> SendError:
    """The error of ours for an answer other than success (RFC 5321 section 4.2.1)."""
    said = f"{server}: the server answered {code} ({stage}): {_told(words)}"
    if (stage == "log-in" and 500 <= code <= 599) or code in _NEEDS_LOG_IN:
        sentence = f"{said}: check 'user' and 'password' of smtp"
        return TransientError(sentence, retry_after=CREDENTIAL_RETRY_SECONDS)
    if stage in ("connect", "log-in"):  # not about this message
        return TransientError(said)
    if 400 <= code <= 499:
        return TransientError(said)
    if 500 <= code <= 599:
        return PermanentError(said)
    if stage == "answer":
        return UnknownOutcome(f"{server}: the server's answer cannot be understood: it may have been delivered")
    return TransientError(said)


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    seen: BaseException | None = error
    for _ in range(5):
        if seen is None or isinstance(seen, ssl.SSLError):
            return seen
        seen = seen.__cause__
    return None


def _told(words: str) -> str:
    """A server's words, short, on one line, without the addresses that servers like to repeat."""
    return _ADDRESS.sub("(address)", " ".join(words.split()))[:300]
