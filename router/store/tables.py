# SPDX-License-Identifier: Apache-2.0
"""The tables, once for both databases. Every change here is a numbered migration as well; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

__all__ = [
    "ack_days", "alarms", "assignments", "audit", "case_signs", "cases", "clocks", "corrections", "cursors",
    "incident_updates", "incidents", "messages", "metadata", "notes", "outbox", "raws", "served", "sessions",
    "sign_keys", "thread_keys", "users",
]  # fmt: skip

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime kept as whole microseconds since 1970: sorts and compares alike in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        delta = value.astimezone(UTC) - _EPOCH
        return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromtimestamp(value // 1_000_000, UTC).replace(microsecond=value % 1_000_000)


_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only for INTEGER

raws = Table(
    "raws",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("source_key", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("native_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("body", LargeBinary),  # NULL: kept as a file named by its digest
    Column("transport", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("lease_until", Instant),
    Column("other_digests", Text, nullable=False),  # the same source key with other bytes: their digests
    Index("ix_raws_state_id", "state", "id"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("type", Text),
    Column("urgency", Text, nullable=False),
    Column("urgency_rank", Integer, nullable=False),  # 0 is critical
    Column("language", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sender_key", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("customer_id", Text),
    Column("assigned_to", Text),
    Column("tags", Text, nullable=False),
    Column("unsure", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("first_reply_at", Instant),
    Column("version", Integer, nullable=False),
    Column("due_at", Instant),  # the nearest deadline that runs
    Column("clocked", Integer, nullable=False, server_default=text("0")),  # the version its clocks were told for
    Column("fields", Text, nullable=False, server_default=text("'{}'")),
    Column("own_fields", Text, nullable=False, server_default=text("'[]'")),  # names that people set
    Index("ix_cases_queue", "team", "state", "urgency_rank", "created_at"),
    Index("ix_cases_all", "state", "urgency_rank", "created_at"),
    Index("ix_cases_sender_key", "sender_key"),
    Index("ix_cases_customer_id", "customer_id"),
    Index("ix_cases_due", "team", "state", "due_at"),
)

_CHANGED = text("clocked <> version")
Index("ix_cases_unclocked", cases.c.id, sqlite_where=_CHANGED, postgresql_where=_CHANGED)

clocks = Table(
    "clocks",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("statutory", Boolean, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("stopped_at", Instant),
    Column("paused_seconds", BigInteger, nullable=False),
    Column("due_at", Instant),
    Column("next_alarm_at", Instant, index=True),
    Column("warned_at", Instant),
    Column("breached_at", Instant),
    Index("ix_clocks_state_due_at", "state", "due_at"),
)

alarms = Table(  # raised once for each key, in the transaction that holds what the alarm brings
    "alarms",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("due_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("decision", Text),  # what routes said then, where there were any to ask
)

assignments = Table(  # of cases that are not resolved: since when they wait, or who has them
    "assignments",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("team", Text, nullable=False),
    Column("holder", Text),
    Column("state", Text, nullable=False),
    Column("seen", Integer, nullable=False),  # the version of the case that this tells of
    Column("since", Instant, nullable=False),
    Column("active_at", Instant, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("passed", Text, nullable=False),
    Column("wish", Text),
    Column("knows", Text, nullable=False),
    Column("knew_at", Instant),
)

served = Table(  # who of a team got a case when, in turns of the team
    "served",
    metadata,
    Column("team", Text, primary_key=True),
    Column("member", Text, primary_key=True),
    Column("turn", Integer, nullable=False),
    Column("hostile_turn", Integer, nullable=False),
    Column("hostile_at", Instant),
)

messages = Table(
    "messages",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("source_key", Text, nullable=False, unique=True),
    Column("raw_id", _Id, ForeignKey("raws.id"), nullable=False),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False, index=True),
    Column("copy_of", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("sender_key", Text, nullable=False),
    Column("words_digest", Text, nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("message", Text, nullable=False),
    Column("classification", Text),
    Column("decision", Text),
)

corrections = Table(  # what people said of messages, beside what the model said
    "corrections",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False, index=True),
    Column("source_key", Text, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("said_team", Text, nullable=False),
    Column("said_queue", Text, nullable=False),
    Column("labels", Text, nullable=False),
)

thread_keys = Table(
    "thread_keys",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", Text, nullable=False),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False),
    Column("source_key", Text, nullable=False),
    Column("sender_key", Text, nullable=False),
    Column("words_digest", Text, nullable=False),
    UniqueConstraint("key", "case_id", "source_key"),
)

notes = Table(
    "notes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False, index=True),
    Column("team", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    Column("lease_until", Instant),
    Column("next_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("created_by", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("receipt", Text),
    Index("ix_outbox_state_next_at", "state", "next_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", _Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("case_id", Text, nullable=False, index=True),
    Column("team", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("keys", Text, nullable=False),
    Column("languages", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", Text, nullable=False),
    Column("notices", Integer, nullable=False),
    Column("notified_at", Instant),
    Column("reopened_at", Instant),  # by a person; it stays open for as long as a new one would
    Column("muted_until", Instant),
    Column("muted_by", Text, nullable=False, server_default=text("''")),
    Column("silent", Text, nullable=False, server_default=text("''")),  # why its sinks are not told: a rule
    Index("ix_incidents_state", "state", "opened_at"),
)

case_signs = Table(  # one row for each case that was looked at; which incident it is in, if any
    "case_signs",
    metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("incident_id", Text, ForeignKey("incidents.id")),
    Column("joined_at", Instant),
    Index("ix_case_signs_at", "at"),
    Index("ix_case_signs_incident", "incident_id", "case_id"),
)

sign_keys = Table(  # of cases that are in no incident: what is usual, and what comes too often
    "sign_keys",
    metadata,
    Column("case_id", Text, ForeignKey("case_signs.case_id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Index("ix_sign_keys_key", "key", "at"),
    Index("ix_sign_keys_at", "at"),
)

incident_updates = Table(
    "incident_updates",
    metadata,
    Column("incident_id", Text, ForeignKey("incidents.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("texts", Text, nullable=False),
    Column("default_language", Text, nullable=False),
    Column("last_case", Text, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("tally", Text, nullable=False),
    Column("teams", Text, nullable=False, server_default=text("'[]'")),  # JSON; empty: the cases of all
    Column("stopped_by", Text, nullable=False, server_default=text("''")),
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("teams", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_digest", Text, primary_key=True),
    Column("user", Text, nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

ack_days = Table(
    "ack_days",
    metadata,
    Column("address_digest", Text, primary_key=True),
    Column("day", Text, primary_key=True),
)
