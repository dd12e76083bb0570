# SPDX-License-Identifier: Apache-2.0
"""From a configuration to the running core: store, model, rules, reader, pipeline, replies. Without web and channels,
so that ``ingest`` and ``run`` share it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from router.accounts import any_options, mail_route, parse_options
from router.clock import SystemClock
from router.config.loader import Configuration
from router.crypto import load_key, reference_for
from router.customers import CsvCustomers, NoCustomers
from router.errors import ConfigError, Mistake, StoreError
from router.interfaces import Capabilities, Classifier, ClassifierInput, Clock, Customers, ParseOptions, Store
from router.learning.live import LiveClassifier
from router.notices import Notices
from router.parsing.pool import ParsePool, Reader
from router.pipeline import Pipeline
from router.records import Commit
from router.replies.service import MailRoute
from router.replies.templates import Templates
from router.rules.facts import Calendars
from router.rules.ruleset import RuleSet
from router.schema import RawMessage
from router.store.sql import open_store
from router.worker import Worker

__all__ = ["Core", "RunLock", "installation_key", "load_classifier", "open_core", "open_installation_store"]


@dataclass(frozen=True)
class Core:
    """What every way of running needs."""

    configuration: Configuration
    store: Store
    key: bytes
    clock: Clock
    mail: Mapping[str, MailRoute]
    pipeline: Pipeline
    worker: Worker
    classifier: Classifier  # a LiveClassifier unless one was handed in


class RunLock:
    """Says which process works the pipeline of an SQLite installation: one at a time."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "run.lock"
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        """Take it if nobody has it. Raises StoreError where the data folder cannot be written."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+", encoding="ascii")
        except OSError as error:
            raise StoreError(f"{error.filename}: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return True

    def worker_name(self) -> str:
        """A name for whoever holds the lock, the same after a crash, so that it can take up what it held."""
        path = self._path.with_name("worker")
        if not path.exists():
            path.write_text(secrets.token_hex(8), encoding="ascii")
        return path.read_text(encoding="ascii").strip() or secrets.token_hex(8)

    @property
    def holder(self) -> str:
        """The process id that has it, as far as is known."""
        with suppress(OSError):
            return self._path.read_text(encoding="ascii") or "?"
        return "?"

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def installation_key(configuration: Configuration) -> bytes:
    """The key of references and reply tokens: the configured secret, or one made once in the data folder.

    Raises:
        ConfigError: It cannot be read or made, or is too short to be one.
    """
    secret = configuration.settings.secret
    try:
        if secret is None:
            return load_key(configuration.data_dir / "secret.key")
        key = secret.read().get_secret_value().encode()
        sentence = "" if len(key) >= 32 else "needs at least 32 characters"
    except KeyError:
        sentence = f"the environment variable {secret.env if secret else ''} is not set"
    except UnicodeDecodeError:
        sentence = "the file is not text"
    except OSError as error:
        sentence = f"{error.filename}: {error.strerror}"
    except ValueError as error:
        sentence = str(error)
    if sentence:
        raise ConfigError([Mistake(str(configuration.folder / "router.yaml"), 0, 0, "secret", sentence)])
    return key


async def open_installation_store(configuration: Configuration, *, clock: Clock | None = None) -> Store:
    """The database of an installation, its schema up to date."""
    key = await asyncio.to_thread(installation_key, configuration)
    return await open_store(
        configuration.settings.store,
        data_dir=configuration.data_dir,
        reference=lambda source_key: reference_for(key, source_key),
        clock=clock,
    )


def load_classifier(configuration: Configuration) -> Classifier:
    """The configured model, else the newest trained here, else the one that ships. Raises ModelError."""
    from classifiers.default import load_default

    trained = configuration.data_dir / "models" / "current.zip"
    path = configuration.settings.model or (trained if trained.exists() else None)
    classifier: Classifier = load_default(
        path,
        languages=configuration.settings.languages,
        signals=configuration.settings.signals,
        types=configuration.settings.types.sources if configuration.settings.types.changed else None,
    )
    classifier.classify([ClassifierInput(text="warm up: tables that are read at the first call")])
    return classifier


def live_classifier(configuration: Configuration) -> LiveClassifier:
    """The model in force, which takes up another when ``models promote`` or ``rollback`` exchanges it."""
    current = configuration.data_dir / "models" / "current.zip"
    return LiveClassifier(lambda: load_classifier(configuration), configuration.settings.model or current)


def _customers(configuration: Configuration) -> Customers:
    file = configuration.settings.customers.file
    return NoCustomers() if file is None else CsvCustomers(file)


def _options(configuration: Configuration) -> Callable[[RawMessage], ParseOptions]:
    limits, entities = configuration.settings.limits, configuration.settings.entities
    by_account = {f"{c.kind}:{c.account}": parse_options(c, limits, entities) for c in configuration.channels}
    # Files given to ``ingest`` have an account of their own; they were written to any of our addresses.
    by_kind: dict[str, ParseOptions] = {}
    for channel in configuration.channels:
        options_of = parse_options(channel, limits, entities)
        earlier = by_kind.get(channel.kind)
        own = (*earlier.own, *options_of.own) if earlier else options_of.own
        by_kind[channel.kind] = options_of.model_copy(update={"own": own})
    other = any_options(limits, entities)

    def options(raw: RawMessage) -> ParseOptions:
        return by_account.get(f"{raw.channel}:{raw.account}") or by_kind.get(raw.channel) or other

    return options


@asynccontextmanager
async def open_core(
    configuration: Configuration,
    *,
    rules: Callable[[], RuleSet],
    templates: Callable[[], Templates],
    capabilities: Mapping[str, Capabilities],
    committed: Callable[[Commit], None],
    clock: Clock | None = None,
    classifier: Classifier | None = None,
    reader: Reader | None = None,
    calendars: Callable[[], Calendars] | None = None,
    worker: str = "",
) -> AsyncIterator[Core]:
    """Open everything in order and close it in reverse. ``capabilities`` is keyed ``kind:account``; ``worker`` is a
    name that no other process uses at the same time, made up if not given.

    Raises:
        ConfigError, StoreError, ModelError: Nothing is left open.
    """
    settings, clock = configuration.settings, clock or SystemClock()
    key = await asyncio.to_thread(installation_key, configuration)
    model = classifier if classifier is not None else await asyncio.to_thread(live_classifier, configuration)
    channels = {f"{c.kind}:{c.account}": c for c in configuration.channels if c.enabled}
    mail = {name: mail_route(channel, channels) for name, channel in channels.items()}
    store = await open_installation_store(configuration, clock=clock)
    pool = reader or ParsePool(
        processes=settings.batches.parse_processes,
        limits=settings.limits,
        options=_options(configuration),
        kinds=[channel.kind for channel in channels.values()],
    )
    notices = Notices(
        company=settings.company,
        public_url=settings.public_url,
        templates=templates,
        capabilities=capabilities,
        mail=mail,
        team_sinks={team.name: team.sinks for team in configuration.teams.teams},
        key=key,
    )
    name = worker or secrets.token_hex(8)
    pipeline = Pipeline(
        store,
        reader=pool,
        classifier=model,
        rules=rules,
        customers=_customers(configuration),
        notices=notices,
        key=key,
        clock=clock,
        limits=settings.limits,
        batches=settings.batches,
        threads=settings.threads,
        committed=committed,
        calendars=calendars or (lambda: configuration.deadlines.hours),
        worker=name,
    )
    try:
        yield Core(
            configuration=configuration,
            store=store,
            key=key,
            clock=clock,
            mail=mail,
            pipeline=pipeline,
            worker=Worker(pipeline, store, name=name),
            classifier=model,
        )
    finally:
        await pool.close()
        await store.close()
