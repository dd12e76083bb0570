# SPDX-License-Identifier: Apache-2.0
"""From raw messages to cases: opened, joined, copied, ignored, each once."""

import asyncio
from typing import Any

import pytest

from router.config.models import BatchSettings
from router.records import CaseChange, Lookup
from router.testing.store import make_raw

BEN = {"address": "ben@example.org"}


async def test_pipeline_opens_a_case(works: Any) -> None:
    """A complaint becomes a case in the team's queue, with labels, route and audit."""
    raw_id = await works.put("m1", subject="Late", text="Where is my parcel?", language="en")
    await works.work()
    case = await works.case_of(raw_id)
    assert (case.team, case.queue, case.kind, case.type) == ("delivery", "delivery", "complaint", "delivery")
    assert (case.subject, case.sender.address, case.channel) == ("Late", "anna@example.org", "email")
    [entry] = [entry for entry in await works.store.conversation(case.id) if entry.direction == "in"]
    assert entry.decision.route == "root/delivery"
    assert [row.action for row in await works.store.audit(case_id=case.id)] == ["case_opened"]
    assert await works.fate(raw_id) == ("done", "")


async def test_pipeline_gives_the_reference_that_was_shown(works: Any) -> None:
    """The reference that the source was given at receipt is the id of the case."""
    [receipt] = await works.store.put_raw([make_raw(b'{"text": "The parcel is lost"}', channel="webform")])
    await works.work()
    assert (await works.case_of(receipt.raw_id)).id == receipt.reference


async def test_pipeline_answer_joins(works: Any) -> None:
    """An answer of the same customer joins the case of the message it answers."""
    first = await works.take("m1", text="Where is my parcel?")
    again = await works.take("m2", text="Still nothing", in_reply_to="m1@example.org")
    assert again.id == first.id
    assert again.messages == ("email:support:m1", "email:support:m2")
    assert (await works.store.audit(case_id=first.id))[-1].action == "message_joined_by_reference"


async def test_pipeline_second_mailbox_is_a_copy(works: Any) -> None:
    """The same mail to two of our addresses is one case, and the copy is not shown as another message."""
    first = await works.take("m1", text="Where is my parcel?", message_id="same@example.org")
    copy = await works.take("k9", account="sales", text="Where is my parcel?", message_id="same@example.org")
    assert (copy.id, copy.version) == (first.id, first.version)
    [entry] = [e for e in await works.store.conversation(first.id) if e.direction == "in"]
    assert entry.copies == ("email:sales:k9",)
    assert len(await works.outgoing("acknowledgement")) == 1


async def test_two_pipelines_take_one_conversation_at_once(works: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two messages of one chat, taken by two processes that both look before either commits, are one case."""
    ids = [await works.put(key, channel="telegram", account="shop", conversation="c1", text="Late!") for key in "ab"]
    pipelines = [works.pipeline(worker=name, batches=BatchSettings(max_messages=1)) for name in ("one", "two")]
    batches = [await pipeline.take() for pipeline in pipelines]
    look, both = works.store.lookup, asyncio.Barrier(2)

    async def look_together(**asked: Any) -> Lookup:
        found: Lookup = await look(**asked)
        if not works.commits:
            await both.wait()
        return found

    monkeypatch.setattr(works.store, "lookup", look_together)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for pipeline, batch in zip(pipelines, batches, strict=True):
            group.create_task(pipeline.finish(batch))
    [case] = await works.cases()
    assert sorted(case.messages) == ["telegram:shop:a", "telegram:shop:b"]
    assert [(await works.fate(raw_id))[0] for raw_id in ids] == ["done", "done"]


async def test_pipeline_threads_within_a_batch(works: Any) -> None:
    """An answer taken in the same batch as its first message joins it."""
    first = await works.put("m1", text="Where is my parcel?")
    second = await works.put("m2", text="Hello?", in_reply_to="m1@example.org")
    other = await works.put("m3", text="My invoice is wrong", sender=BEN)
    await works.work()
    assert len(works.commits) == 1
    assert (await works.case_of(first)).id == (await works.case_of(second)).id
    assert (await works.case_of(other)).team == "billing"


async def test_pipeline_duplicate_within_a_batch_is_one_message(works: Any) -> None:
    """Two raw messages that are the same message of the platform make one case; the other says why it made none."""
    one = await works.put("update-1", channel="telegram", account="shop", native_id="77/1", text="parcel lost")
    two = await works.put("update-2", channel="telegram", account="shop", native_id="77/1", text="parcel lost")
    await works.work()
    assert len(await works.cases()) == 1
    assert await works.fate(one) == ("done", "")
    assert await works.fate(two) == ("ignored", "known already")


async def test_pipeline_duplicate_of_earlier_message_is_known(works: Any) -> None:
    """The same message of the platform in a later batch changes nothing."""
    case = await works.take("update-1", channel="telegram", account="shop", native_id="77/1", text="parcel lost")
    again = await works.put("update-2", channel="telegram", account="shop", native_id="77/1", text="parcel lost")
    await works.work()
    assert await works.fate(again) == ("done", "known already")
    assert await works.cases() == [case]


async def test_pipeline_ignores_own_message(works: Any) -> None:
    """What we sent ourselves and see again is no complaint."""
    raw_id = await works.put("m1", text="We are sorry", flags={"own": True})
    await works.work()
    assert await works.fate(raw_id) == ("ignored", "sent by ourselves")
    assert await works.cases() == []


async def test_pipeline_payload_without_message_is_ignored(works: Any) -> None:
    """A payload that holds no message ends with a reason."""
    raw_id = await works.put_body(b"[]", native_id="poll")
    await works.work()
    assert await works.fate(raw_id) == ("ignored", "holds no message")


async def test_pipeline_several_messages_in_one_payload(works: Any) -> None:
    """Each message of a payload is handled; the payload is done once."""
    body = (
        b'[{"native_id": "a", "text": "parcel lost", "sender": {"id": "1"}},'
        b' {"native_id": "b", "text": "invoice wrong", "sender": {"id": "2"}}]'
    )
    raw_id = await works.put_body(body, native_id="payload", channel="telegram", account="shop")
    await works.work()
    assert sorted(case.team for case in await works.cases()) == ["billing", "delivery"]
    assert await works.fate(raw_id) == ("done", "")


async def test_pipeline_machines_get_their_own_queue(works: Any) -> None:
    """Automatic mail is low in the queue of machines, and nobody writes back to it."""
    case = await works.take("m1", text="I am away, the parcel can wait", flags={"auto_reply": True})
    assert (case.queue, case.urgency) == ("machines", "low")
    assert await works.store.outbox_rows(states=["pending"]) == []


async def test_pipeline_follow_up_reopens_and_raises_urgency(works: Any) -> None:
    """A resolved case is open again after the customer's answer, as urgent as the more urgent of the two."""
    first = await works.take("m1", text="Where is my parcel?")
    await works.store.change_case(first.id, CaseChange(state="resolved"), version=first.version, actor="aino")
    again = await works.take("m2", text="My lawyer will ask for the parcel", in_reply_to="m1@example.org")
    assert (again.id, again.state, again.urgency) == (first.id, "open", "high")
    calm = await works.take("m3", text="The parcel came", in_reply_to="m1@example.org")
    assert calm.urgency == "high"


async def test_pipeline_late_answer_opens_a_new_case(works: Any) -> None:
    """Long after it was resolved, an answer is a new matter."""
    first = await works.take("m1", text="Where is my parcel?")
    await works.store.change_case(first.id, CaseChange(state="resolved"), version=first.version, actor="aino")
    works.clock.advance(31 * 86_400)
    again = await works.take("m2", text="Another parcel is late", in_reply_to="m1@example.org")
    assert again.id != first.id


async def test_pipeline_machine_follow_up_reopens_nothing(works: Any) -> None:
    """An out-of-office answer joins its case and leaves it resolved."""
    first = await works.take("m1", text="Where is my parcel?")
    await works.store.change_case(first.id, CaseChange(state="resolved"), version=first.version, actor="aino")
    again = await works.take("m2", text="I am away", in_reply_to="m1@example.org", flags={"auto_reply": True})
    assert (again.id, again.state) == (first.id, "resolved")


async def test_pipeline_greeting_then_complaint_moves_the_case(works: Any) -> None:
    """Where the first message said nothing yet, the complaint that follows decides where the case goes."""
    same = {"channel": "telegram", "account": "shop", "conversation": "c1", "sender": {"id": "5"}}
    works.team_sinks = {"delivery": ["warehouse"]}
    first = await works.take("t1", text="How do I reach you", **same)
    assert (first.kind, first.team) == ("request", "triage")
    after = await works.take("t2", text="my parcel is lost", **same)
    assert (after.id, after.kind, after.team) == (first.id, "complaint", "delivery")
    [event] = await works.outgoing("sink")
    assert (event.target, event.event.case.id) == ("warehouse", first.id)


async def test_pipeline_edit_joins_with_the_new_words(works: Any) -> None:
    """An edited message stands in the conversation under the first one."""
    same = {"channel": "telegram", "account": "shop", "message_id": "c1/1", "sender": {"id": "5"}}
    first = await works.take("c1/1", text="my parcel", **same)
    edited = await works.take("c1/1/edit/9", text="my parcel is on fire", event="edit", **same)
    assert (edited.id, edited.urgency) == (first.id, "critical")
    entries = [e for e in await works.store.conversation(first.id) if e.direction == "in"]
    assert [entry.text for entry in entries] == ["my parcel", "my parcel is on fire"]


async def test_pipeline_edit_of_unknown_message_is_a_case(works: Any) -> None:
    """Where we never saw the first words, the edited ones are the complaint."""
    case = await works.take("c1/1/edit/9", channel="telegram", account="shop", message_id="c1/1", event="edit",
                            text="my parcel is lost", sender={"id": "5"})  # fmt: skip
    assert case.team == "delivery"


async def test_pipeline_deletion_is_shown_and_changes_no_label(works: Any) -> None:
    """That the author deleted a post is part of the conversation; what was decided stays."""
    same = {"channel": "x", "account": "shop", "message_id": "900", "sender": {"id": "5"}, "visibility": "public"}
    first = await works.take("900", text="my parcel is on fire", **same)
    after = await works.take("900/delete", event="delete", **same)
    assert (after.id, after.urgency, after.type, after.state) == (first.id, first.urgency, first.type, "open")
    [words, deleted] = [e for e in await works.store.conversation(first.id) if e.direction == "in"]
    assert (words.text, deleted.text, deleted.message.event) == ("my parcel is on fire", "", "delete")


@pytest.mark.parametrize("sender", [{"id": "5"}, {"id": "666"}], ids=["unknown", "stranger"])
async def test_pipeline_deletion_of_what_is_not_theirs_is_ignored(works: Any, sender: dict[str, str]) -> None:
    """A deletion of a message that we do not have from that author opens no case and joins none."""
    if sender["id"] == "666":
        await works.take("900", channel="x", account="shop", message_id="900", text="parcel", sender={"id": "5"})
    raw_id = await works.put("900/delete", channel="x", account="shop", message_id="900", event="delete", sender=sender)
    before = await works.cases()
    await works.work()
    assert await works.fate(raw_id) == ("ignored", "deletes a message that is not here")
    assert await works.cases() == before


@pytest.mark.parametrize("reply_to", [[], [{"address": "anna.private@example.org"}]], ids=["from", "reply-to"])
async def test_pipeline_bounce_of_our_reply_joins_its_case(works: Any, reply_to: list[dict[str, str]]) -> None:
    """A bounce names the mail of ours that came back, and lands where the agent sees it, open again."""
    case = await works.take("m1", text="Where is my parcel?", reply_to=reply_to)
    [acknowledgement] = await works.outgoing("acknowledgement")
    reply = acknowledgement.reply
    token = reply.message_id.partition(".")[0]
    bounce = await works.take(
        "b1", text="Undeliverable", sender={"address": "mailer-daemon@example.org"}, references=[reply.message_id],
        reply_tokens=[token], flags={"bounce": True},
        report={"action": "failed", "permanent": True, "recipient": "anna@example.org", "status": "5.1.1"},
    )  # fmt: skip
    assert bounce.id == case.id
    [entry] = [e for e in await works.store.conversation(case.id) if e.source_key == "email:support:b1"]
    assert not entry.verified
    assert entry.message.notes == ("our answer to anna@example.org could not be delivered: no such mailbox (hard)",)


async def test_pipeline_webform_case_is_acknowledged_by_mail(works: Any) -> None:
    """A form cannot be answered; the account that it names writes to the address that was given."""
    await works.take("f1", channel="webform", sender={"address": "anna@example.org"}, text="parcel lost")
    [row] = await works.outgoing("acknowledgement")
    assert (row.target, row.reply.channel, row.reply.to.address) == ("email:support", "email", "anna@example.org")


async def test_pipeline_bounce_with_a_made_up_reference_joins_nothing(works: Any) -> None:
    """A token alone, in a stranger's hands and bound to somebody else, opens no case."""
    case = await works.take("m1", text="Where is my parcel?", reply_to=[{"address": "private@example.org"}])
    [acknowledgement] = await works.outgoing("acknowledgement")
    token = acknowledgement.reply.message_id.partition(".")[0]
    forged = await works.take(
        "b1", text="Hello", sender={"address": "mallory@example.org"}, references=[f"{token}.made-up@shop.example"],
        reply_tokens=[token],
    )  # fmt: skip
    assert forged.id != case.id


async def test_pipeline_rules_know_how_many_messages_a_case_has(works: Any) -> None:
    """The shipped rule for a case that goes on and on holds at the fourth message."""
    case = await works.take("m1", text="Where is my parcel?")
    for number in (2, 3):
        case = await works.take(f"m{number}", text="The parcel?", in_reply_to="m1@example.org")
        assert case.urgency == "normal"
    case = await works.take("m4", text="The parcel?", in_reply_to="m1@example.org")
    assert (len(case.messages), case.urgency) == (4, "high")


async def test_pipeline_rules_count_within_a_batch(works: Any) -> None:
    """Messages of the same batch count as well."""
    await works.put("m1", text="Where is my parcel?")
    for number in (2, 3, 4):
        await works.put(f"m{number}", text="The parcel?", in_reply_to="m1@example.org")
    await works.work()
    assert [(len(case.messages), case.urgency) for case in await works.cases()] == [(4, "high")]
