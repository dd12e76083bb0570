# SPDX-License-Identifier: Apache-2.0
"""What one more message makes of a case."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from router.casework import joined_case, more_urgent, new_case, with_report_told
from router.schema import Classification, Customer, DeliveryReport
from router.testing.store_contract import NOW

Decide = Callable[..., Any]
COMPLAINT = Classification(kind="complaint", type="billing", urgency="normal", language="en")
LATER = NOW + timedelta(hours=1)


def test_new_case_takes_customer_language_and_author(decide: Decide) -> None:
    """The customer's record knows the language better; who forwarded a mail is not the author."""
    _, message, decision = decide(original_sender={"address": "ben@example.org"})
    customer = Customer(id="c7", language="sv")
    case = new_case(case_id="A", message=message, labels=COMPLAINT, decision=decision, customer=customer, now=LATER)
    assert (case.language, case.customer_id, case.sender.address) == ("sv", "c7", "ben@example.org")
    assert (case.created_at, case.updated_at) == (message.received_at, LATER)


@pytest.mark.parametrize(
    ("subject", "text", "shown"),
    [
        ("Late", "x", "Late"),
        ("", "\n \n First line \nsecond", "First line"),
        ("", "", ""),
        ("", "y" * 200, "y" * 119 + "…"),
    ],
    ids=["subject", "first-line", "nothing", "long"],
)
def test_new_case_is_named(decide: Decide, subject: str, text: str, shown: str) -> None:
    """A case is called by its subject, else by the first line of its words, shortened."""
    case, _, _ = decide(subject=subject, text=text)
    assert case.subject == shown


def test_joined_case_keeps_team_once_somebody_has_begun(decide: Decide) -> None:
    """A request that turns into a complaint moves only while nobody works on it."""
    case, message, decision = decide(labels=Classification(kind="request", type="delivery"))
    moved = joined_case(
        case, message, COMPLAINT, decision.model_copy(update={"team": "billing", "queue": "billing"}), LATER
    )
    assert (moved.team, moved.kind, moved.type) == ("billing", "complaint", "billing")
    for begun in ({"assigned_to": "aino"}, {"first_reply_at": NOW}):
        kept = joined_case(case.model_copy(update=begun), message, COMPLAINT, decision, LATER)
        assert (kept.team, kept.kind) == (case.team, "request")


def test_joined_case_praise_lowers_nothing(decide: Decide) -> None:
    """Thanks in the middle of a case reopen it for somebody to see, and leave its urgency."""
    case, message, decision = decide(decision={"urgency": "high"})
    case = case.model_copy(update={"state": "resolved"})
    after = joined_case(
        case, message, Classification(kind="praise"), decision.model_copy(update={"urgency": "low"}), LATER
    )
    assert (after.state, after.urgency, after.kind) == ("open", "high", "complaint")


@pytest.mark.parametrize("change", [{"event": "delete"}, {"flags": {"auto_reply": True}}], ids=["delete", "machine"])
def test_joined_case_machines_and_deletions_touch_only_the_time(decide: Decide, change: dict[str, Any]) -> None:
    """They are seen in the conversation and decide nothing."""
    case, message, decision = decide(**change)
    case = case.model_copy(update={"state": "resolved"})
    urgent = decision.model_copy(update={"urgency": "critical"})
    assert joined_case(case, message, COMPLAINT, urgent, LATER) == case.model_copy(update={"updated_at": LATER})


@pytest.mark.parametrize("action", ["delayed", "delivered", "read"])
def test_joined_case_is_left_alone_by_reports_that_ask_nothing(decide: Decide, action: str) -> None:
    """Mail that is under way, arrived or was read reopens nothing; mail that came back does."""
    case, message, decision = decide()
    resolved = case.model_copy(update={"state": "resolved"})
    told = message.model_copy(update={"report": DeliveryReport(action=action)})
    assert joined_case(resolved, told, COMPLAINT, decision, LATER).state == "resolved"
    failed = message.model_copy(update={"report": DeliveryReport(action="failed")})
    assert joined_case(resolved, failed, COMPLAINT, decision, LATER).state == "open"


def test_with_report_told_says_what_became_of_our_answer(decide: Decide) -> None:
    """The first note is a sentence for the agent; a message that is no report keeps its notes."""
    _, message, _ = decide()
    report = DeliveryReport(action="failed", permanent=False, recipient="jane@example.com", status="4.2.2")
    bounce = message.model_copy(update={"report": report, "notes": ("x",)})
    sentence = "our answer to jane@example.com could not be delivered: mailbox full (soft)"
    assert with_report_told(bounce).notes == (sentence, "x")
    assert with_report_told(message) is message


def test_more_urgent_orders() -> None:
    """Critical is above high is above normal is above low."""
    assert [more_urgent("low", "normal"), more_urgent("high", "critical"), more_urgent("high", "high")] == [
        "normal", "critical", "high",
    ]  # fmt: skip


def test_fields_of_routes_are_set_on_the_case(decide: Decide) -> None:
    """What routes say is on the new case; what later messages say lies over it, and "" takes a field away."""
    _, message, decision = decide()
    first = decision.model_copy(update={"fields": {"stage": "first", "order": "A1", "none": ""}})
    case = new_case(case_id="A", message=message, labels=COMPLAINT, decision=first, customer=None, now=LATER)
    assert (case.fields, case.own_fields) == ({"stage": "first", "order": "A1"}, ())
    second = decision.model_copy(update={"fields": {"stage": "second", "order": ""}})
    assert joined_case(case, message, COMPLAINT, second, LATER).fields == {"stage": "second"}


def test_fields_that_people_set_stay(decide: Decide) -> None:
    """A route overwrites no word of a person, also where that took the field away; machines set nothing."""
    case, message, decision = decide()
    own = case.model_copy(update={"fields": {"stage": "mine"}, "own_fields": ("stage", "order")})
    said = decision.model_copy(update={"fields": {"stage": "second", "order": "A1", "place": "depot"}})
    assert joined_case(own, message, COMPLAINT, said, LATER).fields == {"stage": "mine", "place": "depot"}
    machine = message.model_copy(update={"flags": message.flags.model_copy(update={"auto_reply": True})})
    assert joined_case(own, machine, COMPLAINT, said, LATER).fields == {"stage": "mine"}
