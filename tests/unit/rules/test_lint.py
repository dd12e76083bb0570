# SPDX-License-Identifier: Apache-2.0
"""What is legal and most probably wrong: each kind is found with its place, and nothing is called wrong that is not."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from router.config.document import parse
from router.config.loader import load
from router.config.problems import Problems
from router.config.shipped import shipped_config
from router.config.validate import validate
from router.errors import Mistake
from router.rules.facts import Facts
from router.rules.lint import lint
from router.rules.lint_routes import Lines, check_routes
from router.rules.lint_values import check_values
from router.rules.model import RulesFile
from router.rules.ruleset import RuleSet
from router.schema import LANGUAGES, TYPES, Classification, Customer, Flags, InboundMessage, Party

MakeRules = Callable[[str], RuleSet]


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """The shipped configuration."""
    return Path(shutil.copytree(shipped_config(), tmp_path / "conf", ignore=shutil.ignore_patterns("data", "schema")))


def rules_of(routes: str) -> str:
    return f"root:\n  queue: triage\n  routes:\n{routes}\n"


def route_warnings(text: str) -> list[Mistake]:
    """Of a rules.yaml alone."""
    problems = Problems(parse(text.encode(), "rules.yaml"))
    file = validate(RulesFile, problems)
    assert file is not None
    assert not problems.mistakes, problems.mistakes
    lines = Lines(file, problems.document)
    check_routes(lines, problems)
    check_values(lines, problems)
    return problems.mistakes


def test_shipped_configuration_has_no_warning(conf: Path) -> None:
    """What init writes is not only legal."""
    assert lint(load(conf)) == []


# --- routes that are never taken ------------------------------------------------------------------------------------

DEAD = [
    ("{type: delivery}", "{type: delivery, language: de}"),
    ("{type: [delivery, billing]}", "{type: billing}"),
    ("{type: Delivery}", "{type: {is: delivery}}"),
    ("{suggested.type: safety}", "{type: safety, urgency: high}"),
    ("{suggested.type: safety}", "{type: {is: safety, confidence: 0.4}}"),
    ("{rating: {at_most: 3}}", "{rating: {below: 3}}"),
    ("{rating: {at_most: 3}}", "{rating: [1, 2]}"),
    ("{urgency: {at_least: high}}", "{urgency: critical}"),
    ("{flags.spam: true}", "{flags.spam: true, text: {contains: money}}"),
    ("{text: {contains: [money, refund]}}", "{text: {contains: refund}}"),
    ("{text: {contains: fire*}}", "{text: {contains: [fired, firearm]}}"),
    ("{text: {matches: 'a+b'}}", "{text: {matches: 'a+b'}, kind: complaint}"),
    ("{cel: 'length > 5'}", "{cel: ['length  >  5', 'rating > 2.0']}"),
    ("{customer.tier: {exists: true}}", "{customer.tier: gold}"),
    ("{customer.tags: [vip, press]}", "{customer.tags: press}"),
    ("{not: {type: delivery}}", "{type: billing}"),
    ("{not: {customer.tags: vip}}", "{not: {customer.tags: [vip, press]}}"),
    ("{any: [{type: billing}, {also: billing}]}", "{also: billing, language: fi}"),
    ("{any: [{type: billing}, {type: refund}]}", "{type: [refund, billing]}"),
    ("{history.messages: {above: 3}}", "{history.messages: {at_least: 4}}"),
    ("{entities.order: {exists: true}}", "{entities.order: {contains: AB*}}"),
]


@pytest.mark.parametrize(("first", "second"), DEAD)
def test_route_behind_a_wider_one_is_shown_with_it(first: str, second: str) -> None:
    """A route that an earlier one takes everything from is named, at its place, with the line of the other."""
    text = rules_of(f"    - {{name: one, when: {first}, queue: a}}\n    - {{name: two, when: {second}, queue: b}}")
    [warning] = route_warnings(text)
    assert (warning.line, warning.path) == (5, "root.routes[1].name")
    assert "'root/two' is never reached: 'root/one' (line 4)" in warning.sentence


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{type: delivery, language: de}", "{type: delivery}"),
        ("{type: safety}", "{suggested.type: safety}"),
        ("{language: de}", "{suggested.language: de, rating: 1}"),
        ("{suggested.language: de}", "{language: de}"),
        ("{rating: {below: 3}}", "{rating: {at_most: 3}}"),
        ("{text: {contains: refund}}", "{text: {contains: [money, refund]}}"),
        ("{text: {contains: fired}}", "{text: {contains: fire*}}"),
        ("{text: {contains: fire}}", "{text: {contains: fire*}}"),
        ("{text: {contains: fire*}}", "{text: {contains: '*firearm'}}"),
        ("{subject: {contains: a}}", "{text: {contains: a}}"),
        ("{customer.tags: [vip]}", "{customer.tags: [vip, press]}"),
        ("{not: {customer.tags: [vip, press]}}", "{customer.tags: other}"),
        ("{cel: 'length > 5'}", "{cel: 'length > 6'}"),
        ("{any: [{type: billing}, {also: billing}]}", "{type: [billing, refund]}"),
        ("{not: {type: delivery}}", "{type: [billing, delivery]}"),
        ("{customer.known: true}", "{customer.tier: {exists: true}}"),
        ("{flags.spam: false}", "{flags.spam: true}"),
    ],
)
def test_route_that_may_be_reached_is_left_alone(first: str, second: str) -> None:
    """Where some message may come through, nothing is said."""
    text = rules_of(f"    - {{name: one, when: {first}, queue: a}}\n    - {{name: two, when: {second}, queue: b}}")
    assert route_warnings(text) == []


def test_routes_that_go_on_block_nothing() -> None:
    """After continue: true the next route is tried; the same question twice is said, as it could be one route."""
    text = rules_of(
        "    - {name: one, when: {type: delivery}, tags: [a], continue: true}\n"
        "    - {name: two, when: {type: delivery, language: de}, queue: b}\n"
        "    - {name: three, when: {type: delivery}, queue: b}"
    )
    [warning] = route_warnings(text)
    assert "'root/three' asks the same as 'root/one' (line 4)" in warning.sentence


def test_several_routes_together_block_one() -> None:
    """Each of its values is taken by another route; all of them are shown."""
    text = rules_of(
        "    - {name: one, when: {type: delivery}, queue: a}\n"
        "    - {name: two, when: {type: billing}, queue: a}\n"
        "    - {name: three, when: {type: [billing, delivery]}, queue: b}"
    )
    [warning] = route_warnings(text)
    assert "'root/one' (line 4)" in warning.sentence
    assert "'root/two' (line 5)" in warning.sentence


def test_route_inside_another_is_blocked_from_outside() -> None:
    """What stands before the parent takes it too; the routes inside a dead route are not named again."""
    text = rules_of(
        "    - {name: one, when: {type: delivery, language: de}, queue: a}\n"
        "    - name: two\n      when: {type: delivery}\n      routes:\n"
        "        - name: in\n          when: {language: de}\n          routes: [{name: deep, when: {rating: 1}}]"
    )
    [warning] = route_warnings(text)
    assert "'root/two/in' is never reached: 'root/one'" in warning.sentence


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("{type: billing, all: [{type: delivery}]}", "type is billing and type is delivery"),
        ("{rating: {above: 3, below: 2}}", "rating above 3 and rating below 2"),
        ("{history.messages: {above: 3, below: 4}}", "can never hold"),
        ("{urgency: critical, not: {urgency: {at_least: high}}}", "can never hold"),
        ("{customer.tier: gold, all: [{customer.tier: {exists: false}}]}", "can never hold"),
        ("{text: {contains: refund}, not: {text: {contains: [refund, money]}}}", "can never hold"),
        ("{flags.spam: true, not: {flags.spam: true}}", "can never hold"),
        ("{type: safety, suggested.type: fraud}", "can never hold"),
        ("{any: [{rating: {above: 3, below: 2}}, {type: billing, suggested.type: fraud}]}", "can never hold"),
    ],
)
def test_conditions_that_exclude_each_other_are_shown(when: str, told: str) -> None:
    """A route that asks for two things of which only one can be is named with both."""
    found = route_warnings(rules_of(f"    - {{name: one, when: {when}, queue: a}}"))
    assert [told in warning.sentence for warning in found if warning.path.endswith("when")] == [True]


def test_conditions_that_exclude_those_of_the_parent_are_shown() -> None:
    """The condition of the route around it is named as such."""
    text = rules_of(
        "    - name: one\n      when: {type: billing}\n      routes: [{name: in, when: {type: refund}, queue: a}]"
    )
    [warning] = route_warnings(text)
    assert "type is billing (of a route around it) and type is refund" in warning.sentence


# --- never wrong: random rules and messages --------------------------------------------------------------------------


def made_condition(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    def some(values: tuple[Any, ...]) -> Any:
        return rng.choice(values) if rng.random() < 0.6 else rng.sample(values, rng.randint(1, 2))

    leaves: tuple[Callable[[], tuple[str, Any]], ...] = (
        lambda: ("type", some(TYPES[:3])),
        lambda: ("suggested.type", some(TYPES[:3])),
        lambda: ("type", {"is": some(TYPES[:3]), "confidence": rng.choice((0.2, 0.6))}),
        lambda: ("language", some(("en", "fi"))),
        lambda: ("suggested.language", "en"),
        lambda: ("kind", some(("complaint", "request"))),
        lambda: ("also", some(TYPES[:3])),
        lambda: ("urgency", some(("high", "low"))),
        lambda: ("urgency", {rng.choice(("above", "at_most")): rng.choice(("high", "normal"))}),
        lambda: ("rating", {rng.choice(("above", "below", "at_least", "at_most")): rng.choice((2, 3))}),
        lambda: ("rating", some((2, 3, 4.5))),
        lambda: ("history.messages", {rng.choice(("above", "below", "is")): rng.choice((1, 2))}),
        lambda: ("flags.spam", rng.random() < 0.5),
        lambda: ("customer.tier", some(("gold", "Basic"))),
        lambda: ("customer.tier", {"exists": rng.random() < 0.5}),
        lambda: ("customer.tags", some(("vip", "press"))),
        lambda: ("text", {"contains": some(("fire", "fire*", "*arm", "fire alarm", "lost"))}),
        lambda: ("text", {"matches": rng.choice(("fi.e", "^lost"))}),
        lambda: ("text", {"exists": rng.random() < 0.5}),
        lambda: ("length", {rng.choice(("above", "below")): rng.choice((0, 4))}),
        lambda: ("cel", rng.choice(("length > 4", "rating > 2.0"))),
    )
    found = dict(rng.choice(leaves)() for _ in range(rng.randint(1, 2)))
    if depth < 2 and rng.random() < 0.3:
        inside = [made_condition(rng, depth + 1) for _ in range(rng.randint(1, 2))]
        found |= rng.choice(({"any": inside}, {"all": inside}, {"not": inside[0]}))
    return found


def made_routes(rng: random.Random, depth: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "name": f"r{n}", "when": made_condition(rng), "tags": ["a"], "continue": rng.random() < 0.2,
            **({"routes": made_routes(rng, depth + 1)} if depth < 1 and rng.random() < 0.3 else {}),
        }
        for n in range(rng.randint(2, 7))
    ]  # fmt: skip


def made_facts(rng: random.Random) -> Facts:
    label = rng.choice((None, *TYPES[:3]))
    sure = rng.choice((0.1, 0.3, 0.7, 1.0))
    labels = Classification(
        kind=rng.choice(("complaint", "request", "praise")), type=label, also=tuple(rng.sample(TYPES[:3], 1)),
        urgency=rng.choice(("critical", "high", "normal", "low")), language=rng.choice(("en", "fi", "und")),
        scores={"type": {str(label): sure}, "language": {"en": sure, "fi": sure}},
    )  # fmt: skip
    customer = Customer(
        id="1", tier=rng.choice(("", "gold", "basic")), tags=tuple(rng.sample(["vip", "press"], rng.randint(0, 2)))
    )
    words = rng.sample(["fire", "FIRED", "firearm", "fire alarm", "lost", "x"], rng.randint(0, 3))
    message = InboundMessage(
        channel="email", account="a", native_id="1", sender=Party(address="a@example.org"), text=" ".join(words),
        rating=rng.choice((None, 1, 2, 2.5, 3, 4.5)), flags=Flags(spam=rng.random() < 0.5),
        language=rng.choice(("", "en", "fi")),
    )  # fmt: skip
    messages = rng.choice((None, 1, 2, 3))
    return Facts(
        message=message, classification=rng.choice((labels, labels, labels, None)), messages=messages,
        customer=rng.choice((None, customer)), is_new=messages in (None, 1),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(25))
def test_route_called_dead_is_never_taken(make_rules: MakeRules, seed: int) -> None:
    """Whatever the rules and the message: no route that the lint calls dead or impossible ever holds its turn."""
    rng = random.Random(seed)
    found = 0
    for _ in range(10):
        tree: dict[str, Any] = {"root": {"queue": "triage", "routes": made_routes(rng)}}
        if rng.random() < 0.5:
            tree["confidence"] = {"type": {"apply": 0.5}, "language": {"apply": 0.5}}
        text = json.dumps(tree)
        warnings = [one.sentence for one in route_warnings(text)]
        dead = {one.split("'")[1] for one in warnings if "is never reached" in one or "can never hold" in one}
        found += len(dead)
        rules = make_rules(text)
        for _ in range(60):
            facts = made_facts(rng)
            taken = {trace.route for trace in rules.explain(facts).traces if trace.matched}
            assert not taken & dead, (text, facts)
    assert found, "nothing was called dead: the test shows nothing"


def test_lint_of_many_routes_is_quick() -> None:
    """Five hundred routes are compared in seconds."""
    lines = (
        f"    - {{name: r{n}, queue: a, when: {{type: {TYPES[n % 11]}, language: [{LANGUAGES[n % 12]}, "
        f"{LANGUAGES[(n * 5 + 1) % 12]}], customer.tier: tier{n % 7}, text: {{contains: [word{n}, 'thing {n}*']}}}}}}"
        for n in range(500)
    )
    began = process_time()
    assert route_warnings(rules_of("\n".join(lines))) == []
    assert process_time() - began < 20


# --- values, actions, teams ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("{text: {matches: '.*'}}", "fits every text"), ("{text: {matches: 'a*'}}", "fits every text"),
        ("{text: {matches: '^'}}", "fits every text"), ("{text: {matches: '(?s)^.*$'}}", "fits every text"),
        ("{text: {matches: 'a$b'}}", "fits no text"), ("{text: {matches: 'foo^bar'}}", "fits no text"),
        ("{type: {matches: delivry}}", "fits no type there is"),
        ("{kind: {contains: complane}}", "in no kind there is"),
        ("{sender.domain: '@example.org'}", "leave out all up to the @: example.org"),
        ("{sender.domain: anna@example.org}", "leave out all up to the @: example.org"),
        ("{length: {at_least: 0}}", "always so"), ("{cel: 'true'}", "always true"),
        ("{confidence.type: {above: 1}}", "never"), ("{attachments.count: {below: 0}}", "never"),
    ],
)  # fmt: skip
def test_condition_that_asks_nothing_is_shown(when: str, told: str) -> None:
    """A condition that is always or never so is shown where it stands."""
    found = route_warnings(rules_of(f"    - {{name: one, when: {when}, queue: a}}"))
    assert any(told in warning.sentence for warning in found), found
    assert all(warning.line == 4 for warning in found)


@pytest.mark.parametrize(
    "when",
    [
        "text: {matches: '^$'}", "text: {matches: 'a$|b'}", "text: {matches: '(?m)a$\\nb'}", "text: {matches: '[$]5'}",
        "text: {matches: '\\$5'}", "text: {matches: '^\\s*$'}", "type: {matches: '^del'}", "rating: {exists: true}",
        "kind: {contains: 'compl*'}", "text: {matches: '[^a]'}", "text: {matches: 'a{2}'}",
        "text: {matches: '\\bno\\b'}",
    ],
)  # fmt: skip
def test_condition_that_asks_something_is_left_alone(when: str) -> None:
    """Patterns with borders, choices and money in them are no mistakes."""
    assert route_warnings(rules_of(f"    - {{name: one, when: {{{when}}}, queue: a}}")) == []


@pytest.mark.parametrize(
    ("route", "told"),
    [
        ("when: {visibility: public}, answer: received", "nothing leaves by itself in public"),
        ("when: {flags.bounce: true}, acknowledge: received", "nothing leaves by itself to machines"),
        ("when: {kind: complaint}, answer: received", "only requests are answered"),
        ("when: {kind: request}, hold_reply: true, answer: received", "replies wait for approval here"),
        ("when: {kind: request}, answer: {template: received, confidence: 0.5}", "acted on only from 0.8"),
        ("when: {kind: request}, urgency: {at_least: low}", "everything is at least low"),
        ("when: {kind: request}, urgency: {at_least: high, at_most: low}", "contradict each other"),
        ("when: {kind: request}, continue: true", "says nothing and goes on"),
        ("when: {language: [en, fr]}, queue: billing", "nobody of the team 'billing', which gets it, speaks fr"),
    ],
)
def test_action_without_effect_is_shown(conf: Path, route: str, told: str) -> None:
    """What is said and never done is shown where it stands."""
    text = f"confidence: {{kind: {{apply: 0.8}}}}\n{rules_of(f'    - {{name: one, {route}}}')}"
    (conf / "rules.yaml").write_text(text, encoding="utf-8")
    teams = (conf / "teams.yaml").read_text(encoding="utf-8")
    (conf / "teams.yaml").write_text(
        teams.replace("queues: [billing, refunds]", "queues: [billing, refunds]\n    languages: [en]"), encoding="utf-8"
    )
    found = [one for one in lint(load(conf)) if one.file == "rules.yaml"]
    assert [told in one.sentence for one in found] == [True], found
    assert found[0].line == 5


def test_teams_calendars_and_templates_are_looked_at(conf: Path) -> None:
    """Queues without a way to them, languages without a speaker or a text, calendars and deadlines without use."""
    (conf / "teams.yaml").write_text(
        "teams:\n  - {name: triage, languages: [en]}\n  - {name: spare, languages: [en, fi]}\n"
        "calendars:\n  never: {zone: UTC, hours: {mon: ['10:00-11:00']}, ical: [calendars/all.ics]}\n"
        "deadlines: [{name: own, clock: resolution, within: 4h, automatic: false}]\n",
        encoding="utf-8",
    )
    (conf / "calendars").mkdir()
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{year}\r\nDTSTART;VALUE=DATE:{year}0101\r\nDTEND;VALUE=DATE:{year + 1}0101\r\n"
        "END:VEVENT\r\n"
        for year in range(2020, 2080)
    )
    (conf / "calendars" / "all.ics").write_text(f"BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n", encoding="utf-8")
    (conf / "rules.yaml").write_text("root: {queue: triage, acknowledge: received}\n", encoding="utf-8")
    (conf / "templates" / "received" / "hr.txt").unlink()
    shutil.rmtree(conf / "tests")
    found = [(one.file, one.line, one.sentence) for one in lint(load(conf))]
    for place, told in (
        (("teams.yaml", 1), "no team speaks fr, et"), (("teams.yaml", 3), "leads to the queue 'spare'"),
        (("teams.yaml", 5), "has no hours"), (("teams.yaml", 5), "nothing uses the calendar 'never'"),
        (("teams.yaml", 6), "never applies"), (("templates/received", 0), "no text in hr"),
    ):  # fmt: skip
        assert [one for one in found if one[:2] == place and told in one[2]], (told, found)
    assert len(found) == 6
    assert [one[0] for one in found] == [*["teams.yaml"] * 5, "templates/received"]


def team_warnings(conf: Path, team: str, rules: str) -> list[tuple[str, int, str]]:
    """Of a configuration with two teams, one of which is given, and the languages en, fi, de and fr."""
    teams = f"teams:\n  - {{name: triage}}\n  - {{name: billing, {team}}}\n"
    (conf / "teams.yaml").write_text(teams, encoding="utf-8")
    (conf / "rules.yaml").write_text(rules, encoding="utf-8")
    text = (conf / "router.yaml").read_text(encoding="utf-8")
    given = re.sub(r"(?m)^languages:.*$", "languages: [en, fi, de, fr]", text)
    assert given != text
    (conf / "router.yaml").write_text(given, encoding="utf-8")
    shutil.rmtree(conf / "tests")
    return [(one.file, one.line, one.sentence) for one in lint(load(conf)) if "speak" in one.sentence]


TWO = "members: [{name: aino, languages: {fi: 5, en: 3}}, {name: ben, languages: {en: 5}}]"
ROUTES = "root:\n  queue: triage\n  routes:\n    - {{name: a, when: {{{}}}, queue: billing}}\n"


@pytest.mark.parametrize(
    ("team", "when", "expected"),
    [
        (TWO, "type: billing", [("teams.yaml", 3, "no member speaks de, fr, which router.yaml lists")]),
        (f"languages: [en, de], {TWO}", "type: billing",
         [("teams.yaml", 3, "no member speaks de, which the team says it speaks")]),
        (TWO, "language: [fi, DE]",
         [("rules.yaml", 4, "nobody of the team 'billing', which gets it, speaks de; it speaks fi")]),
        (TWO, "any: [{language: fi}, {language: {is: fr}}]", [("rules.yaml", 4, "speaks fr")]),
        (TWO, "language: {is: fr, confidence: 0.5}", [("rules.yaml", 4, "speaks fr")]),
        (f"languages: [fi, de], {TWO}", "language: en", [("rules.yaml", 4, "speaks en; it speaks fi")]),
        (TWO, "language: [fi, en]", []),
        (TWO, "not: {language: [de, fr]}, language: fi", []),
        ("members: [{name: aino, languages: {fi: 5}}, {name: ben}]", "type: billing", []),
        ("members: [{name: aino, languages: {fi: 5, en: 1, de: 2, fr: 1}}]", "type: billing", []),
        ("assign: {strategy: skills}", "type: billing", []),
    ],
)  # fmt: skip
def test_language_that_no_member_speaks_is_shown(conf: Path, team: str, when: str, expected: Any) -> None:
    """Where a route pins the language, at the route; else at the members of the team that gets the queue."""
    found = team_warnings(conf, team, ROUTES.format(when))
    assert [one[:2] for one in found] == [one[:2] for one in expected], found
    assert all(told in one[2] for one, (_, _, told) in zip(found, expected, strict=True)), found


def test_language_of_a_route_around_counts_for_its_queues(conf: Path) -> None:
    """The queue inside gets what the route around it lets through."""
    rules = (
        "root:\n  queue: triage\n  routes:\n    - name: french\n      when: {language: fr}\n      routes:\n"
        "        - {name: bills, when: {type: billing}, queue: billing}\n"
    )
    [found] = team_warnings(conf, TWO, rules)
    assert found[:2] == ("rules.yaml", 7)


@pytest.mark.parametrize(
    ("route", "told"),
    [
        ("when: {deadline.name: first, deadline.clock: resolution}, tags: [x]",
         "never acts: no deadline of teams.yaml has deadline.name first and deadline.clock resolution"),
        ("when: {deadline.name: law, deadline.state: warning}, tags: [x]",
         "a deadline warns as its 'warn_before' says"),
        ("when: {deadline.before: 2h}, tags: [x]", "no deadline of teams.yaml has deadline.before 2h"),
        ("when: {deadline.state: breached, case.queue: triage}, continue: true", "says nothing and goes on"),
        ("when: {deadline.state: breached}, urgency: {at_least: low}", "everything is at least low"),
        ("when: {text: {matches: '.*'}}, tags: [x]", "fits every text"),
        ("when: {deadline.name: first, all: [{deadline.name: law}]}, tags: [x]", "can never hold"),
    ],
)  # fmt: skip
def test_route_of_a_deadline_that_never_acts_is_shown(conf: Path, route: str, told: str) -> None:
    """What waits for a warning that no deadline gives, or says nothing, is shown at its place."""
    (conf / "teams.yaml").write_text(
        (conf / "teams.yaml").read_text(encoding="utf-8").replace(
            "deadlines: []", "deadlines:\n  - {name: first, clock: first_response, within: 4h, warn_before: [1h]}\n"
            "  - {name: law, clock: resolution, within: 8 weeks}"
        ), encoding="utf-8",
    )  # fmt: skip
    text = (conf / "rules.yaml").read_text(encoding="utf-8")
    (conf / "rules.yaml").write_text(f"{text}\non_deadline:\n  - {{name: one, {route}}}\n", encoding="utf-8")
    found = [one for one in lint(load(conf)) if one.file == "rules.yaml"]
    assert told in found[0].sentence, found
    assert found[0].line == len(text.splitlines()) + 3


def test_second_route_of_a_deadline_is_shown_with_the_first(conf: Path) -> None:
    """The shadow of a route is found among these routes too; routes of messages cast none on them."""
    (conf / "teams.yaml").write_text(
        (conf / "teams.yaml").read_text(encoding="utf-8").replace(
            "deadlines: []", "deadlines: [{name: first, clock: resolution, within: 4h}]"
        ), encoding="utf-8",
    )  # fmt: skip
    text = (conf / "rules.yaml").read_text(encoding="utf-8")
    (conf / "rules.yaml").write_text(
        text + "\non_deadline:\n  - {name: one, when: {type: delivery}, tags: [x]}\n"
        "  - {name: two, when: {type: delivery, deadline.state: breached}, tags: [y]}\n", encoding="utf-8",
    )  # fmt: skip
    [found] = lint(load(conf))
    assert "'on_deadline/two' is never reached: 'on_deadline/one'" in found.sentence


def test_deadlines_routed_nowhere_are_said_to_be_missing(conf: Path) -> None:
    """Routes for warnings and misses without any deadline do nothing."""
    text = (conf / "rules.yaml").read_text(encoding="utf-8")
    more = "\non_deadline: [{name: one, when: {deadline.state: breached}, tags: [x]}]\n"
    (conf / "rules.yaml").write_text(text + more, encoding="utf-8")
    [found] = lint(load(conf))
    assert "never acts: teams.yaml has no deadlines" in found.sentence


def test_cases_that_name_what_is_not_there_are_shown(conf: Path) -> None:
    """The cases beside the rules are read as well."""
    file = conf / "tests" / "routing.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("queue: refunds", "queue: refund"), encoding="utf-8")
    [warning] = lint(load(conf))
    assert warning.file == "tests/routing.yaml"
    assert "did you mean 'refunds'?" in warning.sentence
