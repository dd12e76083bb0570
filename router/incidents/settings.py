# SPDX-License-Identifier: Apache-2.0
"""What operators say of incidents, under ``incidents`` in ``router.yaml``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from router.schema import Frozen

__all__ = ["IncidentLabel", "IncidentSettings", "IncidentWhen", "InhibitRule", "MuteRule"]

IncidentLabel: TypeAlias = Literal["type", "language", "channel", "team", "queue", "tag", "shares"]
_Shared: TypeAlias = Literal["words", "entities", "fields", "channel"]
_MOST_RULES = 100
_Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_ -]{0,62}$")]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
_Value = Annotated[str, Field(min_length=1, max_length=200)]


def _is_moment(text: str) -> str:
    moment_of(text)
    return text


def moment_of(text: str) -> datetime:
    """``2026-12-21T22:00+02:00`` as a moment. Raises ValueError for what is none, or has no time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"'{text[:40]}' is no moment; write 2026-12-21T22:00+02:00, in quotes") from error
    if moment.tzinfo is None:
        raise ValueError(f"'{text[:40]}' has no time zone; write 2026-12-21T22:00+02:00, or Z at the end for UTC")
    return moment


_Moment = Annotated[str, AfterValidator(_is_moment)]


class IncidentWhen(Frozen):
    """Which incidents: every key that is given must hold. It holds where nine in ten cases have one of its values."""

    type: tuple[_Value, ...] = ()  # of complaint, as the incident is titled
    language: tuple[_Value, ...] = ()  # of its cases
    channel: tuple[_Value, ...] = ()  # kinds of channel by which its cases came
    team: tuple[_Value, ...] = ()  # that have its cases now
    queue: tuple[_Value, ...] = ()  # in which its cases are now
    tag: tuple[_Value, ...] = ()  # that its cases have
    shares: tuple[_Value, ...] = ()  # one of these is what joins them: a word, a number, the value of a field

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, name) for name in type(self).model_fields)


class MuteRule(Frozen):
    """Incidents of which nobody is told for a time. They are kept and shown all the same."""

    name: _Name  # shown with what is muted
    when: IncidentWhen = IncidentWhen()  # which incidents; left out: all
    start: _Moment | None = Field(default=None, alias="from")  # as "2026-12-21T22:00+02:00"; left out: at once
    until: _Moment | None = None  # left out: until the rule is taken away
    while_open: _Name | None = None  # only during the hours of this calendar of teams.yaml
    while_closed: _Name | None = None  # only outside the hours of this calendar

    @model_validator(mode="after")
    def _says_something(self) -> MuteRule:
        if self.start and self.until and moment_of(self.until) <= moment_of(self.start):
            raise ValueError("'until' lies before 'from'")
        if self.when.is_empty and not (self.until or self.while_open or self.while_closed):
            raise ValueError(
                "mutes every incident for ever; say 'when', 'until' or a calendar, or leave 'notify' empty"
            )
        return self

    def is_on(self, now: datetime, is_open: Callable[[str, datetime], bool]) -> bool:
        """Whether it is in force at this moment. ``is_open`` tells of a calendar; it may raise KeyError."""
        if (self.start and now < moment_of(self.start)) or (self.until and now >= moment_of(self.until)):
            return False
        if self.while_open is not None and not is_open(self.while_open, now):
            return False
        return self.while_closed is None or not is_open(self.while_closed, now)


class InhibitRule(Frozen):
    """While one incident is open, nobody is told of others that follow from it."""

    name: _Name  # shown with what is inhibited
    source: IncidentWhen  # while such an incident is open ...
    target: IncidentWhen  # ... nobody is told of such
    equal: tuple[IncidentLabel, ...] = ()  # only where both have a value of each of these in common


class IncidentSettings(Frozen):
    """When many complaints about the same thing become one incident."""

    enabled: bool = True  # false: nothing is counted and no incident opens
    window_minutes: int = Field(default=30, ge=1, le=24 * 60)  # complaints this close together are counted
    minimum: int = Field(default=10, ge=3, le=10_000)  # different senders within the window, below which nothing opens
    factor: float = Field(default=3.0, ge=1.1, le=1000)  # times what is usual at this time of day
    history_days: int = Field(default=7, ge=1, le=60)  # that tell what is usual
    group_by: tuple[_Shared, ...] = ("words", "entities", "fields")  # what complaints about one thing may share
    fields: tuple[_Word, ...] = ("product", "outage", "service", "location")  # of forms and webhooks
    resolve_after_minutes: int = Field(default=120, ge=1, le=14 * 24 * 60)  # without a new case it ends by itself
    reopen_minutes: int = Field(default=24 * 60, ge=0, le=14 * 24 * 60)  # it goes on, if the same comes again so soon
    notify: tuple[str, ...] = ()  # sinks that are told
    wait_seconds: int = Field(default=60, ge=0, le=3600)  # after it opened, so that the first notice can count
    repeat_minutes: int = Field(default=240, ge=1, le=14 * 24 * 60)  # between notices while cases still come
    mute: tuple[MuteRule, ...] = Field(default=(), max_length=_MOST_RULES)  # of which nobody is told, and when
    inhibit: tuple[InhibitRule, ...] = Field(default=(), max_length=_MOST_RULES)  # what follows from something else

    @property
    def window(self) -> timedelta:
        return timedelta(minutes=self.window_minutes)

    @property
    def history(self) -> timedelta:
        return timedelta(days=self.history_days)

    @property
    def quiet(self) -> timedelta:
        return timedelta(minutes=self.resolve_after_minutes)

    @property
    def reopen(self) -> timedelta:
        return timedelta(minutes=self.reopen_minutes)

    def at(self, now: datetime, is_open: Callable[[str, datetime], bool]) -> IncidentSettings:
        """The same with only those rules of ``mute`` that are in force at this moment."""
        if not self.mute:
            return self
        return self.model_copy(update={"mute": tuple(rule for rule in self.mute if rule.is_on(now, is_open))})
