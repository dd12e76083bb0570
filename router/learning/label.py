# SPDX-License-Identifier: Apache-2.0
"""The messages most worth labelling next, each with the few answers that are likely."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from router.interfaces import Store
from router.learning.material import text_of
from router.learning.records import PersonLabels, Unlabelled
from router.schema import KINDS, Classification, Frozen, Text

__all__ = ["LabelOffer", "labelled_by", "next_to_label", "offers_of"]

_LOOKED_AT = 500  # newest messages without a person's label
_ANSWERS = 6
_TYPED = ("complaint", "request")


class LabelOffer(Frozen):
    """One message and the likely answers, likeliest first. ``urgency`` is what the model said of it."""

    source_key: str
    case_id: str
    text: Text
    language: str
    channel: str
    urgency: str
    answers: tuple[PersonLabels, ...]


async def next_to_label(
    store: Store, *, teams: Sequence[str] | None, most: int, skip: Collection[str] = ()
) -> list[LabelOffer]:
    """The next messages of these teams (None: all), best first. Raises StoreError."""
    rows = await store.unlabelled(teams=teams, limit=_LOOKED_AT)
    return await asyncio.to_thread(offers_of, [row for row in rows if row.message.source_key not in skip], most)


async def labelled_by(store: Store, case_id: str, *, actor: str) -> tuple[LabelOffer, PersonLabels] | None:
    """What this person labelled last in a case, to be labelled anew, with what was said. Raises StoreError."""
    said = [one for one in await store.corrections(case_id) if one.via == "label" and one.actor == actor]
    if not said:
        return None
    newest = said[-1]
    entries = await store.conversation(case_id)
    message = next((one.message for one in entries if one.source_key == newest.source_key), None)
    if message is None:
        return None
    offer = LabelOffer(
        source_key=newest.source_key,
        case_id=case_id,
        text=text_of(message),
        language=newest.said.language,
        channel=message.channel,
        urgency=newest.said.urgency,
        answers=_answers(newest.said),
    )
    return offer, newest.labels


def offers_of(rows: Sequence[Unlabelled], most: int) -> list[LabelOffer]:
    from classifiers.choice import Doubtful, choose

    found = [
        Doubtful(
            text=text_of(row.message),
            language=row.classification.language,
            channel=row.message.channel,
            said=row.classification,
        )
        for row in rows
    ]
    return [
        LabelOffer(
            source_key=rows[at].message.source_key,
            case_id=rows[at].case_id,
            text=found[at].text,
            language=found[at].language,
            channel=found[at].channel,
            urgency=rows[at].classification.urgency,
            answers=_answers(rows[at].classification),
        )
        for at in choose(found, most)
    ]


def _answers(said: Classification) -> tuple[PersonLabels, ...]:
    """Kind and type together, by their joint probability; every kind is among them."""
    kinds = {**dict.fromkeys(KINDS, 0.0), said.kind: 1e-6, **said.scores.get("kind", {})}
    types: Mapping[str, float] = said.scores.get("type", {}) or {said.type or "other": 1.0}
    ranked: list[tuple[float, PersonLabels]] = []
    for kind in KINDS:
        if kind in _TYPED:
            ranked += [(kinds[kind] * p, _labels(kind, name)) for name, p in types.items()]
        else:
            ranked.append((kinds[kind], _labels(kind, None)))
    ranked.sort(key=lambda one: -one[0])
    best = [labels for _, labels in ranked[:_ANSWERS]]
    for kind in KINDS:  # the last place of a likely one is given up for a kind that would be missing
        if all(labels.kind != kind for labels in best):
            best.append(next(labels for _, labels in ranked if labels.kind == kind))
    return tuple(best)


def _labels(kind: str, type_: str | None) -> PersonLabels:
    return PersonLabels.model_validate({"kind": kind, "type": type_})
