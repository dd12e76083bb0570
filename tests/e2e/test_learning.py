# SPDX-License-Identifier: Apache-2.0
"""The schedule of learning in the product: a child process trains, what it made is taken up or waits, and it never
outlives the process that started it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from router.config.loader import load
from router.core import open_installation_store
from router.interfaces import Store
from router.learning.records import PersonLabels
from router.learning.shelf import ModelShelf
from router.testing.corpus import write_few
from router.testing.corrections_contract import put_message
from router.testing.product import PASSWORD, Product, make_installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # the child gives way to all else

_DUE = ("learning", "schedule", "last")


def installation(tmp_path: Path, **settings: object) -> Product:
    """A round is due at the next start, on a hundred messages, with tolerances that so few cannot break."""
    few = write_few(tmp_path / "few.jsonl", 120)
    learning = {
        "every": "1h", "least_new": 1, "corpus": [str(few)],
        "tolerance_f1": 1, "tolerance_critical": 1, "tolerance_corrections": 1, **settings,
    }  # fmt: skip
    logs = {"format": "json"}
    return Product(
        make_installation(tmp_path / "config", channels=[], settings={"learning": learning, "logs": logs}),
    )


async def prepare(product: Product, *, corrected: int) -> None:
    """Some messages that a person labelled, and a schedule whose time has come."""
    store: Store = await open_installation_store(load(product.folder))
    for n in range(corrected):
        key = await put_message(store, f"m{n}", case_id=f"AAAAA-{n:05}")
        await store.put_label(key, PersonLabels(urgency=("high", "low", "critical")[n % 3]), actor="aino")
    await store.set_cursor(*_DUE, (datetime.now(UTC) - timedelta(hours=2)).isoformat())
    await store.close()


async def logged(product: Product, event: str, *, seconds: float = 240) -> dict[str, Any]:
    """Wait for a line of the log; its fields. Long: the child gives way to whatever else the machine does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for line in product.log().splitlines():
            fields: dict[str, Any] = json.loads(line) if line.startswith("{") else {}
            if fields.get("event") == event:
                return fields
        await asyncio.sleep(0.2)
    raise TimeoutError(f"no {event}: {product.log()[-3000:]}")


def children(product: Product) -> list[int]:
    """Processes that train for this installation, whoever started them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        if b"router.learning.child" in words and str(product.folder).encode() in words:
            found.append(int(entry.parent.name))
    return found


async def until(held: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not held():
        assert time.monotonic() < end, "that did not come to be"
        await asyncio.sleep(0.05)


async def metric(product: Product, end: str) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{product.url}/metrics") as answer:
        text = await answer.text()
    name = f'complaint_router_learning_rounds_total{{end="{end}"}} '
    return next(float(line.removeprefix(name)) for line in text.splitlines() if line.startswith(name))


async def counted(product: Product, end: str, *, seconds: float = 10) -> None:
    """Wait until a round that ended so is in the metrics: it is written down first."""
    stop = time.monotonic() + seconds
    while await metric(product, end) != 1:
        assert time.monotonic() < stop, f"no round is counted as {end}"
        await asyncio.sleep(0.1)


async def page(product: Product, path: str, *, user: str) -> str:
    """A page as a person sees it who logs in with a password."""
    async with aiohttp.ClientSession(product.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get("/login") as answer:
            csrf = (await answer.text()).partition('name="csrf" value="')[2].partition('"')[0]
        form = {"name": user, "password": PASSWORD, "csrf": csrf}
        async with session.post("/login", data=form, headers={"Origin": product.url}) as answer:
            assert answer.ok
        async with session.get(path) as answer:
            assert answer.ok
            return await answer.text()


async def test_due_round_is_promoted_and_taken_up_without_a_restart(tmp_path: Path) -> None:
    """promote: auto. The candidate is trained, put in force and labels from then on; log, metrics and trail say so."""
    product = installation(tmp_path, promote="auto")
    await prepare(product, corrected=1)
    async with product:
        said = await logged(product, "candidate_promoted")
        changed = await logged(product, "model_changed")
        shelf = ModelShelf(load(product.folder).data_dir / "models")
        [made, _] = shelf.models()
        assert made.in_force
        assert made.digest.startswith(said["model"])
        assert changed["model"] != changed["former"]
        assert [line.by for line in shelf.history()] == ["schedule"]
        assert (shelf.folder / made.digest / "report.txt").exists()
        await counted(product, "promoted")
        assert await product.stop() == 0
    store = await open_installation_store(load(product.folder))
    assert [(row.actor, row.action) for row in await store.audit()][-1] == ("schedule", "model_promoted")
    assert await store.cursor("learning", "schedule", "tries") == ""
    await store.close()


async def test_due_round_waits_for_a_person(tmp_path: Path) -> None:
    """promote: ask. The candidate is on the shelf with its report, the shipped model stays; log and page say it."""
    product = installation(tmp_path)
    product.add_user("mia", role="manager")
    await prepare(product, corrected=1)
    async with product:
        said = await logged(product, "candidate_waiting")
        shelf = ModelShelf(load(product.folder).data_dir / "models")
        [made, shipped] = shelf.models()
        assert (made.in_force, made.good, shipped.in_force) == (False, True, True)
        assert made.digest.startswith(said["model"])
        await counted(product, "waiting")
        assert made.digest[:12] in product.command("models", "list", "--config", str(product.folder))
        assert f'A candidate waits for a decision: <a href="/models/{made.digest}">' in await page(
            product, "/trouble", user="mia"
        )
        assert "by        aino 1" in await page(product, f"/models/{made.digest}", user="mia")


async def test_round_without_corrections_trains_nothing(tmp_path: Path) -> None:
    """It ends well and leaves nothing behind."""
    product = installation(tmp_path)
    await prepare(product, corrected=0)
    async with product:
        assert "0 corrections are new" in (await logged(product, "learning_found_nothing"))["reason"]
        await counted(product, "nothing")
        assert not (load(product.folder).data_dir / "models").exists()


async def test_killed_child_is_told_and_tried_again_later(tmp_path: Path) -> None:
    """As where memory runs out: log, metrics and trail say it, the product goes on, and the next try is put down."""
    product = installation(tmp_path)
    await prepare(product, corrected=1)
    async with product:
        await until(lambda: bool(children(product)))
        for number in children(product):
            os.kill(number, signal.SIGKILL)
        said = await logged(product, "learning_failed")
        assert "SIGKILL" in said["reason"]
        assert (said["attempt"], said["again_in_hours"]) == (1, 1)
        await counted(product, "failed")
        assert await product.stop() == 0
    store = await open_installation_store(load(product.folder))
    assert (await store.audit())[-1].action == "model_training_failed"
    assert (await store.cursor("learning", "schedule", "tries") or "").startswith("1 ")
    await store.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_child_ends_with_the_product(tmp_path: Path, number: signal.Signals) -> None:
    """Stopped in order or killed, no training is left behind, and the next start does not begin it again at once."""
    product = installation(tmp_path)
    await prepare(product, corrected=1)
    await product.start()
    await until(lambda: bool(children(product)))
    await product.stop(number=number)
    await until(lambda: not children(product), seconds=15)
    async with product:
        await asyncio.sleep(1)
        assert children(product) == []
        assert product.log().count('"learning_started"') == 1
