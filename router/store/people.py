# SPDX-License-Identifier: Apache-2.0
"""Statements for users, sessions, cursors and the audit trail."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from router.records import AuditRow, Session, User
from router.store.intake import insert_or_ignore
from router.store.tables import audit, cursors, sessions, users

__all__ = [
    "audit_rows",
    "cursor",
    "end_session",
    "last_audit",
    "put_session",
    "put_user",
    "session",
    "set_cursor",
    "user",
    "users_all",
]


def put_user(connection: Connection, person: User) -> None:
    """Add or change a user. Whoever is disabled or gets a new password loses every session."""
    before = user(connection, person.name)
    values = person.model_dump() | {"teams": json.dumps(person.teams)}
    if before is None:
        connection.execute(insert(users).values(values))
        return
    connection.execute(update(users).where(users.c.name == person.name).values(values))
    if person.disabled or person.password_hash != before.password_hash:
        connection.execute(delete(sessions).where(sessions.c.user == person.name))


def user(connection: Connection, name: str) -> User | None:
    row = connection.execute(select(users).where(users.c.name == name)).one_or_none()
    return None if row is None else User(**row._asdict() | {"teams": tuple(json.loads(row.teams))})


def users_all(connection: Connection) -> list[User]:
    rows = connection.execute(select(users).order_by(users.c.name))
    return [User(**row._asdict() | {"teams": tuple(json.loads(row.teams))}) for row in rows]


def put_session(connection: Connection, login: Session, *, now: datetime) -> None:
    connection.execute(delete(sessions).where(sessions.c.expires_at < now))
    connection.execute(insert(sessions).values(login.model_dump()))


def session(connection: Connection, token_digest: str, *, now: datetime) -> Session | None:
    """The session of a token, unless it ended or its user is disabled."""
    row = connection.execute(
        select(sessions)
        .join(users, users.c.name == sessions.c.user)
        .where(sessions.c.token_digest == token_digest, sessions.c.expires_at > now, users.c.disabled.is_(False))
    ).one_or_none()
    return None if row is None else Session(**row._asdict())


def end_session(connection: Connection, token_digest: str) -> bool:
    """End it; False if it had ended before."""
    return connection.execute(delete(sessions).where(sessions.c.token_digest == token_digest)).rowcount == 1


def cursor(connection: Connection, channel: str, account: str, key: str) -> str | None:
    found: str | None = connection.scalar(
        select(cursors.c.value).where(cursors.c.channel == channel, cursors.c.account == account, cursors.c.key == key)
    )
    return found


def set_cursor(connection: Connection, channel: str, account: str, key: str, value: str) -> None:
    here = (cursors.c.channel == channel, cursors.c.account == account, cursors.c.key == key)
    if connection.execute(update(cursors).where(*here).values(value=value)).rowcount == 0:
        statement = insert_or_ignore(connection, cursors)
        connection.execute(statement.values(channel=channel, account=account, key=key, value=value))


def audit_rows(connection: Connection, *, case_id: str | None, after: int, limit: int) -> list[AuditRow]:
    """The trail, oldest first, of one case or of all."""
    query = select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)
    if case_id is not None:
        query = query.where(audit.c.case_id == case_id)
    return [AuditRow(**row._asdict() | {"detail": json.loads(row.detail)}) for row in connection.execute(query)]


def last_audit(connection: Connection) -> int:
    return connection.scalar(select(func.max(audit.c.seq))) or 0
