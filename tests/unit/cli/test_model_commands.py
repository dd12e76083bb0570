# SPDX-License-Identifier: Apache-2.0
"""train and evaluate: a model from labelled messages, and how well one does."""

from pathlib import Path
from typing import Any

import pytest

from router.testing.corpus import write_few


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Some hundred messages of the corpus, of every language and label."""
    return write_few(tmp_path / "few.jsonl", 120)


@pytest.mark.slow
def test_train_then_evaluate(run: Any, rows: Any, conf: Path, few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trained model becomes the installation's own, with a report; the same seed gives the same file."""
    monkeypatch.undo()
    monkeypatch.chdir(few.parent)
    [first] = rows("train", few, "--out", "one.zip")
    [again] = rows("train", few, "--config", conf)
    assert set(first) == {"model", "sha256", "report"}
    assert again["sha256"] == first["sha256"]
    assert Path(again["model"]) == conf / "data" / "models" / "current.zip"
    assert [one["digest"] for one in rows("models", "list", "-c", conf)] == [first["sha256"], "shipped"]
    assert "kind F1" in run("models", "show", first["sha256"][:12], "-c", conf).stdout
    [other] = rows("train", few, "--config", conf, "--seed", 7)
    assert other["sha256"] != first["sha256"]
    assert rows("models", "rollback", "-c", conf) == [{"in_force": first["sha256"]}]
    [here] = rows("evaluate", few, "--config", conf)
    assert here["model"].endswith(first["sha256"][:12])
    [report] = rows("evaluate", few, "--model", "one.zip")
    assert report
    [labels] = rows("classify", "-", "--model", "one.zip", text='{"text": "My parcel never came"}\n')
    assert labels["kind"] in {"complaint", "request", "praise", "other"}
    assert "%" in run("evaluate", few, "--model", "one.zip").stdout or "F1" in run("evaluate", few).stdout


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize(
    "content", [None, "", '{"text": "x"}\n{broken\n', b"\xff\xfe"], ids=["missing", "empty", "broken", "bytes"]
)
def test_model_commands_refuse_bad_files(run: Any, tmp_path: Path, command: str, content: Any) -> None:
    """A file that is missing, empty, broken or not text ends the command with 2 and its name or reason, every bad
    line with its number."""
    if content is not None:
        (tmp_path / "c.jsonl").write_bytes(content if isinstance(content, bytes) else content.encode())
    shown = run(command, "c.jsonl", code=2).stderr
    assert "c.jsonl" in shown or "no labelled messages" in shown
    if isinstance(content, str) and content:
        assert "c.jsonl:1" in shown
        assert "c.jsonl:2" in shown


def test_train_for_an_installation_with_a_named_model_is_refused(run: Any, conf: Path, few: Path) -> None:
    """What is trained would not be used, and nobody would know."""
    router = conf / "router.yaml"
    (conf / "m.zip").write_bytes(b"a model")
    router.write_text(router.read_text(encoding="utf-8") + "\nmodel: m.zip\n", encoding="utf-8")
    assert "names a model file" in run("train", few, "--config", conf, code=2).stderr
