# SPDX-License-Identifier: Apache-2.0
"""The settings of an installation as typed, frozen models; ``loader.py`` reads them from YAML."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, IPvAnyNetwork, SecretStr, model_validator

from router.assign.settings import AssignmentSettings, MemberSettings
from router.config.types import TypeSettings
from router.content import ReadLimits
from router.deadlines.settings import CalendarSettings, DeadlineSettings
from router.incidents.settings import IncidentSettings
from router.schema import LANGUAGES, Frozen

__all__ = [
    "BatchSettings", "BusSettings", "ChannelSettings", "CustomerSettings", "DriftSettings", "EntitySettings",
    "LearningSettings", "Limits", "LogSettings", "Name", "RouterSettings", "Secret", "SinkSettings", "StoreSettings",
    "TeamSettings", "TeamsFile", "ThreadSettings", "WebSettings",
]  # fmt: skip

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class Secret(Frozen):
    """A secret by file or environment variable; never by value, so that configuration can be shown and committed.

    In YAML: ``password: {file: /run/secrets/imap}`` or ``password: {env: IMAP_PASSWORD}``. A relative file is looked
    for beside the configuration; the loader makes it absolute before anything reads it.
    """

    file: Path | None = None
    env: str | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Secret:
        if (self.file is None) == (self.env is None):
            raise ValueError("give exactly one of 'file' and 'env'")
        return self

    def read(self) -> SecretStr:
        """Fetch the secret now. Raises OSError or KeyError naming the file or variable, never the value."""
        import os

        if self.file is not None:
            return SecretStr(self.file.read_text(encoding="utf-8").strip())
        return SecretStr(os.environ[str(self.env)])


class StoreSettings(Frozen):
    """Where the truth lives. SQLite in the data folder unless a PostgreSQL address is given."""

    kind: Literal["sqlite", "postgresql"] = "sqlite"
    url: Secret | None = None  # postgresql://user:password@host:port/database

    @model_validator(mode="after")
    def _needs_url(self) -> StoreSettings:
        if self.kind == "postgresql" and self.url is None:
            raise ValueError("kind 'postgresql' needs 'url'")
        return self


class BusSettings(Frozen):
    """How processes that share a PostgreSQL database wake each other. Without it they look every second or so."""

    kind: Literal["embedded", "nats"] = "embedded"
    url: Secret | None = None  # nats://user:password@host:4222, several parted by commas; tls:// insists on TLS

    @model_validator(mode="after")
    def _needs_url(self) -> BusSettings:
        if self.kind == "nats" and self.url is None:
            raise ValueError("kind 'nats' needs 'url'")
        return self


class WebSettings(Frozen):
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    session_hours: int = Field(default=12, ge=1, le=24 * 30)
    secure_cookies: bool | Literal["auto"] = "auto"  # auto: by the scheme of public_url
    trusted_proxies: tuple[IPvAnyNetwork, ...] = ()  # whose X-Forwarded-For is believed, for counting log-ins


class Limits(Frozen):
    """What a message may cost before it is set aside."""

    max_message_bytes: int = Field(default=25 * 1024 * 1024, ge=1024)
    parse_seconds: float = Field(default=5.0, gt=0)
    parse_memory_bytes: int = Field(default=1024 * 1024 * 1024, ge=128 * 1024 * 1024)
    attempts: int = Field(default=3, ge=1, le=10)
    max_text_chars: int = Field(default=100_000, ge=100, le=1_000_000)
    max_attachments: int = Field(default=200, ge=0, le=5_000)
    read: ReadLimits = ReadLimits()


class BatchSettings(Frozen):
    max_messages: int = Field(default=64, ge=1, le=1000)
    parse_processes: int = Field(default=2, ge=1, le=64)


class ThreadSettings(Frozen):
    reopen_days: int = Field(default=30, ge=0)  # a resolved case takes answers this long; later ones open a new case
    chat_gap_hours: int = Field(default=72, ge=1)  # silence after which a chat starts a new case


class CustomerSettings(Frozen):
    """Customer records from a CSV file: id, name, email, phone, handle, tier, language, tags; others: fields."""

    file: Path | None = None


class EntitySettings(Frozen):
    """What is looked for in every message besides its labels; rules ask for it as ``entities.order`` and so on."""

    country: str = Field(
        default="", pattern=r"^([A-Z]{2})?$"
    )  # yours, ISO 3166: FI; tells national phone numbers, kr, $
    find: tuple[Literal["order", "invoice", "tracking", "contract", "customer", "amount", "date", "phone"], ...] = (
        "order", "invoice", "tracking", "contract", "customer", "amount", "date", "phone",
    )  # fmt: skip
    patterns: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")], tuple[str, ...]] = Field(
        default_factory=dict
    )  # RE2 expressions for each kind; the group named value, else group 1, is the value

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Kind and expression, in the order written."""
        return tuple((kind, expression) for kind, found in self.patterns.items() for expression in found)


class DriftSettings(Frozen):
    """When messages are no longer like those the model was made for."""

    least: int = Field(default=50, ge=10)  # messages of a channel or language in a week, below which nothing is said
    psi: float = Field(default=0.25, gt=0, le=10)  # population stability index from which it is an alarm
    unsure: float = Field(default=0.1, gt=0, le=1)  # rise of the share of unsure that is one


class LearningSettings(Frozen):
    """How the classifier learns from what people correct. Shares are from 0 to 1, weights in messages of the corpus."""

    every: str = Field(default="off", pattern=r"^(off|[1-9]\d{0,3}[hdw])$")  # 12h, 7d, 2w: train so often; off: never
    promote: Literal["ask", "auto"] = "ask"  # auto: a candidate that is not worse takes over without being asked
    least_new: int = Field(default=30, ge=1)  # new corrections without which the schedule trains nothing
    days: int = Field(default=730, ge=1, le=36_500)  # corrections that are older are not learned from
    corpus: tuple[Path, ...] = ()  # labelled files to learn from beside corrections; none: what ships
    per_corrector: float = Field(default=300.0, gt=0)  # weight of all corrections by one person together
    per_sender: float = Field(default=5.0, gt=0)  # of all about messages of one sender
    per_text: float = Field(default=2.0, gt=0)  # of all about nearly the same words
    share: float = Field(default=0.3, gt=0, le=10)  # of all corrections, beside the corpus
    trusted: tuple[str, ...] = ()  # users whose corrections are never refused as one-sided
    tolerance_f1: float = Field(default=0.02, ge=0, le=1)  # F1 of kind or type that a language or channel may lose
    tolerance_critical: float = Field(default=0.05, ge=0, le=1)  # recall of critical that it may lose
    tolerance_corrections: float = Field(default=0.05, ge=0, le=1)  # right answers among new corrections
    minutes: int = Field(default=60, ge=1, le=1440)  # a training that takes longer is ended
    drift: DriftSettings = DriftSettings()

    @property
    def period(self) -> timedelta | None:
        """How often a candidate is trained; None for never."""
        if self.every == "off":
            return None
        unit = {"h": "hours", "d": "days", "w": "weeks"}[self.every[-1]]
        return timedelta(**{unit: int(self.every[:-1])})


class LogSettings(Frozen):
    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class RouterSettings(Frozen):
    """``router.yaml``."""

    company: str = Field(min_length=1, max_length=200)
    public_url: str = Field(default="http://127.0.0.1:8080", pattern=r"^https?://[^/\s]+(/[^\s]*[^/\s])?$")
    data: Path = Path("data")  # relative to the folder of the configuration
    languages: tuple[str, ...] = LANGUAGES
    default_language: str = "en"
    store: StoreSettings = StoreSettings()
    bus: BusSettings = BusSettings()
    web: WebSettings = WebSettings()
    limits: Limits = Limits()
    batches: BatchSettings = BatchSettings()
    threads: ThreadSettings = ThreadSettings()
    customers: CustomerSettings = CustomerSettings()
    entities: EntitySettings = EntitySettings()
    types: TypeSettings = TypeSettings()
    logs: LogSettings = LogSettings()
    learning: LearningSettings = LearningSettings()
    incidents: IncidentSettings = IncidentSettings()
    model: Path | None = None  # None: the newest model trained here, else the one that ships
    signals: Path | None = None  # an own signals.yaml: further phrases for the classifier's known groups
    secret: Secret | None = None  # key of references and reply tokens; None: made once in the data folder


class TeamSettings(Frozen):
    """A team and the queues it works. A queue belongs to one team."""

    name: Name
    title: str = ""
    queues: tuple[Name, ...] = ()  # empty: one queue named like the team
    languages: tuple[str, ...] = ()
    sinks: tuple[Name, ...] = ()  # where every case of the team is forwarded as well
    calendar: Name | None = None  # its working hours; left out: around the clock
    members: tuple[MemberSettings, ...] = ()  # left out: everybody who is in the team, without limits
    assign: AssignmentSettings = AssignmentSettings()

    @property
    def all_queues(self) -> tuple[str, ...]:
        return self.queues or (self.name,)


class SinkSettings(Frozen):
    """One sink; the rest of its keys are checked by the model of its kind."""

    name: Name
    kind: Name
    settings: Any = None


class TeamsFile(Frozen):
    """``teams.yaml``."""

    teams: tuple[TeamSettings, ...] = Field(min_length=1)
    sinks: tuple[SinkSettings, ...] = ()
    calendars: dict[Name, CalendarSettings] = Field(default_factory=dict)
    deadlines: tuple[DeadlineSettings, ...] = ()


class ChannelSettings(Frozen):
    """One channel of ``channels.yaml``; ``settings`` is an instance of ``channels.<kind>.config.Config``."""

    kind: Name
    account: Name
    enabled: bool = True
    settings: Any = None
