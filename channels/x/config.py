# SPDX-License-Identifier: Apache-2.0
"""Settings of one X account."""

from __future__ import annotations

from pydantic import Field, model_validator

from router.config.models import Secret
from router.schema import Frozen

__all__ = ["Config"]


class Config(Frozen):
    """One account, with the four OAuth 1.0a keys of an app that may read, write and see direct messages."""

    consumer_key: Secret
    consumer_secret: Secret
    access_token: Secret
    access_token_secret: Secret
    bearer_token: Secret | None = None  # needed by the stream only
    mentions: bool = True
    direct_messages: bool = True
    stream: bool = False  # mentions within seconds; polling goes on beside it, more slowly, to fill its gaps
    stream_rule: str = Field(default="", max_length=512)  # "": posts that name the account
    poll_seconds: int = Field(default=90, ge=1, le=86_400)  # X counts requests in windows of 15 minutes
    request_seconds: float = Field(default=20.0, gt=0, le=120)
    post_limit: int = Field(default=280, ge=280, le=25_000)  # paying accounts may write more
    own: tuple[str, ...] = ()  # ids or @names of further accounts of ours, whose posts are not complaints
    base_url: str | None = Field(default=None, pattern=r"^https?://[^\s?#]*[^\s?#/]$")  # a gateway or a test server

    @model_validator(mode="after")
    def _stream_needs_bearer(self) -> Config:
        if self.stream and self.bearer_token is None:
            raise ValueError("'stream' needs 'bearer_token'")
        if not (self.mentions or self.direct_messages or self.stream):
            raise ValueError("nothing to receive: set at least one of 'mentions', 'direct_messages', 'stream'")
        return self
