# SPDX-License-Identifier: Apache-2.0
"""Muted incidents gather cases and are shown, and nobody is told of them until they are heard again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.errors import Conflict, UserInputError
from router.incidents.records import Incident
from router.incidents.settings import IncidentSettings
from router.interfaces import Store
from router.testing.clock import ManualClock
from router.testing.incidents import make, put_complaints
from router.testing.store import memory_store

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
MUTE = {"mute": [{"name": "works", "when": {"type": ["technical"], "language": ["en"]}}]}
INHIBIT = {"inhibit": [{"name": "dns", "source": {"shares": ["NW-7"]}, "target": {"shares": ["Kettle"]}}]}


def settings(**said: Any) -> IncidentSettings:
    told = {"notify": ["room"], "wait_seconds": 0, "minimum": 5, "repeat_minutes": 10}
    return IncidentSettings.model_validate({**told, **said})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[Store]:
    """Fourteen complaints that name an outage and, in other cases, fourteen that name a product, among others."""
    store = await memory_store(clock=clock)
    await put_complaints(store, [make(f"o{n}", NOW, f"invoice {n}", kind="billing", language="en") for n in range(30)])
    await put_storm(store, "n", {"outage": "NW-7"}, kind="technical")
    await put_storm(store, "k", {"product": "Kettle"}, kind="product")
    yield store
    await store.close()


async def put_storm(store: Store, name: str, fields: dict[str, str], *, kind: str, at: datetime = NOW) -> None:
    await put_complaints(
        store, [make(f"{name}{n}", at, "Broken.", kind=kind, language="en", fields=fields) for n in range(14)]
    )


async def look(store: Store, clock: ManualClock, said: dict[str, Any], *, minutes: float = 0) -> dict[str, Incident]:
    """A look so much later; the incidents by what joins them."""
    clock.advance(minutes * 60)
    await store.watch_incidents(settings(**said), now=clock.now(), limit=500)
    return {one.keys[0].rpartition(":")[2]: one for one in await store.incidents()}


async def told(store: Store) -> Sequence[str]:
    """Titles of the incidents that the sink is told of, oldest first."""
    rows = [row for row in await store.outbox_rows(states=["pending"], limit=100) if row.kind == "sink"]
    texts = [row.event.text for row in rows if row.event is not None]
    return sorted(word for text in texts for word in ("nw-7", "kettle") if word in text)


async def test_rule_mutes_until_it_is_taken_away(store: Store, clock: ManualClock) -> None:
    """What a rule fits is kept, shown as muted and not told; without the rule it is told at the next look."""
    found = await look(store, clock, MUTE)
    assert found["nw-7"].silent == "muted by the rule 'works'"
    assert found["kettle"].silent == ""
    assert found["nw-7"].cases == 14
    assert await told(store) == ["kettle"]
    assert (await look(store, clock, MUTE, minutes=1))["nw-7"].notices == 0
    assert (await look(store, clock, {}, minutes=1))["nw-7"].silent == ""
    assert await told(store) == ["kettle", "nw-7"]
    trail = [(row.action, row.detail["why"]) for row in await store.audit(limit=1000) if "why" in row.detail]
    assert trail[0] == ("incident_muted", "muted by the rule 'works'")


async def test_consequence_is_silent_while_its_cause_is_open(store: Store, clock: ManualClock) -> None:
    """Only the cause is told of; when it is over, its consequence is."""
    found = await look(store, clock, INHIBIT)
    assert found["kettle"].silent == f"inhibited by {found['nw-7'].id}, rule 'dns'"
    assert await told(store) == ["nw-7"]
    await store.close_incident(found["nw-7"].id, actor="mia")
    assert (await look(store, clock, INHIBIT, minutes=1))["kettle"].silent == ""
    assert await told(store) == ["kettle", "nw-7"]


async def test_person_mutes_for_a_time(store: Store, clock: ManualClock) -> None:
    """Until then nobody is told, with who did it in the trail; then they are, if it still goes on."""
    names = {one.keys[0].rpartition(":")[2]: one.id for one in await seen_quietly(store, clock)}
    await store.mute_incident(names["nw-7"], until=NOW + timedelta(minutes=5), actor="mia")
    found = await look(store, clock, {})
    assert found["nw-7"].is_muted(clock.now())
    assert await told(store) == ["kettle"]
    found = await look(store, clock, {}, minutes=5)
    assert not found["nw-7"].is_muted(clock.now())
    assert await told(store) == ["kettle", "nw-7"]
    [row] = [row for row in await store.audit(limit=1000) if row.action == "incident_muted"]
    assert (row.actor, row.detail["incident"]) == ("mia", names["nw-7"])
    assert row.detail["until"] == "2026-03-05T12:05:00+00:00"


async def seen_quietly(store: Store, clock: ManualClock) -> Sequence[Incident]:
    """Incidents that opened while nobody was to be told."""
    await look(store, clock, {"notify": []})
    return await store.incidents()


async def test_mute_by_a_person_ends_by_hand_and_is_refused_for_the_past(store: Store, clock: ManualClock) -> None:
    """A time that is over mutes nothing; what is not muted cannot be unmuted."""
    [one, *_] = await seen_quietly(store, clock)
    with pytest.raises(UserInputError):
        await store.mute_incident(one.id, until=NOW, actor="mia")
    with pytest.raises(Conflict):
        await store.mute_incident(one.id, until=None, actor="mia")
    await store.mute_incident(one.id, until=NOW + timedelta(hours=1), actor="mia")
    assert not (await store.mute_incident(one.id, until=None, actor="mia")).is_muted(NOW)


async def test_reopened_by_hand_stays_open_for_a_while(store: Store, clock: ManualClock) -> None:
    """Taken up again long after its last case, it does not end at the next look, but after as long as a new one."""
    names = {one.keys[0].rpartition(":")[2]: one.id for one in await seen_quietly(store, clock)}
    assert (await look(store, clock, {}, minutes=180))["nw-7"].closed_by == "router"
    await store.reopen_incident(names["nw-7"], actor="mia")
    assert (await look(store, clock, {}, minutes=60))["nw-7"].state == "open"
    assert (await look(store, clock, {}, minutes=61))["nw-7"].state == "resolved"


async def test_case_taken_out_stays_out(store: Store, clock: ManualClock) -> None:
    """A case that somebody took out does not join again, and one that was put in before any look is a member."""
    [one, *_] = await seen_quietly(store, clock)
    [case, *_] = await store.incident_cases(one.id)
    await store.place_case(case.id, incident_id=None, actor="mia")
    await put_complaints(store, [make("late", NOW, "Something else.", kind="billing", language="en")])
    await store.place_case("LATE", incident_id=one.id, actor="mia")
    await look(store, clock, {}, minutes=1)
    assert await store.incident_of(case.id) is None
    assert (await store.incident_of("LATE") or case).id == one.id
