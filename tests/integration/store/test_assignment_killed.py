# SPDX-License-Identifier: Apache-2.0
"""The loop of assignment killed with SIGKILL around its commits, two at a time: every case is given exactly once.

``KILLS=1000`` in the environment makes the nightly run of it.
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from router.config.models import StoreSettings
from router.records import User
from router.store.sql import open_store
from router.testing.store_contract import open_case

KILLS = int(os.environ.get("KILLS", "8"))
CASES = 60
NAMES = ("anna", "ben", "cleo")
PLACES = ("db.before_commit", "db.after_commit")

pytestmark = pytest.mark.timeout(120 + 4 * KILLS)

LOOP = """
import asyncio, sys
from pathlib import Path
from router.assign.loop import AssignmentLoop
from router.config.models import StoreSettings
from router.store.sql import open_store
from router.testing.assign import assignments
from router.testing.clock import ManualClock

async def main():
    clock = ManualClock()
    store = await open_store(StoreSettings(), data_dir=Path(sys.argv[1]), reference=str, clock=clock)
    book = assignments({"name": "anna"}, {"name": "ben"}, {"name": "cleo"}, strategy="round-robin")
    loop = AssignmentLoop(lambda: store, book=lambda: book, clock=clock, moved=lambda moves: None)
    while (await store.assignment_state(("delivery",))).waiting:
        await loop.step()
    await store.close()

asyncio.run(main())
"""


def start(folder: Path, failpoint: str = "") -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "COMPLAINT_ROUTER_FAILPOINT": failpoint}
    return subprocess.Popen([sys.executable, "-c", LOOP, str(folder)], env=environment, stdout=subprocess.DEVNULL)


async def test_cases_are_given_once_over_kills(tmp_path: Path) -> None:
    """Two processes at a time, each killed at some pass: no case is given twice or lost, and turns stay fair."""
    store = await open_store(StoreSettings(), data_dir=tmp_path, reference=str)
    for name in NAMES:
        await store.put_user(User(name=name, teams=("delivery",)))
    for n in range(CASES):
        await open_case(store, native_id=f"m{n}", case_id=f"AAAAA-{n:05}")
    await store.close()
    dice = random.Random(KILLS)
    deaths = 0
    for n in range(KILLS // 2):
        pair = [start(tmp_path, f"{PLACES[(n + k) % 2]}:{dice.randrange(2, 12)}") for k in range(2)]
        deaths += sum(one.wait(timeout=60) == -signal.SIGKILL for one in pair)
    assert deaths >= min(KILLS // 3, 4)
    assert start(tmp_path).wait(timeout=60) == 0

    with closing(sqlite3.connect(tmp_path / "router.db")) as database:
        given = Counter(
            case for (case,) in database.execute("SELECT case_id FROM audit WHERE action = 'case_assigned'")
        )
        held = Counter(name for (name,) in database.execute("SELECT assigned_to FROM cases"))
        told = [json.loads(detail)["to"] for (detail,) in database.execute(
            "SELECT detail FROM audit WHERE action = 'case_assigned' ORDER BY seq"
        )]  # fmt: skip
        [(turns,)] = database.execute("SELECT value FROM cursors WHERE channel = 'assignment'")
    assert given == {f"AAAAA-{n:05}": 1 for n in range(CASES)}
    assert held == dict.fromkeys(NAMES, CASES // 3)
    assert told == [NAMES[n % 3] for n in range(CASES)]
    assert int(turns) == CASES
