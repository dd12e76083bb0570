# SPDX-License-Identifier: Apache-2.0
"""Members and assignment in ``teams.yaml``: what is read, and what is said of mistakes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from router.config.loader import load
from router.deadlines.duration import Duration
from router.errors import ConfigError

GOOD = """
teams:
  - name: billing
    calendar: office
    members:
      - {name: aino, languages: {fi: 5}, types: {refund: 4}, capacity: {all: 9, email: 3}, weight: 0.5}
      - {name: ben, calendar: always, absences: [{from: "2026-12-21 12:00", to: "2026-12-24", deputy: aino}]}
      - {name: cleo, skills: {vip: 2}}
    assign:
      strategy: skills
      relax: [{after: 5m, drop: level}, {after: 1h, drop: all}]
      keep_for: 7 calendar days
      take_back: {after: 2 business days}
      hostile: {tags: [rude], rest: 1h}
  - {name: delivery}
calendars:
  office: {zone: Europe/Helsinki, hours: {mon-fri: ["08:00-16:00"]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "router.yaml").write_text("company: Shop\n")
    (tmp_path / "rules.yaml").write_text("root: {queue: billing}\n")
    (tmp_path / "teams.yaml").write_text(GOOD)
    return tmp_path


def test_members_and_assignment_are_read(folder: Path) -> None:
    """Calendars, lengths of time and absences are made; a team that says nothing is left to people."""
    book = load(folder).assignments
    team = book.teams["billing"]
    assert (team.strategy, team.calendar.name, team.take_back) == ("skills", "office", Duration(2, "business_days"))
    assert [(step.after, step.drop) for step in team.steps] == [
        (timedelta(minutes=5), "level"), (timedelta(hours=1), "all"),
    ]  # fmt: skip
    assert team.is_hostile(["rude"])
    assert not team.is_hostile(["hostile"])
    [away] = team.members["ben"].absences
    assert (away.start, away.end) == (datetime(2026, 12, 21, 12, tzinfo=UTC), datetime(2026, 12, 25, tzinfo=UTC))
    assert team.members["aino"].calendar.name == "office"
    assert (book.teams["delivery"].strategy, book.watched) == ("manual", ("billing",))


def test_assignment_by_a_route_watches_every_team(folder: Path) -> None:
    """A route may send its cases to any team, so all are watched."""
    (folder / "rules.yaml").write_text(
        "root: {queue: billing, routes: [{name: a, when: {type: fraud}, queue: delivery, assign: round-robin}]}\n"
    )
    assert load(folder).assignments.watched == ("billing", "delivery")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("fi: 5", "fy: 5", "unknown language 'fy'"),
        ("fi: 5", "fi: 9", "at most 5"),
        ("refund: 4", "refnud: 4", "unknown type 'refnud'"),
        ("email: 3", "emial: 3", "unknown channel 'emial'"),
        ("name: cleo", "name: aino", "listed twice"),
        ("deputy: aino", "deputy: dora", "unknown member 'dora'"),
        ("calendar: always", "calendar: nights", "unknown calendar 'nights'"),
        ('to: "2026-12-24"', 'to: "2026-12-20"', "lies before"),
        ('to: "2026-12-24"', 'to: "tomorrow"', "is no day"),
        ("strategy: skills", "strategy: skill", "skills"),
        ("after: 1h, drop", "after: 1m, drop", "later than the one before"),
        ("drop: level", "drop: levels", "level"),
        ("rest: 1h", "rest: 2 weeks", "hours and minutes"),
        ("keep_for: 7 calendar days", "keep_for: 7 days", "calendar days"),
        ("weight: 0.5", "weight: 0", "more than 0"),
        ("strategy: skills", "stratgey: skills", "strategy"),
    ],
)
def test_mistakes_are_told_with_place(folder: Path, old: str, new: str, sentence: str) -> None:
    """A name that does not exist, a level out of range, an absence that makes no sense: with line and the way out."""
    assert GOOD.count(old) == 1
    (folder / "teams.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert any(sentence in str(one) and one.line for one in caught.value.mistakes), caught.value
