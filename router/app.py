# SPDX-License-Identifier: Apache-2.0
"""The composition root: a configuration becomes channels, pipeline, outbox and web server, which stop in order."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

import structlog
from aiohttp import web

from router.assign.loop import AssignmentLoop
from router.assign.records import Move
from router.bus import BusEvent, make_bus
from router.clock import SystemClock
from router.config.loader import Configuration
from router.core import Core, RunLock, installation_key, open_core
from router.deadlines.loop import DeadlineLoop
from router.deadlines.records import ClockRun
from router.errors import StoreError
from router.incidents.fanout import Fanout
from router.incidents.loop import IncidentLoop
from router.incidents.records import IncidentRun
from router.incidents.settings import IncidentSettings
from router.intake import Intake
from router.interfaces import Channel, Clock, Sink
from router.learning.live import LiveClassifier
from router.learning.loop import LearningLoop
from router.learning.shelf import shelf_of
from router.learning.watch import DriftWatch
from router.metrics import Metrics
from router.outbox import Outbox
from router.parts import Changes, LiveTeams, as_mistake, make_channels, make_sinks
from router.records import Commit, OutboxRow
from router.replies.service import ReplyService
from router.rules.alarms import answer
from router.rules.kept import KeptRules
from router.rules.live import LiveRules
from router.watch import Watch
from router.web.app import create_app
from router.web.context import WebContext

__all__ = ["Application"]

log = structlog.get_logger(__name__)

_STOP_SECONDS = 20.0


class Application:
    """One process: owns every task, in the order in which they must stop."""

    def __init__(self, configuration: Configuration, *, clock: Clock | None = None) -> None:
        self.configuration = configuration
        self.metrics = Metrics()
        self.changes = Changes()
        self.live = LiveRules(configuration, clock=clock or SystemClock(), kept=KeptRules(configuration.data_dir))
        self._clock = clock or SystemClock()
        self._key = installation_key(configuration)
        self._core: Core | None = None
        self._outbox: Outbox | None = None
        self._deadlines: DeadlineLoop | None = None
        self._incidents: IncidentLoop | None = None
        self._assignments = AssignmentLoop(
            lambda: self.core.store, lambda: self.live.configuration.assignments, clock=self._clock, moved=self._moved
        )
        self.channels = make_channels(configuration, store=lambda: self.core.store, key=self._key, clock=self._clock)
        self.sinks = make_sinks(configuration)
        with as_mistake(configuration, "router.yaml", "bus.url"):
            self.bus = make_bus(configuration.settings.bus, clock=self._clock)
        self.metrics.bus_up.set_function(lambda: self.bus.health().ok)
        self._watch = Watch(
            lambda: self.core.store, channels=self.channels, live=self.live, metrics=self.metrics, clock=self._clock
        )
        self._reload_told = asyncio.Event()
        self._drift: DriftWatch | None = None
        self._has_folder = False  # whether this process is the one that has the data folder

    @property
    def core(self) -> Core:
        assert self._core is not None  # set before any task starts
        return self._core

    @property
    def outbox(self) -> Outbox:
        assert self._outbox is not None  # set before any task starts
        return self._outbox

    async def run(self, stop: asyncio.Event, *, started: Callable[[str], Awaitable[None]] | None = None) -> None:
        """Run until ``stop`` is set; then nothing new is taken, what is under way is finished, and all is closed.

        ``started`` is awaited with the address of the web server once it answers.

        Raises:
            ConfigError, StoreError, ModelError: It could not start; nothing was received or sent.
        """
        async with AsyncExitStack() as stack:
            name = self._lock_installation(stack)
            self._has_folder = name is not None
            worker = name or secrets.token_hex(8)
            self._core = await stack.enter_async_context(
                open_core(
                    self.configuration,
                    rules=lambda: self.live.rules,
                    templates=lambda: self.live.templates,
                    capabilities={name: channel.capabilities for name, channel in self.channels.items()},
                    committed=self._committed,
                    calendars=lambda: self.live.configuration.deadlines.hours,
                    clock=self._clock,
                    worker=worker,
                )
            )
            self._outbox = Outbox(
                self.core.store,
                channels=self.channels,
                sinks=self.sinks,
                clock=self._clock,
                settled=self._settled,
                worker=f"outbox:{worker}",
            )
            self._deadlines = DeadlineLoop(
                self.core.store,
                deadlines=lambda: self.live.configuration.deadlines,
                clock=self._clock,
                told=self._clocks_told,
                public_url=self.configuration.settings.public_url,
                ask=lambda asked: answer(asked, self.live.rules, self.live.configuration.deadlines.hours),
            )
            self._incidents = IncidentLoop(
                self.core.store,
                Fanout(self.core.store, self._reply_desk()),
                settings=self._incident_settings,
                clock=self._clock,
                changed=self._incidents_changed,
                public_url=self.configuration.settings.public_url,
            )
            await self._recover(name)
            await self._work(stop, started)

    def _lock_installation(self, stack: AsyncExitStack) -> str | None:
        """The name under which this data folder works, or None where another process has it (PostgreSQL only)."""
        lock = RunLock(self.configuration.data_dir)
        if lock.acquire():
            stack.callback(lock.release)
            return lock.worker_name()
        if self.configuration.settings.store.kind == "sqlite":
            raise StoreError(f"process {lock.holder} already runs on {self.configuration.data_dir}; stop it first")
        return None

    async def _recover(self, name: str | None) -> None:
        """Take up what the last process held when it died. With SQLite nobody else can be holding anything; with
        PostgreSQL what the last process of this folder held; the rest comes back when its leases run out."""
        alone = self.configuration.settings.store.kind == "sqlite"
        store, resend = self.core.store, self.outbox.resend
        released = parked = 0
        if alone or name is not None:
            released = await store.release_raw(worker=None if alone else name)
            mine = None if alone else f"outbox:{name}"
            parked = await store.park_interrupted(expired_only=False, resend=resend, worker=mine)
        parked += await store.park_interrupted(expired_only=True, resend=resend)
        if released or parked:
            log.info("recovered", messages=released, sends=parked)

    async def _work(self, stop: asyncio.Event, started: Callable[[str], Awaitable[None]] | None) -> None:
        workers = [
            asyncio.create_task(self.core.worker.run(), name="pipeline"),
            asyncio.create_task(self.outbox.run(), name="outbox"),
            asyncio.create_task(self._watch_deadlines(), name="deadlines"),
            asyncio.create_task(self._watch_incidents(), name="incidents"),
            asyncio.create_task(self._assignments.run(), name="assignment"),
            asyncio.create_task(self._watch.look_after(), name="look-after"),
            asyncio.create_task(self._watch.ask_channels(), name="ask-channels"),
            asyncio.create_task(self.live.watch(), name="watch"),
            asyncio.create_task(self._reload_when_told(), name="reload"),
            *self._learning(),
        ]
        intake = Intake(
            self.core.store,
            clock=self._clock,
            max_bytes=self.configuration.settings.limits.max_message_bytes,
            kept=self._kept,
        )
        receivers = [
            asyncio.create_task(intake.run(channel), name=f"receive-{name}") for name, channel in self.channels.items()
        ]
        stopped = asyncio.create_task(stop.wait(), name="stop")
        runner = web.AppRunner(self._site(), access_log=None, shutdown_timeout=5)
        self.bus.subscribe(self._told)
        try:
            address = await self._listen(runner)
            log.info("started", address=address, channels=len(self.channels))
            if started is not None:
                await started(address)
            done, _ = await asyncio.wait([stopped, *workers, *receivers], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopped}:
                task.result()  # a task of ours that ended is a bug; let it be seen
        finally:
            log.info("stopping")
            await runner.cleanup()  # first the web: nothing new is promised, requests under way get their answer
            await _cancel([stopped, *receivers])
            await _cancel(workers)
            await self.bus.close()
            parts: list[Channel | Sink] = [*self.channels.values(), *self.sinks.values()]
            for part in parts:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_STOP_SECONDS):
                        await part.close()
            log.info("stopped")

    def _learning(self) -> list[asyncio.Task[None]]:
        """A promoted model is taken up; and where this process has the data folder, candidates are trained."""
        tasks = []
        if isinstance(self.core.classifier, LiveClassifier):
            tasks.append(asyncio.create_task(self.core.classifier.watch(self._clock), name="watch-model"))
        settings = self.configuration.settings.learning
        self._drift = DriftWatch(
            self.core.store,
            self.core.classifier,
            settings=settings.drift,
            clock=self._clock,
            told=self.metrics.drifted,
        )
        tasks.append(asyncio.create_task(self._drift.run(), name="drift"))
        if settings.period is not None and self._has_folder:
            loop = LearningLoop(
                self.core.store,
                settings=settings,
                folder=self.configuration.folder,
                clock=self._clock,
                told=self.metrics.learned,
            )
            tasks.append(asyncio.create_task(loop.run(), name="learning"))
        return tasks

    def _reply_desk(self) -> ReplyService:
        return ReplyService(
            self.core.store,
            channels=self.channels,
            mail=self.core.mail,
            key=self.core.key,
            clock=self._clock,
            queued=self._queued,
        )

    def _site(self) -> web.Application:
        settings = self.configuration.settings
        return create_app(
            WebContext(
                store=self.core.store,
                settings=settings,
                teams=LiveTeams(self.live),
                channels=self.channels,
                replies=self._reply_desk(),
                clock=self._clock,
                metrics=self.metrics.render,
                reload=self.reload,
                changes=self.changes,
                drift=lambda: self._drift.report if self._drift is not None else None,
                shelf=shelf_of(self.configuration),
                changed=lambda: self._wake("changed"),
                has_deadlines=lambda: bool(self.live.configuration.deadlines.entries),
                assignments=lambda: self.live.configuration.assignments,
                rules_of=self.live.rules_of,
            )
        )

    async def _listen(self, runner: web.AppRunner) -> str:
        settings = self.configuration.settings
        await runner.setup()
        listener = web.TCPSite(runner, settings.web.host, settings.web.port)
        try:
            await listener.start()
        except OSError as error:
            place = f"{settings.web.host}:{settings.web.port}"
            raise StoreError(f"cannot listen on {place}: {error.strerror}; set web.port in router.yaml") from error
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def reload(self) -> dict[str, Any]:
        """Read the configuration again, here and in the other processes; each keeps its last good one if anything is
        wrong with the new."""
        self.bus.publish("reload")
        return await self._reload()

    async def _reload_when_told(self) -> None:
        """Another process was asked to reload: so do we, once for any number of times told meanwhile."""
        while True:
            await self._reload_told.wait()
            self._reload_told.clear()
            try:
                await self._reload()
            except Exception:
                log.exception("reload_failed")

    async def _reload(self) -> dict[str, Any]:
        result = await asyncio.to_thread(lambda: self.live.reload(cause="API"))
        self.metrics.config_ok.set(1 if result.ok else 0)
        return {
            "ok": result.ok,
            "digest": result.digest,
            "mistakes": [str(mistake) for mistake in result.mistakes],
            "needs_restart": list(result.needs_restart),
        }

    async def _watch_deadlines(self) -> None:
        assert self._deadlines is not None  # set before any task starts
        await self._deadlines.run()

    def _incident_settings(self) -> IncidentSettings:
        configuration = self.live.configuration  # once: a reload may exchange it
        return configuration.settings.incidents.at(self._clock.now(), configuration.deadlines.hours.is_open)

    async def _watch_incidents(self) -> None:
        assert self._incidents is not None  # set before any task starts
        await self._incidents.run()

    # What happened is told twice: to this process at once, to the others over the bus.

    def _kept(self) -> None:
        self._wake("raw")

    def _committed(self, made: Commit) -> None:
        self.metrics.committed(made)
        self._wake("changed")
        if made.outbox:
            self._wake("outbox")

    def _settled(self, row: OutboxRow) -> None:
        self.metrics.settled(row)
        self._wake("changed")

    def _clocks_told(self, run: ClockRun) -> None:
        """Clocks are shown in queues, so pages look again; an alarm may have moved a case or queued a notice."""
        self.metrics.alarmed(run)
        if run.alarms:
            self._wake("outbox")
            self._wake("changed")
        else:
            self.changes.notify()

    def _moved(self, moves: Sequence[Move]) -> None:
        self.metrics.moved(moves)
        self._wake("changed")

    def _incidents_changed(self, run: IncidentRun) -> None:
        """Cases show the incident they are in, so pages look again; sinks may have to be told."""
        self.metrics.gathered(run)
        self.changes.notify()
        if run.notices:
            self._wake("outbox")

    def _queued(self) -> None:
        self._wake("outbox")
        self._wake("changed")

    def _wake(self, what: BusEvent) -> None:
        self._told(what)
        self.bus.publish(what)

    def _told(self, what: BusEvent) -> None:
        """Something happened, here or in another process: whoever it concerns looks now."""
        match what:
            case "raw":
                self.core.worker.wake()
            case "outbox":
                self.outbox.wake()
            case "changed":
                self.changes.notify()
                if self._deadlines is not None:
                    self._deadlines.wake()
                if self._incidents is not None:
                    self._incidents.wake()
                self._assignments.wake()
            case "reload":
                self._reload_told.set()


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """End tasks and wait until they have."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("task_failed", error=type(result).__name__)
