# SPDX-License-Identifier: Apache-2.0
"""Tells a chat room about cases through a Slack-compatible incoming webhook (Slack, Mattermost, Rocket.Chat).

The customer's words are shown as words only: they cannot call anybody, link anywhere or load a picture.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from pydantic import Field

from router.config.models import Secret
from router.errors import ConfigError, Mistake, SendError
from router.interfaces import Health
from router.records import SinkEvent
from router.schema import Frozen, Receipt
from router.sinks._post import post

__all__ = ["Config", "SlackSink", "create", "render"]

_MARKS = {"critical": "🔴", "high": "🟠", "normal": "🔵", "low": "⚪"}
_MAX_REASONS = 5
_MAX_BLOCK = 3000  # Slack, "Text object": characters after escaping


class Config(Frozen):
    """One room. Whoever knows the address can write there, so it is a secret."""

    url: Secret
    timeout_seconds: float = Field(default=15, gt=0)
    max_text_chars: int = Field(default=600, ge=0, le=2500)  # of the customer's words


class SlackSink:
    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self._config = config
        self._url = config.url.read()
        if not re.fullmatch(r"https?://[^\s/]+/\S*", self._url.get_secret_value()):
            place = f"sinks.{name}.url"
            raise ConfigError([Mistake("teams.yaml", 0, 0, place, "the secret does not hold an https:// address")])
        self._health = Health(ok=True, detail="nothing sent yet")

    async def forward(self, event: SinkEvent) -> Receipt:
        now = datetime.now(UTC)
        try:
            receipt = await post(
                self._url.get_secret_value(),
                body=json.dumps(render(event, max_text_chars=self._config.max_text_chars)).encode(),
                headers={"Content-Type": "application/json"},
                timeout_seconds=self._config.timeout_seconds,
                sink=self.name,
            )
        except SendError as error:
            self._health = Health(ok=False, detail=str(error), since=now)
            raise
        self._health = Health(ok=True, detail=receipt.detail, since=now)
        return receipt

    async def health(self) -> Health:
        """How the last attempt went; a room cannot be asked without writing into it."""
        return self._health

    async def close(self) -> None:
        """Nothing is held open."""


def _plain(text: str) -> str:
    """Text that no compatible server takes for more: control characters of the format escaped, mentions broken.

    Slack expands only what stands in <>; others also expand @here and @channel in bare text, so a word joiner goes
    between. A back-tick would end the code block that the words stand in.
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("@", "@\u2060").replace("`", "'")


def _fitted(text: str, limit: int) -> str:
    """The text made plain and cut so that it is at most ``limit`` long, never inside an escape."""
    shown = _plain(text)
    while len(shown) > limit:
        text = text[: len(text) * 3 // 4]
        shown = _plain(text) + "…"
    return shown


def render(event: SinkEvent, *, max_text_chars: int) -> dict[str, object]:
    """The message: blocks for those who read them, the same in ``text`` for the others."""
    case = event.case
    what = f"{case.type or ''} {case.kind}".strip()
    head = f"{_MARKS[case.urgency]} *{case.urgency}* · {_plain(what)} · {_plain(case.team)}/{_plain(case.queue)}"
    link = f"<{_plain(event.url)}|{_plain(case.id)}>" if event.url else _plain(case.id)
    lines = [f"{head} · {link}", f"{_plain(case.channel)} · {_plain(case.language)}"]
    reasons = [" ".join(reason.split()) for reason in event.reasons[:_MAX_REASONS]]
    lines += [f"• `{_fitted(reason, 300)}`" for reason in reasons if reason]
    words = event.text.strip()[:max_text_chars] + ("…" if len(event.text.strip()) > max_text_chars else "")
    summary = "\n".join(lines)
    quoted = f"```\n{_fitted(words, _MAX_BLOCK - 10)}\n```" if words else ""
    sections = [part for part in (summary, quoted) if part]
    return {
        "text": "\n".join(sections),
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": part, "verbatim": True}} for part in sections
        ],
        "unfurl_links": False,
        "unfurl_media": False,
        "link_names": False,
    }


create = SlackSink
