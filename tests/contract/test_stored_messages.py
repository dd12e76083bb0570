# SPDX-License-Identifier: Apache-2.0
"""Stored messages are read for a replay alike from both databases: in batches, since a time, without copies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from router.config.models import Secret, StoreSettings
from router.crypto import reference_for
from router.records import Commit, NewMessage, RawOutcome
from router.schema import Decision, RawMessage
from router.store.sql import open_store
from router.store.stored import StoredMessages
from router.testing.servers import ServerMissing, skip_or_fail
from router.testing.servers.postgres import postgres
from router.testing.store import TEST_KEY
from router.testing.store_contract import NOW, make_case, make_message

DECISION = Decision(team="delivery", queue="delivery", route="root/delivery", urgency="normal")


@pytest.fixture
def server() -> Iterator[str]:
    """A private PostgreSQL."""
    try:
        with postgres() as url:
            yield url
    except ServerMissing as error:
        skip_or_fail(error)


async def fill(settings: StoreSettings, data_dir: Path) -> None:
    """Five messages, an hour apart; the third is a copy, the fourth has no decision."""
    store = await open_store(settings, data_dir=data_dir, reference=lambda key: reference_for(TEST_KEY, key))
    raws = [
        RawMessage(channel="email", account="support", native_id=f"m{n}", body=b"%d" % n, received_at=NOW)
        for n in range(5)
    ]
    new = tuple(
        NewMessage(
            raw_id=receipt.raw_id, case_id=receipt.reference, decision=None if n == 3 else DECISION,
            message=make_message(f"m{n}", received_at=NOW + timedelta(hours=n)),
            copy_of="email:support:m1" if n == 2 else "",
        )
        for n, receipt in enumerate(await store.put_raw(raws))
    )  # fmt: skip
    await store.commit(
        Commit(
            outcomes=tuple(RawOutcome(raw_id=one.raw_id, state="done") for one in new),
            new_cases=tuple(make_case(one.case_id) for one in new),
            messages=new,
        )
    )
    await store.close()


async def check(settings: StoreSettings, data_dir: Path) -> None:
    await fill(settings, data_dir)
    stored = StoredMessages(settings, data_dir=data_dir)
    first, last, count = await stored.span(since=None)
    assert count == 3
    rows, at = [], first - 1
    while batch := await stored.batch(after=at, until=last, since=None, limit=2):
        assert len(batch) <= 2
        rows += batch
        at = batch[-1].id
    assert [row.at for row in rows] == [NOW + timedelta(hours=n) for n in (0, 1, 4)]
    assert [Decision.model_validate_json(row.decision or "") for row in rows] == [DECISION] * 3
    assert await stored.span(since=NOW + timedelta(hours=2)) == (last, last, 1)
    assert await stored.batch(after=0, until=last, since=NOW + timedelta(days=1), limit=2) == []
    assert await stored.users() == []
    await stored.close()


async def test_stored_messages_of_sqlite(tmp_path: Path) -> None:
    """SQLite beside the configuration."""
    await check(StoreSettings(), tmp_path)
    assert (tmp_path / "router.db").exists()


@pytest.mark.integration
async def test_stored_messages_of_postgresql(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL, by its address."""
    monkeypatch.setenv("TEST_POSTGRES", server)
    await check(StoreSettings(kind="postgresql", url=Secret(env="TEST_POSTGRES")), tmp_path)
    assert not (tmp_path / "router.db").exists()
