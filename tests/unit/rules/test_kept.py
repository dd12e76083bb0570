# SPDX-License-Identifier: Apache-2.0
"""Sets of rules that came into force are kept, logged, found again and put back whole."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from router.config.loader import load
from router.config.shipped import shipped_config
from router.rules.facts import Facts
from router.rules.kept import KeptRules, Unknown, files_in_force, laid_over, write_back
from router.rules.live import LiveRules
from router.schema import InboundMessage
from router.testing.clock import ManualClock

AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """The shipped configuration."""
    return Path(shutil.copytree(shipped_config(), tmp_path / "conf", ignore=shutil.ignore_patterns("data", "schema")))


def live_of(conf: Path) -> LiveRules:
    configuration = load(conf)
    return LiveRules(configuration, clock=ManualClock(), kept=KeptRules(configuration.data_dir))


def change(conf: Path, before: str, after: str) -> None:
    path = conf / "rules.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


def test_each_set_that_comes_into_force_is_kept_with_its_cause(conf: Path) -> None:
    """Good sets are kept once and logged; refused ones are logged; the same again is not."""
    live, kept = live_of(conf), KeptRules(conf / "data")
    live.reload(cause="start")
    first = live.digest
    live.reload(cause="asked")
    change(conf, "tags: [important]", "tags: [vip]")
    live.reload(cause="file change")
    change(conf, "queue: machines", "queue: robots")
    live.reload(cause="file change")
    live.reload(cause="file change")
    assert [(e.cause, e.verdict.split(":")[0], e.rules) for e in kept.entries()] == [
        ("start", "taken", first), ("file change", "taken", live.digest), ("file change", "refused", ""),
    ]  # fmt: skip
    entry = kept.in_force()
    assert entry is not None
    assert entry.rules == live.digest
    assert b"tags: [vip]" in kept.files(entry.digest)["rules.yaml"]
    assert "templates/received/en.txt" in kept.files(entry.digest)


def test_rules_of_an_old_decision_are_found_after_a_restart(conf: Path) -> None:
    """What a decision was made by decides the same again, from the files kept."""
    live = live_of(conf)
    live.reload(cause="start")
    old = live.digest
    change(conf, "tags: [important]", "tags: [vip]")
    fresh = live_of(conf)
    assert fresh.of(old) is None
    found = fresh.rules_of(old)
    assert found is not None
    assert found.digest == old
    facts = Facts(message=InboundMessage(channel="email", account="a", native_id="1", text="my lawyer"))
    assert found.decide(facts) == load(shipped_config()).rules.decide(facts)
    assert fresh.rules_of("0" * 16) is None


def test_log_survives_a_line_cut_off_by_a_crash(conf: Path) -> None:
    """A half line is passed over, and the next one stands on its own."""
    kept = KeptRules(conf / "data")
    kept.note(at=AT, cause="start", verdict="taken", files=files_in_force(conf), rules="a" * 16)
    with (conf / "data" / "rules" / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"at": "2026-')
    kept.note(at=AT, cause="asked", verdict="refused")
    assert [entry.cause for entry in kept.entries()] == ["start", "asked"]


def test_set_is_found_by_its_beginning_or_by_that_of_its_rules(conf: Path) -> None:
    """Either digest will do, whole or begun; what is none or too short is refused."""
    kept = KeptRules(conf / "data")
    entry = kept.note(at=AT, cause="start", verdict="taken", files=files_in_force(conf), rules="abcd" * 4)
    assert kept.find(entry.digest) == kept.find(entry.digest[:5]) == kept.find("abcda") == entry.digest
    for name in ("xyzxyz", entry.digest[:3], ""):
        with pytest.raises(Unknown):
            kept.find(name)


def test_write_back_makes_the_folder_that_of_the_set(conf: Path) -> None:
    """Changed files are exchanged, removed ones come back, and templates added since go; the rest stays."""
    before, router = files_in_force(conf), (conf / "router.yaml").read_bytes()
    change(conf, "tags: [important]", "tags: [vip]")
    (conf / "templates" / "received" / "fi.txt").unlink()
    (conf / "templates" / "new").mkdir()
    (conf / "templates" / "new" / "en.txt").write_text("Subject: a\n\nb\n", encoding="utf-8")
    with laid_over(conf, before) as place:
        assert files_in_force(place) == before
        assert load(place).rules.digest == load(shipped_config()).rules.digest
    write_back(conf, before)
    assert files_in_force(conf) == before
    assert not (conf / "templates" / "new").exists()
    assert (conf / "router.yaml").read_bytes() == router
    assert not [path for path in conf.rglob(".*") if path.is_file()]


def test_rules_that_cannot_be_kept_are_in_force_all_the_same(conf: Path) -> None:
    """A data folder that cannot be written stops no reload."""
    (conf / "data").write_text("a file, not a folder", encoding="utf-8")
    assert live_of(conf).reload(cause="asked").ok
