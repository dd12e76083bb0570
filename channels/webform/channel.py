# SPDX-License-Identifier: Apache-2.0
"""Serves the form, takes it, and shows the reference as soon as the complaint is committed.

GET  /forms/<account>       the form; ?lang=fi chooses the language, ?embed=1 is for frames
GET  /forms/<account>.js    the script that puts the form into a page
POST /forms/<account>       a filled form (201 page) or application/json (201 {"reference"})
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import parse_qsl

import structlog
from aiohttp import web
from pydantic import ValidationError

from channels.pushed import Pushed
from channels.webform.config import Config
from channels.webform.guard import RateLimit, Stamps, network_of
from channels.webform.parse import FIELDS, AppSubmission, Submission, find_mistakes
from channels.webform.render import choose_language, content_security_policy, embed_script, render_form, render_sent
from router.errors import PermanentError, StoreError, UserInputError
from router.failpoints import failpoint
from router.interfaces import Capabilities, ChannelContext, Delivery, Health, WebRoute
from router.records import RawReceipt
from router.schema import RawMessage, Receipt, Reply, clean_text

__all__ = ["WebformChannel", "create"]

log = structlog.get_logger(__name__)

_SENTENCES = {  # for programs; people see texts.json
    "error_too_long": "too long",
    "error_text_missing": "required",
    "error_email": "not an e-mail address",
}


@dataclass(frozen=True)
class _Refusal:
    """Why a form is shown again; ``trouble`` and the values of ``mistakes`` are keys of texts.json."""

    stamp: str
    trouble: str = ""
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY
    mistakes: Mapping[str, str] = field(default_factory=dict)
    wait_seconds: float = 0


class WebformChannel:
    kind = "webform"
    capabilities = Capabilities(reply=())  # answers leave by Config.reply_via

    def __init__(self, account: str, config: Config, context: ChannelContext) -> None:
        self.account = account
        self._config = config.model_copy(update={"company": config.company or context.company})
        self._clock = context.clock
        # reference() is keyed alike in every process, and no source key begins like a stamp's text: so it can sign.
        self._stamps = Stamps(sign=context.reference, account=account)
        self._limit = RateLimit(count=config.per_address, per=timedelta(minutes=config.per_minutes))
        self._pushed = Pushed(seconds=config.commit_seconds)

    def routes(self) -> Sequence[WebRoute]:
        path = f"/forms/{self.account}"
        return [
            WebRoute("GET", path, self._show),
            WebRoute("GET", f"{path}.js", self._script),
            WebRoute("POST", path, self._take),
        ]

    def receive(self) -> AsyncIterator[Delivery]:
        return self._pushed.receive()

    async def send(self, reply: Reply) -> Receipt:
        raise PermanentError(f"form {self.account}: a form cannot be answered; reply {reply.id} needs reply_via")

    async def health(self) -> Health:
        return Health(ok=True, detail=f"waits at /forms/{self.account}")

    async def close(self) -> None:
        """Nothing is held open."""

    # --- the pages

    async def _show(self, request: web.Request) -> web.Response:
        form = render_form(
            self._language(request),
            self._config,
            stamp=self._stamps.issue(self._clock.now()),
            embedded=_is_embedded(request),
        )
        return self._html(form)

    async def _script(self, _: web.Request) -> web.Response:
        headers = {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
        return web.Response(text=embed_script(), content_type="text/javascript", charset="utf-8", headers=headers)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await self._body(request)
            if request.content_type == "application/json":
                return await self._take_json(request, body)
            return await self._take_form(request, _form_values(request, body))
        except UserInputError as error:
            return web.json_response({"error": str(error), "fields": error.fields}, status=error.status)

    async def _take_form(self, request: web.Request, values: dict[str, str]) -> web.StreamResponse:
        """Take the form, or show it again with what was typed and a sentence that says why."""
        language, embedded = self._language(request, values.get("language", "")), _is_embedded(request)
        outcome = await self._attempt(request, values, language)
        if isinstance(outcome, RawReceipt):
            failpoint("form.before_201")
            page = render_sent(language, self._config, reference=outcome.reference, values=values, embedded=embedded)
            return self._html(page, HTTPStatus.CREATED)
        page = render_form(
            language,
            self._config,
            stamp=outcome.stamp,
            embedded=embedded,
            values=values,
            mistakes=outcome.mistakes,
            trouble=outcome.trouble,
        )
        return self._html(page, outcome.status, wait=outcome.wait_seconds)

    async def _attempt(self, request: web.Request, values: dict[str, str], language: str) -> RawReceipt | _Refusal:
        now = self._clock.now()
        stamp = values.get("form", "")
        known = self._stamps.read(stamp, now)
        if known is None:
            stamp = self._stamps.issue(now)
        if mistakes := find_mistakes(values, max_text_chars=self._config.max_text_chars):
            return _Refusal(stamp, mistakes=mistakes)
        if known is None or known[1] < self._config.min_seconds or values.get("website"):
            return _Refusal(stamp, "error_again")
        if wait := self._limit.wait_seconds(self._network(request), now):
            return _Refusal(stamp, "error_many", HTTPStatus.TOO_MANY_REQUESTS, wait_seconds=wait)
        try:
            return await self._commit(_submission(values, language), known[0])
        except StoreError:
            log.warning("form_not_committed", account=self.account)
            return _Refusal(stamp, "error_busy", HTTPStatus.SERVICE_UNAVAILABLE)

    async def _take_json(self, request: web.Request, body: bytes) -> web.StreamResponse:
        form = _app_submission(body)
        values = form.model_dump()
        if mistakes := find_mistakes(values, max_text_chars=self._config.max_text_chars):
            raise UserInputError("wrong fields", fields={name: _SENTENCES[key] for name, key in mistakes.items()})
        if wait := self._limit.wait_seconds(self._network(request), self._clock.now()):
            headers = {"Retry-After": str(int(wait) + 1)}
            return web.json_response({"error": "too many from this address"}, status=429, headers=headers)
        try:
            receipt = await self._commit(_submission(values, form.language), f"app-{form.id or secrets.token_hex(12)}")
        except StoreError as error:
            raise UserInputError("not kept; send it again", status=503) from error
        failpoint("form.before_201")
        return web.json_response({"reference": receipt.reference}, status=201)

    # --- the parts

    async def _commit(self, submission: Submission, form_id: str) -> RawReceipt:
        """Hand the form to whoever runs ``receive`` and wait for the store's word.

        The key holds a digest beside the form's id: the same form sent twice is one message, while a form that was
        changed and sent again is another, so no words are lost.
        """
        body = submission.model_dump_json().encode()
        native_id = f"{form_id}-{hashlib.sha256(body).hexdigest()[:16]}"
        now = self._clock.now()
        raw = RawMessage(channel=self.kind, account=self.account, native_id=native_id, body=body, received_at=now)
        return await self._pushed.offer(raw)

    async def _body(self, request: web.Request) -> bytes:
        if "Content-Encoding" in request.headers:
            raise UserInputError("compressed bodies are not taken", status=415)
        limit = 12 * self._config.max_text_chars + 20_000  # every character of the longest text as %xx%xx%xx%xx
        try:
            async with asyncio.timeout(self._config.commit_seconds):
                return await request.clone(client_max_size=limit).read()
        except TimeoutError as error:
            raise UserInputError("the form came too slowly", status=408) from error

    def _network(self, request: web.Request) -> str:
        header = self._config.client_address_header
        entries = request.headers.getall(header, []) if header else []
        return network_of(entries[-1].rpartition(",")[2] if entries else request.remote or "")

    def _language(self, request: web.Request, chosen: str = "") -> str:
        asked = chosen or request.query.get("lang", "")
        return choose_language(asked, request.headers.get("Accept-Language", ""), self._config.language)

    def _html(self, page: str, status: HTTPStatus = HTTPStatus.OK, *, wait: float = 0) -> web.Response:
        headers = {
            "Content-Security-Policy": content_security_policy(self._config.allowed_origins),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }
        if wait:
            headers["Retry-After"] = str(int(wait) + 1)
        return web.Response(text=page, content_type="text/html", charset="utf-8", status=status, headers=headers)


def _is_embedded(request: web.Request) -> bool:
    return request.query.get("embed") == "1"


def _submission(values: Mapping[str, str], language: str) -> Submission:
    return Submission(**{name: values.get(name, "") for name in FIELDS}, language=language)


def _form_values(request: web.Request, body: bytes) -> dict[str, str]:
    """The first value of each field, line ends as we write them."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise UserInputError("send a form or application/json", status=415)
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
    except ValueError as error:
        raise UserInputError("too many fields", status=413) from error
    return {name: clean_text(value).replace("\r\n", "\n") for name, value in reversed(pairs)}


def _app_submission(body: bytes) -> AppSubmission:
    try:
        return AppSubmission.model_validate(json.loads(body.decode("utf-8-sig")))
    except ValidationError as error:
        wrong = {".".join(map(str, e["loc"]))[:200]: e["msg"] for e in error.errors(include_input=False)}
        raise UserInputError("wrong shape", fields=wrong) from None
    except (ValueError, RecursionError) as error:
        raise UserInputError("the body is not JSON", status=400) from error


create = WebformChannel
