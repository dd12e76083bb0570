# SPDX-License-Identifier: Apache-2.0
"""One choice: strategies, relaxation, who knows the customer, absence, hours, capacity, hostile cases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from router.assign.book import Assignments
from router.assign.choose import Choice, choose, free_to_take
from router.assign.records import Served
from router.assign.settings import AssignmentSettings, MemberSettings
from router.assign.standing import Load, stand
from router.content import Assign
from router.testing.assign import START, assignments, people, waiting

MINUTE = timedelta(minutes=1)
THREE = ({"name": "anna"}, {"name": "ben"}, {"name": "cleo"})


def pick(
    book: Assignments,
    *names: str,
    now: datetime = START,
    load: Mapping[str, Mapping[str, int]] | None = None,
    served: Mapping[str, Served] | None = None,
    **case: Any,
) -> Choice:
    team = book.teams["delivery"]
    made = Load(channels=load or {})
    made.served.update(served or {})
    return choose(waiting(**case), team, stand(team.staff(people(*names)), now), made, now)


def test_round_robin_serves_who_was_served_longest_ago() -> None:
    """Each in turn, new ones first, whatever they have."""
    book = assignments(*THREE, strategy="round-robin")
    served = {"anna": Served(turn=7), "ben": Served(turn=5), "cleo": Served(turn=6)}
    assert pick(book, "anna", "ben", "cleo", served=served).member == "ben"
    assert pick(book, "anna", "cleo", served=served).member == "cleo"
    del served["anna"]
    assert pick(book, "anna", "ben", "cleo", served=served, load={"anna": {"email": 99}}).member == "anna"


def test_least_load_counts_by_weight() -> None:
    """Two cases of somebody who works half the time are as much as four of the others."""
    book = assignments({"name": "anna", "weight": 0.5}, {"name": "ben"}, strategy="least-load")
    assert pick(book, "anna", "ben", load={"anna": {"email": 2}, "ben": {"email": 3}}).member == "ben"
    assert pick(book, "anna", "ben", load={"anna": {"email": 1}, "ben": {"email": 2, "x": 1}}).member == "anna"
    assert "weight of 0.5" in pick(book, "anna", load={"anna": {"email": 2}}).reason


def test_capacity_holds_in_all_and_per_channel() -> None:
    """Whoever is full in all, or in the case's channel, is passed over, and the choice counts it."""
    book = assignments(
        {"name": "anna", "capacity": {"all": 3}},
        {"name": "ben", "capacity": {"telegram": 1}},
        strategy="round-robin",
    )
    load = {"anna": {"email": 2, "x": 1}, "ben": {"telegram": 1}}
    assert pick(book, "anna", "ben", load=load).member == "ben"
    choice = pick(book, "anna", "ben", load=load, channel="telegram")
    assert (choice.member, choice.passed_over) == (None, {"full": 1, "channel full": 1})


def test_skills_are_relaxed_step_by_step() -> None:
    """First level, then type, then language; the choice says at which step it was made."""
    book = assignments(
        {"name": "anna", "languages": {"fi": 2}, "types": {"delivery": 5}},
        {"name": "ben", "languages": {"fi": 5}, "types": {"billing": 5}},
        {"name": "cleo", "languages": {"en": 5}, "types": {"delivery": 5}},
        strategy="skills", level=3,
        relax=[{"after": "5m", "drop": "level"}, {"after": "10m", "drop": "type"}, {"after": "20m", "drop": "all"}],
    )  # fmt: skip
    first = pick(book, "anna", "ben", "cleo")
    assert (first.member, first.step, first.passed_over) == (None, 0, {"level": 1, "type": 1, "language": 1})
    assert pick(book, "anna", "ben", "cleo", now=START + 5 * MINUTE).member == "anna"
    assert pick(book, "ben", "cleo", now=START + 9 * MINUTE).member is None
    second = pick(book, "ben", "cleo", now=START + 10 * MINUTE)
    assert (second.member, second.step, second.waited) == ("ben", 2, 10 * MINUTE)
    assert pick(book, "cleo", now=START + 19 * MINUTE).member is None
    assert pick(book, "cleo", now=START + 20 * MINUTE).member == "cleo"


def test_steps_count_working_hours_of_the_team() -> None:
    """A case that came in the evening is asked for skills in the morning as at first."""
    book = assignments({"name": "anna", "languages": {"en": 5}}, calendar="office", strategy="skills")
    since = START + timedelta(hours=7, minutes=45)  # 16:45 of a day that ends at 17:00
    assert pick(book, "anna", since=since, now=START + timedelta(hours=24)).member is None
    assert pick(book, "anna", since=since, now=START + timedelta(hours=24, minutes=15)).member == "anna"


def test_skills_prefer_least_load_then_fit() -> None:
    """Of those that fit the one with least; of equals the one who is better at it."""
    book = assignments(
        {"name": "anna", "languages": {"fi": 3}}, {"name": "ben", "languages": {"fi": 5}}, {"name": "cleo"},
        strategy="skills",
    )  # fmt: skip
    assert pick(book, "anna", "ben", "cleo").member == "ben"
    assert pick(book, "anna", "ben", "cleo", load={"ben": {"email": 1}}).member == "anna"
    assert pick(book, "anna", "cleo", language="et").member == "cleo"
    assert pick(book, "anna", language="und").member == "anna"


def test_skill_of_a_route_holds_with_every_strategy() -> None:
    """What the route asks for is asked for, and its strategy comes before that of the team."""
    book = assignments({"name": "anna"}, {"name": "ben", "skills": {"vip": 2}}, strategy="manual")
    wish = Assign(strategy="round-robin", skills=("vip",))
    served = {"ben": Served(turn=9)}
    assert pick(book, "anna", "ben", wish=wish, served=served).member == "ben"
    assert pick(book, "anna", "ben", wish=Assign(strategy="round-robin"), served=served).member == "anna"
    manual = pick(assignments(*THREE, strategy="round-robin"), "anna", wish=Assign(strategy="manual"))
    assert (manual.member, manual.strategy) == (None, "manual")


def test_keeps_customer_with_who_knows_them() -> None:
    """Within the time, whatever turn it is; not past capacity, not out of hours, not for ever."""
    book = assignments({"name": "anna", "capacity": {"all": 2}}, {"name": "ben"}, strategy="round-robin",
                       keep_for="7 calendar days")  # fmt: skip
    served = {"anna": Served(turn=9)}
    known: dict[str, Any] = {"knows": "anna", "knew_at": START - timedelta(days=6)}
    choice = pick(book, "anna", "ben", served=served, **known)
    assert (choice.member, choice.reason) == ("anna", "knows the customer")
    assert pick(book, "anna", "ben", served=served, load={"anna": {"x": 2}}, **known).member == "ben"
    assert pick(book, "anna", "ben", served=served, knows="anna", knew_at=START - timedelta(days=9)).member == "ben"
    assert pick(book, "ben", served=served, **known).member == "ben"
    never = Assign(strategy="round-robin", keep=False)
    assert pick(book, "anna", "ben", served=served, wish=never, **known).member == "ben"
    other = assignments(*THREE, strategy="round-robin")
    assert pick(other, "anna", "ben", served=served, **known).member == "ben"
    always = Assign(strategy="round-robin", keep=True)
    assert pick(other, "anna", "ben", served=served, wish=always, **known).member == "anna"


def test_absence_brings_the_deputy() -> None:
    """Who is away gets nothing; the deputy has their customers and is asked for their skills. Rings lead nowhere."""
    away = {"from": "2026-03-02", "to": "2026-03-02"}
    book = assignments(
        {"name": "anna", "languages": {"fi": 5}, "absences": [{**away, "deputy": "ben"}]},
        {"name": "ben", "languages": {"en": 5}},
        {"name": "cleo", "languages": {"en": 5}},
        strategy="skills", keep_for="7d",
    )  # fmt: skip
    assert pick(book, "anna", "ben", "cleo").member == "ben"
    assert pick(book, "anna", "ben", "cleo", now=START + timedelta(days=1)).member == "anna"
    choice = pick(book, "anna", "ben", "cleo", language="en", knows="anna", knew_at=START, load={"ben": {"x": 5}})
    assert (choice.member, choice.reason) == ("ben", "stands in for anna, who knows the customer")
    ring = assignments(
        {"name": "anna", "absences": [{**away, "deputy": "ben"}]},
        {"name": "ben", "absences": [{**away, "deputy": "anna"}]},
        strategy="round-robin",
    )
    assert pick(ring, "anna", "ben").passed_over == {"absent": 2}


def test_absence_can_begin_at_a_time_of_the_zone() -> None:
    """With a time of day the absence begins then; its last day belongs to it whole."""
    book = assignments({"name": "anna", "absences": [{"from": "2026-03-02 12:00", "to": "2026-03-03"}]},
                       strategy="round-robin")  # fmt: skip
    assert pick(book, "anna", now=START + timedelta(hours=2.9)).member == "anna"
    assert pick(book, "anna", now=START + timedelta(hours=3)).member is None
    assert pick(book, "anna", now=START + timedelta(hours=38.9)).member is None
    assert pick(book, "anna", now=START + timedelta(hours=39)).member == "anna"


def test_working_hours_are_those_of_the_member() -> None:
    """Out of the hours of the own calendar, else of the team's, nobody is given anything."""
    book = assignments({"name": "anna"}, {"name": "ben", "calendar": "night"}, calendar="office",
                       strategy="round-robin")  # fmt: skip
    evening = START + timedelta(hours=9)
    assert pick(book, "anna", "ben", now=evening).member == "ben"
    assert pick(book, "anna", now=evening).passed_over == {"off hours": 1}


def test_hostile_cases_go_round() -> None:
    """Not to who had the last one, not to who had one within the rest; then to the one for whom it is longest ago."""
    book = assignments(*THREE, strategy="least-load", hostile={"rest": "3h"})
    served = {
        "anna": Served(turn=3, hostile_turn=3, hostile_at=START - timedelta(hours=9)),
        "ben": Served(turn=2, hostile_turn=2, hostile_at=START - timedelta(hours=10)),
        "cleo": Served(turn=1, hostile_turn=1, hostile_at=START - timedelta(hours=1)),
    }
    load = {"ben": {"x": 20}}
    choice = pick(book, "anna", "ben", "cleo", served=served, load=load, tags=("hostile",))
    assert (choice.member, choice.passed_over) == ("ben", {"rests": 2})
    assert pick(book, "anna", "ben", "cleo", served=served, load=load).member != "ben"
    assert pick(book, "anna", "cleo", served=served, tags=("hostile",)).member is None
    later = START + timedelta(hours=3)
    assert pick(book, "anna", "cleo", served=served, tags=("hostile",), now=later).member is not None
    assert pick(book, "anna", served=served, tags=("hostile",)).member == "anna"  # alone in the team


def test_who_had_it_is_not_asked_first() -> None:
    """Taken back or put back, the case goes to somebody else; after the last step to anyone."""
    book = assignments({"name": "anna"}, {"name": "ben", "capacity": {"all": 1}}, strategy="round-robin",
                       relax=[{"after": "30m", "drop": "all"}])  # fmt: skip
    served = {"ben": Served(turn=9)}
    assert pick(book, "anna", "ben", served=served, passed=("anna",)).member == "ben"
    full = {"ben": {"email": 1}}
    assert pick(book, "anna", "ben", load=full, passed=("anna",)).passed_over == {"had it": 1, "full": 1}
    assert pick(book, "anna", "ben", load=full, passed=("anna",), now=START + 30 * MINUTE).member == "anna"
    assert pick(book, "anna", passed=("anna",)).member == "anna"


def test_nobody_outside_the_team_gets_a_case() -> None:
    """A member that cannot log in, is in another team, or only knows the customer from there, is not asked."""
    book = assignments({"name": "anna"}, {"name": "ben"}, strategy="round-robin", keep_for="7d")
    team = book.teams["delivery"]
    strangers = [*people("anna", team="billing"), people("ben")[0].model_copy(update={"disabled": True})]
    assert team.staff([*strangers, *people("dora")]) == ()
    choice = pick(book, "ben", knows="anna", knew_at=START)
    assert choice.member == "ben"
    everybody = assignments(strategy="round-robin").teams["delivery"]
    assert [one.name for one in everybody.staff([*strangers, *people("dora")])] == ["dora"]


def test_taking_the_next_ignores_hours_and_capacity_but_not_skills() -> None:
    """Who asks for a case may be full or at home; what they do not speak is left to others at first."""
    book = assignments({"name": "anna", "languages": {"en": 5}, "capacity": {"all": 0}}, {"name": "ben"},
                       calendar="office", strategy="skills")  # fmt: skip
    team, now = book.teams["delivery"], START - timedelta(hours=3)
    members = stand(team.staff(people("anna", "ben")), now)
    since: dict[str, Any] = {"since": now}
    assert free_to_take(waiting(language="en", **since), team, members[0], members, Load(), now=now)
    assert not free_to_take(waiting(language="fi", **since), team, members[0], members, Load(), now=now)


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (MemberSettings, {"name": "anna", "languages": {"fi": 6}}),
        (MemberSettings, {"name": "anna", "weight": 0}),
        (MemberSettings, {"name": "anna", "absences": [{"from": "2026-03-03", "to": "2026-03-02"}]}),
        (MemberSettings, {"name": "anna", "absences": [{"from": "soon", "to": "2026-03-02"}]}),
        (MemberSettings, {"name": "anna", "absences": [{"from": "2026-03-01", "to": "2026-03-02", "deputy": "anna"}]}),
        (AssignmentSettings, {"relax": [{"after": "10m", "drop": "type"}, {"after": "5m", "drop": "all"}]}),
        (AssignmentSettings, {"relax": [{"after": "2 business days", "drop": "type"}]}),
        (AssignmentSettings, {"take_back": {"after": "soon"}}),
    ],
)  # fmt: skip
def test_settings_refuse_what_makes_no_sense(model: Any, given: dict[str, Any]) -> None:
    """Levels above 5, absences that end before they begin, steps out of order, lengths that are none."""
    with pytest.raises(ValidationError):
        model.model_validate(given)
