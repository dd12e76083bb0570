# SPDX-License-Identifier: Apache-2.0
"""Prints medians: how fast ``ingest`` is as a whole, and what it does for each message, step by step.

python -m tests.bench [--count 1000] [--runs 3] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from classifiers.default import load_default
from router import __version__, logs
from router.config.loader import Configuration, load
from router.config.models import StoreSettings
from router.crypto import reference_for
from router.ingest import ingest_files
from router.interfaces import ClassifierInput, ParseOptions
from router.records import Commit, NewMessage, RawOutcome
from router.registry import channel_parse
from router.rules.facts import Facts
from router.schema import InboundMessage, RawMessage
from router.store.sql import open_store
from router.testing.mails import mixed_mails
from router.testing.product import make_installation
from router.testing.store_contract import make_case
from tests.bench.reading import reading
from tests.bench.replay import replayed_per_second
from tests.bench.rules import decisions_per_second

BATCH = 64


def milliseconds(work: Callable[[], object], *, runs: int, items: int) -> float:
    """Median time of ``work`` for each of its items."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000 / items)
    return statistics.median(times)


def steps(configuration: Configuration, raws: Sequence[RawMessage], *, runs: int) -> dict[str, float]:
    """Median milliseconds a message for each step, one core."""
    parse, options = channel_parse("email"), ParseOptions()
    readable = [raw for raw in raws if raw.body.strip(b"\0 \r\n")]
    messages = [parse(raw, options)[0] for raw in readable]
    inputs = [ClassifierInput(text=f"{m.subject}\n{m.words}", channel="email") for m in messages]
    classifier = load_default(None)

    def classify() -> list[Any]:
        return [label for at in range(0, len(inputs), BATCH) for label in classifier.classify(inputs[at : at + BATCH])]

    labels = classify()
    now = datetime.now(UTC)
    facts = [Facts(message=m, classification=c, now=now) for m, c in zip(messages, labels, strict=True)]
    found = {
        "parse": milliseconds(lambda: [parse(raw, options) for raw in readable], runs=runs, items=len(readable)),
        "classify with reasons": milliseconds(classify, runs=runs, items=len(inputs)),
        "route with reasons": milliseconds(
            lambda: [configuration.rules.decide(fact) for fact in facts], runs=runs, items=len(facts)
        ),
    }
    return found | asyncio.run(store_steps(readable, messages, labels, runs=runs))


async def store_steps(
    raws: Sequence[RawMessage], messages: Sequence[InboundMessage], labels: Sequence[Any], *, runs: int
) -> dict[str, float]:
    """Raw messages kept and cases committed in batches, on SQLite with synchronous=FULL."""
    keep, commit = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            store = await open_store(StoreSettings(), data_dir=Path(folder), reference=_reference)
            began = time.perf_counter()
            receipts = []
            for at in range(0, len(raws), BATCH):
                receipts += await store.put_raw(raws[at : at + BATCH])
            keep.append((time.perf_counter() - began) * 1000 / len(raws))
            began = time.perf_counter()
            fresh = [
                (receipt, message, label)
                for receipt, message, label in zip(receipts, messages, labels, strict=True)
                if not receipt.duplicate
            ]
            for at in range(0, len(fresh), BATCH):
                part = fresh[at : at + BATCH]
                await store.commit(
                    Commit(
                        outcomes=tuple(RawOutcome(raw_id=r.raw_id, state="done") for r, _, _ in part),
                        new_cases=tuple(make_case(r.reference) for r, _, _ in part),
                        messages=tuple(
                            NewMessage(raw_id=r.raw_id, case_id=r.reference, message=m, classification=c)
                            for r, m, c in part
                        ),
                    )
                )
            commit.append((time.perf_counter() - began) * 1000 / len(fresh))
            await store.close()
    return {"keep raw": statistics.median(keep), "commit case": statistics.median(commit)}


def _reference(source_key: str) -> str:
    return reference_for(b"bench" * 8, source_key)


def whole(mails: Path, *, runs: int) -> tuple[float, dict[str, Any]]:
    """Median mails a second of ``ingest`` on a fresh installation, start and end included, and the last counts."""
    rates, counts = [], {}
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            configuration = load(make_installation(Path(folder) / "config", channels=[]))
            report = asyncio.run(
                ingest_files(configuration, [mails], channel="email", account="bench", progress=lambda _: None)
            )
            rates.append(report.received / report.seconds)
            counts = {name: value for name, value in vars(report).items() if name != "reasons"}
    return statistics.median(rates), counts


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="mails")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is shown")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    logs.configure(level="error")
    decisions = decisions_per_second(runs=given.runs)  # first: what others leave in memory slows it
    with tempfile.TemporaryDirectory() as folder:
        mails = Path(folder) / "mails"
        mails.mkdir()
        now, raws = datetime.now(UTC), []
        for name, body in mixed_mails(given.count):
            (mails / name).write_bytes(body)
            raws.append(RawMessage(channel="email", account="bench", native_id=name, body=body, received_at=now))
        installation = load(make_installation(Path(folder) / "config", channels=[]))
        rates = reading(raws, runs=given.runs)
        each = steps(installation, raws, runs=given.runs)
        rate, counts = whole(mails, runs=given.runs)
    replayed = replayed_per_second(runs=given.runs)
    if given.json:
        found = {
            "mails_per_second": rate,
            "milliseconds": each,
            "read_per_second": rates,
            "counts": counts,
            "decisions_per_second": decisions,
            "replayed_per_second": replayed,
        }
        print(json.dumps(found))
        return
    print(f"complaint-router {__version__}, Python {platform.python_version()}, {os.cpu_count()} cores")
    print(f"median of {given.runs} runs over {given.count} mixed mails\n")
    print(f"  ingest, start to end   {rate:8.0f} mails/s")
    for name, value in each.items():
        print(f"  {name:22} {value:8.3f} ms a message  {1000 / value:9.0f}/s")
    for routes, speeds in decisions.items():
        words = f"decisions, {routes} routes"
        bare, stored = speeds["bare"], speeds["stored"]
        print(f"  {words:22} {bare:8.0f} /s bare, {stored:8.0f} /s with the reasons that are stored")
    print(f"  {'replay, one process':22} {replayed:8.0f} stored messages/s, {100_000 / replayed:.0f} s for 100,000")
    print("\nmessages read per second, one core; chat: median over the fixtures\n")
    for name, value in rates.items():
        print(f"  {name:26} {value:9.0f}/s")
    print(f"\n  {counts}")


if __name__ == "__main__":
    main()
