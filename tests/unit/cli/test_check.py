# SPDX-License-Identifier: Apache-2.0
"""check: warnings beside mistakes, and what they make of the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from classifiers.default import load_default


def test_warning_fails_only_when_strict(run: Any, rows: Any, conf: Path) -> None:
    """What is legal and odd is shown with its place and can run; for CI it can fail."""
    with (conf / "rules.yaml").open("a", encoding="utf-8") as file:
        file.write("    - {name: late, when: {type: delivery, language: fi}, queue: billing}\n")
    done = run("check", "-c", conf)
    assert "'root/late' is never reached: 'root/delivery' (line " in done.stderr
    assert "It can run, with 1 warning." in done.stdout
    assert run("check", "-c", conf, "--strict", code=1).stderr == done.stderr
    [said] = rows("check", "-c", conf, "--strict", code=1)
    assert (said["ok"], said["mistakes"]) == (False, [])
    assert said["warnings"][0]["line"] > 90


def test_teams_without_anybody_are_named(run: Any, conf: Path, tmp_path: Path) -> None:
    """As soon as somebody was added, the teams that nobody is in are named; a manager reads all teams."""
    (tmp_path / "word").write_text("correct horse battery", encoding="utf-8")
    run("user", "add", "aino", "--team", "delivery", "-c", conf, "--password-file", "word")
    shown = run("check", "-c", conf).stderr
    assert "nobody is in triage, billing, products" in shown
    assert "delivery" not in shown
    run("user", "add", "boss", "--role", "manager", "-c", conf, "--password-file", "word")
    assert "nobody is in" not in run("check", "-c", conf).stderr


def test_trained_model_is_read(run: Any, conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model trained here that is damaged is found before the next start finds it, with the way back."""
    monkeypatch.setattr("classifiers.default.load_default", load_default)
    models = conf / "data" / "models"
    models.mkdir(parents=True)
    (models / "current.zip").write_bytes(b"half a model")
    shown = run("check", "-c", conf, code=2).stderr
    assert "current.zip" in shown
    assert "models rollback brings the former back" in shown
    run("models", "rollback", "-c", conf)
    assert "The configuration is good." in run("check", "-c", conf).stdout


def test_own_phrases_are_read(run: Any, conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of phrases that no model knows what to do with is found before anything starts; a good one is taken."""
    monkeypatch.setattr("classifiers.default.load_default", load_default)
    (conf / "signals.yaml").write_text("groups:\n  bad_qualty: {phrases: {en: [tinny]}}\n", encoding="utf-8")
    text = (conf / "router.yaml").read_text(encoding="utf-8")
    (conf / "router.yaml").write_text(f"{text}signals: signals.yaml\n", encoding="utf-8")
    shown = run("check", "-c", conf, code=2).stderr
    assert "router.yaml: signals: " in shown
    assert "signals.yaml: unknown group 'bad_qualty' of signals (did you mean 'bad_quality'?)" in shown
    (conf / "signals.yaml").write_text("groups:\n  bad_quality: {phrases: {en: [tinny]}}\n", encoding="utf-8")
    assert "The configuration is good." in run("check", "-c", conf).stdout
