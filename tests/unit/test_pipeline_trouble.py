# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in a batch: it costs the culprit alone, and nothing is lost."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from router.errors import Conflict, StoreError
from router.interfaces import ClassifierInput
from router.records import CaseChange
from router.schema import Classification
from router.testing.classifier import KeywordClassifier
from router.worker import Worker

POISON = "the parcel is poison"


class Poisoned(KeywordClassifier):
    """Breaks on one text."""

    def classify(self, batch: Sequence[ClassifierInput], *, explain: bool = True) -> list[Classification]:
        if any("poison" in given.text for given in batch):
            raise ZeroDivisionError
        return super().classify(batch, explain=explain)


class PoisonedRules:
    """Rules that break on one text."""

    asks: frozenset[str] = frozenset()

    def __init__(self, rules: Any) -> None:
        self.rules = rules

    def decide(self, facts: Any) -> Any:
        if "poison" in facts.message.text:
            raise ZeroDivisionError
        return self.rules.decide(facts)


class NoReader:
    """A pool whose children cannot be started."""

    async def prepare(self) -> None: ...

    async def read(self, raws: Any) -> Any:
        raise OSError("cannot fork")

    async def close(self) -> None: ...


async def test_pipeline_unreadable_is_quarantined_at_once(works: Any) -> None:
    """What is not what it claims to be is kept raw, listed with the reason, and tried once."""
    raw_id = await works.put_body(b"\xff\xfe not json", native_id="bad")
    await works.work()
    [item] = await works.store.quarantined()
    assert (item.raw_id, item.attempts, item.reason) == (raw_id, 1, "not JSON")
    assert (await works.store.raw(raw_id)).body == b"\xff\xfe not json"


async def test_pipeline_reader_failure_gets_three_attempts(works: Any) -> None:
    """A reader that breaks is asked again, then the message is set aside; its neighbours are cases."""
    raw_id = await works.put_body(b'{"crash": "no"}', native_id="bad")
    good = await works.put("m1", text="Where is my parcel?")
    pipeline = works.pipeline()
    await pipeline.step()
    assert await works.fate(raw_id) == ("new", "the reader failed: RuntimeError")
    assert (await works.case_of(good)).team == "delivery"
    await pipeline.step()
    await pipeline.step()
    assert await works.fate(raw_id) == ("quarantined", "the reader failed: RuntimeError")
    assert await pipeline.step() == 0


@pytest.mark.parametrize("where", ["classifier", "rules"])
async def test_pipeline_poisoned_message_spoils_no_batch(works: Any, where: str) -> None:
    """A message that the classifier or a rule breaks on is set aside; the others of its batch are routed at once."""
    if where == "classifier":
        works.classifier = Poisoned()
    else:
        works.rules = lambda: PoisonedRules(works.configuration.rules)
    good = [await works.put(f"m{n}", text="Where is my parcel?", sender={"address": f"{n}@example.org"}) for n in "ab"]
    bad = await works.put("bad", text=POISON)
    good.append(await works.put("mc", text="My invoice is wrong", sender={"address": "c@example.org"}))
    pipeline = works.pipeline()
    await pipeline.step()
    assert [(await works.case_of(raw_id)).team for raw_id in good] == ["delivery", "delivery", "billing"]
    assert await works.fate(bad) == ("new", "processing failed: ZeroDivisionError")
    while await pipeline.step():
        pass
    assert await works.fate(bad) == ("quarantined", "processing failed: ZeroDivisionError")
    assert (await works.store.quarantined())[0].attempts == 3


async def test_pipeline_requeued_message_is_worked_again(works: Any) -> None:
    """After the fault is repaired, a message set aside becomes the case it should have been."""
    works.classifier = Poisoned()
    raw_id = await works.put("bad", text=POISON)
    await works.work()
    works.classifier = KeywordClassifier()
    await works.store.requeue_raw(raw_id, actor="aino")
    await works.work()
    assert (await works.case_of(raw_id)).team == "delivery"


async def test_pipeline_readers_that_cannot_start_cost_no_message(works: Any) -> None:
    """When no child can be started, the messages wait for better times and none is set aside."""
    raw_id = await works.put("m1", text="Where is my parcel?")
    for _ in range(5):
        assert await works.pipeline(reader=NoReader()).step() == 0
    assert await works.fate(raw_id) == ("new", "not read yet")
    await works.work()
    assert (await works.case_of(raw_id)).team == "delivery"


async def test_pipeline_decides_again_after_a_conflict(works: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent who changes the case meanwhile loses nothing, and neither does the message."""
    case = await works.take("m1", text="Where is my parcel?")
    commit, changed = works.store.commit, []

    async def slow(changes: Any) -> None:
        if not changed:
            changed.append(True)
            change = CaseChange(assigned_to="aino", tags=("vip",))
            await works.store.change_case(case.id, change, version=case.version, actor="aino")
        await commit(changes)

    monkeypatch.setattr(works.store, "commit", slow)
    after = await works.take("m2", text="My lawyer asks for the parcel", in_reply_to="m1@example.org")
    assert (after.assigned_to, after.tags, after.urgency, len(after.messages)) == ("aino", ("vip",), "high", 2)


async def test_pipeline_gives_up_after_endless_conflicts(works: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that never goes through is an attempt of its message, not a loop without end."""
    raw_id = await works.put("m1", text="Where is my parcel?")
    commit, tries = works.store.commit, []

    async def refuse(changes: Any) -> None:
        if changes.new_cases:
            tries.append(1)
            raise Conflict("meanwhile")
        await commit(changes)

    monkeypatch.setattr(works.store, "commit", refuse)
    await works.work()
    assert await works.fate(raw_id) == ("quarantined", "processing failed: Conflict")
    assert len(tries) == 15


async def test_pipeline_waits_for_the_database(works: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database refuses, the pipeline lives on and quarantines nothing; afterwards it goes on."""
    raw_id = await works.put("m1", text="Where is my parcel?")
    lookup, refused = works.store.lookup, asyncio.Event()

    async def broken(**_: Any) -> Any:
        refused.set()
        raise StoreError("gone")

    monkeypatch.setattr(works.store, "lookup", broken)
    running = asyncio.create_task(Worker(works.pipeline(), works.store, name="pipeline").run())
    await asyncio.wait_for(refused.wait(), 5)
    monkeypatch.setattr(works.store, "lookup", lookup)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (await works.fate(raw_id))[0] == "new"
    await works.work()
    assert (await works.case_of(raw_id)).team == "delivery"


async def test_pipeline_cancelled_gives_back_what_it_took(works: Any) -> None:
    """Stopped in the middle of a batch, it leaves the messages for the next worker at once."""
    raw_id = await works.put("m1", text="Where is my parcel?")
    reached = asyncio.Event()

    class Slow(NoReader):
        async def read(self, raws: Any) -> Any:
            reached.set()
            await asyncio.Event().wait()

    running = asyncio.create_task(Worker(works.pipeline(reader=Slow()), works.store, name="pipeline").run())
    await asyncio.wait_for(reached.wait(), 5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (await works.fate(raw_id))[0] == "new"
    [record] = await works.store.claim_raw("pipeline", limit=1)
    assert record.attempts == 1, "an orderly stop is held against nobody"
    await works.store.release_raw(counts=False)
    await works.work()
    assert len(await works.cases()) == 1


async def test_pipeline_missing_raw_file_is_set_aside_alone(works: Any) -> None:
    """A large message whose file is gone does not keep the others from being worked."""
    lost = await works.put("big", text="parcel " * 60_000)
    good = await works.put("m1", text="Where is my parcel?")
    digest = (await works.store.raw(lost)).digest
    works.store._files.path(digest).unlink()
    await works.work()
    assert (await works.case_of(good)).team == "delivery"
    state, reason = await works.fate(lost)
    assert (state, reason.split("…")[0]) == ("quarantined", f"raw file {digest[:12]}")


async def test_pipeline_wakes_when_something_is_kept(works: Any) -> None:
    """A message kept while the pipeline sleeps is worked at once, not at the next look."""
    seen = asyncio.Event()
    worker = Worker(works.pipeline(committed=lambda _: seen.set()), works.store, name="pipeline")
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0.01)
    await works.put("m1", text="Where is my parcel?")
    worker.wake()
    await asyncio.wait_for(seen.wait(), 0.9)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(await works.cases()) == 1
