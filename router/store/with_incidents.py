# SPDX-License-Identifier: Apache-2.0
"""The part of the store that is about incidents; see ``router.incidents.records.IncidentStore``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from router.incidents.records import Incident, IncidentRun, IncidentState, IncidentUpdate, UpdateTally
from router.incidents.settings import IncidentSettings
from router.interfaces import Clock
from router.schema import Case
from router.store import incident_hands, incident_watch, incidents
from router.store.database import Database

__all__ = ["WithIncidents"]


class WithIncidents:
    """Mixed into the store; every method is one transaction."""

    _db: Database
    _clock: Clock

    async def watch_incidents(
        self, settings: IncidentSettings, *, now: datetime, limit: int, public_url: str = ""
    ) -> IncidentRun:
        return await self._db.write(
            lambda c: incident_watch.watch(c, settings, now=now, limit=limit, public_url=public_url)
        )

    async def incidents(
        self, *, state: IncidentState | None = None, limit: int = 100, teams: Sequence[str] | None = None
    ) -> list[Incident]:
        return await self._db.read(lambda c: incidents.listed(c, state=state, limit=limit, teams=teams))

    async def incident(self, incident_id: str) -> Incident:
        return await self._db.read(lambda c: incidents.get(c, incident_id))

    async def incident_of(self, case_id: str) -> Incident | None:
        return await self._db.read(lambda c: incidents.of_case(c, case_id))

    async def incident_cases(
        self,
        incident_id: str,
        *,
        after: str = "",
        until: datetime | None = None,
        limit: int = 100,
        teams: Sequence[str] | None = None,
    ) -> list[Case]:
        return await self._db.read(
            lambda c: incidents.members(c, incident_id, after=after, until=until, limit=limit, teams=teams)
        )

    async def incident_counts(
        self, incident_id: str, *, teams: Sequence[str] | None = None
    ) -> dict[str, dict[str, int]]:
        return await self._db.read(lambda c: incidents.counts(c, incident_id, teams=teams))

    async def close_incident(self, incident_id: str, *, actor: str) -> Incident:
        now = self._clock.now()
        return await self._db.write(lambda c: incident_hands.close(c, incident_id, actor=actor, now=now))

    async def reopen_incident(self, incident_id: str, *, actor: str) -> Incident:
        now = self._clock.now()
        return await self._db.write(lambda c: incident_hands.reopen(c, incident_id, actor=actor, now=now))

    async def mute_incident(self, incident_id: str, *, until: datetime | None, actor: str) -> Incident:
        now = self._clock.now()
        return await self._db.write(lambda c: incident_hands.mute(c, incident_id, until=until, actor=actor, now=now))

    async def place_case(self, case_id: str, *, incident_id: str | None, actor: str) -> Incident | None:
        now = self._clock.now()
        return await self._db.write(
            lambda c: incident_hands.place(c, case_id, incident_id=incident_id, actor=actor, now=now)
        )

    async def add_incident_update(
        self, incident_id: str, *, texts: dict[str, str], default_language: str, actor: str, teams: Sequence[str] = ()
    ) -> IncidentUpdate:
        now = self._clock.now()
        return await self._db.write(
            lambda c: incidents.add_update(
                c, incident_id, texts=texts, default_language=default_language, actor=actor, teams=teams, now=now
            )
        )

    async def stop_incident_update(self, incident_id: str, number: int, *, actor: str) -> IncidentUpdate:
        now = self._clock.now()
        return await self._db.write(lambda c: incident_hands.stop_update(c, incident_id, number, actor=actor, now=now))

    async def incident_updates(
        self, incident_id: str | None = None, *, unfinished: bool = False
    ) -> list[IncidentUpdate]:
        return await self._db.read(lambda c: incidents.updates(c, incident_id, unfinished=unfinished))

    async def advance_update(self, update: IncidentUpdate, *, last_case: str, done: bool, tally: UpdateTally) -> bool:
        return await self._db.write(
            lambda c: incidents.advance_update(c, update, last_case=last_case, done=done, tally=tally)
        )
