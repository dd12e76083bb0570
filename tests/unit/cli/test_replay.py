# SPDX-License-Identifier: Apache-2.0
"""replay: stored messages decided by other rules; what would move is counted and nothing is changed."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest


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
