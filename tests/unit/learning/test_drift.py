# SPDX-License-Identifier: Apache-2.0
"""Drift of an installation: weeks from the store against the card of the model."""

from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from classifiers.drift import reference_of
from router.config.models import DriftSettings
from router.interfaces import Store
from router.learning.drift import drift_report
from router.learning.records import DriftReport, LabelSummary
from router.learning.watch import DriftWatch
from router.metrics import Metrics
from router.testing.classifier import KeywordClassifier
from router.testing.clock import ManualClock
from router.testing.corrections_contract import put_message
from router.testing.store import memory_store
from router.testing.store_contract import NOW


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = await memory_store()
    for n in range(30):
        await put_message(store, f"m{n}", case_id=f"AAAAA-{n:05}", unsure=n < 12)
    yield store
    await store.close()


def model(**mix: int) -> Any:
    """A model whose card tells of so many messages of each kind."""
    seen = [
        LabelSummary(NOW, "email", "fi", kind, "delivery", "normal", False, 0.9)
        for kind, count in mix.items()
        for _ in range(count)
    ]
    card = {"reference": reference_of(seen, origin="messages").model_dump()} if seen else {}
    return SimpleNamespace(name="m", parameters=SimpleNamespace(card=card))


async def test_week_is_compared_with_card(store: Store) -> None:
    """A week of complaints in doubt, for a model made for sure requests, is an alarm; the week before was empty."""
    report = await drift_report(
        store, model(request=200), now=NOW + timedelta(hours=1), settings=DriftSettings(least=10), weeks=2
    )
    newest, before = report.weeks
    assert (newest.messages, newest.unsure["channel:email"], before.messages) == (30, 0.4, 0)
    assert report.alarms == tuple(f"{cell}: kind, unsure" for cell in ("all", "channel:email", "language:fi"))
    metrics = Metrics()
    metrics.drifted(report)
    shown = metrics.render().decode()
    assert "complaint_router_drift_alarms 3.0" in shown
    assert 'complaint_router_drift_unsure{cell="language:fi"} 0.4' in shown
    assert 'what="kind"' in shown


async def test_model_without_reference_compares_nothing(store: Store) -> None:
    """A model that tells nothing of its training, or none that could, gives shares without alarms."""
    for one in (model(), KeywordClassifier()):
        report = await drift_report(store, one, now=NOW + timedelta(hours=1), settings=DriftSettings(least=10))
        assert (report.origin, report.alarms, report.weeks[0].messages) == ("", (), 30)


async def test_watch_tells_and_keeps_report(store: Store) -> None:
    """Whoever shows the report has the newest, and is told of it."""
    told: list[DriftReport] = []
    clock = ManualClock(NOW + timedelta(hours=1))
    watch = DriftWatch(store, model(request=200), settings=DriftSettings(least=10), clock=clock, told=told.append)
    assert watch.report is None
    await watch.look()
    assert told == [watch.report]
    assert len(told[0].alarms) == 3
