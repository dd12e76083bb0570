# SPDX-License-Identifier: Apache-2.0
"""Every error of the product, split by what the caller does next.

ComplaintRouterError
├── ConfigError            stop and show; carries every mistake found, with file, line and column
├── UserInputError         the request is wrong: 4xx with a code and the fields
│   ├── NotFound           404; also for what the asker may not see
│   ├── Forbidden          403
│   └── Conflict           409; the thing changed meanwhile
├── SendError              something that leaves the process
│   ├── TransientError     nothing was sent; try again, after ``retry_after`` if the platform said so
│   ├── PermanentError     nothing was sent and never will be: dead letter, tell a person
│   └── UnknownOutcome     it may have been sent: park for a person, never guess
├── ParseError             this input cannot be read; it is kept raw and goes to quarantine
├── StoreError             the database refused; nothing was committed
├── ModelError             a model file that is missing, damaged or does not fit
└── MissingExtra           an optional library is not installed; says which extra to install
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "ComplaintRouterError",
    "ConfigError",
    "Conflict",
    "Forbidden",
    "MissingExtra",
    "Mistake",
    "ModelError",
    "NotFound",
    "ParseError",
    "PermanentError",
    "SendError",
    "StoreError",
    "TransientError",
    "UnknownOutcome",
    "UserInputError",
]


class ComplaintRouterError(Exception):
    """Base of every error this product raises on purpose."""


@dataclass(frozen=True)
class Mistake:
    """One mistake in the configuration: where, what, and the way out.

    ``line`` and ``column`` count from 1; 0 means the file as a whole.
    """

    file: str
    line: int
    column: int
    path: str
    sentence: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.sentence}" if self.path else f"{place}: {self.sentence}"


class ConfigError(ComplaintRouterError):
    """The configuration cannot be used; every mistake is listed, nothing was loaded."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(m) for m in self.mistakes))


class UserInputError(ComplaintRouterError):
    """The request is wrong. ``fields`` maps a field path to a sentence; values are never echoed."""

    status = 422
    code = "invalid"

    def __init__(self, sentence: str, *, fields: dict[str, str] | None = None, status: int | None = None) -> None:
        super().__init__(sentence)
        self.fields = fields or {}
        if status is not None:
            self.status = status


class NotFound(UserInputError):
    """The thing does not exist, or the asker may not know that it does."""

    status = 404
    code = "not_found"


class Forbidden(UserInputError):
    """The asker is known and may not do this."""

    status = 403
    code = "forbidden"


class Conflict(UserInputError):
    """The thing was changed by somebody else since the asker saw it."""

    status = 409
    code = "conflict"


class SendError(ComplaintRouterError):
    """Something that should leave the process did not, or may not have."""


class TransientError(SendError):
    """Nothing was sent; trying again later may work. ``retry_after`` is in seconds."""

    def __init__(self, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class PermanentError(SendError):
    """Nothing was sent and trying again will not help."""


class UnknownOutcome(SendError):
    """The other side may or may not have taken it; only a person can say."""


class ParseError(ComplaintRouterError):
    """The input cannot be read as what it claims to be."""


class StoreError(ComplaintRouterError):
    """The database refused or cannot be reached; nothing of the transaction was kept."""


class ModelError(ComplaintRouterError):
    """A model archive is missing, damaged, or was made for something else."""


class MissingExtra(ComplaintRouterError):
    """An optional library is needed and absent."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional library: pip install 'complaint-router[{extra}]'")
        self.extra = extra
