# SPDX-License-Identifier: Apache-2.0
"""The loop of deadlines killed with SIGKILL at every place around an alarm: each alarm is there exactly once.

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
from datetime import timedelta
from pathlib import Path

import pytest

from router.config.models import StoreSettings
from router.store.sql import open_store
from router.testing.store_contract import NOW, open_case

KILLS = int(os.environ.get("KILLS", "12"))
CASES = 20
PLACES = ("timer.before_alarm", "timer.after_alarm", "db.before_commit", "db.after_commit")

pytestmark = pytest.mark.timeout(120 + 3 * KILLS)

LOOP = """
import asyncio, sys
from datetime import datetime
from pathlib import Path
from router.config.models import StoreSettings
from router.deadlines import loop
from router.store.sql import open_store
from router.testing.clock import ManualClock
from router.testing.deadlines import make_book

async def main():
    clock = ManualClock(datetime.fromisoformat(sys.argv[2]))
    store = await open_store(StoreSettings(), data_dir=Path(sys.argv[1]), reference=str, clock=clock)
    book = make_book({
        "name": "first", "clock": "first_response", "within": "1h", "warn_before": ["30m", "15m"],
        "at_breach": {"urgency": "up", "sinks": ["room"]},
    })
    loop._AT_ONCE = 3  # many transactions, so that deaths fall into all kinds of places
    watch = loop.DeadlineLoop(store, deadlines=lambda: book, clock=clock, told=lambda run: None)
    while await watch.step():
        pass
    await store.close()

asyncio.run(main())
"""


def run(folder: Path, *, hours: float, failpoint: str = "") -> int:
    """The loop in a process of its own until nothing is left to do, or until it dies."""
    environment = {**os.environ, "COMPLAINT_ROUTER_FAILPOINT": failpoint}
    now = (NOW + timedelta(hours=hours)).isoformat()
    done = subprocess.run([sys.executable, "-c", LOOP, str(folder), now], env=environment, timeout=60, check=False)
    return done.returncode


async def test_alarms_are_exactly_once_over_kills(tmp_path: Path) -> None:
    """Killed at random passes of every place, with the clock jumping about, every case has each alarm once."""
    store = await open_store(StoreSettings(), data_dir=tmp_path, reference=str)
    for n in range(CASES):
        await open_case(store, native_id=f"m{n}", case_id=f"AAAAA-{n:05}")
    await store.close()
    dice = random.Random(KILLS)
    deaths = 0
    for n in range(KILLS):
        place = f"{PLACES[n % len(PLACES)]}:{dice.randrange(1, 9)}"
        deaths += run(tmp_path, hours=dice.choice((0.6, 0.8, 2.0, 5.0)), failpoint=place) == -signal.SIGKILL
    assert deaths >= min(KILLS // 3, 4)
    assert run(tmp_path, hours=9) == 0

    with closing(sqlite3.connect(tmp_path / "router.db")) as database:
        trail = Counter(
            (case_id, json.loads(detail)["alarm"])
            for case_id, detail in database.execute("SELECT case_id, detail FROM audit WHERE action LIKE 'deadline_%'")
        )
        told = Counter(case_id for (case_id,) in database.execute("SELECT case_id FROM outbox WHERE target = 'room'"))
        levels = Counter(level for (level,) in database.execute("SELECT urgency FROM cases"))
    ids = [f"AAAAA-{n:05}" for n in range(CASES)]
    assert trail == Counter((one, kind) for one in ids for kind in ("warning:30m", "warning:15m", "breach"))
    assert told == Counter(ids)
    assert levels == {"high": CASES}
