# SPDX-License-Identifier: Apache-2.0
"""One update reaches each case of an incident once, on its own channel and in its own language."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.errors import UserInputError
from router.incidents.fanout import Fanout
from router.incidents.loop import IncidentLoop
from router.incidents.preview import checked_texts, preview_update
from router.incidents.records import IncidentRun
from router.incidents.settings import IncidentSettings
from router.interfaces import Capabilities, Store
from router.records import CaseChange
from router.replies.service import MailRoute, ReplyService
from router.schema import Case, Flags
from router.testing.channel_worlds import MemoryChannel
from router.testing.clock import ManualClock
from router.testing.incidents import Complaint, make, ordinary, put_complaints, storm
from router.testing.store import TEST_KEY, memory_store

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
TEXTS = {"en": "We are on it.", "fi": "Korjaamme vikaa.", "de": "Wir arbeiten daran."}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON + timedelta(minutes=25))


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[Store]:
    store = await memory_store(clock=clock)
    yield store
    await store.close()


def desk(store: Store, clock: ManualClock) -> ReplyService:
    channels = {
        "email:support": MemoryChannel("support"),
        "telegram:support": MemoryChannel("support"),
        "x:support": MemoryChannel("support", capabilities=Capabilities(reply=("public",), max_length=280)),
    }
    mail = {"email:support": MailRoute(mail_domain="shop.example", reply_pattern="support+{token}@shop.example")}
    return ReplyService(store, channels=channels, mail=mail, key=TEST_KEY, clock=clock, queued=lambda: None)


def loop(store: Store, clock: ManualClock, runs: list[IncidentRun] | None = None) -> IncidentLoop:
    fanout, told = Fanout(store, desk(store, clock)), [] if runs is None else runs
    return IncidentLoop(store, fanout, settings=IncidentSettings, clock=clock, changed=told.append)


async def settle(watch: IncidentLoop) -> None:
    for _ in range(100):
        if not await watch.step():
            return
    raise AssertionError("the loop never comes to rest")


async def put_storm(store: Store, *more: Complaint) -> list[Complaint]:
    """60 complaints of one outage in three languages among 200 others, after days of ordinary ones."""
    others = [
        make(
            case.id.lower(), NOON + timedelta(seconds=7 * n), message.text, kind=str(case.type), language=case.language
        )
        for n, (case, message, _) in enumerate(list(ordinary(9, begin=NOON, hours=48))[:200])
    ]
    outage = storm(9, begin=NOON, count=60, minutes=20)
    usual = ordinary(8, begin=NOON - timedelta(days=3), hours=71)
    await put_complaints(store, sorted([*usual, *others, *outage, *more], key=lambda one: one[0].created_at))
    return outage


async def test_update_reaches_each_case_once(store: Store, clock: ManualClock) -> None:
    """60 of 260 complaints are one incident; each gets the text in its language on its channel, public ones are held;
    another round, as after a crash, adds nothing."""
    outage = await put_storm(store)
    await settle(loop(store, clock))
    [incident] = await store.incidents()
    members = {case.id: case for case in await store.incident_cases(incident.id, limit=1000)}
    assert set(members) == {case.id for case, _, _ in outage}
    update = await store.add_incident_update(incident.id, texts=TEXTS, default_language="en", actor="aino")
    await settle(loop(store, clock))
    rows = await store.outbox_rows(states=["pending", "awaiting_approval"], limit=1000)
    assert Counter(row.case_id for row in rows) == Counter(members.keys())
    for row in rows:
        case = members[row.case_id]
        assert row.reply is not None
        assert (row.reply.channel, row.reply.text) == (case.channel, TEXTS[case.language])
        assert (row.state == "awaiting_approval") == (case.visibility == "public")
    [kept] = await store.incident_updates(incident.id)
    assert kept.done
    assert sum(kept.tally.values()) == 60
    await store.advance_update(kept, last_case="", done=False, tally={})  # as if it had died before it wrote this down
    await settle(loop(store, clock))
    again = await store.outbox_rows(states=["pending", "awaiting_approval"], limit=1000)
    assert {row.id for row in again} == {row.id for row in rows}
    assert update.number == 1


async def test_preview_counts_what_the_update_does(store: Store, clock: ManualClock) -> None:
    """Before anything is sent: how many by channel, language of the text, and whether it is held."""
    await put_storm(store)
    await settle(loop(store, clock))
    [incident] = await store.incidents()
    texts = {"en": TEXTS["en"], "fi": TEXTS["fi"]}  # none in German: they get the default language
    able = desk(store, clock).capabilities
    preview = await preview_update(store, able, incident, texts, default_language="en")
    await store.add_incident_update(incident.id, texts=texts, default_language="en", actor="aino")
    await settle(loop(store, clock))
    rows = await store.outbox_rows(states=["pending", "awaiting_approval"], limit=1000)
    did = Counter(
        (row.reply.channel, row.reply.language, "held" if row.state == "awaiting_approval" else "sent")
        for row in rows
        if row.reply
    )
    assert preview == dict(did)


async def test_machine_gets_no_update(store: Store, clock: ManualClock) -> None:
    """A case that a machine joined by hand of its words gets nothing."""
    await put_storm(store)
    await settle(loop(store, clock))
    [incident] = await store.incidents()
    await store.add_incident_update(incident.id, texts=TEXTS, default_language="en", actor="aino")
    late = make("late", NOON + timedelta(minutes=24), "internet down, broadband down", kind="technical", language="en",
                flags=Flags(auto_reply=True))  # fmt: skip
    await put_complaints(store, [late])
    await settle(loop(store, clock))
    assert await store.incident_of("LATE") is None
    rows = await store.outbox_rows(states=["pending", "awaiting_approval"], limit=1000)
    assert "LATE" not in {row.case_id for row in rows}


async def test_stopped_update_takes_back_what_has_not_left(store: Store, clock: ManualClock) -> None:
    """Stopped half way: what was queued or held is withdrawn, the others never get it, and what was sent stays sent."""
    await put_storm(store)
    await settle(loop(store, clock))
    [incident] = await store.incidents()
    await store.add_incident_update(incident.id, texts=TEXTS, default_language="en", actor="aino")
    await Fanout(store, desk(store, clock)).step()  # one page of 50
    [first, *_] = await store.lease_outbox("test", limit=1)
    await store.start_attempt(first)
    await store.settle_outbox(first, state="sent")
    await store.stop_incident_update(incident.id, 1, actor="ben")
    runs: list[IncidentRun] = []
    await settle(loop(store, clock, runs))
    [kept] = await store.incident_updates(incident.id)
    assert (kept.done, kept.stopped_by, kept.tally) == (
        True, "ben", {"withdrawn": 49, "left_before": 1, "not_queued": 10},
    )  # fmt: skip
    assert await store.outbox_rows(states=["pending", "awaiting_approval"], limit=100) == []
    assert sum((Counter(run.answers) for run in runs), Counter()) == Counter(kept.tally)


class Late:
    """A store in which somebody stops the update, and another process is through with that, before a page is queued."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def incident_cases(self, incident_id: str, **more: Any) -> list[Case]:
        stopped = await self._store.stop_incident_update(incident_id, 1, actor="ben")
        await self._store.advance_update(stopped, last_case="", done=True, tally={})
        return await self._store.incident_cases(incident_id, **more)


async def test_page_under_way_elsewhere_is_taken_back(store: Store, clock: ManualClock) -> None:
    """What a process queued from an update that was stopped meanwhile is withdrawn by that process."""
    await put_storm(store)
    await settle(loop(store, clock))
    [incident] = await store.incidents()
    await store.add_incident_update(incident.id, texts=TEXTS, default_language="en", actor="aino")
    await Fanout(Late(store), desk(store, clock)).step()
    assert await store.outbox_rows(states=["pending", "awaiting_approval"], limit=100) == []
    assert len(await store.outbox_rows(states=["withdrawn"], limit=100)) == 50


async def test_update_of_a_team_reaches_its_cases_only(store: Store, clock: ManualClock) -> None:
    """Who sees some cases answers those; the cases of others get nothing."""
    await put_storm(store)
    await settle(loop(store, clock))
    [incident] = await store.incidents()
    some = (await store.incident_cases(incident.id, limit=1000))[:7]
    for case in some:
        change = CaseChange(team="billing", queue="billing")
        await store.change_case(case.id, change, version=case.version, actor="mia")
    await store.add_incident_update(
        incident.id, texts=TEXTS, default_language="en", actor="otto", teams=("billing", "refunds")
    )
    await settle(loop(store, clock))
    rows = await store.outbox_rows(states=["pending", "awaiting_approval"], limit=1000)
    assert {row.case_id for row in rows} == {case.id for case in some}


async def test_same_update_twice_is_one(store: Store, clock: ManualClock) -> None:
    """A program that tries again sends nothing twice; later, or with other words, it is another update."""
    await put_storm(store)
    await settle(loop(store, clock))
    [incident] = await store.incidents()
    numbers = []
    for texts, minutes in ((TEXTS, 0), (TEXTS, 5), ({"en": "Repaired."}, 0), (TEXTS, 10)):
        clock.advance(timedelta(minutes=minutes).total_seconds())
        made = await store.add_incident_update(incident.id, texts=texts, default_language="en", actor="aino")
        numbers.append(made.number)
    assert numbers == [1, 1, 2, 3]


def test_texts_need_the_default_language() -> None:
    """Without a text for everybody else, nothing is kept."""
    with pytest.raises(UserInputError, match="needs a text in en"):
        checked_texts({"fi": "Korjaamme.", "en": "  "}, default_language="en")
    assert checked_texts({"EN": " a "}, default_language="en") == {"en": "a"}
