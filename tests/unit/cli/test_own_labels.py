# SPDX-License-Identifier: Apache-2.0
"""train and evaluate on own files, and own types in router.yaml."""

from pathlib import Path
from typing import Any

import pytest


def labelled(path: Path) -> Path:
    rows = [
        f"{word} number {i};{topic}" for word, topic in (("the card", "card"), ("my loan", "loan")) for i in range(20)
    ]
    path.write_text("body;topic\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_train_own_files_then_evaluate(run: Any, rows: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CSV of own labels gives a model and a report; evaluate takes the same file and options."""
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    labelled(tmp_path / "my.csv")
    columns = ("--text-column", "body", "--label-column", "topic")
    [told] = rows("train", "my.csv", *columns, "--own-only", "--no-tune", "--out", "m.zip", "--report", "r")
    assert told["types"] == ["card", "loan"]
    assert told["report"]["total"]["type_f1"] == 1.0
    assert (tmp_path / "r" / "report.html").exists()
    [report] = rows("evaluate", "my.csv", *columns, "--model", "m.zip", "--report", "r2")
    assert report["total"]["type_accuracy"] == 1.0
    assert (tmp_path / "r2" / "confusion-type.png").exists()


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_own_files_show_every_mistake(run: Any, tmp_path: Path, command: str) -> None:
    """Bad rows end the command with 2, each with line and column."""
    (tmp_path / "my.csv").write_text("body,topic\n,delivery\nx,biling\ny,delivery,z\n", encoding="utf-8")
    shown = run(command, "my.csv", "--text-column", "body", "--type-column", "topic", code=2).stderr
    assert "my.csv:2:1: body: the text is empty" in shown
    assert "my.csv:3:2: topic: unknown type 'biling'" in shown
    assert "my.csv:4:0: has 3 values" in shown


def test_train_refuses_a_map_without_meaning(run: Any, tmp_path: Path) -> None:
    """--map needs both sides."""
    labelled(tmp_path / "my.csv")
    assert "yes=complaint" in run("train", "my.csv", "--text-column", "body", "--map", "yes", code=2).stderr


def test_check_knows_own_types_and_their_mistakes(run: Any, conf: Path) -> None:
    """Rules may name own types and no longer merged ones; mistakes in the list are told with their line."""
    router = conf / "router.yaml"
    before = router.read_text(encoding="utf-8")
    start = before.index("types:")
    end = before.index("\nlogs:")
    bad = "types:\n  own:\n    - {name: money, from: [biling]}\n    - {name: money}\n  drop: [nothing]\n"
    router.write_text(before[:start] + bad + before[end:], encoding="utf-8")
    shown = run("check", "--config", conf, code=2)
    text = shown.stdout + shown.stderr
    line = before[:start].count("\n") + 3
    assert f"router.yaml:{line}:" in text
    assert "did you mean 'billing'?" in text
    assert "another type is named 'money' too" in text
    assert "unknown shipped type 'nothing'" in text
