# SPDX-License-Identifier: Apache-2.0
"""Which case a message belongs to, and who cannot get into one."""

from datetime import timedelta

import pytest

from router.config.models import ThreadSettings
from router.crypto import reply_token
from router.records import Lookup, ThreadHit
from router.schema import Case, Flags, InboundMessage, Party
from router.testing.store import TEST_KEY
from router.testing.store_contract import ANNA, NOW, make_case, make_message
from router.threads import Placement, case_ids_named, keys_kept, keys_wanted, place, words_digest

MALLORY = Party(address="mallory@example.org")
FIRST = make_message("first")


def known(case: Case, first: InboundMessage = FIRST, *, ours: str = "") -> Lookup:
    """A store that holds one case with one message, and perhaps a reply of ours."""
    hit = ThreadHit(case=case, sender_key=first.sender.key, digest=words_digest(first), source_key=first.source_key)
    threads = dict.fromkeys(keys_kept(first), (hit,))
    if ours:
        threads[f"mid:{ours}"] = (ThreadHit(case=case, sender_key="", digest="", source_key="outbox:r1"),)
    return Lookup(threads=threads, cases={case.id: case})


def placed(message: InboundMessage, lookup: Lookup, *, later: timedelta = timedelta()) -> Placement:
    return place(message, lookup, key=TEST_KEY, now=NOW + later, settings=ThreadSettings())


def test_place_unknown_message_is_new() -> None:
    """Nothing known, nothing joined."""
    assert placed(make_message("x"), Lookup()).how == "new"


def test_place_same_mail_in_second_mailbox_is_copy() -> None:
    """Same Message-ID, sender and words from another account: a copy, no second case."""
    again = make_message("other-key", account="sales", message_id=FIRST.message_id)
    placement = placed(again, known(make_case()))
    assert (placement.how, placement.copy_of) == ("copy", FIRST.source_key)


@pytest.mark.parametrize("change", [{"sender": MALLORY}, {"text": "Something else entirely"}], ids=["sender", "words"])
def test_place_reused_message_id_is_not_a_copy(change: dict[str, object]) -> None:
    """A stranger who claims a Message-ID first swallows nobody's mail."""
    assert placed(make_message("k", message_id=FIRST.message_id, **change), known(make_case())).how != "copy"


def test_place_answer_to_our_reply_joins() -> None:
    """The customer's answer to our mail finds the case by In-Reply-To."""
    answer = make_message("a", in_reply_to="r1@shop.example")
    assert placed(answer, known(make_case(), ours="r1@shop.example")).how == "reference"


def test_place_reference_from_stranger_is_new() -> None:
    """Knowing a Message-ID opens no case to anybody else."""
    forged = make_message("a", sender=MALLORY, in_reply_to="r1@shop.example", references=(FIRST.message_id,))
    assert placed(forged, known(make_case(), ours="r1@shop.example")).how == "new"


def test_place_token_of_another_person_joins_unverified() -> None:
    """A valid token used by somebody else is kept in the case and marked."""
    case = make_case()
    token = reply_token(TEST_KEY, case.id, ANNA.key)
    placement = placed(make_message("a", sender=MALLORY, reply_tokens=(token,)), known(case))
    assert (placement.how, placement.verified) == ("token", False)


def test_place_mail_that_failed_authentication_joins_unverified() -> None:
    """Whoever writes under the customer's name, against our own server's word, proves nothing by it."""
    case = make_case()
    token = reply_token(TEST_KEY, case.id, ANNA.key)
    for fields in ({"reply_tokens": (token,)}, {"in_reply_to": FIRST.message_id}):
        message = make_message("a", flags=Flags(unverified=True), **fields)
        placement = placed(message, known(case))
        assert (placement.case, placement.verified) == (case, False)


def test_place_token_of_own_person_joins_verified() -> None:
    """The customer's own token joins even when References were lost."""
    case = make_case()
    token = reply_token(TEST_KEY, case.id, ANNA.key)
    placement = placed(make_message("a", reply_tokens=(token,)), known(case))
    assert (placement.how, placement.verified) == ("token", True)


def test_place_damaged_token_is_new() -> None:
    """A token with one letter changed leads nowhere."""
    case = make_case()
    token = reply_token(TEST_KEY, case.id, ANNA.key)
    assert placed(make_message("a", reply_tokens=(token[:-1] + "?",)), known(case)).how == "new"


def test_place_case_number_in_subject_counts_only_for_its_customer() -> None:
    """The reference in a subject joins the customer's mail and nobody else's."""
    case = make_case("ABCDE-FGHJK")
    assert placed(make_message("a", subject="Re: [ABCDE-FGHJK] still waiting"), known(case)).how == "subject"
    assert placed(make_message("b", subject="ABCDE-FGHJK", sender=MALLORY), known(case)).how == "new"


def test_place_ambiguous_sender_is_nobody() -> None:
    """Mail whose From parsers disagree on joins nothing by reference."""
    flags = FIRST.flags.model_copy(update={"sender_ambiguous": True})
    answer = make_message("a", in_reply_to=FIRST.message_id, flags=flags)
    assert placed(answer, known(make_case())).how == "new"


def test_place_chat_joins_until_silence() -> None:
    """Messages of one chat belong together until it has been silent for the set time."""
    first = make_message("1/1", channel="telegram", message_id="1", conversation="77")
    later = make_message("1/2", channel="telegram", message_id="2", conversation="77")
    lookup = known(make_case(channel="telegram"), first)
    assert placed(later, lookup).how == "conversation"
    assert placed(later, lookup, later=timedelta(hours=73)).how == "new"


def test_place_public_thread_keeps_people_apart() -> None:
    """Somebody else complaining below a public post gets a case of their own."""
    first = make_message("1", channel="x", message_id="1", conversation="9", sender=Party(id="100"))
    other = make_message("2", channel="x", message_id="2", conversation="9", sender=Party(id="200"))
    assert placed(other, known(make_case(channel="x", sender=Party(id="100")), first)).how == "new"


def test_place_edit_goes_to_its_message() -> None:
    """An edited post stays in the case of the post."""
    first = make_message("1", channel="telegram", message_id="1", conversation="7")
    edit = make_message("1/e", channel="telegram", message_id="1", conversation="7", event="edit", text="new")
    assert placed(edit, known(make_case(channel="telegram"), first)).how == "edit"


def test_place_long_resolved_case_is_not_reopened() -> None:
    """After the set days an answer opens a new case."""
    case = make_case(state="resolved")
    answer = make_message("a", in_reply_to=FIRST.message_id)
    assert placed(answer, known(case)).how == "reference"
    assert placed(answer, known(case), later=timedelta(days=31)).how == "new"


def test_keys_wanted_covers_references() -> None:
    """Everything a message names is looked up, itself first."""
    message = make_message("a", in_reply_to="b@x", references=("c@x", "b@x"))
    assert keys_wanted(message) == ("mid:a@example.org", "mid:b@x", "mid:c@x")


def test_case_ids_named_reads_subject_and_tokens() -> None:
    """References in any case of letters and tokens are both looked up."""
    token = reply_token(TEST_KEY, "ABCDE-FGHJK", "x")
    assert case_ids_named(make_message(subject="vs: qwert-23456", reply_tokens=(token,))) == (
        "ABCDE-FGHJK",
        "QWERT-23456",
    )
