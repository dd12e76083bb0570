# SPDX-License-Identifier: Apache-2.0
"""Killed with SIGKILL again and again under load on three channels: nothing acknowledged is lost, nothing is made up.

``KILLS=3000`` in the environment makes the nightly run of it; ``SEED`` repeats one.
"""

import asyncio
import hashlib
import json
import os
import random
import re
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import aiosmtplib
import pytest

from router.testing.product import Product, make_installation
from router.testing.servers import free_port
from router.testing.webhooks import ReplyReceiver, WebhookSender, reply_receiver, webhook_secret

KILLS = int(os.environ.get("KILLS", "12"))
SEED = int(os.environ.get("SEED", random.randrange(10**6)))
WORKERS = 8  # of each channel: so many messages are under way at any time
PAUSE_SECONDS = 0.25  # of a worker after each acknowledgement
LARGE = 300_000  # bytes: kept as a file, not in the database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180 + 12 * KILLS)]

FAILPOINTS = {  # name to the highest pass at which it may strike
    "hook.after_verify": 60, "hook.before_2xx": 60, "hook.after_2xx": 60, "form.before_201": 60,
    "smtp.after_data_dot": 60, "smtp.before_250": 60, "smtp.after_250": 60,
    "raw.after_write": 2, "raw.before_fsync": 2, "raw.before_rename": 2, "raw.after_rename": 2,
    "db.before_commit": 80, "db.after_commit": 80, "classify.mid": 8, "route.after_decide": 8,
    "lease.after_take": 6, "reply.before_send": 20, "reply.after_send_before_record": 20, "reply.after_record": 20,
}  # fmt: skip


class Feeder:
    """The outside world: numbers its messages, repeats each until it is acknowledged, and keeps a ledger of its own."""

    def __init__(self, product: Product, mail_port: int, rng: random.Random) -> None:
        self.acknowledged: dict[str, str] = {}  # digest of the bytes to the reference told, "" where none is told
        self.repeated = 0
        self._url, self._mail_port, self._rng = product.url, mail_port, rng
        self._webhook = WebhookSender(product.url)
        self._number = 0
        self._open = True

    def text(self) -> tuple[int, str]:
        self._number += 1
        size = LARGE if self._rng.random() < 0.02 else self._rng.randrange(50, 400)
        return self._number, f"Complaint {self._number}: where is my parcel?\n" + "x" * size

    async def by_webhook(self, session: aiohttp.ClientSession) -> None:
        number, text = self.text()
        body = json.dumps({"text": text, "sender": {"address": f"w{number}@example.com"}}).encode()
        for _ in range(self._times()):
            said = await self._webhook.deliver(f"event-{number}", body, session=session, seconds=100)
            self._note(body, said["reference"])

    async def by_form(self, session: aiohttp.ClientSession) -> None:
        number, text = self.text()
        text = text[:15_000]
        form = {"text": text, "order": "", "name": "", "email": f"f{number}@example.com", "phone": "", "language": "en"}
        kept = json.dumps(form, separators=(",", ":")).encode()  # as the form is stored

        async def send() -> str | None:
            async with session.post(f"{self._url}/forms/site", json={**form, "id": str(number)}) as answer:
                return str((await answer.json())["reference"]) if answer.status == 201 else None

        for _ in range(self._times()):
            self._note(kept, await self._until_taken(send))

    async def by_mail(self, session: aiohttp.ClientSession) -> None:
        del session  # that is for HTTP
        number, text = self.text()
        head = [f"From: m{number}@example.com", "To: support@example.org", f"Message-ID: <m{number}@example.com>"]
        mail = "\r\n".join([*head, f"Subject: Parcel {number}", "", *re.findall(".{1,900}", text), ""]).encode()

        async def send() -> str | None:
            await aiosmtplib.send(
                mail, sender=f"m{number}@example.com", recipients=["support@example.org"],
                hostname="127.0.0.1", port=self._mail_port, start_tls=False, timeout=20,
            )  # fmt: skip
            return ""

        for _ in range(self._times()):
            self._note(mail, await self._until_taken(send))

    def _times(self) -> int:
        """Some sources deliver twice though they were told once."""
        again = self._rng.random() < 0.2
        self.repeated += again
        return 1 + again

    async def _until_taken(self, send: Callable[[], Awaitable[str | None]]) -> str:
        async with asyncio.timeout(100):
            while True:
                try:
                    taken = await send()
                except (aiohttp.ClientError, aiosmtplib.SMTPException, OSError, ValueError):
                    taken = None
                if taken is not None:
                    return taken
                await asyncio.sleep(0.1)

    def _note(self, body: bytes, reference: str) -> None:
        before = self.acknowledged.setdefault(hashlib.sha256(body).hexdigest(), reference)
        assert before == reference, "the same message was told another reference"

    async def _work(self, way: Callable[[aiohttp.ClientSession], Awaitable[None]]) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
            while self._open:
                await way(session)
                await asyncio.sleep(PAUSE_SECONDS)

    @asynccontextmanager
    async def feeding(self) -> AsyncIterator[None]:
        """Feed for the length of the context; it ends when all that was begun is acknowledged."""
        async with asyncio.TaskGroup() as group:
            for way in (self.by_webhook, self.by_form, self.by_mail):
                for _ in range(WORKERS):
                    group.create_task(self._work(way))
            try:
                yield
            finally:
                self._open = False


def installation(tmp_path: Path, reply_url: str) -> tuple[Product, int]:
    (tmp_path / "webhook-secret").write_text(webhook_secret(), encoding="utf-8")
    port = free_port()
    channels: list[dict[str, Any]] = [
        {
            "kind": "webhook", "account": "shop", "secrets": [{"file": str(tmp_path / "webhook-secret")}],
            "reply_url": reply_url,
        },
        {"kind": "webform", "account": "site", "per_address": 1_000_000},
        {"kind": "email", "account": "support", "address": "support@example.org", "listener": {"port": port}},
    ]  # fmt: skip
    return Product(make_installation(tmp_path / "config", channels=channels)), port


async def kill_at_a_bad_moment(product: Product, rng: random.Random, died: Counter[str]) -> float | None:
    """Start it and let it die at a failpoint or a random moment; the seconds until it was ready, if it got so far."""
    name, most = rng.choice(list(FAILPOINTS.items()))
    kind = rng.choices(["failpoint", "random", "recovery", "term"], [6, 3, 2, 1])[0]
    failpoint = {"COMPLAINT_ROUTER_FAILPOINT": f"{name}:{rng.randint(1, most)}"} if kind == "failpoint" else {}
    began, ready = time.monotonic(), None
    await product.start(environment=failpoint, wait=False)
    if kind == "recovery":
        await asyncio.sleep(rng.uniform(0.2, 2.0))
        await product.kill()
        died["recovery"] += 1
        return None
    try:
        await product.wait_ready()
        ready = time.monotonic() - began
    except TimeoutError:
        pass  # it died first
    if kind == "term":
        await asyncio.sleep(rng.uniform(0, 1))
        assert await product.stop() == 0, "SIGTERM under load is an orderly end"
        died["term"] += 1
        return ready
    try:
        await product.wait_dead(seconds=rng.uniform(0.2, 2.0) if kind == "random" else 2.5)
        died[name] += 1
    except TimeoutError:
        await product.kill()
        died["random"] += 1
    return ready


async def pending(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return int(
            connection.execute(
                "select (select count(*) from raws where state in ('new', 'claimed'))"
                " + (select count(*) from outbox where state in ('pending', 'attempting'))"
            ).fetchone()[0]
        )


def read_all(product: Product) -> dict[str, tuple[str, list[str]]]:
    """Digest, computed from the bytes, of every raw message to its state and the cases it is in."""
    found: dict[str, tuple[str, list[str]]] = {}
    data = product.folder / "data"
    with closing(sqlite3.connect(f"file:{data / 'router.db'}?mode=ro", uri=True)) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        cases: dict[int, list[str]] = {}
        for raw_id, case_id in connection.execute("select raw_id, case_id from messages"):
            cases.setdefault(raw_id, []).append(case_id)
        for raw_id, digest, state, body in connection.execute("select id, digest, state, body from raws"):
            kept = body if body is not None else (data / "raw" / digest[:2] / digest).read_bytes()
            assert hashlib.sha256(kept).hexdigest() == digest
            assert digest not in found, "one message is kept twice"
            found[digest] = (state, cases.get(raw_id, []))
    return found


def outbox_states(product: Product) -> Counter[tuple[str, str]]:
    with closing(sqlite3.connect(f"file:{product.folder / 'data' / 'router.db'}?mode=ro", uri=True)) as connection:
        return Counter(connection.execute("select kind, state from outbox").fetchall())


def most_attempts(product: Product) -> int:
    with closing(sqlite3.connect(f"file:{product.folder / 'data' / 'router.db'}?mode=ro", uri=True)) as connection:
        return int(connection.execute("select max(attempts) from raws").fetchone()[0])


async def test_nothing_acknowledged_is_lost_over_kills_on_three_channels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every acknowledged message is there once, byte for byte, in exactly one case, the one that was told."""
    rng, died, recoveries = random.Random(SEED), Counter[str](), list[float]()
    async with reply_receiver() as shop:
        product, mail_port = installation(tmp_path, shop.url)
        feeder = Feeder(product, mail_port, rng)
        await product.start()
        async with feeder.feeding():
            await asyncio.sleep(1)
            await product.kill()
            for _ in range(KILLS - 1):
                ready = await kill_at_a_bad_moment(product, rng, died)
                recoveries += [ready] if ready is not None else []
            began = time.monotonic()
            await product.start()
            recoveries.append(time.monotonic() - began)
        drained = await drain(product)
        assert await product.stop() == 0
    check(product, feeder, shop)
    with capsys.disabled():
        print(  # noqa: T201 - the figures are what the nightly run is for
            f"\n{KILLS} kills (seed {SEED}): {len(feeder.acknowledged)} acknowledged, {feeder.repeated} delivered "
            f"again, 0 lost, 0 invented; ready after {max(recoveries):.1f} s at most, backlog done after "
            f"{drained:.1f} s; one message was taken {most_attempts(product)} times at most; {dict(died)}"
        )


async def drain(product: Product) -> float:
    """Wait until nothing waits; the seconds it took."""
    began = time.monotonic()
    while await pending(product.folder / "data" / "router.db"):
        assert time.monotonic() - began < 60 + KILLS, product.log()[-3000:]
        await asyncio.sleep(0.2)
    return time.monotonic() - began


def check(product: Product, feeder: Feeder, shop: ReplyReceiver) -> None:
    kept, ledger = read_all(product), feeder.acknowledged
    assert len(ledger) > 10 * KILLS, "there was no load"
    assert set(ledger) - set(kept) == set(), f"lost, seed {SEED}"
    assert set(kept) - set(ledger) == set(), f"invented, seed {SEED}"
    wrong: dict[str, Any] = {
        digest: (state, cases, ledger[digest])
        for digest, (state, cases) in kept.items()
        if state != "done" or len(cases) != 1 or ledger[digest] not in ("", cases[0])
    }
    assert wrong == {}, SEED
    opened = Counter(case for _, cases in kept.values() for case in cases)
    assert max(opened.values()) == 1, f"different complaints share a case, seed {SEED}"
    assert len(opened) == len(product.command_cases())
    # Each webhook customer is written to under one id; the receiver knows what it has.
    states = outbox_states(product)
    assert set(states) == {("acknowledgement", "sent")}, (states, SEED)
    assert len(shop.replies) == states["acknowledgement", "sent"]
    assert len({said["case_id"] for said in shop.replies.values()}) == len(shop.replies)
