# SPDX-License-Identifier: Apache-2.0
"""The composition root: a configuration becomes channels, pipeline, outbox and web server, which stop in order."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web

from router import registry
from router.clock import SystemClock
from router.config.loader import Configuration
from router.core import Core, RunLock, installation_key, open_core
from router.crypto import reference_for
from router.errors import ConfigError, Mistake, StoreError
from router.intake import Intake
from router.interfaces import Channel, ChannelContext, Clock, Health, Sink, Store
from router.metrics import Metrics
from router.outbox import Outbox
from router.records import Commit, OutboxRow
from router.replies.service import ReplyService
from router.rules.live import LiveRules
from router.web.app import create_app
from router.web.context import WebContext

__all__ = ["Application", "Changes", "make_channels", "make_sinks"]

log = structlog.get_logger(__name__)

_REFRESH_SECONDS = 15.0
_HEALTH_SECONDS = 300.0
_STOP_SECONDS = 20.0


class Changes:
    """Wakes whoever waits for the next commit of this process."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()

    async def wait(self, timeout: float) -> None:  # noqa: ASYNC109 - the waiter's own limit, in seconds
        event = self._event
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await event.wait()


@dataclass(frozen=True)
class _StoredCursors:
    """Where one account stands, kept in the store; implements ``router.interfaces.Cursors``."""

    store: Callable[[], Store]
    channel: str
    account: str

    async def get(self, key: str) -> str | None:
        return await self.store().cursor(self.channel, self.account, key)

    async def set(self, key: str, value: str) -> None:
        await self.store().set_cursor(self.channel, self.account, key, value)


def make_channels(
    configuration: Configuration, *, store: Callable[[], Store], key: bytes, clock: Clock
) -> dict[str, Channel]:
    """Every enabled channel, keyed ``kind:account``; connects to nothing yet."""
    made = {}
    for channel in configuration.channels:
        if channel.enabled:
            context = ChannelContext(
                cursors=_StoredCursors(store, channel.kind, channel.account),
                clock=clock,
                data_dir=configuration.data_dir,
                public_url=configuration.settings.public_url,
                reference=lambda source_key: reference_for(key, source_key),
            )
            name = f"{channel.kind}:{channel.account}"
            with _as_mistake(configuration, "channels.yaml", name):
                made[name] = registry.channel_factory(channel.kind)(channel.account, channel.settings, context)
    return made


def make_sinks(configuration: Configuration) -> dict[str, Sink]:
    """Every sink by its name."""
    made = {}
    for sink in configuration.teams.sinks:
        with _as_mistake(configuration, "teams.yaml", f"sinks.{sink.name}"):
            made[sink.name] = registry.sink_factory(sink.kind)(sink.name, sink.settings)
    return made


@contextmanager
def _as_mistake(configuration: Configuration, file: str, name: str) -> Iterator[None]:
    """What hinders a channel or sink from being made, a secret mostly, as a mistake of the configuration."""
    try:
        yield
    except OSError as error:
        sentence = f"{error.filename}: {error.strerror}"
    except KeyError as error:
        sentence = f"the environment variable {error} is not set"
    except (ValueError, RuntimeError) as error:  # of a library about a secret's form; its text may hold the secret
        sentence = f"a secret has the wrong form ({type(error).__name__})"
    else:
        return
    raise ConfigError([Mistake(str(configuration.folder / file), 0, 0, name, sentence)])


class Application:
    """One process: owns every task, in the order in which they must stop."""

    def __init__(self, configuration: Configuration, *, clock: Clock | None = None) -> None:
        self.configuration = configuration
        self.metrics = Metrics()
        self.changes = Changes()
        self.live = LiveRules(configuration, clock=clock or SystemClock())
        self._clock = clock or SystemClock()
        self._key = installation_key(configuration)
        self._core: Core | None = None
        self._outbox: Outbox | None = None
        self.channels = make_channels(configuration, store=lambda: self.core.store, key=self._key, clock=self._clock)
        self.sinks = make_sinks(configuration)

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
            self._lock_installation(stack)
            self._core = await stack.enter_async_context(
                open_core(
                    self.configuration,
                    rules=lambda: self.live.rules,
                    templates=lambda: self.live.templates,
                    capabilities={name: channel.capabilities for name, channel in self.channels.items()},
                    committed=self._committed,
                    clock=self._clock,
                )
            )
            self._outbox = Outbox(
                self.core.store,
                channels=self.channels,
                sinks=self.sinks,
                clock=self._clock,
                settled=self._settled,
                worker=f"outbox:{os.uname().nodename}:{os.getpid()}",
            )
            await self._recover()
            await self._work(stop, started)

    def _lock_installation(self, stack: AsyncExitStack) -> None:
        if self.configuration.settings.store.kind != "sqlite":
            return
        lock = RunLock(self.configuration.data_dir)
        if not lock.acquire():
            raise StoreError(f"process {lock.holder} already runs on {self.configuration.data_dir}; stop it first")
        stack.callback(lock.release)

    async def _recover(self) -> None:
        """Take up what the last process held when it died. With SQLite nobody else can be holding anything."""
        alone = self.configuration.settings.store.kind == "sqlite"
        released = await self.core.store.release_raw() if alone else 0
        parked = await self.core.store.park_interrupted(expired_only=not alone, resend=self.outbox.resend)
        if released or parked:
            log.info("recovered", messages=released, sends=parked)

    async def _work(self, stop: asyncio.Event, started: Callable[[str], Awaitable[None]] | None) -> None:
        workers = [
            asyncio.create_task(self.core.pipeline.run(), name="pipeline"),
            asyncio.create_task(self.outbox.run(), name="outbox"),
            asyncio.create_task(self._look_after(), name="look-after"),
            asyncio.create_task(self._ask_channels(), name="ask-channels"),
            asyncio.create_task(self.live.watch(), name="watch"),
        ]
        intake = Intake(
            self.core.store,
            clock=self._clock,
            max_bytes=self.configuration.settings.limits.max_message_bytes,
            kept=self.core.pipeline.wake,
        )
        receivers = [
            asyncio.create_task(intake.run(channel), name=f"receive-{name}") for name, channel in self.channels.items()
        ]
        stopped = asyncio.create_task(stop.wait(), name="stop")
        runner = web.AppRunner(self._site(), access_log=None, shutdown_timeout=5)
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
            parts: list[Channel | Sink] = [*self.channels.values(), *self.sinks.values()]
            for part in parts:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_STOP_SECONDS):
                        await part.close()
            log.info("stopped")

    def _site(self) -> web.Application:
        settings = self.configuration.settings
        return create_app(
            WebContext(
                store=self.core.store,
                settings=settings,
                teams=self.configuration.teams.teams,
                channels=self.channels,
                replies=ReplyService(
                    self.core.store,
                    channels=self.channels,
                    mail=self.core.mail,
                    key=self.core.key,
                    clock=self._clock,
                    queued=self._queued,
                ),
                clock=self._clock,
                metrics=self.metrics.render,
                reload=self.reload,
                changes=self.changes,
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
        """Read the configuration again; the last good one stays in force if anything is wrong."""
        result = await asyncio.to_thread(self.live.reload)
        self.metrics.config_ok.set(1 if result.ok else 0)
        return {
            "ok": result.ok,
            "digest": result.digest,
            "mistakes": [str(mistake) for mistake in result.mistakes],
            "needs_restart": list(result.needs_restart),
        }

    async def _look_after(self) -> None:
        """Refresh the gauges and the health of channels, for as long as the process runs."""
        while True:
            try:
                await self._gauge()
            except Exception:
                log.exception("measuring_failed")
            await self._clock.sleep(_REFRESH_SECONDS)

    async def _gauge(self) -> None:
        store = self.core.store
        self.metrics.config_ok.set(0 if self.live.last_error else 1)
        self.metrics.waiting.set(await store.pending_raw())
        for (team, queue), count in (await store.queue_counts()).items():
            self.metrics.open_cases.labels(team, queue).set(count)
        for state in ("awaiting_approval", "pending", "parked", "failed"):
            self.metrics.outbox_rows.labels(state).set(len(await store.outbox_rows(states=[state], limit=10_000)))

    async def _ask_channels(self) -> None:
        """See how each channel is, rarely: many ask their platform, and platforms count questions."""
        well: dict[str, bool] = {}
        await self._clock.sleep(_REFRESH_SECONDS)  # the first connections need a moment
        while True:
            for name, channel in self.channels.items():
                try:
                    async with asyncio.timeout(_HEALTH_SECONDS / 10):
                        health = await channel.health()
                except Exception as error:
                    health = Health(ok=False, detail=f"did not answer: {type(error).__name__}")
                self.metrics.channel_up.labels(channel.kind, channel.account).set(health.ok)
                if well.get(name, True) and not health.ok:
                    log.warning("channel_unwell", channel=channel.kind, account=channel.account, detail=health.detail)
                elif not well.get(name, True) and health.ok:
                    log.info("channel_well_again", channel=channel.kind, account=channel.account)
                well[name] = health.ok
            await self._clock.sleep(_HEALTH_SECONDS)

    def _committed(self, made: Commit) -> None:
        self.metrics.committed(made)
        self.changes.notify()
        if made.outbox:
            self.outbox.wake()

    def _settled(self, row: OutboxRow) -> None:
        self.metrics.settled(row)
        self.changes.notify()

    def _queued(self) -> None:
        self.outbox.wake()
        self.changes.notify()


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """End tasks and wait until they have."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("task_failed", error=type(result).__name__)
