# SPDX-License-Identifier: Apache-2.0
"""From the store's rows to what the classifier learns from and is compared by."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from router.interfaces import Store
from router.learning.records import CorrectedMessage
from router.schema import InboundMessage

if TYPE_CHECKING:
    from classifiers.lessons import Lesson

__all__ = ["lessons_of", "read_lessons", "text_of"]

_PAGE = 1000
_MOST = 20_000  # lessons; the newest


def text_of(message: InboundMessage) -> str:
    """The words as the pipeline gives them to the classifier."""
    return f"{message.subject}\n{message.words}".strip()


async def read_lessons(store: Store, *, since: datetime) -> list[Lesson]:
    """What people said since then, oldest first; the newest 20,000 if there is more. Raises StoreError."""
    found: list[Lesson] = []
    after = 0
    while rows := await store.corrected(after=after, since=since, limit=_PAGE):
        found = [*found, *lessons_of(rows)][-_MOST:]
        after = rows[-1].correction.id
    return found


def lessons_of(rows: list[CorrectedMessage]) -> list[Lesson]:
    """Corrections as lessons. A change of team or queue alone teaches the model nothing: that is the rules' part."""
    from classifiers.lessons import Lesson

    return [
        Lesson(
            id=row.correction.id,
            key=row.correction.source_key,
            at=row.correction.at,
            corrector=row.correction.actor,
            sender=row.sender_key,
            text=text_of(row.message),
            language=row.correction.said.language if row.correction.said.language != "und" else row.language,
            channel=row.message.channel,
            kind=row.correction.labels.kind,
            type=row.correction.labels.type,
            urgency=row.correction.labels.urgency,
            said=row.correction.said,
        )
        for row in rows
        if any((row.correction.labels.kind, row.correction.labels.type, row.correction.labels.urgency))
    ]
