# SPDX-License-Identifier: Apache-2.0
"""Storms are found soon, ordinary days make none, and looking twice changes nothing."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from router.incidents.records import IncidentRun
from router.incidents.settings import IncidentSettings
from router.interfaces import Store
from router.testing.clock import ManualClock
from router.testing.incidents import Complaint, make, ordinary, put_complaints, storm
from router.testing.store import memory_store

SETTINGS = IncidentSettings()
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NOON = MONDAY + timedelta(days=3, hours=12)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = await memory_store(clock=ManualClock(NOON))
    yield store
    await store.close()


async def play(
    store: Store,
    complaints: Sequence[Complaint],
    *,
    begin: datetime = MONDAY,
    every: timedelta = timedelta(minutes=5),
    end: datetime | None = None,
) -> list[tuple[datetime, IncidentRun]]:
    """Let time pass: commit what came, look, and note what each look did."""
    waiting = sorted(complaints, key=lambda one: one[0].created_at)
    now, runs = max(waiting[0][0].created_at, begin), []
    last = end or waiting[-1][0].created_at + every
    while now < last:
        now += every
        some = [one for one in waiting if one[0].created_at < now]
        waiting = waiting[len(some) :]
        await put_complaints(store, some)
        while (run := await store.watch_incidents(SETTINGS, now=now, limit=500)).seen:
            runs.append((now, run))
        runs.append((now, run))
    return runs


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_storm_is_found_within_twenty_minutes(store: Store, seed: int) -> None:
    """60 complaints in three languages within half an hour, after days of ordinary ones, are one incident."""
    usual = list(ordinary(seed, begin=MONDAY, hours=85))
    outage = storm(seed, begin=NOON, count=60, minutes=30)
    runs = await play(store, [*usual, *outage], begin=NOON)
    assert [name for _, run in runs for name in run.opened]
    opened = next(now for now, run in runs if run.opened)
    assert opened <= NOON + timedelta(minutes=20)
    [incident] = await store.incidents()
    members = {case.id for case in await store.incident_cases(incident.id, limit=1000)}
    assert len(members & {case.id for case, _, _ in outage}) >= 57
    assert len(members - {case.id for case, _, _ in outage}) <= 2


@pytest.mark.parametrize("seed", [1, 2])
async def test_ordinary_days_make_no_incident(store: Store, seed: int) -> None:
    """Four days with quiet nights and busy days, from the very first case on: nothing opens."""
    await play(store, list(ordinary(seed, begin=MONDAY, hours=48)), every=timedelta(minutes=30))
    assert await store.incidents() == []


async def test_one_person_is_no_storm(store: Store) -> None:
    """Forty messages by one sender are one sender."""
    outage = storm(1, begin=NOON, count=40, minutes=20, languages=("en",))
    same = outage[0][1].sender
    alone = [Complaint((case, message.model_copy(update={"sender": same}), labels)) for case, message, labels in outage]
    await play(store, [*ordinary(1, begin=MONDAY, hours=84), *alone], begin=NOON)
    assert await store.incidents() == []


async def test_shared_number_is_enough(store: Store) -> None:
    """A product named in a form's field gathers complaints whose words have nothing in common."""
    odd = [
        make(f"p{n}", NOON + timedelta(minutes=n), f"wort{chr(97 + n)}xyz", kind="product", language="de",
             fields={"product": "Kettle K2"})
        for n in range(14)
    ]  # fmt: skip
    await play(store, [*ordinary(2, begin=MONDAY, hours=85), *odd], begin=NOON)
    [incident] = await store.incidents()
    assert incident.keys == ("f:product:kettle k2",)
    assert incident.cases == 14


async def test_second_look_changes_nothing(store: Store) -> None:
    """What was looked at is not looked at again; a fresh look after a restart sees nothing new."""
    await play(
        store,
        [*ordinary(3, begin=MONDAY, hours=84), *storm(3, begin=NOON, count=60, minutes=10)],
        begin=NOON,
    )
    before = await store.incidents()
    for _ in range(3):
        run = await store.watch_incidents(SETTINGS, now=NOON + timedelta(minutes=16), limit=500)
        assert (run.seen, run.joined, run.opened) == (0, 0, ())
    assert await store.incidents() == before


async def test_quiet_ends_it_and_the_same_goes_on(store: Store) -> None:
    """After two hours without a case it is over; the same outage an hour later takes it up again, as one incident."""
    first = storm(4, begin=NOON, count=60, minutes=20)
    runs = await play(store, [*ordinary(4, begin=MONDAY, hours=90), *first], end=NOON + timedelta(hours=5), begin=NOON)
    assert [name for _, run in runs for name in run.resolved]
    again = storm(5, begin=NOON + timedelta(hours=5), count=60, minutes=20)
    runs = await play(store, again)
    assert [name for _, run in runs for name in run.reopened]
    [incident] = await store.incidents()
    assert incident.state == "open"


async def test_closed_by_hand_stays_closed(store: Store) -> None:
    """What somebody ended does not come back by the cases that are in it."""
    usual = [*ordinary(6, begin=MONDAY, hours=84.5)]
    await play(store, [*usual, *storm(6, begin=NOON, count=60, minutes=10)], begin=NOON)
    [incident] = await store.incidents()
    await store.close_incident(incident.id, actor="aino")
    run = await store.watch_incidents(SETTINGS, now=NOON + timedelta(minutes=16), limit=500)
    assert run.opened == run.reopened == ()
    [incident] = await store.incidents()
    assert (incident.state, incident.closed_by) == ("resolved", "aino")


async def test_first_day_believes_numbers_only(store: Store) -> None:
    """Without history, words alone open nothing: an archive that is read in at once is no storm."""
    await put_complaints(store, list(ordinary(7, begin=NOON, hours=0.4, a_day=40_000)))
    await store.watch_incidents(SETTINGS, now=NOON + timedelta(minutes=25), limit=5000)
    assert await store.incidents() == []
