# SPDX-License-Identifier: Apache-2.0
"""Forwards cases as signed JSON, Standard Webhooks 1.0; ``webhook-id`` is the same in every repeat of an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import Field
from standardwebhooks import Webhook

from router.config.models import Secret
from router.errors import SendError
from router.interfaces import Health
from router.records import SinkEvent
from router.schema import Frozen, Receipt
from router.sinks._post import post

__all__ = ["Config", "WebhookSink", "create"]


class Config(Frozen):
    """One receiver. Events go to exactly this address and nowhere else."""

    url: str = Field(pattern=r"^https?://[^\s/]+\S*$")
    secret: Secret  # whsec_<base64>
    timeout_seconds: float = Field(default=15, gt=0)
    max_text_chars: int = Field(default=10_000, ge=200)  # of any one text in an event


class WebhookSink:
    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self._config = config
        self._key = Webhook(config.secret.read().get_secret_value())
        self._health = Health(ok=True, detail="nothing sent yet")

    async def forward(self, event: SinkEvent) -> Receipt:
        body = render(event, max_text_chars=self._config.max_text_chars)
        now = datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._key.sign(event.id, now, body),
        }
        seconds = self._config.timeout_seconds
        try:
            receipt = await post(
                self._config.url, body=body.encode(), headers=headers, timeout_seconds=seconds, sink=self.name
            )
        except SendError as error:
            self._health = Health(ok=False, detail=str(error), since=now)
            raise
        self._health = Health(ok=True, detail=receipt.detail, since=now)
        return receipt.model_copy(update={"native_id": event.id})

    async def health(self) -> Health:
        """How the last attempt went; a receiver cannot be asked without sending it something."""
        return self._health

    async def close(self) -> None:
        """Nothing is held open."""


def render(event: SinkEvent, *, max_text_chars: int) -> str:
    """The payload; the same event gives the same bytes. No single text in it is longer than the limit."""
    shown = _cut(event.model_dump(mode="json"), max_text_chars)
    stamp = event.case.updated_at.isoformat()
    return json.dumps({"type": "case.routed", "timestamp": stamp, "data": shown})


def _cut(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= limit else value[:limit] + "…"
    if isinstance(value, dict):
        return {key: _cut(item, limit) for key, item in value.items()}
    return [_cut(item, limit) for item in value] if isinstance(value, list) else value


create = WebhookSink
