# SPDX-License-Identifier: Apache-2.0
"""What decisions do to cases and the outbox: the one automatic text, the one question, and what rules see of before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from router.config.document import parse
from router.config.problems import Problems
from router.config.validate import validate
from router.interfaces import ClassifierInput
from router.records import CaseChange
from router.rules.build import build
from router.rules.explain import in_full
from router.rules.facts import OpenThen
from router.rules.matchers import KnownNames
from router.rules.model import RulesFile
from router.rules.ruleset import RuleSet
from router.schema import Classification, Decision


class Fixed:
    """A classifier that says the same of every text."""

    name = "fixed"

    def __init__(self, **labels: Any) -> None:
        self._labels = Classification(**{"kind": "complaint", "type": "delivery", "language": "en", **labels})

    def classify(self, batch: Sequence[ClassifierInput], *, explain: bool = True) -> list[Classification]:
        return [self._labels for _ in batch]


def sure(kind: str) -> Fixed:
    return Fixed(kind=kind, scores={"kind": {kind: 0.97}})


def rules_of(works: Any, routes: str, top: str = "") -> RuleSet:
    problems = Problems(parse(f"{top}root:\n  queue: triage\n  routes:\n{routes}".encode(), "rules.yaml"))
    checked = validate(RulesFile, problems)
    assert checked is not None, problems.mistakes
    found = build(checked, problems, KnownNames(queues=works.configuration.queues))
    assert not problems.mistakes
    return found


async def decisions(works: Any, case_id: str) -> list[Decision]:
    return [entry.decision for entry in await works.store.conversation(case_id) if entry.direction == "in"]


ASKING = """
    - name: number
      when: {entities.order: {exists: false}}
      ask: received
      acknowledge: received
"""
ANSWERING = """
    - name: simple
      when: {kind: request}
      answer: received
      acknowledge: received
"""


async def test_question_is_asked_once_in_a_case(works: Any) -> None:
    """It takes the place of the acknowledgement, and days later it is not asked again."""
    rules = rules_of(works, ASKING)
    works.rules = lambda: rules
    case = await works.take("m1", text="My parcel never came")
    [row] = await works.outgoing("acknowledgement")
    assert (row.reply.automatic, row.case_id) == (True, case.id)
    works.clock.advance(3 * 86_400)
    again = await works.take("m2", text="Still nothing", in_reply_to=row.reply.message_id)
    assert again.id == case.id
    assert len(await works.outgoing("acknowledgement")) == 1


async def test_question_is_asked_of_a_case_that_exists(works: Any) -> None:
    """What the first message did not call for, a later one may."""
    rules = rules_of(works, "    - {name: late, when: {history.is_new: false}, ask: received}\n")
    works.rules = lambda: rules
    case = await works.take("m1", text="My parcel never came")
    assert await works.outgoing("acknowledgement") == []
    works.clock.advance(60)
    assert (await works.take("m2", text="Hello?", in_reply_to="m1@example.org")).id == case.id
    assert [row.case_id for row in await works.outgoing("acknowledgement")] == [case.id]


async def test_request_is_answered_and_waits_for_the_customer(works: Any) -> None:
    """A sure request gets the answer and no acknowledgement beside it."""
    rules = rules_of(works, ANSWERING)
    works.rules, works.classifier = (lambda: rules), sure("request")
    case = await works.take("m1", text="When do you open?")
    assert case.state == "waiting"
    assert len(await works.outgoing("acknowledgement")) == 1
    assert (await decisions(works, case.id))[0].answer == "received"


@pytest.mark.parametrize(
    ("classifier", "change"),
    [
        (Fixed(kind="request", scores={"kind": {"request": 0.5}}), {}),
        (sure("request"), {"flags": {"auto_reply": True}}),
        (sure("request"), {"channel": "x", "account": "shop", "visibility": "public", "sender": {"id": "5"}}),
    ],
    ids=["improbable", "machine", "public"],
)
async def test_request_is_not_answered(works: Any, classifier: Fixed, change: dict[str, Any]) -> None:
    """What is doubtful, automatic or public stays open for a person."""
    rules = rules_of(works, ANSWERING)
    works.rules, works.classifier = (lambda: rules), classifier
    assert (await works.take("m1", text="When do you open?", **change)).state == "open"


async def test_label_under_its_threshold_is_not_preset(works: Any) -> None:
    """The case goes to triage without a type, marked as unsure, with suggestions."""
    top = "confidence: {type: {preselect: 0.4, apply: 0.6}}\n"
    rules = rules_of(works, "    - {name: delivery, when: {type: delivery}, queue: delivery}\n", top)
    works.rules = lambda: rules
    works.classifier = Fixed(scores={"type": {"delivery": 0.3, "billing": 0.2, "refund": 0.1, "other": 0.05}})
    case = await works.take("m1", text="hm")
    assert (case.queue, case.type, case.unsure) == ("triage", None, True)
    assert [one.value for one in (await decisions(works, case.id))[0].suggestions] == ["delivery", "billing", "refund"]
    works.classifier = Fixed(scores={"type": {"delivery": 0.5}})
    preset = await works.take("m2", text="hm", sender={"address": "berit@example.org"})
    assert (preset.queue, preset.type, preset.unsure) == ("triage", "delivery", True)


async def test_rules_see_when_the_sender_wrote_before(works: Any) -> None:
    """Contacts of other cases count, those of the same batch and those in the store, and are kept with the decision."""
    rules = rules_of(works, "    - {name: often, when: {history.contacts.30: {at_least: 3}}, queue: service}\n")
    works.rules = lambda: rules
    first = await works.take("m1", text="one", subject="a")
    works.clock.advance(3600)
    ids = [await works.put(key, text=key, subject=key) for key in ("m2", "m3")]
    await works.work()
    queues = [first.queue, *[(await works.case_of(raw_id)).queue for raw_id in ids]]
    assert queues == ["triage", "triage", "service"]
    [decision] = await decisions(works, (await works.case_of(ids[1])).id)
    assert decision.given is not None
    assert len(decision.given.contacts) == 2
    works.clock.advance(40 * 86_400)
    assert (await works.take("m4", text="four", subject="d")).queue == "triage"


async def test_rules_see_reopened_unanswered_and_calendars(works: Any) -> None:
    """How the case stood when the message came, and who is at work; the decision keeps what it was made from."""
    rules = rules_of(works, """
    - {name: open, when: {time.in_calendar: support}, tags: [open], continue: true}
    - {name: waiting, when: {history.unanswered: 2, history.reopened: false}, tags: [twice]}
""")  # fmt: skip
    works.rules = lambda: rules
    case = await works.take("m1", text="one")
    await works.put("m2", text="two", in_reply_to="m1@example.org")
    await works.work(calendars=lambda: OpenThen(("support", "night")))
    first, second = await decisions(works, case.id)
    assert second.given is not None
    assert (first.tags, second.tags) == ((), ("open", "twice"))
    assert (second.given.opening, second.given.messages) == (("support", "night"), 2)
    [one, two] = [entry for entry in await works.store.conversation(case.id) if entry.direction == "in"]
    assert in_full(second, two.message, two.classification, rules) == second
    assert one.decision.given.opening == ()


@pytest.mark.parametrize(
    ("change", "tags"),
    [({}, ("back",)), ({"flags": {"receipt": True}}, ()), ({"flags": {"auto_reply": True}}, ())],
    ids=["customer", "read receipt", "machine"],
)
async def test_rules_see_as_reopened_what_reopens(works: Any, change: dict[str, Any], tags: tuple[str, ...]) -> None:
    """A machine that leaves a resolved case resolved does not look to the rules as if it had opened it."""
    rules = rules_of(works, "    - {name: back, when: {history.reopened: true}, tags: [back]}\n")
    works.rules = lambda: rules
    case = await works.take("m1", text="one")
    await works.store.change_case(case.id, CaseChange(state="resolved"), version=case.version, actor="aino")
    after = await works.take("m2", text="two", in_reply_to="m1@example.org", **change)
    assert (await decisions(works, case.id))[1].tags == tags
    assert after.state == ("open" if tags else "resolved")


async def test_fields_of_a_case_decide_later_messages(works: Any) -> None:
    """What a route set, or a person changed, is seen by conditions of the next message, and kept to explain it."""
    rules = rules_of(
        works,
        "    - {name: third, when: {case.fields.stage: second, case.queue: triage}, tags: [third], urgency: critical}\n"
        "    - {name: again, when: {case.fields.stage: first}, fields: {stage: second}}\n"
        "    - {name: first, when: {history.is_new: true}, fields: {stage: first}}\n"
        "    - {name: never, when: {cel: 'case.fields.stage == \"nothing\"'}, queue: billing}\n",
    )
    works.rules = lambda: rules
    case = await works.take("m1", text="My parcel never came")
    assert (case.fields, case.urgency) == ({"stage": "first"}, "normal")
    case = await works.take("m2", text="Still nothing", in_reply_to="m1@example.org")
    assert (case.fields, case.urgency) == ({"stage": "second"}, "normal")
    case = await works.take("m3", text="And now?", in_reply_to="m1@example.org")
    assert case.urgency == "critical"
    first, second, third = await decisions(works, case.id)
    assert [one.route for one in (first, second, third)] == ["root/first", "root/again", "root/third"]
    assert first.given is not None
    assert first.given.case is None
    assert third.given is not None
    assert third.given.case is not None
    assert third.given.case.fields == {"stage": "second"}
