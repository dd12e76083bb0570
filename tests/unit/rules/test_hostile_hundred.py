# SPDX-License-Identifier: Apache-2.0
"""Over a hundred hostile rule files, each loaded or refused in a process of its own and measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.rules.hostile import REGEXES, hostile_files

ROOT = Path(__file__).parents[3]
SLOW_MACHINE = 3  # times as long as promised: these tests run beside others


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Any]]:
    """What became of each file, by name."""
    command = [sys.executable, "-m", "tests.unit.rules.hostile", str(ROOT / "tests" / "fixtures" / "config" / "good")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=300)
    return {found["name"]: found for found in map(json.loads, done.stdout.decode().splitlines())}


def test_hostile_files_all_load_or_are_refused_with_their_place(measured: dict[str, dict[str, Any]]) -> None:
    """No process dies, and every mistake has its line; only a file that was not read at all has none."""
    assert len(hostile_files()) >= 100
    assert len(REGEXES) == 24
    assert set(measured) == set(hostile_files())
    assert {name for name, found in measured.items() if "died" in found} == set()
    assert {name for name, found in measured.items() if found["unplaced"]} == {"half a megabyte and more"}
    assert all(found["loaded"] or 0 < found["mistakes"] <= 200 for found in measured.values())
    assert all(measured[f"regex {n}"]["loaded"] for n in range(24))


def test_hostile_files_take_two_seconds_and_128_mebibytes_at_most(measured: dict[str, dict[str, Any]]) -> None:
    """CPU time of the load, and how far the memory of the process grew by it and by matching."""
    assert {name: found for name, found in measured.items() if found["seconds"] > 2 * SLOW_MACHINE} == {}
    assert {name: found for name, found in measured.items() if found["megabytes"] > 128} == {}


def test_hostile_files_match_50_000_characters_in_50_milliseconds(measured: dict[str, dict[str, Any]]) -> None:
    """Whatever loads decides a message of 50,000 characters in that time."""
    assert {name: found for name, found in measured.items() if found["matching"] > 0.05 * SLOW_MACHINE} == {}
