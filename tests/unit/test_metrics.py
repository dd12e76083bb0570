# SPDX-License-Identifier: Apache-2.0
"""Numbers for Prometheus: counted right, with few labels and no customer in them."""

import re
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from router.errors import PermanentError, TransientError, UnknownOutcome
from router.incidents.records import IncidentRun
from router.interfaces import Capabilities
from router.metrics import Metrics
from router.outbox import Outbox
from router.schema import Receipt, Reply
from router.testing.clock import ManualClock
from router.testing.store import memory_store
from router.testing.store_contract import make_reply_row, open_case


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            found[(sample.name, *sample.labels.values())] = sample.value
    return found


async def test_metrics_count_what_the_pipeline_commits(works: Any) -> None:
    """Messages by what became of them, cases by team and labels, batches by size."""
    metrics = Metrics()
    await works.put("m1", text="Where is my parcel?", language="fi")
    await works.put("m2", text="The parcel?", in_reply_to="m1@example.org")
    await works.put_body(b"broken", native_id="b")
    await works.put("m3", text="", sender={"address": "ben@example.org"})
    await works.work(committed=metrics.committed)
    seen = samples(metrics)
    assert seen["complaint_router_messages_total", "done"] == 3
    assert seen["complaint_router_messages_total", "quarantined"] == 1
    assert seen["complaint_router_cases_total", "fi", "delivery", "delivery", "normal"] == 1
    assert seen["complaint_router_unsure_total", "email", "und"] == 1
    assert seen[("complaint_router_batch_messages_count",)] == 1


async def test_metrics_hold_no_customer(works: Any) -> None:
    """No address, name, word or case id is in the text that the monitoring system reads."""
    metrics = Metrics()
    case = await works.take("m1", text="Where is my parcel?")
    for made in works.commits:
        metrics.committed(made)
    shown = metrics.render().decode()
    assert not re.search(rf"anna|example\.org|parcel|{case.id}", shown, re.IGNORECASE)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (None, "sent"),
        (TransientError("busy"), "pending"),
        (PermanentError("no such person"), "failed"),
        (UnknownOutcome("cut off"), "parked"),
    ],
    ids=["sent", "transient", "permanent", "unknown"],
)
async def test_metrics_count_how_sends_end(error: Exception | None, state: str) -> None:
    """Each attempt is counted under the state it led to."""

    class Peer:
        capabilities = Capabilities()

        async def send(self, reply: Reply) -> Receipt:
            if error is not None:
                raise error
            return Receipt(sent_at=clock.now())

    clock, metrics = ManualClock(), Metrics()
    store = await memory_store(clock=clock)
    await open_case(store)
    await store.enqueue(make_reply_row(), actor="aino")
    channels: Any = {"email:support": Peer()}
    await Outbox(store, channels=channels, sinks={}, clock=clock, settled=metrics.settled).step()
    assert samples(metrics)["complaint_router_outbox_total", "reply", state] == 1
    await store.close()


def test_metrics_of_two_applications_are_apart() -> None:
    """Two applications in one process do not count into each other's numbers."""
    one, two = Metrics(), Metrics()
    one.waiting.set(5)
    assert samples(two)[("complaint_router_raw_waiting",)] == 0
    assert samples(two)[("complaint_router_config_last_reload_ok",)] == 1


async def test_metrics_count_incidents() -> None:
    """What a look opened, joined, muted and ended, times that sinks were told, and what became of updates."""
    metrics = Metrics()
    metrics.gathered(IncidentRun(opened=("A", "B"), muted=("B",), joined=12, notices=1, answers={"held": 2}))
    metrics.gathered(IncidentRun(reopened=("A",), resolved=("A",), joined=3, answers={"held": 1, "queued": 5}))
    seen = samples(metrics)
    changes = {name: seen["complaint_router_incidents_total", name] for name in ("opened", "reopened", "resolved")}
    assert changes == {"opened": 2, "reopened": 1, "resolved": 1}
    assert seen["complaint_router_incidents_total", "muted"] == 1
    assert seen[("complaint_router_incident_cases_total",)] == 15
    assert seen[("complaint_router_incident_notices_total",)] == 1
    assert (seen["complaint_router_incident_answers_total", "held"],
            seen["complaint_router_incident_answers_total", "queued"]) == (3, 5)  # fmt: skip
