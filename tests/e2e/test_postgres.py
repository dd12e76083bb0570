# SPDX-License-Identifier: Apache-2.0
"""The whole product on PostgreSQL: one process, two that share the work, one that dies, and files beside them."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from router.config.models import Secret, StoreSettings
from router.store.sql import SqlStore, open_store
from router.testing.mails import mixed_mails
from router.testing.product import Product, make_installation
from router.testing.store import make_raw
from router.testing.webhooks import WebhookSender, reply_receiver, webhook_secret

pytestmark = [pytest.mark.integration, pytest.mark.slow]

COMPLAINT = {"text": "You charged me twice for one invoice. I want my money back!", "language": "en"}


def machine(tmp_path: Path, name: str, database: str, *, reply_url: str | None = None) -> Product:
    """One of the machines of an installation: its own folder and port; the database and the key are shared."""
    for file, value in (
        ("webhook", webhook_secret()), ("database", database), ("key", "one key for all machines of this shop"),
    ):  # fmt: skip
        (tmp_path / file).write_text(value, encoding="utf-8")
    shop = {"kind": "webhook", "account": "shop", "secrets": [{"file": str(tmp_path / "webhook")}]}
    settings = {
        "store": {"kind": "postgresql", "url": {"file": str(tmp_path / "database")}},
        "secret": {"file": str(tmp_path / "key")},
    }
    channels = [shop | ({"reply_url": reply_url} if reply_url else {})]
    return Product(make_installation(tmp_path / name, channels=channels, settings=settings))


async def ask(database: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


async def drained(database: str, *, seconds: float = 60) -> None:
    """Wait until no message waits or is being worked on."""
    async with asyncio.timeout(seconds):
        while (await ask(database, "select count(*) from raws where state in ('new', 'claimed')"))[0][0]:
            await asyncio.sleep(0.1)


async def settled(database: str, *, seconds: float = 60) -> None:
    """Wait until nothing is on its way out any more."""
    async with asyncio.timeout(seconds):
        while (await ask(database, "select count(*) from outbox where state in ('pending', 'attempting')"))[0][0]:
            await asyncio.sleep(0.1)


async def test_complaint_and_files_on_postgres(tmp_path: Path, database: str) -> None:
    """A webhook is routed and answered; files pushed in beside the running server are counted and known again."""
    async with reply_receiver() as shop:
        product = machine(tmp_path, "one", database, reply_url=shop.url)
        product.add_user("aino", "billing")
        async with product:
            await WebhookSender(product.url).deliver("event-1", COMPLAINT | {"sender": {"address": "anna@example.com"}})
            [case] = await product.cases(user="aino")
            assert (case["team"], case["type"]) == ("billing", "billing")
            await product.api("POST", f"/cases/{case['id']}/replies", user="aino", text="We have paid it back.")
            [reply] = await shop.wait_for(1)
            assert reply["case_id"] == case["id"]

            folder = tmp_path / "mails"
            folder.mkdir()
            for name, body in mixed_mails(150, seed=3):
                (folder / name).write_bytes(body)
            words = ("ingest", str(folder), "--config", str(product.folder), "--channel", "email", "--json")
            said = await asyncio.to_thread(product.command, *words)
            counts = json.loads(said.splitlines()[-1])
            parts = ("new_cases", "joined", "duplicates", "refused", "quarantined")
            assert counts["received"] == 150 == sum(counts[part] for part in parts)
            assert counts["new_cases"] > 120
            again = json.loads((await asyncio.to_thread(product.command, *words)).splitlines()[-1])
            assert (again["new_cases"], again["duplicates"]) == (0, 150)
            assert await product.stop() == 0
        cases = product.command_cases()
        assert len(cases) == 1 + counts["new_cases"]


async def test_two_processes_share_the_work_and_one_dies(tmp_path: Path, database: str) -> None:
    """500 messages over two processes, one killed on the way: the other does it all, and no case is doubled."""
    total = 500
    async with reply_receiver() as shop:
        one, two = (machine(tmp_path, name, database, reply_url=shop.url) for name in ("one", "two"))
        await one.start(wait=False)
        await asyncio.gather(one.wait_ready(), two.start())  # both may find the schema missing
        told: dict[str, str] = {}
        numbers = iter(range(total))
        half = asyncio.Event()

        async def send() -> None:
            senders = [WebhookSender(one.url), WebhookSender(two.url)]
            for number in numbers:
                message = COMPLAINT | {"sender": {"address": f"c{number}@example.com"}}
                for turn in range(2 if number % 3 == 0 else 1):  # to both, as a balancer does that heard no answer
                    said = await deliver(senders, f"event-{number}", message, first=number + turn)
                    assert told.setdefault(f"event-{number}", said) == said
                if number == total // 2:
                    half.set()

        async with asyncio.TaskGroup() as group:
            for _ in range(16):
                group.create_task(send())
            await half.wait()
            await one.kill()
        shared = await ask(database, "select count(*) from raws where state = 'done'")
        assert shared[0][0] > 0
        await pass_a_lease(database)
        await drained(database)
        await shop.wait_for(total, seconds=60, automatic=True)
        await settled(database)  # what the dead one had sent and not recorded is taken over and sent again, same id
        assert await two.stop() == 0

        rows = await ask(database, "select native_id, case_id from raws join messages on messages.raw_id = raws.id")
        assert {row["native_id"]: row["case_id"] for row in rows} == told
        assert len(rows) == total == len(set(told.values()))
        assert len(await ask(database, "select 1 from cases")) == total
        states = await ask(database, "select state, count(*) from outbox group by state")
        assert [tuple(row) for row in states] == [("sent", total)]
        assert len(shop.replies) == total


async def deliver(senders: list[WebhookSender], id_: str, message: Mapping[str, Any], *, first: int) -> str:
    """To one or the other, until one says 2xx; the reference told."""
    for number in range(first, first + 200):
        try:
            status, said = await senders[number % 2].post(id_, message)
        except (aiohttp.ClientError, OSError):
            status, said = 0, {}
        if status == 200:
            return str(said["reference"])
        await asyncio.sleep(0.05)
    raise TimeoutError(f"{id_} was not taken")


async def pass_a_lease(database: str) -> None:
    """What the dead process held becomes free when its lease ends: 60 s for messages, 240 s for what leaves. The time
    is not waited for but made to have passed."""
    await asyncio.sleep(1)
    for table in ("raws", "outbox"):
        await ask(
            database,
            f"update {table} set lease_until = lease_until - {300 * 10**6}"
            " where lease_until is not null and state in ('claimed', 'attempting', 'pending')",
        )


async def test_large_message_is_read_by_another_machine(tmp_path: Path, database: str) -> None:
    """A message of any size that one machine took can be worked by another, and holds up no other message."""
    (tmp_path / "database").write_text(database, encoding="utf-8")
    settings = StoreSettings(kind="postgresql", url=Secret(file=tmp_path / "database"))
    stores: list[SqlStore] = [
        await open_store(settings, data_dir=tmp_path / name, reference=lambda key: key) for name in ("one", "two")
    ]
    try:
        await stores[0].put_raw([make_raw(b"x" * 300_000, native_id="large"), make_raw(b"small", native_id="small")])
        records = await stores[1].claim_raw("two", limit=10)
        assert [len(record.raw.body) for record in records] == [300_000, 5]
    finally:
        for store in stores:
            await store.close()
