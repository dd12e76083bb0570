# SPDX-License-Identifier: Apache-2.0
"""The demo's customers: complaints by mail, form, public post and telephone, some at once and then slowly."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from standardwebhooks import Webhook

from router.interfaces import Channel
from router.web.context import CallLog

__all__ = ["Trickle"]

log = structlog.get_logger(__name__)

_AT_ONCE = 14  # so that there is a queue to look at in the first seconds
_PAUSE_SECONDS = 6.0


class Trickle:
    """Sends the made-up messages to a running product, each the way its sender would."""

    def __init__(self, *, inbox: Path, address: str, secret: str, channels: Mapping[str, Channel]) -> None:
        self._inbox = inbox
        self._address = address
        self._webhook = Webhook(secret)
        self._channels = channels
        lines = (Path(__file__).parent / "messages.jsonl").read_text(encoding="utf-8").splitlines()
        self._messages: list[dict[str, Any]] = [json.loads(line) for line in lines]
        self._ids = [f"{uuid.uuid4().hex}@example.org" for _ in self._messages]

    async def run(self) -> None:
        """Send every message once, then end."""
        timeout = aiohttp.ClientTimeout(total=20)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for number, message in enumerate(self._messages):
                try:
                    await self._send(session, number, message)
                except (aiohttp.ClientError, OSError) as error:
                    log.warning("demo_message_not_sent", number=number, reason=type(error).__name__)
                if number >= _AT_ONCE:
                    await asyncio.sleep(_PAUSE_SECONDS)

    async def _send(self, session: aiohttp.ClientSession, number: int, message: dict[str, Any]) -> None:
        match message["via"]:
            case "email":
                await asyncio.to_thread(self._drop_mail, number, message)
            case "form":
                fields = {"name": message["name"], "email": message["address"], "subject": message["subject"]}
                form = fields | {"text": message["text"], "language": message["language"]}
                async with session.post(f"{self._address}/forms/support", json=form) as answer:
                    answer.raise_for_status()
            case "post":
                await self._post(session, number, message)
            case "call":
                await self._call(number, message)

    def _drop_mail(self, number: int, message: dict[str, Any]) -> None:
        """Put a file into the folder that the mail channel reads, complete at once by renaming."""
        mail = EmailMessage(policy=SMTP)
        mail["From"] = f"{message['name']} <{message['address']}>"
        mail["To"] = "support@shop.example"
        mail["Subject"] = message["subject"]
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = f"<{self._ids[number]}>"
        if "follows" in message:
            mail["In-Reply-To"] = mail["References"] = f"<{self._ids[message['follows']]}>"
        if message.get("auto"):
            mail["Auto-Submitted"] = "auto-replied"
        mail.set_content(message["text"])
        draft = self._inbox / f".{number}.part"
        draft.write_bytes(mail.as_bytes())
        draft.rename(self._inbox / f"{number:03}.eml")

    async def _post(self, session: aiohttp.ClientSession, number: int, message: dict[str, Any]) -> None:
        post = {
            "id": self._ids[number].partition("@")[0],
            "text": message["text"],
            "sender": {"name": message["name"], "address": message["address"], "id": message["address"]},
            "visibility": "public",
            "conversation": f"post-{number}",
            "language": message["language"],
        }
        now, body = datetime.now(UTC), json.dumps(post)
        headers = {
            "webhook-id": post["id"],
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(post["id"], now, body),
            "Content-Type": "application/json",
        }
        async with session.post(f"{self._address}/channels/webhook/community", data=body, headers=headers) as answer:
            answer.raise_for_status()

    async def _call(self, number: int, message: dict[str, Any]) -> None:
        desk: object = self._channels.get("call:desk")
        if isinstance(desk, CallLog):
            note = {"caller": message["name"], "phone": message["phone"], "summary": message["text"]}
            await desk.submit(
                {"id": f"demo-call-{number}", "logged_by": "aino", "at": datetime.now(UTC).isoformat(), **note}
            )
