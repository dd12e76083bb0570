# SPDX-License-Identifier: Apache-2.0
"""The loop of incidents killed with SIGKILL while it looks at cases and while it answers them: everything once.

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
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from router.config.models import StoreSettings
from router.interfaces import Store
from router.store.sql import open_store
from router.testing.clock import ManualClock
from router.testing.incidents import make, put_complaints, storm

KILLS = int(os.environ.get("KILLS", "12"))
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
LOOKING = ("incident.after_signs", "db.before_commit", "db.after_commit")
ANSWERING = ("incident.after_reply", "db.before_commit", "db.after_commit")
TEXTS = {"en": "We are on it.", "fi": "Korjaamme vikaa.", "de": "Wir arbeiten daran."}

pytestmark = pytest.mark.timeout(120 + 3 * KILLS)

LOOP = """
import asyncio, sys
from datetime import datetime
from pathlib import Path
from router.config.models import StoreSettings
from router.incidents import fanout, loop
from router.incidents.settings import IncidentSettings
from router.interfaces import Capabilities
from router.replies.service import MailRoute, ReplyService
from router.store.sql import open_store
from router.testing.channel_worlds import MemoryChannel
from router.testing.clock import ManualClock

async def main():
    clock = ManualClock(datetime.fromisoformat(sys.argv[2]))
    store = await open_store(StoreSettings(), data_dir=Path(sys.argv[1]), reference=str, clock=clock)
    channels = {f"{kind}:support": MemoryChannel("support") for kind in ("email", "telegram")}
    channels["x:support"] = MemoryChannel("support", capabilities=Capabilities(reply=("public",)))
    mail = {"email:support": MailRoute(mail_domain="shop.example", reply_pattern="support+{token}@shop.example")}
    desk = ReplyService(store, channels=channels, mail=mail, key=b"k" * 32, clock=clock, queued=lambda: None)
    loop._AT_ONCE, fanout._AT_ONCE = 20, 7  # many transactions, so that deaths fall into all kinds of places
    settings = IncidentSettings(notify=("room",), wait_seconds=0, minimum=5, history_days=1)
    watch = loop.IncidentLoop(
        store, fanout.Fanout(store, desk), settings=lambda: settings, clock=clock, changed=lambda run: None
    )
    while await watch.step():
        pass
    await store.close()

asyncio.run(main())
"""


def run(folder: Path, now: datetime, failpoint: str = "") -> int:
    """The loop in a process of its own until nothing is left to do, or until it dies."""
    environment = {**os.environ, "COMPLAINT_ROUTER_FAILPOINT": failpoint}
    command = [sys.executable, "-c", LOOP, str(folder), now.isoformat()]
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode


def killed_over_and_over(folder: Path, now: datetime, places: tuple[str, ...], dice: random.Random, most: int) -> int:
    """Deaths at random passes of every place, until the work is done; then once more to the end."""
    codes = [run(folder, now, f"{places[n % len(places)]}:{dice.randrange(1, most)}") for n in range(KILLS // 2)]
    assert set(codes) <= {0, -signal.SIGKILL}
    assert run(folder, now) == 0
    return codes.count(-signal.SIGKILL)


async def opened(folder: Path, at: datetime) -> Store:
    return await open_store(StoreSettings(), data_dir=folder, reference=str, clock=ManualClock(at))


async def test_incident_and_its_update_are_once_over_kills(tmp_path: Path) -> None:
    """Each case joins once, sinks are told once, and one update is one reply in each case, in its language."""
    dice, later = random.Random(KILLS), NOON + timedelta(minutes=20)
    outage = [
        (case, message.model_copy(update={"fields": {"outage": "NW-7"}}), labels)
        for case, message, labels in storm(3, begin=NOON, count=45, minutes=15)
    ]
    others = [make(f"o{n}", NOON, f"invoice {n}", kind="billing", language="en") for n in range(60)]
    store = await opened(tmp_path, NOON)
    await put_complaints(store, sorted([*others, *outage], key=lambda one: one[0].created_at))  # type: ignore[list-item]
    await store.close()

    deaths = killed_over_and_over(tmp_path, later, LOOKING, dice, 4)
    store = await opened(tmp_path, later)
    [incident] = await store.incidents()
    members = {case.id: case for case in await store.incident_cases(incident.id, limit=1000)}
    assert set(members) == {case.id for case, _, _ in outage}
    for number in range(2):  # the second while the first is under way
        await store.add_incident_update(
            incident.id, texts={lang: f"{text} {number}" for lang, text in TEXTS.items()}, default_language="en",
            actor="aino",
        )  # fmt: skip
    await store.close()

    deaths += killed_over_and_over(tmp_path, later, ANSWERING, dice, 20)
    assert deaths >= min(KILLS // 3, 4)
    with closing(sqlite3.connect(tmp_path / "router.db")) as database:
        joined = Counter(
            case_id for (case_id,) in database.execute("SELECT case_id FROM audit WHERE action='case_joined_incident'")
        )
        [(notices,)] = database.execute("SELECT count(*) FROM outbox WHERE target = 'room'")
        replies = [
            (case_id, json.loads(payload)["text"])
            for case_id, payload in database.execute("SELECT case_id, payload FROM outbox WHERE kind = 'reply'")
        ]
        looked = database.execute("SELECT count(*), count(DISTINCT case_id) FROM case_signs").fetchone()
        tallies = [json.loads(tally) for (tally,) in database.execute("SELECT tally FROM incident_updates WHERE done")]
    assert joined == Counter(members.keys())
    assert notices == 1
    assert looked == (105, 105)
    wanted = [(name, f"{TEXTS[case.language]} {n}") for name, case in members.items() for n in range(2)]
    assert Counter(replies) == Counter(wanted)
    assert [sum(tally.values()) for tally in tallies] == [45, 45]
