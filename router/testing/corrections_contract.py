# SPDX-License-Identifier: Apache-2.0
"""What every store must do with what people say of messages; subclassed beside ``StoreContract``."""

from __future__ import annotations

from datetime import timedelta

import pytest

from router.errors import NotFound
from router.interfaces import Store
from router.learning.records import PersonLabels
from router.records import CaseChange, Commit, NewMessage, RawOutcome
from router.schema import Classification, Decision, Evidence
from router.testing.store import make_raw
from router.testing.store_contract import NOW, make_case, make_message

__all__ = ["CorrectionsContract", "put_message"]


async def put_message(
    store: Store,
    native_id: str = "m1",
    *,
    case_id: str = "AAAAA-BBBBB",
    opens: bool = True,
    text: str = "",
    **said: object,
) -> str:
    """Commit a classified message, and the case it opens; returns its source key."""
    [receipt] = await store.put_raw([make_raw(native_id.encode(), native_id=native_id)])
    labels = Classification(
        kind="complaint", type="delivery", urgency="normal", language="fi", model="linear@abc",
        scores={"kind": {"complaint": 0.9, "request": 0.1}},
        why={"kind": (Evidence(text="Paketti", start=0, end=7, weight=1.0),)},
    ).model_copy(update=said)  # fmt: skip
    decision = Decision(team="delivery", queue="delivery", route="root", urgency=labels.urgency)
    message = make_message(native_id)
    if text:
        message = message.model_copy(update={"text": text, "reply_text": text})
    new = NewMessage(raw_id=receipt.raw_id, case_id=case_id, message=message, classification=labels, decision=decision)
    case = make_case(case_id, kind=labels.kind, type=labels.type, urgency=labels.urgency)
    outcome = RawOutcome(raw_id=receipt.raw_id, state="done")
    await store.commit(Commit(outcomes=(outcome,), new_cases=(case,) if opens else (), messages=(new,)))
    return message.source_key


class CorrectionsContract:
    """Inherited by the tests of each database."""

    async def test_change_of_label_keeps_correction(self, store: Store) -> None:
        """A changed label is kept with what the model said, its scores and name, who and when; reasons are left out."""
        key = await put_message(store)
        change = CaseChange(type="billing", team="billing", queue="billing", state="waiting")
        await store.change_case("AAAAA-BBBBB", change, version=1, actor="aino")
        [kept] = await store.corrections("AAAAA-BBBBB")
        assert (kept.source_key, kept.actor, kept.via) == (key, "aino", "case")
        assert kept.labels == PersonLabels(type="billing", team="billing", queue="billing")
        assert (kept.said.type, kept.said.model, kept.said.scores["kind"]["complaint"]) == (
            "delivery",
            "linear@abc",
            0.9,
        )
        assert (kept.said_team, kept.said.why) == ("delivery", {})

    async def test_change_without_label_keeps_none(self, store: Store) -> None:
        """A change of state, and a change to what stands there already, correct nothing."""
        await put_message(store)
        case = await store.change_case("AAAAA-BBBBB", CaseChange(state="waiting"), version=1, actor="aino")
        await store.change_case("AAAAA-BBBBB", CaseChange(type="delivery"), version=case.version, actor="aino")
        assert await store.corrections("AAAAA-BBBBB") == []

    async def test_change_back_is_another_correction(self, store: Store) -> None:
        """Undo is one more correction; both stay, in order."""
        await put_message(store)
        case = await store.change_case("AAAAA-BBBBB", CaseChange(urgency="high"), version=1, actor="aino")
        await store.change_case("AAAAA-BBBBB", CaseChange(urgency="normal"), version=case.version, actor="aino")
        assert [one.labels.urgency for one in await store.corrections("AAAAA-BBBBB")] == ["high", "normal"]

    async def test_change_to_praise_says_no_type(self, store: Store) -> None:
        """Praise has no type, so the correction says the kind alone."""
        await put_message(store)
        await store.change_case("AAAAA-BBBBB", CaseChange(kind="praise"), version=1, actor="aino")
        [kept] = await store.corrections("AAAAA-BBBBB")
        assert kept.labels == PersonLabels(kind="praise")

    async def test_correction_is_of_first_complaint(self, store: Store) -> None:
        """A case that began with a greeting got its labels from the complaint that followed, and so does the row."""
        await put_message(store, "hello", kind="other", type=None)
        second = await put_message(store, "m2", opens=False)
        await store.change_case("AAAAA-BBBBB", CaseChange(urgency="high"), version=1, actor="aino")
        assert [one.source_key for one in await store.corrections("AAAAA-BBBBB")] == [second]

    async def test_label_leaves_case_and_list(self, store: Store) -> None:
        """A labelled message is no longer offered; its case stays as it was; an unknown message is refused."""
        key = await put_message(store)
        other = await put_message(store, "m2", case_id="AAAAA-CCCCC")
        assert {one.message.source_key for one in await store.unlabelled(teams=["delivery"])} == {key, other}
        made = await store.put_label(key, PersonLabels(kind="request", type="billing", urgency="low"), actor="aino")
        assert (made.via, made.id > 0, (await store.case("AAAAA-BBBBB")).kind) == ("label", True, "complaint")
        assert [one.message.source_key for one in await store.unlabelled()] == [other]
        assert await store.unlabelled(teams=["billing"]) == []
        assert (await store.audit())[-1].action == "message_labelled"
        with pytest.raises(NotFound):
            await store.put_label(other, PersonLabels(kind="other"), actor="otto", teams=["billing"])
        with pytest.raises(NotFound):
            await store.put_label("email:support:gone", PersonLabels(kind="other"), actor="aino")

    async def test_corrected_gives_messages_in_order(self, store: Store) -> None:
        """Corrections come with their messages, oldest first, from any point on."""
        for n in range(3):
            key = await put_message(store, f"m{n}", case_id=f"AAAAA-{n:05}")
            await store.put_label(key, PersonLabels(kind="request"), actor="aino")
        first, *rest = await store.corrected()
        assert (first.message.native_id, first.language, first.sender_key) == ("m0", "fi", "anna@example.org")
        assert await store.corrected(after=first.correction.id) == rest
        assert len(await store.corrected(limit=2)) == 2
        assert await store.corrected(since=first.correction.at + timedelta(days=1)) == []

    async def test_label_summaries_between(self, store: Store) -> None:
        """What the model said of a time's messages, without a word of theirs."""
        await put_message(store)
        day = timedelta(days=1)
        [one] = await store.label_summaries(since=NOW, until=NOW + day)
        assert one == (NOW, "email", "fi", "complaint", "delivery", "normal", False, 0.9)
        assert await store.label_summaries(since=NOW + day, until=NOW + 2 * day) == []
