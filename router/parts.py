# SPDX-License-Identifier: Apache-2.0
"""Parts that the application, ``ingest`` and ``doctor`` make from a configuration: channels, sinks, live views."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import overload

from router import registry
from router.config.loader import Configuration
from router.config.models import TeamSettings
from router.crypto import reference_for
from router.errors import ComplaintRouterError, ConfigError, Mistake
from router.interfaces import Channel, ChannelContext, Clock, Sink, Store
from router.rules.live import LiveRules

__all__ = ["Changes", "LiveTeams", "as_mistake", "make_channels", "make_sinks"]


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
                company=configuration.settings.company,
                reference=lambda source_key: reference_for(key, source_key),
            )
            name = f"{channel.kind}:{channel.account}"
            with as_mistake(configuration, "channels.yaml", name):
                made[name] = registry.channel_factory(channel.kind)(channel.account, channel.settings, context)
    return made


def make_sinks(configuration: Configuration) -> dict[str, Sink]:
    """Every sink by its name."""
    made = {}
    for sink in configuration.teams.sinks:
        with as_mistake(configuration, "teams.yaml", f"sinks.{sink.name}"):
            made[sink.name] = registry.sink_factory(sink.kind)(sink.name, sink.settings)
    return made


@contextmanager
def as_mistake(configuration: Configuration, file: str, name: str) -> Iterator[None]:
    """What hinders a channel or sink from being made, a secret mostly, as a mistake of the configuration."""
    try:
        yield
    except OSError as error:
        sentence = f"{error.filename}: {error.strerror}"
    except KeyError as error:
        sentence = f"the environment variable {error} is not set"
    except ComplaintRouterError:
        raise
    except Exception as error:  # of a library about a secret's form; its text may hold the secret
        sentence = f"a secret has the wrong form ({type(error).__name__})"
    else:
        return
    raise ConfigError([Mistake(str(configuration.folder / file), 0, 0, name, sentence)])


class LiveTeams(Sequence[TeamSettings]):
    """The teams in force; a team that a reload brought is there at once."""

    def __init__(self, live: LiveRules) -> None:
        self._live = live

    @property
    def _teams(self) -> tuple[TeamSettings, ...]:
        return self._live.configuration.teams.teams

    @overload
    def __getitem__(self, index: int) -> TeamSettings: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[TeamSettings]: ...
    def __getitem__(self, index: int | slice) -> TeamSettings | Sequence[TeamSettings]:
        return self._teams[index]

    def __len__(self) -> int:
        return len(self._teams)
