# SPDX-License-Identifier: Apache-2.0
"""Files through the durable pipeline: counted, explained, and the same after any number of kills."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from router.testing.mails import mixed_mails
from router.testing.product import make_installation

pytestmark = pytest.mark.slow


def command(*words: str, check: bool = True) -> list[dict[str, Any]]:
    """Run a command of the product; its JSON lines."""
    done = subprocess.run(
        [sys.executable, "-m", "router.cli.main", *words], capture_output=True, text=True, timeout=300, check=check
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mails")
    for name, body in mixed_mails(1000, seed=7):
        (folder / name).write_bytes(body)
    return folder


def installation(tmp_path: Path) -> Path:
    return make_installation(tmp_path / "config", channels=[])


def state(config: Path) -> dict[str, tuple[str, ...]]:
    """Every case with the messages it holds; their order in a case is the order of arrival, which kills may change."""
    rows = command("cases", "--config", str(config), "--all", "--json")
    return {row["id"]: tuple(sorted(row["messages"])) for row in rows}


def test_ingest_counts_add_up_and_repeat_is_duplicate(tmp_path: Path, mails: Path) -> None:
    """A thousand mixed mails are cases, joined, duplicates or set aside with a reason; again, they are all known."""
    config = installation(tmp_path)
    *reasons, counts = command("ingest", str(mails), "--config", str(config), "--channel", "email", "--json")
    parts = ("new_cases", "joined", "duplicates", "refused", "quarantined")
    assert counts["received"] == 1000 == sum(counts[part] for part in parts)
    assert counts["new_cases"] > 850
    assert len(reasons) == counts["refused"] + counts["quarantined"]
    assert all(row["reason"] for row in reasons)
    cases = state(config)
    assert len(cases) == counts["new_cases"]
    assert sum(map(len, cases.values())) == counts["new_cases"] + counts["joined"]
    [*_, again] = command("ingest", str(mails), "--config", str(config), "--channel", "email", "--json")
    assert (again["new_cases"], again["duplicates"]) == (0, 1000)
    assert state(config) == cases


def test_ingest_killed_again_and_again_loses_nothing(tmp_path: Path, mails: Path) -> None:
    """Killed with SIGKILL at random moments and run again, it ends with the cases of an undisturbed run."""
    quiet, killed = installation(tmp_path / "quiet"), installation(tmp_path / "killed")
    key = "the same key, so that both runs give the same references"
    for config in (quiet, killed):
        (config / "key").write_text(key, encoding="ascii")
        settings = (config / "router.yaml").read_text(encoding="utf-8")
        (config / "router.yaml").write_text(settings + "secret: {file: key}\n", encoding="utf-8")
    command("ingest", str(mails), "--config", str(quiet), "--json")
    seed = random.randrange(10**6)
    rng = random.Random(seed)
    words = [sys.executable, "-m", "router.cli.main", "ingest", str(mails), "--config", str(killed), "--json"]
    for _ in range(6):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(rng.uniform(1.0, 4.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    [*_, counts] = command(*words[3:])
    assert counts["received"] == 1000, seed
    assert {key for keys in state(killed).values() for key in keys} == {
        k for ks in state(quiet).values() for k in ks
    }, seed
    assert state(killed) == state(quiet), seed
