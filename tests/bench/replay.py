# SPDX-License-Identifier: Apache-2.0
"""Stored messages decided again by two sets of rules, a second: ``make bench`` prints it.

The messages lie in a database as the pipeline leaves them: with labels and their reasons, traces and HTML.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from router.config.loader import Configuration, load
from router.config.models import StoreSettings
from router.crypto import reference_for
from router.records import Commit, NewMessage, RawOutcome
from router.replay.work import Job, replay
from router.rules.facts import Facts
from router.schema import TYPES, URGENCIES, Classification, Evidence, InboundMessage, Party, RawMessage
from router.store.sql import open_store
from router.testing.product import make_installation
from router.testing.store_contract import make_case

__all__ = ["replayed_per_second"]

_MESSAGES = 20_000
_BATCH = 500


def replayed_per_second(*, runs: int) -> float:
    """Median messages a second of one process, start and end included."""
    with tempfile.TemporaryDirectory() as folder:
        before = load(make_installation(Path(folder) / "before", channels=[]))
        asyncio.run(_fill(before))
        after = make_installation(Path(folder) / "after", channels=[])
        rules = (after / "rules.yaml").read_text(encoding="utf-8")
        (after / "rules.yaml").write_text(rules.replace("type: billing}", "type: [billing, refund]}"), encoding="utf-8")
        job = Job(store=StoreSettings(), data_dir=before.data_dir, after=after, before=before.folder)
        rates = []
        for _ in range(runs):
            began = time.perf_counter()
            tally = replay(job, processes=1)
            rates.append(tally.messages / (time.perf_counter() - began))
            assert tally.moved, "the other rules move nothing"
    return statistics.median(rates)


async def _fill(configuration: Configuration) -> None:
    store = await open_store(
        StoreSettings(), data_dir=configuration.data_dir, reference=lambda key: reference_for(b"bench" * 8, key)
    )
    rng, now = random.Random(1), datetime.now(UTC)
    for at in range(0, _MESSAGES, _BATCH):
        raws = [
            RawMessage(channel="email", account="support", native_id=str(n), body=b"%d" % n, received_at=now)
            for n in range(at, at + _BATCH)
        ]
        receipts = await store.put_raw(raws)
        new = []
        for receipt, raw in zip(receipts, raws, strict=True):
            facts = _facts(rng, raw.native_id, now - timedelta(days=29 * rng.random()))
            decision = configuration.rules.decide(facts).model_copy(update={"given": facts.given()})
            new.append(
                NewMessage(
                    raw_id=receipt.raw_id, case_id=receipt.reference, message=facts.message,
                    classification=facts.classification, decision=decision,
                )
            )  # fmt: skip
        await store.commit(
            Commit(
                outcomes=tuple(RawOutcome(raw_id=one.raw_id, state="done") for one in new),
                new_cases=tuple(make_case(one.case_id) for one in new),
                messages=tuple(new),
            )
        )
    await store.close()


def _facts(rng: random.Random, number: str, at: datetime) -> Facts:
    text = f"My sofa and its parcel never came, and I want word{rng.randrange(600)} of it. " * 8
    label = rng.choice(TYPES)
    reasons = tuple(Evidence(text="sofa", start=n, end=n + 4, weight=0.5) for n in range(6))
    message = InboundMessage(
        channel="email", account="support", native_id=number, message_id=f"m{number}@example.org",
        sender=Party(address=f"anna{number}@example.org", name="Anna"), to=(Party(address="support@example.com"),),
        subject=f"Where is my order {number}", text=text, html=f"<p>{text}</p>", received_at=at,
    )  # fmt: skip
    labels = Classification(
        kind="complaint", type=label, urgency=rng.choice(URGENCIES), language="en", model="bench",
        scores={
            "kind": {"complaint": 0.9, "request": 0.1},
            "type": {name: 0.6 if name == label else 0.04 for name in TYPES},
            "urgency": dict.fromkeys(URGENCIES, 0.25), "language": {"en": 0.99},
        },
        why=dict.fromkeys(("kind", "type", "urgency"), reasons),
    )  # fmt: skip
    return Facts(message=message, classification=labels, now=at)
