# SPDX-License-Identifier: Apache-2.0
"""Corrections for tests: each about a message in words that no other repeats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from classifiers.lessons import Lesson
from router.schema import Classification

__all__ = ["NOW", "SAID", "lesson", "text"]

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SAID = Classification(kind="complaint", type="delivery", urgency="normal", scores={"kind": {"complaint": 0.95}})
_WORDS = (
    "anchor", "bottle", "candle", "dragon", "engine", "feather", "garden", "hammer",
    "island", "jacket", "kettle", "ladder", "mirror", "needle", "orange",
)  # fmt: skip


def text(n: int) -> str:
    """Words that no other number's text repeats."""
    return " ".join(f"{_WORDS[(n * 7 + i * (n % 5 + 1)) % 15]}{n * i + n}" for i in range(6))


def lesson(n: int, **more: Any) -> Lesson:
    """The n-th correction, by one person about a message of a sender of its own."""
    values: dict[str, Any] = {
        "id": n, "key": f"m{n}", "at": NOW + timedelta(minutes=n), "corrector": "aino", "sender": f"s{n}@example.org",
        "text": text(n), "language": "en", "channel": "email", "said": SAID,
    }  # fmt: skip
    return Lesson(**values | more)
