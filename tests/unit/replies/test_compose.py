# SPDX-License-Identifier: Apache-2.0
"""From case and message to the one reply: to whom, named how, threaded where."""

from collections.abc import Callable
from typing import Any

import pytest

from router.crypto import check_token
from router.replies.compose import compose, is_reachable, recipient
from router.schema import InboundMessage, Party
from router.testing.store import TEST_KEY
from router.testing.store_contract import make_case, make_message

HOME, WORK = {"address": "home@example.org"}, {"address": "work@example.org"}


@pytest.mark.parametrize(
    ("change", "to"),
    [
        ({}, "anna@example.org"),
        ({"reply_to": [HOME]}, "home@example.org"),
        ({"reply_to": [HOME, WORK]}, "anna@example.org"),
        ({"reply_to": [{"name": "no address"}]}, "anna@example.org"),
        ({"reply_to": [HOME], "flags": {"sender_ambiguous": True}}, "anna@example.org"),
        ({"original_sender": WORK}, "work@example.org"),
        ({"original_sender": WORK, "reply_to": [HOME]}, "work@example.org"),
        ({"original_sender": {"name": "Ben"}}, "anna@example.org"),
        ({"cc": [HOME]}, "anna@example.org"),
    ],
    ids=["from", "reply-to", "two", "nameless", "ambiguous", "forwarded", "forwarder", "forwarded-name", "cc"],
)
def test_recipient_is_one_confirmed_person(change: dict[str, Any], to: str) -> None:
    """A Reply-To counts when it names exactly one address; who forwarded a mail is not its author; Cc gets nothing."""
    message = InboundMessage.model_validate({**make_message().model_dump(), **change})
    assert recipient(message).address == to


@pytest.mark.parametrize(
    ("party", "domain", "reachable"),
    [
        (Party(address="anna@example.org"), "shop.example", True),
        (Party(address="+358401234567"), "shop.example", False),
        (Party(), "shop.example", False),
        (Party(id="77"), "", True),
        (Party(name="Anna"), "", False),
    ],
    ids=["mail", "number", "nobody", "chat", "name-only"],
)
def test_is_reachable_by_mail_needs_an_address(party: Party, domain: str, reachable: bool) -> None:
    """Mail goes to mail addresses only; elsewhere anything that identifies the person will do."""
    assert is_reachable(party, mail_domain=domain) == reachable


def make(**changes: Any) -> Callable[..., Any]:
    arguments: dict[str, Any] = {
        "outbox_id": "o1", "case": make_case(subject="Paketti"), "message": make_message("m1"), "text": "Sorry",
        "author": "aino", "key": TEST_KEY, "visibility": "private", "mail_domain": "shop.example",
        "reply_pattern": "support+{token}@shop.example",
    }  # fmt: skip
    return compose(**(arguments | changes))


def test_compose_is_repeatable() -> None:
    """The same arguments give the same reply, Message-ID included, so that a retry is the same mail."""
    assert make() == make()


def test_compose_carries_a_token_of_the_recipient() -> None:
    """Address and Message-ID hold the token that brings this person's answer home, and nobody else's."""
    reply = make()
    token = reply.message_id.partition(".")[0]
    assert reply.reply_address == f"support+{token}@shop.example"
    assert check_token(TEST_KEY, token, reply.to.key) == "AAAAA-BBBBB"
    assert check_token(TEST_KEY, token, "mallory@example.org") is None


@pytest.mark.parametrize(
    ("subject", "shown"),
    [("Paketti", "Re: Paketti"), ("Re: Paketti", "Re: Paketti"), ("AW: Paket", "AW: Paket"), ("Vs[2]: x", "Vs[2]: x"),
     ("  ", ""), ("Reklamation: Paket", "Re: Reklamation: Paket")],
)  # fmt: skip
def test_compose_subject_gets_one_prefix(subject: str, shown: str) -> None:
    """An answer is named after the case, with one prefix in whatever language it has."""
    assert make(case=make_case(subject=subject)).subject == shown


def test_compose_names_the_thread_without_gaps() -> None:
    """References are the thread so far, oldest first, each once, none empty."""
    first = make(message=make_message("m1"))
    assert first.references == ("m1@example.org",)
    later = make(
        message=make_message("m3", references=("m1@example.org", "r1@shop.example"), in_reply_to="r1@shop.example")
    )
    assert later.references == ("m1@example.org", "r1@shop.example", "m3@example.org")
    assert later.in_reply_to == "m3@example.org"
    assert make(message=make_message("m1", message_id="", references=("a@b.example",))).references == ()


def test_compose_via_another_account_leaves_the_conversation_behind() -> None:
    """A form's complaint that is answered by mail is a mail of its own account."""
    form = make_message("f1", channel="webform", conversation="c")
    reply = make(message=form, via=("email", "support"))
    assert (reply.channel, reply.account, reply.conversation) == ("email", "support", "")
    chat = make(message=form, mail_domain="", reply_pattern="")
    assert (chat.channel, chat.conversation, chat.message_id, chat.reply_address) == ("webform", "c", "", "")


def test_compose_digest_binds_text_place_and_audience() -> None:
    """Approval of one text, recipient, audience or thread is no approval of another."""
    base = make()
    assert make(author="eero").digest == base.digest
    changes = [{"text": "Other"}, {"visibility": "public"}, {"subject": "Other"}, {"message": make_message("m2")},
               {"via": ("email", "sales")}, {"message": make_message("m1", sender=Party(id="b"))}]  # fmt: skip
    assert len({base.digest, *(make(**change).digest for change in changes)}) == len(changes) + 1
