# SPDX-License-Identifier: Apache-2.0
"""What operators say of incidents, under ``incidents`` in ``router.yaml``."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from router.schema import Frozen

__all__ = ["IncidentSettings"]

_Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_ -]{0,62}$")]


class IncidentSettings(Frozen):
    """When many complaints about the same thing become one incident."""

    enabled: bool = True  # false: nothing is counted and no incident opens
    window_minutes: int = Field(default=30, ge=1, le=24 * 60)  # complaints this close together are counted
    minimum: int = Field(default=10, ge=3, le=10_000)  # different senders within the window, below which nothing opens
    factor: float = Field(default=3.0, ge=1.1, le=1000)  # times what is usual at this time of day
    history_days: int = Field(default=7, ge=1, le=60)  # that tell what is usual
    group_by: tuple[Annotated[str, Field(pattern=r"^(words|entities|fields|channel)$")], ...] = (
        "words", "entities", "fields",
    )  # fmt: skip
    fields: tuple[_Word, ...] = ("product", "outage", "service", "location")  # of forms and webhooks
    resolve_after_minutes: int = Field(default=120, ge=1, le=14 * 24 * 60)  # without a new case it ends by itself
    reopen_minutes: int = Field(default=24 * 60, ge=0, le=14 * 24 * 60)  # it goes on, if the same comes again so soon
    notify: tuple[str, ...] = ()  # sinks that are told
    wait_seconds: int = Field(default=60, ge=0, le=3600)  # after it opened, so that the first notice can count
    repeat_minutes: int = Field(default=240, ge=1, le=14 * 24 * 60)  # between notices while cases still come

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
