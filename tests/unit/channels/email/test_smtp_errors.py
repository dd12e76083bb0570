# SPDX-License-Identifier: Apache-2.0
"""Every error of aiosmtplib becomes one of ours, and the right one."""

from __future__ import annotations

import inspect
import ssl
from typing import get_args

import aiosmtplib
import aiosmtplib.errors
import pytest

from channels.email.smtp_errors import LIBRARY_ERRORS, Stage, error_for_code, map_error
from router.errors import PermanentError, SendError, TransientError, UnknownOutcome

SERVER = "smtp smtp.example.org:587"
ADDRESS = "jane@example.com"
STAGES: tuple[Stage, ...] = get_args(Stage.__value__ if hasattr(Stage, "__value__") else Stage)
CLASSES = [
    cls
    for _, cls in inspect.getmembers(aiosmtplib.errors, inspect.isclass)
    if issubclass(cls, aiosmtplib.SMTPException)
]


def example(cls: type[aiosmtplib.SMTPException]) -> aiosmtplib.SMTPException:
    """One error of each class, with an address in its words."""
    words = f"<{ADDRESS}>: refused"
    if cls is aiosmtplib.SMTPRecipientsRefused:
        return cls([aiosmtplib.SMTPRecipientRefused(550, words, ADDRESS)])  # type: ignore[arg-type]
    match len(inspect.signature(cls.__init__).parameters):
        case 4:
            return cls(550, words, ADDRESS)  # type: ignore[arg-type,call-arg]
        case 3:
            return cls(550, words)  # type: ignore[arg-type,call-arg]
        case _:
            return cls(words)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_library_error_is_mapped(cls: type[aiosmtplib.SMTPException], stage: Stage) -> None:
    """No error of the library leaves, none of ours repeats an address, and only silence after DATA is unknown."""
    error = example(cls)
    assert isinstance(error, LIBRARY_ERRORS)
    mapped = map_error(error, stage, SERVER)
    assert isinstance(mapped, SendError)
    assert ADDRESS not in str(mapped)
    if isinstance(mapped, UnknownOutcome):
        assert stage == "answer"
    if stage == "answer" and not isinstance(
        error, (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused)
    ):
        assert isinstance(mapped, UnknownOutcome)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    "error",
    [ConnectionResetError("reset"), BrokenPipeError("pipe"), TimeoutError(), OSError(113, "no route"),
     UnicodeEncodeError("ascii", "ä", 0, 1, "no"), ValueError("bad"), RuntimeError("closed")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_every_other_error_is_mapped(error: Exception, stage: Stage) -> None:
    """What the network and the standard library raise is mapped by how far the send had come."""
    assert isinstance(error, LIBRARY_ERRORS)
    mapped = map_error(error, stage, SERVER)
    assert isinstance(mapped, UnknownOutcome) == (stage == "answer")
    assert isinstance(mapped, (TransientError, PermanentError, UnknownOutcome))


@pytest.mark.parametrize(
    ("code", "stage", "expected"),
    [
        (421, "connect", TransientError), (554, "connect", TransientError), (454, "log-in", TransientError),
        (535, "log-in", TransientError), (530, "envelope", TransientError), (450, "envelope", TransientError),
        (550, "envelope", PermanentError), (552, "envelope", PermanentError), (452, "data", TransientError),
        (554, "data", PermanentError), (451, "answer", TransientError), (554, "answer", PermanentError),
        (-1, "answer", UnknownOutcome), (354, "answer", UnknownOutcome), (-1, "envelope", TransientError),
    ],
)  # fmt: skip
def test_code_decides(code: int, stage: Stage, expected: type[SendError]) -> None:
    """4yz may work later, 5yz never will, except where it is about us and not about the message."""
    assert type(error_for_code(code, "words", stage, SERVER)) is expected


def test_refused_log_in_waits_for_a_person() -> None:
    """Wrong credentials keep mail waiting, with a sentence that says what to do."""
    error = error_for_code(535, "5.7.8 authentication failed", "log-in", SERVER)
    assert isinstance(error, TransientError)
    assert error.retry_after is not None
    assert error.retry_after >= 300
    assert "check 'user' and 'password'" in str(error)


def test_certificate_trouble_is_told_wherever_it_hides() -> None:
    """The reason of a failed handshake is found below the library's own error."""
    verification = ssl.SSLCertVerificationError(1, "certificate verify failed")
    verification.verify_code, verification.verify_message = 62, "Hostname mismatch"
    outer = aiosmtplib.SMTPConnectError("Error connecting")
    outer.__cause__ = verification
    mapped = map_error(outer, "connect", SERVER)
    assert isinstance(mapped, TransientError)
    assert "certificate refused (Hostname mismatch): set 'host'" in str(mapped)
