# SPDX-License-Identifier: Apache-2.0
"""rules log, show, diff and rollback."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from router.config.loader import load
from router.rules.kept import KeptRules, files_in_force


@pytest.fixture
def two(conf: Path) -> tuple[str, str]:
    """Digests of two sets that were in force one after the other; the second is in the folder."""
    kept, found = KeptRules(conf / "data"), []
    for n, tag in enumerate(("important", "vip")):
        path = conf / "rules.yaml"
        path.write_text(
            path.read_text(encoding="utf-8").replace("tags: [important]", f"tags: [{tag}]"), encoding="utf-8"
        )
        entry = kept.note(
            at=datetime(2026, 3, 2 + n, tzinfo=UTC), cause="file change", verdict="taken", files=files_in_force(conf),
            rules=load(conf).rules.digest,
        )  # fmt: skip
        found.append(entry.digest)
    return found[0], found[1]


def test_log_marks_what_is_in_force(run: Any, rows: Any, conf: Path, two: tuple[str, str]) -> None:
    """One line a set, the newest last."""
    lines = run("rules", "log", "-c", conf).stdout.splitlines()
    assert [line[:1] for line in lines] == [" ", "→"]
    assert two[1] in lines[1]
    assert [row["in_force"] for row in rows("rules", "log", "-c", conf)] == [False, True]


def test_log_of_nothing_says_so(run: Any, conf: Path) -> None:
    """Before the first start there is nothing, and nothing is made."""
    assert "No set was kept yet" in run("rules", "log", "-c", conf).stdout
    assert not (conf / "data").exists()


def test_show_and_diff(run: Any, rows: Any, conf: Path, two: tuple[str, str]) -> None:
    """The files of a set, and what differs between two or from the files as they are."""
    assert run("rules", "show", two[0][:6], "--file", "rules.yaml", "-c", conf).stdout.count("tags: [important]") == 1
    assert "teams.yaml" in rows("rules", "show", two[0], "-c", conf)[0]
    shown = run("rules", "diff", two[0], two[1], "-c", conf, code=1).stdout
    assert "-      tags: [important]" in shown
    assert "+      tags: [vip]" in shown
    assert run("rules", "diff", two[1], "-c", conf).stdout == ""
    assert rows("rules", "diff", two[0], "-c", conf, code=1)[0]["differs"] is True


def test_rollback_puts_back_and_keeps_the_present(run: Any, rows: Any, conf: Path, two: tuple[str, str]) -> None:
    """After a yes the old files are there, what was there can be brought back, and both stand in the log."""
    (conf / "rules.yaml").write_text("broken: [", encoding="utf-8")
    run("rules", "rollback", two[0], "-c", conf, text="n\n", code=1)
    assert (conf / "rules.yaml").read_text(encoding="utf-8") == "broken: ["
    run("rules", "rollback", two[0], "-c", conf, text="y\n")
    assert "tags: [important]" in (conf / "rules.yaml").read_text(encoding="utf-8")
    entries = rows("rules", "log", "-c", conf)
    assert [entry["cause"] for entry in entries[2:]] == ["kept", "rollback"]
    shown = run("rules", "show", entries[2]["digest"], "--file", "rules.yaml", "-c", conf).stdout
    assert shown == "broken: ["
    run("rules", "rollback", two[1], "-c", conf, "--yes")
    assert "already" in run("rules", "rollback", two[1], "-c", conf, "--yes", code=1).stderr


def test_rollback_to_what_does_not_fit_changes_nothing(run: Any, conf: Path, two: tuple[str, str]) -> None:
    """A set that the rest of the configuration has outgrown is refused with every mistake."""
    text = (conf / "router.yaml").read_text(encoding="utf-8")
    (conf / "router.yaml").write_text(text.replace("default_language: en", "default_language: it"), encoding="utf-8")
    (conf / "templates" / "received" / "it.txt").unlink()
    kept = KeptRules(conf / "data")
    kept.note(
        at=datetime(2026, 3, 5, tzinfo=UTC), cause="asked", verdict="taken", files=files_in_force(conf), rules="e" * 16
    )
    before = files_in_force(conf)
    (conf / "rules.yaml").write_text("root: {queue: triage}\n", encoding="utf-8")
    done = run("rules", "rollback", "eeee", "-c", conf, "--yes", code=2)
    assert "nothing was changed" in done.stderr
    assert files_in_force(conf) != before


def test_unknown_set_is_refused(run: Any, conf: Path, two: tuple[str, str]) -> None:
    """A digest that is none says where to look."""
    assert "rules log" in run("rules", "show", "nothing", "-c", conf, code=2).stderr


def test_replay_is_against_the_rules_in_force(rows: Any, run: Any, conf: Path, mails: Path) -> None:
    """Edited in place, a configuration is compared with what was in force last."""
    run("ingest", mails, "-c", conf)
    kept, configuration = KeptRules(conf / "data"), load(conf)
    kept.note(
        at=datetime(2026, 3, 2, tzinfo=UTC), cause="start", verdict="taken", files=files_in_force(conf),
        rules=configuration.rules.digest,
    )  # fmt: skip
    path = conf / "rules.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("queue: delivery", "queue: service"), encoding="utf-8")
    [said] = rows("replay", "-c", conf)
    assert said["before"] == f"in force since 2026-03-02 00:00 UTC ({configuration.rules.digest})"
    assert [(move["before"], move["after"]) for move in said["moves"]] == [("delivery", "service")]
