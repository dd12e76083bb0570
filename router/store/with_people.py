# SPDX-License-Identifier: Apache-2.0
"""The part of the store that is about who works here, what was done, and where channels stand in their sources."""

from __future__ import annotations

from router.interfaces import Clock
from router.records import AuditRow, Session, User
from router.store import people
from router.store.database import Database

__all__ = ["WithPeople"]


class WithPeople:
    """Mixed into the store; every method is one transaction."""

    _db: Database
    _clock: Clock

    async def put_user(self, user: User) -> None:
        await self._db.write(lambda c: people.put_user(c, user))

    async def user(self, name: str) -> User | None:
        return await self._db.read(lambda c: people.user(c, name))

    async def users(self) -> list[User]:
        return await self._db.read(people.users_all)

    async def put_session(self, session: Session) -> None:
        await self._db.write(lambda c: people.put_session(c, session, now=self._clock.now()))

    async def session(self, token_digest: str) -> Session | None:
        return await self._db.read(lambda c: people.session(c, token_digest, now=self._clock.now()))

    async def end_session(self, token_digest: str) -> bool:
        return await self._db.write(lambda c: people.end_session(c, token_digest))

    async def cursor(self, channel: str, account: str, key: str) -> str | None:
        return await self._db.read(lambda c: people.cursor(c, channel, account, key))

    async def set_cursor(self, channel: str, account: str, key: str, value: str) -> None:
        await self._db.write(lambda c: people.set_cursor(c, channel, account, key, value))

    async def audit(self, *, case_id: str | None = None, after: int = 0, limit: int = 200) -> list[AuditRow]:
        return await self._db.read(lambda c: people.audit_rows(c, case_id=case_id, after=after, limit=limit))

    async def last_audit(self) -> int:
        return await self._db.read(people.last_audit)
