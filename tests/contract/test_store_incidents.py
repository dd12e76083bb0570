# SPDX-License-Identifier: Apache-2.0
"""Both databases find the same incidents, also when two processes look at the same time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from router.config.models import Secret, StoreSettings
from router.crypto import reference_for
from router.errors import Conflict, NotFound
from router.incidents.settings import IncidentSettings, IncidentWhen, MuteRule
from router.interfaces import Store
from router.records import CaseFilter
from router.store.sql import open_store
from router.testing.incidents import ordinary, put_complaints, storm
from router.testing.servers import ServerMissing, skip_or_fail
from router.testing.servers.postgres import postgres
from router.testing.store import TEST_KEY

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=20)
SETTINGS = IncidentSettings(notify=("room",), wait_seconds=0)


class IncidentsContract:
    """Inherited by the tests of each database."""

    async def test_two_that_look_find_one_incident(self, store: Store) -> None:
        """Looks at the same time see each case once; one incident, each case in it once, one notice."""
        outage = storm(1, begin=NOON, count=60, minutes=15)
        await put_complaints(store, [*ordinary(1, begin=NOON - timedelta(days=3), hours=72), *outage])
        seen = 0
        for _ in range(20):
            looks = [store.watch_incidents(SETTINGS, now=LATER, limit=200) for _ in range(2)]
            runs = await asyncio.gather(*looks)
            seen += sum(run.seen for run in runs)
        [incident] = await store.incidents(state="open")
        members = await store.incident_cases(incident.id, limit=1000)
        assert {case.id for case in members} == {case.id for case, _, _ in outage}
        assert seen == len(await store.cases(_everything()))
        assert len([row for row in await store.outbox_rows(states=["pending"]) if row.kind == "sink"]) == 1
        joined = [row.case_id for row in await store.audit(limit=10_000) if row.action == "case_joined_incident"]
        assert sorted(joined) == sorted(case.id for case in members)
        await self.who_sees_it(store, incident.id, len(members))
        await self.rules_mute_it(store, incident.id)
        await self.updates_and_end(store, incident.id)
        await self.hands(store, incident.id, members[0].id)

    async def who_sees_it(self, store: Store, incident_id: str, cases: int) -> None:
        """Teams with a case see it with its counts; cases are found by it; others see none."""
        assert [one.id for one in await store.incidents(teams=("triage", "other"))] == [incident_id]
        assert await store.incidents(teams=("other",)) == []
        assert (await store.incident(incident_id)).teams == {"triage": cases}
        counts = await store.incident_counts(incident_id, teams=("triage",))
        assert counts["language"] == {"de": 20, "en": 20, "fi": 20}
        assert await store.incident_counts(incident_id, teams=("other",)) == {name: {} for name in counts}
        assert len(await store.cases(CaseFilter(states=None, incident=incident_id, limit=1000))) == cases
        assert await store.incident_cases(incident_id, teams=("other",)) == []

    async def rules_mute_it(self, store: Store, incident_id: str) -> None:
        """A rule mutes it, with the reason; without the rule it is heard again."""
        rule = MuteRule(name="all", when=IncidentWhen(type=("technical",), team=("triage",)))
        muted = SETTINGS.model_copy(update={"mute": (rule,)})
        assert (await store.watch_incidents(muted, now=LATER, limit=200)).muted == (incident_id,)
        assert (await store.incident(incident_id)).silent == "muted by the rule 'all'"
        await store.watch_incidents(SETTINGS, now=LATER, limit=200)
        assert (await store.incident(incident_id)).silent == ""

    async def hands(self, store: Store, incident_id: str, case_id: str) -> None:
        """People take it up again, mute it, and say what belongs to it."""
        assert (await store.reopen_incident(incident_id, actor="aino")).state == "open"
        with pytest.raises(Conflict):
            await store.reopen_incident(incident_id, actor="aino")
        until = LATER + timedelta(days=3650)
        assert (await store.mute_incident(incident_id, until=until, actor="aino")).muted_until == until
        before = (await store.incident(incident_id)).cases
        assert (await store.place_case(case_id, incident_id=None, actor="aino")) is not None
        assert (await store.incident(incident_id)).cases == before - 1
        assert (await store.place_case(case_id, incident_id=None, actor="aino")) is None
        with pytest.raises(NotFound):
            await store.place_case("nothing", incident_id=incident_id, actor="aino")
        with pytest.raises(NotFound):
            await store.place_case(case_id, incident_id="INC-NONE", actor="aino")
        stopped = await store.stop_incident_update(incident_id, 2, actor="aino")
        assert (stopped.stopped_by, stopped.done) == ("aino", False)
        with pytest.raises(NotFound):
            await store.stop_incident_update(incident_id, 9, actor="aino")

    async def updates_and_end(self, store: Store, incident_id: str) -> None:
        """Updates are numbered and kept until done; an incident ends once; one that is not there is said so."""
        first = await store.add_incident_update(incident_id, texts={"en": "a"}, default_language="en", actor="aino")
        second = await store.add_incident_update(incident_id, texts={"en": "b"}, default_language="en", actor="aino")
        assert (first.number, second.number) == (1, 2)
        await store.advance_update(first, last_case="X", done=True, tally={"queued": 3})
        assert [one.number for one in await store.incident_updates(unfinished=True)] == [2]
        [kept, _] = await store.incident_updates(incident_id)
        assert (kept.done, kept.tally, kept.last_case) == (True, {"queued": 3}, "X")
        assert (await store.close_incident(incident_id, actor="aino")).closed_by == "aino"
        with pytest.raises(Conflict):
            await store.close_incident(incident_id, actor="aino")
        with pytest.raises(NotFound):
            await store.incident("INC-NONE")
        assert await store.incident_of("nothing") is None


def _everything() -> CaseFilter:
    return CaseFilter(states=None, limit=100_000)


class TestSqlite(IncidentsContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        store = await open_store(StoreSettings(), data_dir=tmp_path, reference=lambda k: reference_for(TEST_KEY, k))
        yield store
        await store.close()


@pytest.mark.integration
class TestPostgres(IncidentsContract):
    @pytest.fixture
    async def store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
        try:
            with postgres() as url:
                monkeypatch.setenv("TEST_POSTGRES", url)
                settings = StoreSettings(kind="postgresql", url=Secret(env="TEST_POSTGRES"))
                store = await open_store(settings, data_dir=tmp_path, reference=lambda k: reference_for(TEST_KEY, k))
                yield store
                await store.close()
        except ServerMissing as error:
            skip_or_fail(error)
