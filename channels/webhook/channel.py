# SPDX-License-Identifier: Apache-2.0
"""Takes JSON at POST /channels/webhook/<account> and posts replies to ``reply_url``, both as Standard Webhooks 1.0."""

import asyncio
import hmac
import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import aiohttp
from aiohttp import web
from standardwebhooks import Webhook

from channels.pushed import Pushed
from channels.webhook.config import Config
from channels.webhook.parse import read_payload
from router.errors import PermanentError, StoreError, TransientError, UserInputError
from router.failpoints import failpoint
from router.interfaces import Capabilities, ChannelContext, Delivery, Health, WebRoute
from router.retry_after import retry_after_seconds
from router.schema import RawMessage, Receipt, Reply

SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")
REPLY = {"id", "case_id", "to", "subject", "text", "language", "visibility", "automatic", "conversation"}


class WebhookChannel:
    kind = "webhook"

    def __init__(self, account: str, config: Config, context: ChannelContext) -> None:
        self.account, self._config, self._clock = account, config, context.clock
        audiences = ("private", "public", "direct") if config.reply_url else ()
        self.capabilities = Capabilities(reply=audiences, subject=True, idempotent_send=True)
        self._keys = [Webhook(secret.read().get_secret_value()) for secret in config.secrets]
        self._pushed = Pushed(seconds=config.timeout_seconds)

    def routes(self) -> Sequence[WebRoute]:
        return [WebRoute("POST", f"/channels/webhook/{self.account}", self._take)]

    def receive(self) -> AsyncIterator[Delivery]:
        return self._pushed.receive()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        """Answer 2xx only once the message is committed; until then the sender keeps it and tries again."""
        try:
            raw = await self._read(request)
            failpoint("hook.after_verify")
            receipt = await self._pushed.offer(raw)
        except UserInputError as error:
            return web.json_response({"error": str(error), "fields": error.fields}, status=error.status)
        except (StoreError, TimeoutError):
            return web.json_response({"error": "not committed; send it again"}, status=503)
        failpoint("hook.before_2xx")
        response = web.json_response({"id": raw.native_id, **receipt.model_dump(include={"reference", "duplicate"})})
        await response.prepare(request)
        await response.write_eof()
        failpoint("hook.after_2xx")
        return response

    async def _read(self, request: web.Request) -> RawMessage:
        if "Content-Encoding" in request.headers:
            raise UserInputError("compressed bodies are not taken", status=415)
        async with asyncio.timeout(self._config.timeout_seconds):
            body = await request.clone(client_max_size=self._config.max_bytes).read()  # above: 413
        webhook_id = self._verify(request, body)  # the bytes first, what they say second
        native_id, now = read_payload(body).id or webhook_id, self._clock.now()
        return RawMessage(channel=self.kind, account=self.account, native_id=native_id, body=body, received_at=now)

    def _verify(self, request: web.Request, body: bytes) -> str:
        """The webhook-id, if one of our secrets signed these bytes within five minutes of now. Not done by the
        library's ``verify``: it takes stamps like "1e9" and signatures with stray characters."""
        try:
            (webhook_id,), (stamp,), (signatures,) = (request.headers.getall(name, [""]) for name in SIGNED)
        except ValueError:
            raise UserInputError("a webhook header stands twice", status=400) from None
        if re.fullmatch("[!-~]{1,900} [0-9]{1,11}", f"{webhook_id} {stamp}"):
            at, text = datetime.fromtimestamp(int(stamp), UTC), body.decode(errors="replace")  # not UTF-8: 400 later
            good = [key.sign(webhook_id, at, text).encode() for key in self._keys]
            match = [hmac.compare_digest(a, b) for a in good for b in signatures.encode(errors="replace").split()]
            if any(match) and abs((at - self._clock.now()).total_seconds()) <= 300:
                return webhook_id
        raise UserInputError("the signature is missing, wrong, too old or too new", status=401)

    async def send(self, reply: Reply) -> Receipt:
        """Every doubt may be retried: webhook-id is the reply's id, by which the other side knows what it has."""
        if self._config.reply_url is None:
            raise PermanentError(f"webhook {self.account}: no reply_url is configured")
        now, body = self._clock.now(), json.dumps(reply.model_dump(mode="json", include=REPLY))
        values = (reply.id, str(int(now.timestamp())), self._keys[0].sign(reply.id, now, body))
        headers = {**dict(zip(SIGNED, values, strict=True)), "Content-Type": "application/json"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(self._config.timeout_seconds)) as session,
                session.post(self._config.reply_url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                status, wait = answer.status, answer.headers.get("Retry-After", "")
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise TransientError(f"webhook {self.account}: {type(error).__name__} at reply_url") from error
        if 200 <= status < 300:
            return Receipt(native_id=reply.id, sent_at=now, detail=f"HTTP {status}")
        sentence = f"webhook {self.account}: reply_url answered HTTP {status}"
        if status in (408, 425, 429) or status >= 500:
            raise TransientError(sentence, retry_after=retry_after_seconds(wait, now))
        raise PermanentError(sentence)

    async def health(self) -> Health:
        return Health(ok=True, detail=f"waits at /channels/webhook/{self.account}")

    async def close(self) -> None:
        """Nothing is held open."""


create = WebhookChannel
