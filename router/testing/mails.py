# SPDX-License-Identifier: Apache-2.0
"""Made-up mails in any number, the same for the same seed: plain, HTML, attachments, old charsets, answers, machines,
and some that nobody can read. The words come from the corpus of the project."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from pathlib import Path

__all__ = ["mixed_mails"]

_CORPUS = Path(__file__).parents[2] / "classifiers" / "data" / "corpus"
_START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def _texts() -> list[str]:
    found = [
        json.loads(line)["text"]
        for path in sorted(_CORPUS.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return found or ["The parcel never came."]


def mixed_mails(count: int, *, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield ``(name, bytes)``. Of each hundred: 3 cannot be read, 2 are copies of an earlier one by another way,
    4 answer an earlier one, 3 are automatic; the rest are first messages in many shapes."""
    rng = random.Random(seed)
    texts = _texts()
    earlier: list[tuple[int, str]] = []
    for number in range(count):
        sender = f"customer{number}@example.org"
        text = texts[rng.randrange(len(texts))]
        turn = number % 100
        if turn in {20, 50, 80}:
            yield f"{number:05}.eml", [b"", b"\r\n\r\n  \r\n", b"\0\0\0"][turn // 30 % 3]
            continue
        if turn in {30, 60} and earlier:
            first, old = earlier[-1]
            yield (
                f"{number:05}.eml",
                b"Received: from other.example.net\r\n" + _mail(rng, first, f"customer{first}@example.org", old),
            )
            continue
        answers = None
        if turn in {35, 45, 65, 75} and earlier:
            answers, _ = earlier[-1]
            sender = f"customer{answers}@example.org"
        else:
            earlier = [*earlier[-20:], (number, text)]
        yield f"{number:05}.eml", _mail(rng, number, sender, text, answers=answers, automatic=turn in {15, 55, 85})


def _mail(
    rng: random.Random, number: int, sender: str, text: str, *, answers: int | None = None, automatic: bool = False
) -> bytes:
    shape = number % 7
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"Asiakas Ähtäri {number} <{sender}>"
    mail["To"] = "support@shop.example"
    mail["Subject"] = " ".join(text.split()[:6])[:70] or "(none)"
    mail["Date"] = format_datetime(_START + timedelta(minutes=number))
    mail["Message-ID"] = f"<mail{number}@example.org>"
    if answers is not None:
        mail["In-Reply-To"] = mail["References"] = f"<mail{answers}@example.org>"
        text += f"\n\nOn Mon, 2 Mar 2026, somebody wrote:\n> message {answers}\n> and more of it"
    if automatic:
        mail["Auto-Submitted"] = "auto-replied"
    mail.set_content(text, charset="utf-8")
    if shape == 1:
        mail.add_alternative(
            f"<html><body><p>{escape(text)}</p><img src='https://tracker.example.net/x.gif'></body></html>",
            subtype="html",
        )
    elif shape == 2:
        mail.add_attachment(
            bytes(rng.randrange(256) for _ in range(3000)),
            maintype="image",
            subtype="jpeg",
            filename=f"kuva{number}.jpg",
        )
    elif shape == 3:
        mail.set_content(text, charset="utf-8", cte="quoted-printable")
    return mail.as_bytes()
