# SPDX-License-Identifier: Apache-2.0
"""What leaves by itself: to whom, in which language, how often; and what never does."""

from collections.abc import Callable
from typing import Any

import pytest

from router.notices import is_answerable
from router.schema import InboundMessage

Decide = Callable[..., Any]


@pytest.mark.parametrize(
    "change",
    [
        {"flags": {"auto_reply": True}},
        {"flags": {"bounce": True}},
        {"flags": {"mailing_list": True}},
        {"flags": {"own": True}},
        {"flags": {"spam": True}},
        {"flags": {"sender_ambiguous": True}},
        {"sender": {}},
        {"visibility": "public"},
        {"event": "edit"},
        {"event": "delete"},
    ],
    ids=lambda change: "-".join(map(str, [*change, *(next(iter(change.values())) or ["none"])][:2])),
)
def test_is_answerable_refuses(change: dict[str, Any]) -> None:
    """Machines, lists, ourselves, nobody in particular and the public get no automatic answer."""
    fields = {"channel": "email", "account": "support", "native_id": "1", "sender": {"address": "anna@example.org"}}
    assert is_answerable(InboundMessage.model_validate(fields))
    assert not is_answerable(InboundMessage.model_validate(fields | change))


@pytest.mark.parametrize(
    ("claimed", "used", "word"),
    [("fi", "fi", "Hei"), ("pt-BR", "pt", "Olá"), ("ru", "en", "Hello"), ("", "en", "Hello")],
    ids=["finnish", "region", "unknown", "none"],
)
async def test_acknowledgement_is_in_the_language_of_the_customer(
    works: Any, claimed: str, used: str, word: str
) -> None:
    """It is written in the language of the message, else in the default one, and says so."""
    case = await works.take("m1", text="Where is my parcel?", language=claimed)
    [row] = await works.outgoing("acknowledgement")
    assert (row.reply.language, row.reply.automatic, row.reply.author) == (used, True, "router")
    assert case.id in row.reply.subject + row.reply.text
    assert row.reply.text.startswith(word)


async def test_acknowledgement_goes_once_per_address_and_day(works: Any) -> None:
    """Who writes three times a day is acknowledged once, whatever the letter case; tomorrow again."""
    await works.put("m1", text="My parcel", sender={"address": "anna@example.org"})
    await works.put("m2", text="My invoice", sender={"address": "Anna@Example.org"})
    await works.work()
    await works.take("m3", text="My refund")
    assert len(await works.cases()) == 3
    assert len(await works.outgoing("acknowledgement")) == 1
    works.clock.advance(86_400)
    await works.take("m4", text="My app crashes")
    assert len(await works.outgoing("acknowledgement")) == 2


async def test_acknowledgement_of_form_and_mail_count_together(works: Any) -> None:
    """The form is answered by mail, so the day's one acknowledgement of that address is the same."""
    await works.take("f1", channel="webform", text="My parcel", sender={"address": "anna@example.org"})
    await works.take("m1", text="My invoice", sender={"address": "anna@example.org"})
    assert len(await works.outgoing("acknowledgement")) == 1


async def test_acknowledgement_answers_the_message(works: Any) -> None:
    """It is threaded to the mail, asks for answers at the keyed address, and goes to a single Reply-To."""
    await works.take("m1", text="My parcel", subject="Late", reply_to=[{"address": "home@example.org"}])
    [row] = await works.outgoing("acknowledgement")
    reply = row.reply
    assert (reply.to.address, reply.in_reply_to, reply.in_reply_to_native) == (
        "home@example.org", "m1@example.org", "m1",
    )  # fmt: skip
    token = reply.message_id.partition(".")[0]
    assert reply.reply_address == f"support+{token}@shop.example"
    assert reply.references == ("m1@example.org",)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"channel": "x", "account": "shop", "visibility": "public"}, "public post"),
        ({"channel": "webform", "sender": {"address": "+358401234567"}}, "only a number"),
        ({"channel": "webform", "account": "other"}, "no way back"),
        ({"sender": {"address": ""}}, "no sender"),
        ({"flags": {"mailing_list": True}}, "list"),
    ],
    ids=["public", "number", "no-way", "nobody", "list"],
)
async def test_acknowledgement_is_not_sent(works: Any, fields: dict[str, Any], why: str) -> None:
    """Where no machine may or can write back, the case is opened without an acknowledgement."""
    case = await works.take("m1", text="Where is my parcel?", **fields)
    assert case.state == "open", why
    assert await works.outgoing("acknowledgement") == []


async def test_direct_message_is_acknowledged_where_it_came(works: Any) -> None:
    """A private conversation on a public platform is acknowledged in private."""
    await works.take("d1", channel="x", account="shop", visibility="direct", text="my parcel", sender={"id": "5"},
                     conversation="5-9")  # fmt: skip
    [row] = await works.outgoing("acknowledgement")
    assert (row.target, row.reply.visibility, row.reply.conversation) == ("x:shop", "direct", "5-9")


async def test_forward_goes_to_sinks_of_rule_and_team_once(works: Any, decide: Decide) -> None:
    """A sink named by both the rule and the team gets one event; the event carries case, words, reasons and link."""
    works.team_sinks = {"delivery": ["warehouse", "room"]}
    case, message, decision = decide(decision={"sinks": ("room",)}, text="x" * 9000)
    rows = [row for row in works.notices().for_new(case, message, decision, works.clock.now()) if row.kind == "sink"]
    assert sorted(row.target for row in rows) == ["room", "warehouse"]
    event = rows[0].event
    assert (len(event.text), event.case.id) == (4000, case.id)
    assert event.url == f"https://router.example.org/cases/{case.id}"
    assert event.reasons == ("type is delivery",)


async def test_forward_after_a_crash_has_the_same_key(works: Any, decide: Decide) -> None:
    """Decided again from the same message, everything that leaves has the id it had before."""
    works.team_sinks = {"delivery": ["warehouse"]}
    case, message, decision = decide()
    first, again = ([row.id for row in works.notices().for_new(case, message, decision, works.clock.now())]
                    for _ in range(2))  # fmt: skip
    assert first == again
    assert len(set(first)) == 2


async def test_forward_once_although_the_message_came_twice(works: Any) -> None:
    """A message that is delivered again after its commit is forwarded and acknowledged no second time."""
    works.team_sinks = {"delivery": ["warehouse"]}
    raw_id = await works.put("m1", text="Where is my parcel?")
    await works.work()
    await works.store.put_raw([await works.store.raw(raw_id)])
    await works.put("m1-again", text="Where is my parcel?", native_id="m1")
    await works.work()
    assert len(await works.outgoing("sink")) == 1
    assert len(await works.outgoing("acknowledgement")) == 1
