# SPDX-License-Identifier: Apache-2.0
"""Numbers for Prometheus. Labels are few and closed: never an address, a text or a case id."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from router.assign.records import Move
from router.deadlines.records import ClockRun
from router.incidents.records import IncidentRun
from router.learning.records import DriftReport, RoundEnd
from router.records import Commit, OutboxRow

__all__ = ["Metrics"]


class Metrics:
    """One registry for one application."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._messages = Counter(
            "complaint_router_messages_total", "Raw messages finished", ["state"], registry=self.registry
        )
        self._cases = Counter(
            "complaint_router_cases_total",
            "Cases opened",
            ["team", "type", "urgency", "language"],
            registry=self.registry,
        )
        self._unsure = Counter(
            "complaint_router_unsure_total", "Cases opened in doubt", ["language", "channel"], registry=self.registry
        )
        self._settled = Counter(
            "complaint_router_outbox_total", "Outbox rows that changed state", ["kind", "state"], registry=self.registry
        )
        self._batches = Histogram(
            "complaint_router_batch_messages",
            "Messages a commit",
            registry=self.registry,
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
        )
        self.waiting = Gauge("complaint_router_raw_waiting", "Raw messages not finished", registry=self.registry)
        self.open_cases = Gauge(
            "complaint_router_open_cases", "Cases not resolved", ["team", "queue"], registry=self.registry
        )
        self.outbox_rows = Gauge(
            "complaint_router_outbox_rows", "Outbox rows that wait for something", ["state"], registry=self.registry
        )
        self._alarms = Counter(
            "complaint_router_deadline_alarms_total",
            "Warnings and misses of deadlines",
            ["kind"],
            registry=self.registry,
        )
        self._moves = Counter(
            "complaint_router_assignments_total",
            "Cases given to somebody, handed over, put back or taken back by themselves",
            ["team", "action"],
            registry=self.registry,
        )
        self._incidents = Counter(
            "complaint_router_incidents_total",
            "Incidents opened, taken up again, muted by a rule, or ended by themselves",
            ["change"],
            registry=self.registry,
        )
        self._joined = Counter(
            "complaint_router_incident_cases_total", "Cases that joined an incident", registry=self.registry
        )
        self._answers = Counter(
            "complaint_router_incident_answers_total",
            "Cases that an update went through, by what became of it",
            ["fate"],
            registry=self.registry,
        )
        self._notices = Counter(
            "complaint_router_incident_notices_total",
            "Times that sinks were told of an incident",
            registry=self.registry,
        )
        self.open_incidents = Gauge(
            "complaint_router_incidents_open", "Incidents that are open", ["muted"], registry=self.registry
        )
        self.overdue = Gauge(
            "complaint_router_deadlines_overdue",
            "Deadlines missed and still running",
            ["statutory"],
            registry=self.registry,
        )
        self.channel_up = Gauge(
            "complaint_router_channel_up",
            "1 while the channel is healthy",
            ["channel", "account"],
            registry=self.registry,
        )
        self.drift_psi = Gauge(
            "complaint_router_drift_psi",
            "Population stability index of the last week against the model's training",
            ["cell", "what"],
            registry=self.registry,
        )
        self.drift_unsure = Gauge(
            "complaint_router_drift_unsure", "Share of unsure in the last week", ["cell"], registry=self.registry
        )
        self.drift_alarms = Gauge(
            "complaint_router_drift_alarms", "Channels and languages that drifted", registry=self.registry
        )
        self._rounds = Counter(
            "complaint_router_learning_rounds_total",
            "Rounds of learning on the schedule, by how they ended",
            ["end"],
            registry=self.registry,
        )
        for end in get_args(RoundEnd):
            self._rounds.labels(end)  # so that the first failure is seen as an increase
        self.bus_up = Gauge(
            "complaint_router_bus_up", "1 while other processes can be woken at once", registry=self.registry
        )
        self.config_ok = Gauge(
            "complaint_router_config_last_reload_ok",
            "1 if the newest configuration is in force",
            registry=self.registry,
        )
        self.config_ok.set(1)
        self.rules = Gauge(
            "complaint_router_rules_in_force",
            "1 for the digest of the rules in force, as decisions carry it",
            ["digest"],
            registry=self.registry,
        )
        self.started = Gauge("complaint_router_start_time_seconds", "When this process started", registry=self.registry)
        self.started.set(time.time())

    def committed(self, changes: Commit) -> None:
        """Count one commit of the pipeline."""
        for outcome in changes.outcomes:
            self._messages.labels(outcome.state).inc()
        for case in changes.new_cases:
            self._cases.labels(case.team, case.type or "none", case.urgency, case.language).inc()
            if case.unsure:
                self._unsure.labels(case.language, case.channel).inc()
        self._batches.observe(len(changes.outcomes))

    def settled(self, row: OutboxRow) -> None:
        self._settled.labels(row.kind, row.state).inc()

    def alarmed(self, run: ClockRun) -> None:
        """Count the alarms that were raised."""
        for _, alarm in run.alarms:
            self._alarms.labels(alarm.kind.partition(":")[0]).inc()

    def moved(self, moves: Sequence[Move]) -> None:
        """Count cases that changed hands by themselves."""
        for move in moves:
            self._moves.labels(move.team, move.action.removeprefix("case_")).inc()

    def gathered(self, run: IncidentRun) -> None:
        """Count what one look at new cases did to incidents."""
        changes = {"opened": run.opened, "reopened": run.reopened, "muted": run.muted, "resolved": run.resolved}
        for change, names in changes.items():
            self._incidents.labels(change).inc(len(names))
        self._joined.inc(run.joined)
        self._notices.inc(run.notices)
        for fate, cases in run.answers.items():
            self._answers.labels(fate).inc(cases)

    def drifted(self, report: DriftReport) -> None:
        """Show the newest week; what is no longer there is no longer shown."""
        self.drift_psi.clear()
        self.drift_unsure.clear()
        self.drift_alarms.set(len(report.alarms))
        for week in report.weeks[:1]:
            for cell, share in week.unsure.items():
                self.drift_unsure.labels(cell).set(share)
            for compared in week.cells:
                for what, index in compared["psi"].items():
                    self.drift_psi.labels(compared["cell"], what).set(index)

    def learned(self, end: RoundEnd) -> None:
        self._rounds.labels(end).inc()

    def render(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)
