# SPDX-License-Identifier: Apache-2.0
"""replay: stored messages decided by other rules; what would move is counted and nothing is changed."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from router.config.loader import load
from router.core import open_installation_store
from router.deadlines.loop import DeadlineLoop
from router.rules.alarms import answer
from router.testing.clock import ManualClock


@pytest.fixture
def stored(run: Any, conf: Path, mails: Path) -> Path:
    """A configuration with three cases of four mails."""
    run("ingest", mails, "-c", conf)
    return conf


@pytest.fixture
def new(stored: Path, tmp_path: Path) -> Path:
    """A copy of it whose rules send parcels to the queue of service and drop the route of invoices."""
    folder = tmp_path / "new"
    shutil.copytree(stored, folder, ignore=shutil.ignore_patterns("data"))
    rules = (folder / "rules.yaml").read_text(encoding="utf-8")
    rules = rules.replace("queue: delivery", "queue: service").replace(
        "type: billing}, queue: billing", "type: billing}, queue: triage, urgency: {up: 1}"
    )
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    return folder


def dump(conf: Path) -> list[str]:
    with sqlite3.connect(conf / "data" / "router.db") as database:
        return list(database.iterdump())


@pytest.mark.parametrize("against", ["folder", "stored"])
def test_replay_counts_what_would_move(rows: Any, stored: Path, new: Path, against: str) -> None:
    """The moves, their examples, the load of the teams and the urgency, by opening messages; the data stays."""
    before = dump(stored)
    if against == "stored":
        text = (new / "router.yaml").read_text(encoding="utf-8")
        there = re.sub("(?m)^data: .*$", f"data: {stored / 'data'}", text)
        (new / "router.yaml").write_text(there, encoding="utf-8")
    [said] = rows("replay", "-c", new, "--against", stored if against == "folder" else "stored", "--since", "1d")
    assert (said["ok"], said["messages"], said["cases"], said["moved"]) == (True, 3, 2, 2)
    moves = {(move["before"], move["after"]): move for move in said["moves"]}
    assert {key: move["cases"] for key, move in moves.items()} == {("delivery", "service"): 1, ("billing", "triage"): 1}
    [example] = moves["delivery", "service"]["examples"]
    assert (example["subject"], example["route_after"]) == ("Late", "root/delivery")
    assert said["urgency"]["raised"] == 1
    assert {team["team"]: (team["before"], team["after"]) for team in said["teams"]} == {
        "delivery": (1, 0), "service": (0, 1), "billing": (1, 0), "triage": (0, 1),
    }  # fmt: skip
    assert dump(stored) == before


def test_replay_of_the_same_rules_moves_nothing(run: Any, stored: Path) -> None:
    """The rules that decided say the same again."""
    shown = run("replay", "-c", stored, "--against", "stored", "--fail-if", "moved > 0").stdout
    assert "0 cases move (0.0 %)" in shown
    assert "✓ moved > 0: 0" in shown


def test_replay_fails_at_a_limit_and_writes_the_page(run: Any, stored: Path, new: Path, tmp_path: Path) -> None:
    """For CI, the exit code is 1 when a limit is broken; table and page are there all the same."""
    done = run("replay", "-c", new, "--against", stored, "--fail-if", "moved > 50%", "--html", "out/page.html", code=1)
    assert "✗ moved > 50%: 100%" in done.stdout
    assert "delivery  service" in done.stdout
    assert "<svg" in (tmp_path / "out" / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--fail-if", "movd > 1"], "did you mean 'moved'"), (["--fail-if", "moved_to.here > 1"], "unknown queue"),
        (["--since", "yesterday"], "no length of time"), (["--zone", "Mars"], "no time zone"),
        (["--against", "nowhere"], "not a folder"),
    ],
)  # fmt: skip
def test_replay_refuses_what_it_does_not_know(run: Any, stored: Path, words: list[str], told: str) -> None:
    """Wrong words end with 2 and say what to write."""
    assert told in run("replay", "-c", stored, *words, code=2).stderr


def test_replay_without_messages_says_so(run: Any, conf: Path) -> None:
    """A configuration that has never run has nothing to replay, and is not given a database for it."""
    assert "there are no stored messages" in run("replay", "-c", conf, code=2).stderr
    assert not (conf / "data" / "router.db").exists()


def test_replay_in_several_processes_says_the_same(rows: Any, stored: Path, new: Path, monkeypatch: Any) -> None:
    """Sharing the work changes the time it takes, and nothing else."""
    monkeypatch.setattr("router.replay.work._ALONE", 1)
    said = [rows("replay", "-c", new, "--against", stored, "--processes", n)[0] for n in (1, 2)]
    for one in said:
        one.pop("seconds")
    assert said[0] == said[1]


def test_replay_skips_what_cannot_be_read(rows: Any, stored: Path) -> None:
    """A row that another version left is counted, and does not stop the others."""
    with sqlite3.connect(stored / "data" / "router.db") as database:
        database.execute("UPDATE messages SET decision = '{}' WHERE id = (SELECT min(id) FROM messages)")
    [said] = rows("replay", "-c", stored, "--against", "stored")
    assert (said["unreadable"], said["messages"]) == (1, 2)


TIMED = """
  - name: late
    when: {deadline.name: first, deadline.state: breached, case.queue: delivery}
    queue: service
    fields: {stage: late}
"""


@pytest.fixture
def late(run: Any, conf: Path, mails: Path) -> Path:
    """A configuration whose cases missed their first deadline, with one route for that."""
    teams = conf / "teams.yaml"
    deadline = "deadlines: [{name: first, clock: first_response, within: 1h, at_breach: {tags: [late]}}]"
    teams.write_text(teams.read_text(encoding="utf-8").replace("deadlines: []", deadline), encoding="utf-8")
    rules = conf / "rules.yaml"
    rules.write_text(f"{rules.read_text(encoding='utf-8')}\non_deadline:{TIMED}", encoding="utf-8")
    run("ingest", mails, "-c", conf)
    configuration = load(conf)

    async def miss() -> None:
        store = await open_installation_store(configuration)
        clock = ManualClock(datetime.now(UTC) + timedelta(hours=3))
        loop = DeadlineLoop(
            store, deadlines=lambda: configuration.deadlines, clock=clock, told=lambda _: None,
            ask=lambda asked: answer(asked, configuration.rules),
        )  # fmt: skip
        while await loop.step():
            pass
        await store.close()

    asyncio.run(miss())
    return conf


def test_replay_asks_about_alarms_again(run: Any, rows: Any, late: Path, tmp_path: Path) -> None:
    """What a miss would bring by other routes, or by another deadline, is counted; a limit can hold it."""
    [same] = rows("replay", "-c", late, "--against", "stored")
    assert (same["alarms"]["count"], same["alarms"]["changed"]) == (2, 0)
    new = tmp_path / "new"
    shutil.copytree(late, new, ignore=shutil.ignore_patterns("data"))
    rules, teams = new / "rules.yaml", new / "teams.yaml"
    rules.write_text(
        rules.read_text(encoding="utf-8").replace("queue: service\n    fields", "queue: safety\n    fields")
    )
    [said] = rows("replay", "-c", new, "--against", late)
    assert said["alarms"]["moves"] == [{"before": "service", "after": "safety", "alarms": 1}]
    teams.write_text(teams.read_text(encoding="utf-8").replace("tags: [late]", "urgency: up"), encoding="utf-8")
    [said] = rows("replay", "-c", new, "--against", late, "--fail-if", "alarms_changed > 50%", code=1)
    assert said["alarms"]["actions"] == {"queue": 1, "tags": 2, "urgency": 2}
    shown = run("replay", "-c", new, "--against", late, "--html", "out.html").stdout
    assert "2 of 2 warnings and misses of deadlines act otherwise" in shown
    assert "2 of 2 would do something else" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_explain_tells_what_a_miss_brought(run: Any, rows: Any, late: Path) -> None:
    """The routes asked then are told after those of the messages, with what they saw."""
    listed = rows("cases", "-c", late, "--all")
    [case] = [case["id"] for case in listed if case["fields"] == {"stage": "late"}]
    shown = run("explain", case, "-c", late).stdout
    assert "the deadline 'first' was missed" in shown
    assert "queue service (said by on_deadline/late)" in shown
    assert "tags late (said by at_breach)" in shown
    assert "✓ case.queue is delivery (saw: delivery)" in shown
