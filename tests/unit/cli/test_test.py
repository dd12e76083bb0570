# SPDX-License-Identifier: Apache-2.0
"""test: cases beside the rules are decided, compared, and what is wrong in them is shown with its place."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from router.testing.classifier import KeywordClassifier

CASE = """\
cases:
  - name: a case
    given: {%s}
    expect: {%s}
"""


@pytest.fixture
def case(conf: Path) -> Any:
    """Write the one file of cases."""

    def write(given: str, expect: str = "queue: triage", more: str = "") -> None:
        for path in (conf / "tests").glob("*"):
            path.unlink()
        (conf / "tests" / "own.yaml").write_text(CASE % (given, expect) + more, encoding="utf-8")

    return write


def test_shipped_cases_pass_and_take_every_route(run: Any, rows: Any, conf: Path, monkeypatch: Any) -> None:
    """What init writes is proved by what init writes, with the model that ships."""
    monkeypatch.undo()
    run("init", conf, "--force")
    [said] = rows("test", "-c", conf, "--fail-under", 100)
    assert said["ok"] is True
    assert said["coverage"]["never"] == []


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("labels: {type: delivery}", "queue: delivery, team: delivery, route: delivery, takes: root/delivery"),
        ("labels: {type: delivery}, history: {messages: 4}", "route: root/delivery/lost-again, urgency: high"),
        ("labels: {type: delivery}, flags: [bounce]", "queue: machines, acknowledge: false, actions: urgency low"),
        ("text: My lawyer writes, labels: {}", "tags: [legal], urgency: high, actions: [tags, tags legal]"),
        ("labels: {type: billing, confidence: 0.25}", "levels: {type: recommend}, queue: triage"),
        ("text: hello", "queue: triage, levels: {type: apply}, ask: false, answer: false, hold_reply: false"),
        ("text: where is my parcel, classify: true", "queue: delivery"),
        ("customer: {tier: gold}, labels: {}", "tags: important"),
        ("visibility: public, rating: 2", "queue: social, urgency: high"),
    ],
)
def test_expectation_holds(run: Any, case: Any, conf: Path, given: str, expect: str) -> None:
    """Whatever can be given reaches the rules, and whatever can be expected is compared."""
    case(given, expect)
    assert "1 passed, 0 failed" in run("test", "-c", conf).stdout


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("queue: billing", "queue: expected billing, got delivery"),
        ("team: billing", "team: expected billing, got delivery"),
        ("route: unsure", "route: expected root/unsure, got root/delivery"),
        ("takes: unsure", "takes: expected root/unsure, got root, root/delivery"),
        ("urgency: low", "urgency: expected low, got normal"),
        ("tags: [legal, unsure]", "tags: expected legal, unsure, got none"),
        ("acknowledge: false", "acknowledge: expected none, got received"),
        ("answer: received", "answer: expected received, got none"),
        ("hold_reply: true", "hold_reply: expected true, got false"),
        ("assign: skills", "assign: expected skills, got none"),
        ("actions: answer", "actions: expected answer, got queue triage, acknowledge received, queue delivery"),
        ("fields: {a: b}", "fields.a: expected b, got none"),
        ("levels: {type: none}", "levels.type: expected none, got apply"),
    ],
)
def test_expectation_fails_with_what_came(run: Any, case: Any, conf: Path, expect: str, told: str) -> None:
    """A case that does not come out says what was expected and what came, and ends with 1."""
    case("labels: {type: delivery}", expect)
    assert told in run("test", "-c", conf, code=1).stdout


@pytest.mark.parametrize(
    "unwanted",
    ["queue: [billing, delivery]", "route: delivery", "takes: delivery", "team: delivery", "urgency: normal",
     "acknowledge: received", "actions: queue delivery"],
)  # fmt: skip
def test_unwanted_fails_where_it_comes(run: Any, case: Any, conf: Path, unwanted: str) -> None:
    """What must not happen and does fails the case, although all that is expected came."""
    case("labels: {type: delivery}", "queue: delivery", f"    not: {{{unwanted}}}\n")
    assert "expected not" in run("test", "-c", conf, code=1).stdout


def test_failure_says_what_came_in_the_way(run: Any, case: Any, conf: Path) -> None:
    """A route that was not tried is shown with the one before it, one that did not hold with its condition."""
    case("labels: {type: billing}", "queue: service")
    assert "root/service was not tried: root/billing before it was taken" in run("test", "-c", conf, code=1).stdout
    case("labels: {type: other}", "queue: service")
    assert "root/service did not hold: type is service (saw: other)" in run("test", "-c", conf, code=1).stdout


@pytest.mark.parametrize(
    ("given", "expect", "told"),
    [
        ("labels: {type: delivery}", "queue: delivry", "did you mean 'delivery'?"),
        ("labels: {type: delivry}", "queue: delivery", "did you mean 'delivery'?"),
        ("labels: {typ: delivery}", "queue: delivery", "did you mean 'type'?"),
        ("flags: auto_replay", "queue: delivery", "did you mean 'auto_reply'?"),
        ("text: a", "route: delivery/lost", "unknown route 'delivery/lost'"),
        ("text: a", "tags: leagal", "did you mean 'legal'?"),
        ("text: a", "", "expects nothing"),
        ("text: a, classify: true, labels: {}", "queue: triage", "not both"),
        ("file: gone.eml", "queue: triage", "there is no file gone.eml"),
        ("history: {contacts: [yesterday]}", "queue: triage", "no length of time"),
        ("text: 5", "queue: triage", 'put it in quotes: "5"'),
        ("deadlines: {first: breached}", "queue: triage", "unknown deadline 'first'"),
    ],
)
def test_mistake_is_shown_with_its_place(
    given: str, expect: str, told: str, *, run: Any, case: Any, conf: Path
) -> None:
    """A case that could prove nothing is not run: exit code 2, with file, line, column and the way out."""
    case(given, expect)
    shown = run("test", "-c", conf, code=2).stderr
    assert told in shown
    assert shown.startswith("tests/own.yaml:")


def test_clock_is_that_of_the_case(run: Any, case: Any, conf: Path) -> None:
    """A time without an offset is read in the zone of the file, and opens and closes calendars."""
    teams = (conf / "teams.yaml").read_text(encoding="utf-8")
    office = "calendars: {office: {zone: Europe/Helsinki, hours: {mon-fri: ['08:00-16:00']}}}"
    (conf / "teams.yaml").write_text(teams.replace("calendars: {}", office), encoding="utf-8")
    (conf / "rules.yaml").write_text(
        "root:\n  queue: triage\n  routes: [{name: open, when: {time.in_calendar: office}, queue: delivery}]\n",
        encoding="utf-8",
    )
    for zone, at, queue in (
        ("Europe/Helsinki", "2026-03-02 15:59", "delivery"), ("Europe/Helsinki", "2026-03-02 16:00", "triage"),
        ("UTC", "2026-03-02 13:59", "delivery"), ("UTC", "2026-03-02T16:30+02:30", "triage"),
    ):  # fmt: skip
        case("text: a", f"queue: {queue}", f"    at: {at}\nzone: {zone}\n")
        assert "1 passed" in run("test", "-c", conf).stdout


def test_file_beside_the_case_is_read_as_its_channel_reads_it(run: Any, case: Any, conf: Path, mails: Path) -> None:
    """A message file is parsed, labelled by the model, and what the case gives is laid over it."""
    case("file: 1.eml, classify: true, customer: {tier: gold}", "queue: delivery, tags: important")
    (conf / "tests" / "1.eml").write_bytes((mails / "1.eml").read_bytes())
    assert "1 passed" in run("test", "-c", conf).stdout


def test_junit_names_what_failed(run: Any, case: Any, conf: Path, tmp_path: Path) -> None:
    """CI gets one suite a file, the failure with the whole explanation, and no character that XML cannot hold."""
    case('labels: {type: delivery}, subject: "\\u0001"', "queue: billing")
    run("test", "-c", conf, "--junit", tmp_path / "out" / "junit.xml", code=1)
    top = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    assert (top.get("tests"), top.get("failures")) == ("1", "1")
    [failure] = top.iter("failure")
    assert "queue: expected billing, got delivery" in str(failure.get("message"))
    assert "routes tried" in str(failure.text)


def test_coverage_lists_routes_no_case_takes(run: Any, case: Any, conf: Path) -> None:
    """Routes without a case are named, and can fail the run."""
    case("labels: {type: delivery}", "queue: delivery")
    shown = run("test", "-c", conf, "--coverage").stdout
    assert "1 of 19 routes taken (5 %)" in shown
    assert "  root/delivery/lost-again\n" in shown
    assert "below the 50 %" in run("test", "-c", conf, "--fail-under", 50, code=1).stderr


def test_no_cases_is_said(run: Any, conf: Path) -> None:
    """A folder without cases proves nothing and does not pass."""
    (conf / "tests" / "routing.yaml").unlink()
    assert "no cases" in run("test", "-c", conf, code=2).stderr


def test_model_is_loaded_only_where_a_case_asks(run: Any, case: Any, conf: Path, monkeypatch: Any) -> None:
    """Cases with labels need no model."""

    def refuse(**_: Any) -> KeywordClassifier:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("classifiers.default.load_default", refuse)
    case("labels: {type: delivery}", "queue: delivery")
    assert "1 passed" in run("test", "-c", conf).stdout


@pytest.fixture
def timed(conf: Path) -> None:
    """A deadline that acts by itself, and routes that say more."""
    teams, rules = conf / "teams.yaml", conf / "rules.yaml"
    teams.write_text(
        teams.read_text().replace("deadlines: []", "deadlines:\n  - {name: first, clock: first_response, within: 4h, "
        "warn_before: [1h], at_breach: {tags: [late], urgency: up}}")
    )  # fmt: skip
    rules.write_text(
        rules.read_text()
        + """
on_deadline:
  - name: chase
    when: {deadline.name: first, deadline.state: breached, case.queue: billing}
    queue: triage
    fields: {stage: chased}
    unassign: true
  - {name: near, when: {deadline.state: warning, deadline.before: 1h, text: {contains: urgent}}, urgency: critical}
"""
    )


@pytest.mark.usefixtures("timed")
@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("alarm: {name: first}, case: {queue: billing}",
         ("route: on_deadline/chase, queue: triage, team: triage, fields: {stage: chased}, tags: late, urgency: high, "
          "actions: [unassign, queue triage, tags late], acknowledge: false")),
        ("alarm: {name: first}, case: {queue: delivery, urgency: high}",
         "route: on_deadline, queue: delivery, urgency: critical, tags: [late]"),
        ("alarm: {name: first, state: warning}, text: this is urgent", "route: on_deadline/near, urgency: critical"),
        ("alarm: {name: first, state: warning, before: 2h}, text: urgent", "route: on_deadline, urgency: normal"),
        ("alarm: {name: first}, case: {queue: billing, state: resolved}", "queue: billing, urgency: normal"),
        ("labels: {type: billing}, case: {queue: triage, fields: {stage: chased}}", "route: billing"),
    ],
)  # fmt: skip
def test_alarm_is_proved_like_a_message(run: Any, case: Any, conf: Path, given: str, expect: str) -> None:
    """A case can give a deadline that warns or is missed, and the case as it stands then."""
    case(given, expect, "    not: {takes: root, acknowledge: received}\n" if "alarm" in given else "")
    assert "1 passed, 0 failed" in run("test", "-c", conf).stdout


@pytest.mark.usefixtures("timed")
def test_alarm_routes_count_for_coverage(run: Any, case: Any, conf: Path) -> None:
    """A route of alarms that no case takes is named with the others."""
    case("alarm: {name: first}, case: {queue: billing}", "queue: triage")
    said = run("test", "-c", conf, "--coverage").stdout
    assert "on_deadline/near" in said
    assert "on_deadline/chase" not in said


@pytest.mark.usefixtures("timed")
@pytest.mark.parametrize(
    ("given", "says"),
    [("alarm: {name: fist}", "did you mean 'first'?"), ("case: {queue: biling}", "did you mean 'billing'?")],
)
def test_unknown_deadline_of_an_alarm_is_a_mistake(run: Any, case: Any, conf: Path, given: str, says: str) -> None:
    """It could never come, so nothing is run."""
    case(given)
    assert says in run("test", "-c", conf, code=2).stderr
