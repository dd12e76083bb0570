# SPDX-License-Identifier: Apache-2.0
"""Settings of one Telegram bot."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from router.config.models import Secret
from router.schema import Frozen

__all__ = ["Config"]


class Config(Frozen):
    """One bot. Polling needs no public address; a webhook needs ``public_url`` with https and a shared secret."""

    token: Secret  # from @BotFather
    mode: Literal["polling", "webhook"] = "polling"
    webhook_secret: Secret | None = None  # 1 to 256 of A-Z a-z 0-9 _ -; Telegram sends it back in a header
    poll_seconds: int = Field(default=25, ge=1, le=50)  # how long Telegram may hold a poll open
    request_seconds: float = Field(default=15.0, gt=0, le=120)  # patience with any other request
    own: tuple[str, ...] = ()  # ids or @names of our own accounts, whose messages are not complaints
    base_url: str = Field(
        default="https://api.telegram.org", pattern=r"^https?://[^\s?#]*[^\s?#/]$"
    )  # own Bot API server

    @model_validator(mode="after")
    def _needs_secret(self) -> Config:
        if self.mode == "webhook" and self.webhook_secret is None:
            raise ValueError("mode 'webhook' needs 'webhook_secret': without it anybody could post updates")
        return self
