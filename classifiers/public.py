# SPDX-License-Identifier: Apache-2.0
"""Public sets that may train the model that ships, as messages with some of our labels. Their rows are not kept here.

They teach what the corpus has too little of: plain requests typed into an assistant, and reviews that merely praise.
Each counts little, for what such a set calls a complaint is not quite what the labelling guide calls one.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.errors import ConfigError, Mistake
from router.schema import Frozen, Kind, Urgency

__all__ = ["SOURCES", "PartRow", "Source", "read_public", "set_rows", "source_counts"]

_WEIGHT = 0.5  # of a message, beside 1 of the corpus
_OF_REVIEWS = 0.3  # of what people like and do not like the corpus has least
_GOOD_STARS = 4

_Row = dict[str, Any]
Labels = tuple[Kind, str | None] | None
"""Kind and, where the set tells it in our sense, type; None leaves the message out."""


class PartRow(Frozen):
    """A message of which not every label is known. ``weight`` is what it counts beside 1 of a corpus message.

    ``judged_as`` is a text whose hash says in which fold the message is judged, the same for near repeats; without it
    the message is learned from in every fold and never judged.
    """

    text: str
    channel: str = ""
    kind: Kind | None = None
    type: str | None = None
    urgency: Urgency | None = None
    weight: float = _WEIGHT
    source: str
    judged_as: str = ""
    is_word: bool = False  # not written by anybody: no channel, shape or balance of it means anything


@dataclass(frozen=True)
class Source:
    """A set: its folder, licence, channel of our style, how many rows to take, and what its columns mean."""

    name: str
    licence: str
    channel: str
    most: int
    labels: Callable[[_Row], Labels]
    weight: float = _WEIGHT


def _app_review(row: _Row) -> Labels:
    if row["is_complaint"]:
        return "complaint", None
    if row["feature_request"]:
        return None  # wishes and praise stand in one review; not told apart
    return ("praise", None) if int(row["stars"]) >= _GOOD_STARS else None


def _polish_review(row: _Row) -> Labels:
    kinds: dict[str, Kind] = {"negative": "complaint", "positive": "praise"}
    return (kinds[row["sentiment"]], None) if row["sentiment"] in kinds else None


def _request(_: _Row) -> Labels:
    return "request", None


def _support_request(row: _Row) -> Labels:
    return None if row["is_complaint"] else ("request", None)


SOURCES = (
    Source("banking77_en", "CC BY 4.0", "chat", 4000, _request),
    Source("clinc150_en", "CC BY 3.0", "chat", 2500, _request),
    Source("bitext_support_en", "CDLA-Sharing-1.0", "chat", 800, _support_request),
    Source("polish_reviews_pl", "CC BY-SA 4.0", "review", 3000, _polish_review, weight=_OF_REVIEWS),
    Source("app_reviews_en_fr", "MIT", "review", 2000, _app_review, weight=_OF_REVIEWS),
)


def read_public(folder: Path, sources: Sequence[Source] = SOURCES) -> list[PartRow]:
    """The train parts of the sets below a folder, the same rows every time.

    Raises:
        ConfigError: A set is missing or unreadable.
    """
    found: list[PartRow] = []
    for source in sources:
        try:
            rows = set_rows(folder / source.name, "train")
        except (OSError, ValueError) as error:
            raise ConfigError([Mistake(str(folder / source.name), 0, 0, "", f"cannot be read: {error}")]) from error
        taken = []
        for row in sorted(rows, key=lambda row: hashlib.sha256(str(row["id"]).encode()).digest()):
            labels = source.labels(row)
            if labels is not None and row["text"].strip():
                kind, type_ = labels
                taken.append(
                    PartRow(
                        text=row["text"],
                        channel=source.channel,
                        kind=kind,
                        type=type_,
                        source=source.name,
                        weight=source.weight,
                    )
                )
        found += taken[: source.most]
    return found


def set_rows(folder: Path, part: str) -> list[_Row]:
    """The rows of one part of a set, ``train`` or ``dev``, packed or not. Raises OSError and ValueError."""
    plain = folder / f"{part}.jsonl"
    with plain.open("rb") if plain.exists() else gzip.open(folder / f"{part}.jsonl.gz") as lines:
        return [json.loads(line) for line in lines]


def source_counts(rows: Sequence[PartRow]) -> dict[str, dict[str, Any]]:
    """For the model card: how many messages of which set, and its licence."""
    licences = {source.name: source.licence for source in SOURCES}
    weights = {row.source: row.weight for row in rows}
    return {
        name: {"messages": count, "licence": licences.get(name, ""), "weight": weights.get(name, 1.0)}
        for name, count in sorted(Counter(row.source for row in rows).items())
    }
