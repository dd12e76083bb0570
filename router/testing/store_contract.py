# SPDX-License-Identifier: Apache-2.0
"""What every store must do. A test module subclasses ``StoreContract`` and gives a ``store`` fixture."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from router.deadlines.advance import plan_clocks
from router.errors import Conflict, NotFound
from router.interfaces import Store
from router.records import (
    CaseChange,
    CaseFilter,
    Commit,
    NewMessage,
    OutboxRow,
    RawOutcome,
    RawState,
    Session,
    SinkEvent,
    User,
)
from router.schema import Case, InboundMessage, Party, Receipt, Reply
from router.testing.deadlines import make_book
from router.testing.store import make_raw

__all__ = ["StoreContract", "make_case", "make_message", "make_reply_row"]

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANNA = Party(address="anna@example.org", name="Anna")


def make_case(case_id: str = "AAAAA-BBBBB", **changes: object) -> Case:
    base = Case(
        id=case_id, team="delivery", queue="delivery", kind="complaint", type="delivery", urgency="normal",
        language="fi", channel="email", account="support", visibility="private", subject="Paketti", sender=ANNA,
        created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    return base.model_copy(update=changes)


def make_message(native_id: str = "m1", **changes: object) -> InboundMessage:
    base = InboundMessage(
        channel="email", account="support", native_id=native_id, message_id=f"{native_id}@example.org",
        sender=ANNA, subject="Paketti", text="Paketti ei tullut", received_at=NOW,
    )  # fmt: skip
    return base.model_copy(update=changes)


def make_reply_row(outbox_id: str = "r1", *, text: str = "Pahoittelemme", **changes: object) -> OutboxRow:
    reply = Reply(
        id=outbox_id, case_id="AAAAA-BBBBB", channel="email", account="support", to=ANNA, text=text,
        message_id=f"{outbox_id}@shop.example",
    )  # fmt: skip
    row = OutboxRow(
        id=outbox_id, kind="reply", state="pending", case_id="AAAAA-BBBBB", team="delivery", target="email:support",
        reply=reply, next_at=NOW, created_at=NOW, created_by="aino",
    )  # fmt: skip
    return row.model_copy(update=changes)


async def open_case(store: Store, *, native_id: str = "m1", case_id: str = "AAAAA-BBBBB", **changes: object) -> int:
    """Put a raw message and commit the case it opens; returns the raw id."""
    [receipt] = await store.put_raw([make_raw(native_id.encode(), native_id=native_id)])
    message = make_message(native_id)
    new = NewMessage(
        raw_id=receipt.raw_id,
        case_id=case_id,
        message=message,
        words_digest="d",
        thread_keys=(f"mid:{message.message_id}",),
    )
    await store.commit(
        Commit(
            outcomes=(RawOutcome(raw_id=receipt.raw_id, state="done"),),
            new_cases=(make_case(case_id, **changes),),
            messages=(new,),
        )
    )
    return receipt.raw_id


class StoreContract:
    """Inherited by the tests of each database."""

    async def test_put_raw_repeated_key_is_duplicate(self, store: Store) -> None:
        """The same source key is kept once, and its receipt says so."""
        [first] = await store.put_raw([make_raw(b"a", native_id="1")])
        [again] = await store.put_raw([make_raw(b"a", native_id="1")])
        assert (first.duplicate, again.duplicate, again.raw_id) == (False, True, first.raw_id)
        assert not again.differs

    async def test_put_raw_other_bytes_keeps_first(self, store: Store) -> None:
        """A key that comes again with other bytes keeps the first bytes and is flagged."""
        [first] = await store.put_raw([make_raw(b"a", native_id="1")])
        [again] = await store.put_raw([make_raw(b"b", native_id="1")])
        assert again.differs
        assert (await store.raw(first.raw_id)).body == b"a"

    async def test_put_raw_repeats_in_one_batch(self, store: Store) -> None:
        """Two copies in one call make one row; only the first is new."""
        receipts = await store.put_raw([make_raw(b"a", native_id="1"), make_raw(b"a", native_id="1")])
        assert [r.duplicate for r in receipts] == [False, True]

    async def test_put_raw_large_body_round_trips(self, store: Store) -> None:
        """A body too large for a row comes back byte for byte."""
        body = bytes(range(256)) * 2000
        [receipt] = await store.put_raw([make_raw(body, native_id="big")])
        assert (await store.raw(receipt.raw_id)).body == body

    async def test_put_raw_at_once_from_many(self, store: Store) -> None:
        """Concurrent deliveries of one message leave one row."""
        answers = await asyncio.gather(*(store.put_raw([make_raw(b"a", native_id="1")]) for _ in range(8)))
        assert sum(not receipts[0].duplicate for receipts in answers) == 1

    async def test_claim_gives_each_message_once(self, store: Store) -> None:
        """Two workers never hold the same message; released ones can be claimed again with a higher count."""
        await store.put_raw([make_raw(str(n).encode(), native_id=str(n)) for n in range(5)])
        one = await store.claim_raw("one", limit=3)
        two = await store.claim_raw("two", limit=9)
        assert sorted(r.raw.native_id for r in one + two) == ["0", "1", "2", "3", "4"]
        assert await store.release_raw(worker="one") == 3
        assert [r.attempts for r in await store.claim_raw("three", limit=64)] == [2, 2, 2]
        assert await store.release_raw(worker="three", counts=False) == 3
        assert [r.attempts for r in await store.claim_raw("four", limit=64)] == [2, 2, 2]

    async def test_claim_takes_over_when_lease_ran_out(self, store: Store) -> None:
        """A dead worker's messages come back by themselves."""
        await store.put_raw([make_raw(b"a", native_id="1")])
        await store.claim_raw("dead", limit=1, lease_seconds=-1)
        assert len(await store.claim_raw("alive", limit=1)) == 1

    @pytest.mark.parametrize("late", ["new", "quarantined", "ignored"])
    async def test_late_failure_leaves_what_is_finished(self, store: Store, late: RawState) -> None:
        """A worker whose lease ran out and who failed then says nothing of a message that another made a case of."""
        raw_id = await open_case(store)
        await store.commit(Commit(outcomes=(RawOutcome(raw_id=raw_id, state=late, reason="timed out"),)))
        fate = (await store.raw_fates([raw_id]))[raw_id]
        assert (fate.state, fate.reason, fate.opened) == ("done", "", True)
        assert await store.pending_raw() == 0

    async def test_late_case_outweighs_a_failure(self, store: Store) -> None:
        """A message that is in a case is done, whoever else set it aside meanwhile."""
        [receipt] = await store.put_raw([make_raw(b"m1", native_id="m1")])
        failed = RawOutcome(raw_id=receipt.raw_id, state="quarantined", reason="timed out")
        await store.commit(Commit(outcomes=(failed,)))
        assert await open_case(store) == receipt.raw_id
        assert (await store.raw_fates([receipt.raw_id]))[receipt.raw_id].state == "done"

    async def test_commit_makes_case_and_conversation(self, store: Store) -> None:
        """After a commit the case is in its queue with its message."""
        await open_case(store)
        [case] = await store.cases(CaseFilter(teams=("delivery",), with_messages=True))
        assert case.messages == ("email:support:m1",)
        [entry] = await store.conversation(case.id)
        assert (entry.direction, entry.text) == ("in", "Paketti ei tullut")
        assert await store.queue_counts() == {("delivery", "delivery"): 1}
        assert await store.pending_raw() == 0

    async def test_commit_conflict_keeps_nothing(self, store: Store) -> None:
        """A stale case version refuses the whole batch, raw outcomes included."""
        await open_case(store)
        [receipt] = await store.put_raw([make_raw(b"x", native_id="x")])
        stale = make_case(version=7)
        with pytest.raises(Conflict):
            await store.commit(
                Commit(outcomes=(RawOutcome(raw_id=receipt.raw_id, state="done"),), changed_cases=(stale,))
            )
        assert await store.pending_raw() == 1

    async def test_commit_after_another_of_its_conversation_conflicts(self, store: Store) -> None:
        """Two that looked at once and found no case: the second is refused whole, and knows the case when it looks
        again. Messages of other conversations meanwhile disturb nobody."""
        key = "mid:m1@example.org"
        looked = await store.lookup(source_keys=[], thread_keys=[key], case_ids=[])
        await open_case(store)
        [receipt] = await store.put_raw([make_raw(b"x", native_id="x")])
        done = (RawOutcome(raw_id=receipt.raw_id, state="done"),)
        with pytest.raises(Conflict):
            await store.commit(Commit(outcomes=done, wanted=("other", key), newest_key=looked.newest_key))
        assert await store.pending_raw() == 1

        again = await store.lookup(source_keys=[], thread_keys=[key], case_ids=[])
        assert [hit.case.id for hit in again.threads[key]] == ["AAAAA-BBBBB"]
        await open_case(store, native_id="elsewhere", case_id="CCCCC-DDDDD")
        await store.commit(Commit(outcomes=done, wanted=("other", key), newest_key=again.newest_key))
        assert await store.pending_raw() == 0

    async def test_cases_sorted_by_urgency_then_age(self, store: Store) -> None:
        """The most urgent come first, then the oldest."""
        await open_case(store, native_id="a", case_id="AAAAA-AAAAA", created_at=NOW)
        await open_case(store, native_id="b", case_id="BBBBB-BBBBB", urgency="critical", created_at=NOW + timedelta(1))
        await open_case(store, native_id="c", case_id="CCCCC-CCCCC", created_at=NOW - timedelta(1))
        assert [c.id[0] for c in await store.cases(CaseFilter())] == ["B", "C", "A"]

    async def test_cases_search_is_literal(self, store: Store) -> None:
        """Wildcards in a search are plain characters."""
        await open_case(store)
        assert len(await store.cases(CaseFilter(search="pak"))) == 1
        assert await store.cases(CaseFilter(search="%")) == []

    async def test_cases_search_looks_at_who_and_what_only(self, store: Store) -> None:
        """Names of our own fields are in no case; capitals beyond A to Z are the same letters."""
        sender = Party(name='ÄITI "The Rock" Mäkinen', address="aiti@example.org")
        await open_case(store, subject="ÖLJYÄ lattialla", sender=sender)
        for word in ("name", "address", "id"):
            assert await store.cases(CaseFilter(search=word)) == [], word
        for word in ("Öljy", "Äiti", '"the rock"', "AITI@"):
            assert len(await store.cases(CaseFilter(search=word))) == 1, word

    async def test_lookup_finds_thread_by_key(self, store: Store) -> None:
        """A Message-ID leads to its case."""
        await open_case(store)
        known = await store.lookup(
            source_keys=["email:support:m1", "email:support:zz"],
            thread_keys=["mid:m1@example.org"],
            case_ids=["NOPE1-NOPE1"],
        )
        assert known.known == {"email:support:m1": "AAAAA-BBBBB"}
        assert known.threads["mid:m1@example.org"][0].case.id == "AAAAA-BBBBB"

    async def test_change_case_checks_version(self, store: Store) -> None:
        """A change on what somebody else changed is refused; a good one is audited."""
        await open_case(store)
        changed = await store.change_case("AAAAA-BBBBB", CaseChange(urgency="high"), version=1, actor="aino")
        assert (changed.urgency, changed.version) == ("high", 2)
        with pytest.raises(Conflict):
            await store.change_case("AAAAA-BBBBB", CaseChange(urgency="low"), version=1, actor="eero")
        assert (await store.audit(case_id="AAAAA-BBBBB"))[-1].actor == "aino"

    async def test_case_unknown_raises(self, store: Store) -> None:
        """An unknown id is NotFound everywhere."""
        for asked in (store.case("ZZZZZ-ZZZZZ"), store.outbox_row("nope"), store.raw(99)):
            with pytest.raises(NotFound):
                await asked

    async def test_outbox_attempt_is_fenced(self, store: Store) -> None:
        """After a lease ran out and was taken over, the first sender can neither start nor settle."""
        await open_case(store)
        await store.enqueue(make_reply_row(), actor="aino")
        [late] = await store.lease_outbox("one", limit=1, lease_seconds=-1)
        [row] = await store.lease_outbox("two", limit=1)
        assert not await store.start_attempt(late)
        assert await store.start_attempt(row)
        with pytest.raises(Conflict):
            await store.settle_outbox(late, state="sent")
        await store.settle_outbox(row, state="sent", receipt=Receipt(native_id="x", sent_at=NOW))
        assert (await store.case("AAAAA-BBBBB")).state == "waiting"
        assert (await store.conversation("AAAAA-BBBBB"))[-1].delivery == "sent"

    async def test_outbox_answer_to_reply_finds_case(self, store: Store) -> None:
        """The Message-ID of what we send is a thread key."""
        await open_case(store)
        await store.enqueue(make_reply_row(), actor="aino")
        known = await store.lookup(source_keys=[], thread_keys=["mid:r1@shop.example"], case_ids=[])
        assert known.threads["mid:r1@shop.example"][0].case.id == "AAAAA-BBBBB"

    async def test_outbox_interrupted_attempt_is_parked(self, store: Store) -> None:
        """A send that was under way when its worker died waits for a person; to an idempotent target it goes again."""
        await open_case(store)
        await store.enqueue(make_reply_row("r1"), actor="aino")
        await store.enqueue(make_reply_row("r2", target="webhook:shop"), actor="aino")
        for row in await store.lease_outbox("dead", limit=5):
            assert await store.start_attempt(row)
        assert await store.park_interrupted(expired_only=True) == 0
        assert await store.park_interrupted(expired_only=False, resend=["webhook:shop"]) == 2
        assert (await store.outbox_row("r1")).state == "parked"
        assert (await store.outbox_row("r2")).state == "pending"

    async def test_outbox_approval_binds_to_text(self, store: Store) -> None:
        """Approving needs the digest of the text that waits; a later edit voids what was seen."""
        await open_case(store)
        row = make_reply_row(state="awaiting_approval")
        assert row.reply is not None
        await store.enqueue(row, actor="aino")
        edited = row.reply.model_copy(update={"text": "Anteeksi"})
        await store.decide_outbox("r1", "awaiting_approval", digest=row.reply.digest, actor="eero", reply=edited)
        with pytest.raises(Conflict):
            await store.decide_outbox("r1", "pending", digest=row.reply.digest, actor="liisa")
        after = await store.decide_outbox("r1", "pending", digest=edited.digest, actor="liisa")
        assert (after.state, after.approved_by, after.created_by) == ("pending", "liisa", "eero")

    async def test_outbox_withdrawn_is_not_sent(self, store: Store) -> None:
        """What was taken back before its attempt starts never leaves."""
        await open_case(store)
        row = make_reply_row()
        await store.enqueue(row, actor="aino")
        [leased] = await store.lease_outbox("one", limit=1)
        assert row.reply is not None
        await store.decide_outbox("r1", "withdrawn", digest=row.reply.digest, actor="aino")
        assert not await store.start_attempt(leased)

    async def test_acknowledgement_once_per_address_and_day(self, store: Store) -> None:
        """The second acknowledgement of a day to one address is dropped at the commit."""
        for n, day in enumerate((NOW, NOW + timedelta(hours=1), NOW + timedelta(days=1))):
            await open_case(store, native_id=f"m{n}", case_id=f"AAAAA-AAAA{n}")
            row = make_reply_row(f"k{n}", kind="acknowledgement", case_id=f"AAAAA-AAAA{n}", created_at=day)
            await store.commit(Commit(outbox=(row,)))
        assert [r.id for r in await store.outbox_rows(states=["pending"])] == ["k0", "k2"]

    async def test_sink_event_round_trips(self, store: Store) -> None:
        """A sink's event comes back as it was queued."""
        await open_case(store)
        event = SinkEvent(id="s1", sink="hook", case=make_case(), text="hi", reasons=("type is delivery",))
        row = make_reply_row("s1").model_copy(update={"kind": "sink", "reply": None, "event": event, "target": "hook"})
        await store.commit(Commit(outbox=(row,)))
        assert (await store.outbox_row("s1")).event == event

    async def test_quarantine_and_retry(self, store: Store) -> None:
        """A message set aside is listed with its reason and can be read again."""
        [receipt] = await store.put_raw([make_raw(b"?", native_id="q")])
        await store.commit(Commit(outcomes=(RawOutcome(raw_id=receipt.raw_id, state="quarantined", reason="empty"),)))
        [item] = await store.quarantined()
        assert (item.reason, item.size) == ("empty", 1)
        await store.requeue_raw(receipt.raw_id, actor="boss")
        assert await store.pending_raw() == 1

    async def test_session_ends_with_its_user(self, store: Store) -> None:
        """Disabling a user ends every session at once."""
        await store.put_user(User(name="aino", teams=("delivery",), password_hash="h"))
        login = Session(
            token_digest="t", user="aino", csrf="c", created_at=NOW, expires_at=datetime(2999, 1, 1, tzinfo=UTC)
        )
        await store.put_session(login)
        assert await store.session("t") == login
        await store.put_user(User(name="aino", teams=("delivery",), password_hash="h", disabled=True))
        assert await store.session("t") is None

    async def test_cursor_round_trips(self, store: Store) -> None:
        """A cursor is kept by channel, account and key."""
        assert await store.cursor("x", "a", "since") is None
        await store.set_cursor("x", "a", "since", "1")
        await store.set_cursor("x", "a", "since", "9007199254740993")
        assert await store.cursor("x", "a", "since") == "9007199254740993"

    async def test_notes_and_audit_in_order(self, store: Store) -> None:
        """Notes join the conversation, and the trail grows."""
        await open_case(store)
        await store.add_note("AAAAA-BBBBB", "called back", actor="aino")
        assert (await store.conversation("AAAAA-BBBBB"))[-1].direction == "note"
        assert await store.last_audit() == (await store.audit())[-1].seq

    async def test_clocks_raise_each_alarm_once_from_many(self, store: Store) -> None:
        """Several that tell the clocks at once raise each alarm once, with all it brings; the case has its deadline."""
        for n in range(12):
            await open_case(store, native_id=f"m{n}", case_id=f"AAAAA-AAA{n:02}")
        deadlines = make_book(
            {
                "name": "first", "clock": "first_response", "within": "1h", "warn_before": ["30m"],
                "at_breach": {"urgency": "up", "sinks": ["room"], "tags": ["late"]},
            }
        )  # fmt: skip
        plan = partial(plan_clocks, deadlines=deadlines)
        later = NOW + timedelta(hours=2)
        runs = await asyncio.gather(*(store.advance_clocks(plan, now=later, limit=50) for _ in range(4)))
        while (run := await store.advance_clocks(plan, now=later, limit=50)).cases:
            runs.append(run)
        raised = sorted((case_id, alarm.kind) for run in runs for case_id, alarm in run.alarms)
        assert raised == sorted({(f"AAAAA-AAA{n:02}", kind) for n in range(12) for kind in ("warning:30m", "breach")})
        assert len(await store.outbox_rows(states=["pending"])) == 12
        assert {(case.urgency, case.tags) for case in await store.cases(CaseFilter())} == {("high", ("late",))}
        assert {case.due_at for case in await store.cases(CaseFilter(order="due"))} == {NOW + timedelta(hours=1)}
        assert await store.next_alarm() is None
        tallies = await store.tallies(NOW + timedelta(hours=1))
        assert (tallies.outbox, tallies.overdue, tallies.overdue_statutory) == ({"pending": 12}, 12, 0)
        assert (await store.tallies(NOW)).overdue == 0

    async def test_clocks_restart_with_another_configuration(self, store: Store) -> None:
        """Clocks are told again when the configuration differs, and are gone when there are no deadlines any more."""
        await open_case(store)
        plan = partial(plan_clocks, deadlines=make_book({"name": "a", "clock": "resolution", "within": "1h"}))
        assert await store.restart_clocks("one", empty=False)
        assert (await store.advance_clocks(plan, now=NOW, limit=9)).cases == 1
        assert (await store.advance_clocks(plan, now=NOW, limit=9)).cases == 0
        assert not await store.restart_clocks("one", empty=False)
        assert await store.restart_clocks("two", empty=False)
        assert (await store.advance_clocks(plan, now=NOW, limit=9)).cases == 1
        assert [clock.name for clock in await store.due_clocks(teams=["delivery"])] == ["a"]
        await store.restart_clocks("", empty=True)
        assert (await store.clocks("AAAAA-BBBBB"), (await store.case("AAAAA-BBBBB")).due_at) == ([], None)
