# SPDX-License-Identifier: Apache-2.0
"""Statements for what people said of messages, beside what the model said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from router.errors import NotFound
from router.learning.records import CorrectedMessage, Correction, LabelSummary, PersonLabels, Unlabelled, Via
from router.records import AuditRow
from router.schema import Case, Classification, Decision, InboundMessage
from router.store.cases import add_audit
from router.store.tables import cases, corrections, messages

__all__ = ["corrected", "keep_change", "listed", "put_label", "summaries", "unlabelled"]

_LABELS = ("kind", "type", "urgency", "team", "queue")


# --- writing -------------------------------------------------------------------------------------------------------


def keep_change(connection: Connection, before: Case, after: Case, *, actor: str, now: datetime) -> None:
    """Keep what a person changed of a case's labels as said of the message that gave the case its labels. Nothing is
    kept where nothing changed, or where no model said anything of that case."""
    changed = {name for name in _LABELS if getattr(before, name) != getattr(after, name)}
    row = _speaking(connection, after.id) if changed else None
    if row is None:
        return
    if changed & {"kind", "type"} and after.kind in {"praise", "other"}:
        changed = (changed | {"kind"}) - {"type"}
    labels = PersonLabels(**{name: getattr(after, name) for name in changed})
    _insert(connection, row, labels, actor=actor, via="case", now=now)


def put_label(
    connection: Connection,
    source_key: str,
    labels: PersonLabels,
    *,
    actor: str,
    teams: Sequence[str] | None,
    now: datetime,
) -> Correction:
    """Keep what a person said while labelling; the case stays as it is.

    Raises:
        NotFound: No such message in the cases of these teams (None: all), or no model said anything of it.
    """
    query = _classified().where(messages.c.source_key == source_key)
    if teams is not None:
        query = query.where(cases.c.team.in_(teams))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("there is no such message")
    kept = _insert(connection, row, labels, actor=actor, via="label", now=now)
    add_audit(
        connection,
        [AuditRow(at=now, actor=actor, action="message_labelled", case_id=row.case_id, team=row.team)],
    )
    return kept


def _classified() -> Any:
    """Messages of which the model said something, with the team that has their case; copies left out."""
    return (
        select(
            messages.c.id, messages.c.source_key, messages.c.case_id, messages.c.classification, messages.c.decision,
            messages.c.message, messages.c.sender_key, messages.c.at, cases.c.team, cases.c.language,
        )
        .join(cases, cases.c.id == messages.c.case_id)
        .where(messages.c.classification.is_not(None), messages.c.copy_of == "")
    )  # fmt: skip


def _speaking(connection: Connection, case_id: str) -> Row[Any] | None:
    """The message that gave a case its labels: the first complaint of it, else its first message."""
    rows = connection.execute(_classified().where(messages.c.case_id == case_id).order_by(messages.c.id)).all()
    complaints = (row for row in rows if json.loads(row.classification).get("kind") == "complaint")
    return next(complaints, rows[0] if rows else None)


def _insert(
    connection: Connection, row: Row[Any], labels: PersonLabels, *, actor: str, via: Via, now: datetime
) -> Correction:
    said = Classification.model_validate_json(row.classification).model_copy(update={"why": {}})
    decision = Decision.model_validate_json(row.decision) if row.decision else None
    made = Correction(
        at=now,
        case_id=row.case_id,
        source_key=row.source_key,
        actor=actor,
        via=via,
        said=said,
        said_team=decision.team if decision else "",
        said_queue=decision.queue if decision else "",
        labels=labels,
    )
    values = made.model_dump(exclude={"id", "said", "labels"})
    values |= {"said": said.model_dump_json(), "labels": labels.model_dump_json(exclude_none=True), "model": said.model}
    number = connection.execute(insert(corrections).values(values).returning(corrections.c.id)).scalar_one()
    return made.model_copy(update={"id": number})


# --- reading -------------------------------------------------------------------------------------------------------


def _correction(row: Row[Any]) -> Correction:
    return Correction(
        id=row.id,
        at=row.at,
        case_id=row.case_id,
        source_key=row.source_key,
        actor=row.actor,
        via=row.via,
        said=Classification.model_validate_json(row.said),
        said_team=row.said_team,
        said_queue=row.said_queue,
        labels=PersonLabels.model_validate_json(row.labels),
    )


def listed(connection: Connection, case_id: str) -> list[Correction]:
    """What was said of a case's messages, oldest first."""
    query = select(corrections).where(corrections.c.case_id == case_id).order_by(corrections.c.id)
    return [_correction(row) for row in connection.execute(query)]


def corrected(connection: Connection, *, after: int, since: datetime | None, limit: int) -> list[CorrectedMessage]:
    """Corrections with ids above ``after``, with their messages, oldest first."""
    query = (
        select(corrections, messages.c.message, messages.c.sender_key, cases.c.language)
        .join(messages, messages.c.source_key == corrections.c.source_key)
        .join(cases, cases.c.id == corrections.c.case_id)
        .where(corrections.c.id > after)
    )
    if since is not None:
        query = query.where(corrections.c.at >= since)
    return [
        CorrectedMessage(
            correction=_correction(row),
            message=InboundMessage.model_validate_json(row.message),
            sender_key=row.sender_key,
            language=row.language,
        )
        for row in connection.execute(query.order_by(corrections.c.id).limit(limit))
    ]


def unlabelled(
    connection: Connection, *, teams: Sequence[str] | None, since: datetime | None, limit: int
) -> list[Unlabelled]:
    """The newest messages of these teams' cases (None: all) that no person has labelled."""
    query = _classified().where(messages.c.source_key.not_in(select(corrections.c.source_key)))
    if teams is not None:
        query = query.where(cases.c.team.in_(teams))
    if since is not None:
        query = query.where(messages.c.at >= since)
    return [
        Unlabelled(
            id=row.id,
            case_id=row.case_id,
            team=row.team,
            message=InboundMessage.model_validate_json(row.message),
            classification=Classification.model_validate_json(row.classification),
        )
        for row in connection.execute(query.order_by(messages.c.id.desc()).limit(limit))
    ]


def summaries(connection: Connection, *, since: datetime, until: datetime, limit: int) -> list[LabelSummary]:
    """What the model said of the messages received in a time, the newest of them if there are more than ``limit``."""
    query = (
        select(messages.c.at, messages.c.classification, cases.c.channel)
        .join(cases, cases.c.id == messages.c.case_id)
        .where(messages.c.classification.is_not(None), messages.c.copy_of == "")
        .where(messages.c.at >= since, messages.c.at < until)
        .order_by(messages.c.id.desc())
        .limit(limit)
    )
    return [_summary(row) for row in connection.execute(query)]


def _summary(row: Any) -> LabelSummary:
    said = json.loads(row.classification)  # a model of each would take ten times as long
    kind = said["kind"]
    return LabelSummary(
        at=row.at,
        channel=row.channel,
        language=said.get("language", "und"),
        kind=kind,
        type=said.get("type"),
        urgency=said.get("urgency", "normal"),
        unsure=bool(said.get("unsure")),
        confidence=float(said.get("scores", {}).get("kind", {}).get(kind, 0.0)),
    )
