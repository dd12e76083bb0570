# SPDX-License-Identifier: Apache-2.0
"""Answers: who may write what to whom, who lets it go, and what becomes of a doubt."""

from typing import Any

import pytest

from router.errors import Conflict, Forbidden, NotFound, UserInputError
from router.records import CaseChange


async def test_submit_private_reply_is_queued(office: Any) -> None:
    """A private answer waits for the sender alone, which is woken."""
    row = await office.service.submit(await office.case(), text="  We are looking for it.\n", actor="aino")
    assert (row.state, row.target, row.created_by) == ("pending", "email:support", "aino")
    assert (row.reply.text, row.reply.to.address) == ("We are looking for it.", "anna@example.org")
    assert office.woken


async def test_submit_unknown_case(office: Any) -> None:
    """There is nothing to answer in a case that is not."""
    with pytest.raises(NotFound):
        await office.service.submit("22222-22222", text="x", actor="aino")


async def test_submit_form_case_is_answered_by_mail(office: Any) -> None:
    """A form's complaint is answered through the account that the form names."""
    row = await office.service.submit(await office.case("webform"), text="Hello", actor="aino")
    assert (row.target, row.reply.channel, row.reply.to.address) == ("email:support", "email", "anna@example.org")


async def test_submit_form_with_only_a_number_is_refused(office: Any) -> None:
    """Who left a telephone number cannot be mailed; the composer says so before anybody writes."""
    case_id = await office.case("webform", sender={"address": "+358401234567", "name": "Anna"})
    assert office.service.capabilities(await office.works.store.case(case_id)).reply == ()
    with pytest.raises(UserInputError, match="no mail address") as caught:
        await office.service.submit(case_id, text="Hello", actor="aino")
    assert caught.value.status == 422


async def test_submit_without_a_way_to_answer_is_refused(office: Any) -> None:
    """Where nothing can send, nothing is queued."""
    case_id = await office.case("call", text="caller asks for the parcel", sender={"address": "+358"})
    assert office.service.capabilities(await office.works.store.case(case_id)).reply == ()
    with pytest.raises(UserInputError, match="cannot be answered"):
        await office.service.submit(case_id, text="Hello", actor="aino")


@pytest.mark.parametrize("text", ["", "  \n\t "], ids=["nothing", "blanks"])
async def test_submit_empty_is_refused(office: Any, text: str) -> None:
    """An empty answer does not leave."""
    with pytest.raises(UserInputError, match="empty"):
        await office.service.submit(await office.case(), text=text, actor="aino")


@pytest.mark.parametrize(
    ("text", "over"),
    [("x" * 20, 0), ("x" * 21, 1), ("\U0001f4e6" * 10, 0), ("\U0001f4e6" * 11, 2)],
    ids=["fits", "one-over", "emoji-fit", "emoji-over"],
)
async def test_submit_counts_as_the_platform_does(office: Any, text: str, over: int) -> None:
    """A limit is counted in the platform's units; what is too long is refused, never cut."""
    case_id = await office.case("telegram", sender={"id": "5"}, conversation="5")
    if not over:
        assert (await office.service.submit(case_id, text=text, actor="aino")).reply.text == text
        return
    with pytest.raises(UserInputError) as caught:
        await office.service.submit(case_id, text=text, actor="aino")
    assert caught.value.fields == {"text": f"shorten by {over}"}


async def test_submit_limit_depends_on_the_audience(office: Any) -> None:
    """What is too long in public may go as a direct message."""
    case_id, text = await office.post(), "x" * 281
    with pytest.raises(UserInputError, match="281 weighted 280"):
        await office.service.submit(case_id, text=text, actor="aino")
    row = await office.service.submit(case_id, text=text, actor="aino", visibility="direct")
    assert (row.state, row.reply.visibility) == ("pending", "direct")


async def test_submit_audience_that_the_channel_lacks_is_refused(office: Any) -> None:
    """A mail cannot be answered in public, and the ways that there are get named."""
    with pytest.raises(UserInputError) as caught:
        await office.service.submit(await office.case(), text="x", actor="aino", visibility="public")
    assert caught.value.fields == {"visibility": "possible: private"}


async def test_submit_private_message_is_never_answered_in_public(office: Any) -> None:
    """What somebody wrote in private stays private, on a public platform too."""
    case_id = await office.case("x", visibility="direct", sender={"id": "5"}, conversation="5-9")
    with pytest.raises(UserInputError, match="never answered in public"):
        await office.service.submit(case_id, text="x", actor="aino", visibility="public")


async def test_submit_public_waits_for_a_second_person(office: Any) -> None:
    """A public answer leaves only after somebody else approved exactly that text."""
    row = await office.service.submit(await office.post(), text="Sorry!", actor="aino")
    assert row.state == "awaiting_approval"
    with pytest.raises(Forbidden):
        await office.service.approve(row.id, digest=row.reply.digest, actor="aino")
    with pytest.raises(Conflict, match="changed after you saw it"):
        await office.service.approve(row.id, digest="another text", actor="eero")
    approved = await office.service.approve(row.id, digest=row.reply.digest, actor="eero")
    assert (approved.state, approved.approved_by) == ("pending", "eero")
    with pytest.raises(Conflict, match="pending already"):
        await office.service.approve(row.id, digest=row.reply.digest, actor="maria")


async def test_edit_makes_the_editor_the_author(office: Any) -> None:
    """Who changes a waiting answer cannot approve it; its first author now can; the old text is approved no more."""
    row = await office.service.submit(await office.post(), text="Sorry!", actor="aino")
    edited = await office.service.edit(row.id, text="We are sorry.", actor="eero")
    assert (edited.state, edited.created_by, edited.reply.author) == ("awaiting_approval", "eero", "eero")
    with pytest.raises(Forbidden):
        await office.service.approve(row.id, digest=edited.reply.digest, actor="eero")
    with pytest.raises(Conflict):
        await office.service.approve(row.id, digest=row.reply.digest, actor="aino")
    approved = await office.service.approve(row.id, digest=edited.reply.digest, actor="aino")
    assert (approved.reply.text, approved.approved_by) == ("We are sorry.", "aino")


async def test_edit_is_checked_like_a_new_answer(office: Any) -> None:
    """A change cannot bring in what would have been refused, and what has left cannot be changed."""
    case_id = await office.post()
    row = await office.service.submit(case_id, text="Sorry!", actor="aino")
    with pytest.raises(UserInputError, match="takes 280"):
        await office.service.edit(row.id, text="x" * 300, actor="eero")
    sent = await office.service.submit(case_id, text="Sorry!", actor="aino", visibility="direct")
    with pytest.raises(Conflict):
        await office.service.edit(sent.id, text="Other", actor="eero")


async def test_submit_holds_private_reply_where_a_rule_says_so(office: Any) -> None:
    """In a case of danger every answer waits, also when the newest message is harmless by itself."""
    case_id = await office.case(text="The parcel is on fire")
    row = await office.service.submit(case_id, text="Call us", actor="aino")
    assert row.state == "awaiting_approval"
    await office.works.take("c2", text="When do you call about the parcel", in_reply_to="c1@example.org")
    assert (await office.service.submit(case_id, text="Now", actor="aino")).state == "awaiting_approval"


async def test_submit_answers_the_newest_message_of_the_customer(office: Any) -> None:
    """The answer is threaded to the last message, not to a bounce or a deletion."""
    case_id = await office.post()
    same = {"channel": "x", "account": "shop", "visibility": "public", "sender": {"id": "5"}}
    await office.works.take("c2", text="still no parcel", message_id="c2", in_reply_to="c1", **same)
    await office.works.take("c1/delete", event="delete", message_id="c1", **same)
    row = await office.service.submit(case_id, text="Sorry!", actor="aino")
    assert row.reply.in_reply_to_native == "c2"


async def test_submit_never_writes_to_an_unverified_stranger(office: Any) -> None:
    """Who joined a case with somebody else's token is shown, and the answer still goes to the customer."""
    case_id = await office.case()
    sent = await office.service.submit(case_id, text="Hello", actor="aino")
    token = sent.reply.message_id.partition(".")[0]
    stranger = {"address": "mallory@example.org"}
    joined = await office.works.take("c2", text="my parcel", sender=stranger, reply_tokens=[token])
    assert joined.id == case_id
    row = await office.service.submit(case_id, text="Hello again", actor="aino")
    assert row.reply.to.address == "anna@example.org"


async def test_withdraw_takes_back_what_has_not_left(office: Any) -> None:
    """A waiting or queued answer can be taken back, once, and is never sent."""
    row = await office.service.submit(await office.case(), text="Hello", actor="aino")
    assert (await office.service.withdraw(row.id, actor="aino")).state == "withdrawn"
    assert row.id not in [one.id for one in await office.works.store.lease_outbox("test", limit=10)]
    with pytest.raises(Conflict):
        await office.service.withdraw(row.id, actor="aino")
    with pytest.raises(Conflict):
        await office.service.approve(row.id, digest=row.reply.digest, actor="eero")


async def test_withdraw_while_it_is_being_sent_is_refused(office: Any) -> None:
    """What is on its way cannot be taken back."""
    row = await office.service.submit(await office.case(), text="Hello", actor="aino")
    rows = await office.works.store.lease_outbox("test", limit=10)
    await office.works.store.start_attempt(next(one for one in rows if one.id == row.id))
    with pytest.raises(Conflict, match="attempting"):
        await office.service.withdraw(row.id, actor="aino")


@pytest.mark.parametrize(("was_sent", "state"), [(True, "sent"), (False, "pending")], ids=["arrived", "again"])
async def test_resolve_parked_both_ways(office: Any, was_sent: bool, state: str) -> None:
    """A person says whether it arrived: then it counts as answered, else it is sent again."""
    case_id = await office.case()
    row = await office.service.submit(case_id, text="Hello", actor="aino")
    await office.park(row)
    after = await office.service.resolve_parked(row.id, was_sent=was_sent, actor="aino")
    case = await office.works.store.case(case_id)
    assert (after.state, case.state) == (state, "waiting" if was_sent else "open")
    assert (case.first_reply_at is not None) == was_sent
    with pytest.raises(Conflict):
        await office.service.resolve_parked(row.id, was_sent=True, actor="aino")


async def test_retry_is_for_what_failed(office: Any) -> None:
    """A failed answer is tried again and moves with its case once more; anything else is not retried."""
    row = await office.service.submit(await office.case(), text="Hello", actor="aino")
    with pytest.raises(Conflict, match="pending"):
        await office.service.retry(row.id, actor="aino")
    rows = await office.works.store.lease_outbox("test", limit=10)
    leased = next(one for one in rows if one.id == row.id)
    await office.works.store.start_attempt(leased)
    await office.works.store.settle_outbox(leased, state="failed", error="no such person")
    assert (await office.service.retry(row.id, actor="aino")).state == "pending"
    case = await office.works.store.case(row.case_id)
    await office.works.store.change_case(
        case.id, CaseChange(team="billing", queue="billing"), version=case.version, actor="m"
    )
    assert (await office.works.store.outbox_row(row.id)).team == "billing"
