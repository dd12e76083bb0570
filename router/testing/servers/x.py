# SPDX-License-Identifier: Apache-2.0
"""A small server on loopback that speaks version 2 of the X API, for tests and for trying a configuration without X."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from types import TracebackType
from typing import Any
from urllib.parse import quote, unquote

from aiohttp import web

__all__ = ["KEYS", "XServer"]

SIGNED_HOST = "https://api.twitter.com"  # what tweepy signs, wherever the request is sent
KEYS = {
    "consumer_key": "loopback-consumer",
    "consumer_secret": "loopback-consumer-secret",
    "access_token": "42-loopback-access",
    "access_token_secret": "loopback-access-secret",
    "bearer_token": "loopback-bearer",
}


class XServer:
    """Speaks users/me, mentions, dm_events, the filtered stream, and takes posts and direct messages.

    Use as an async context manager; ``base_url`` goes into the channel's configuration and ``KEYS`` are the keys it
    accepts, with their OAuth 1.0a signatures checked. ``posted`` and ``directed`` hold what was taken.
    """

    def __init__(self, *, port: int = 0, page_size: int = 100) -> None:
        self.base_url = ""
        self.me = {"id": "42", "name": "Acme help", "username": "acme_example"}
        self.posted: list[dict[str, Any]] = []
        self.directed: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.rules: list[dict[str, str]] = []
        self.listeners: set[web.StreamResponse] = set()
        self._port, self._page_size = port, page_size
        self._next = 1_890_000_000_000_000_000  # beyond 2^53, as real ones are
        self._posts: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []
        self._users: dict[str, dict[str, str]] = {"42": self.me}
        self._answers: list[tuple[str, int, Any, dict[str, str]]] = []
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> XServer:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> XServer:
        """Listen on loopback."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._call)
        # Cancelling the handlers lets the server stop while a stream is open.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}"
        return self

    async def stop(self) -> None:
        """Listen no more; safe to call twice."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # --- what the world does ---------------------------------------------------------------------------------

    def person(self, number: str = "77", name: str = "Marko", username: str = "marko_example") -> str:
        """Make somebody known; the value is the id."""
        self._users[number] = {"id": number, "name": name, "username": username}
        return number

    async def mention(self, text: str, *, author: str = "77", quiet: bool = False, **more: Any) -> dict[str, Any]:
        """Somebody posts ``text``: the stream has it at once unless ``quiet``, polls find it later."""
        if author not in self._users:
            self.person(author)
        native = str(more.pop("id", None) or self._new_id())
        post = {
            "id": native, "text": text, "author_id": author, "conversation_id": native, "lang": "en",
            "created_at": "2026-03-02T09:00:00.000Z", "edit_history_tweet_ids": [native],
        } | more  # fmt: skip
        self._posts.append(post)
        if not quiet:
            line = self._page([post]) | {"data": post, "matching_rules": [{"id": "1", "tag": "complaint-router"}]}
            await self.write_line(json.dumps(line).encode())
        return post

    def direct_message(self, text: str, *, sender: str = "77", **more: Any) -> dict[str, Any]:
        """Somebody writes to us in private."""
        if sender not in self._users:
            self.person(sender)
        event = {
            "id": str(self._new_id()), "event_type": "MessageCreate", "text": text, "sender_id": sender,
            "dm_conversation_id": f"42-{sender}", "created_at": "2026-03-02T09:00:00.000Z",
            "participant_ids": ["42", sender],
        } | more  # fmt: skip
        self._events.append(event)
        return event

    async def write_line(self, line: bytes) -> None:
        """Write a line to every open stream."""
        for listener in list(self.listeners):
            await listener.write(line + b"\r\n")

    def cut_streams(self) -> None:
        """Break the connection of every open stream."""
        for listener in list(self.listeners):
            _hang_up(listener)

    # --- what goes wrong -------------------------------------------------------------------------------------

    def answer_next(self, path: str, status: int, answer: Any = None, **headers: str) -> None:
        """Answer the next call of a path that ends so with this status and JSON (or bytes) instead of the truth."""
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers.append(
            (path, status, answer if answer is not None else {"title": "x", "status": status}, spelled)
        )

    def hang_up_next(self, path: str) -> None:
        """Take the next call of ``path`` and close the connection without an answer."""
        self.answer_next(path, 0)

    def stall_next(self, path: str) -> None:
        """Take the next call of ``path`` and never answer."""
        self.answer_next(path, -1)

    # --- the API ---------------------------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.calls.append(f"{request.method} {path}")
        body = await request.json() if request.can_read_body else {}
        for index, (ending, status, answer, headers) in enumerate(self._answers):
            if path.endswith(ending):
                del self._answers[index]
                return await _prepared(request, status, answer, headers)
        if not self._is_known(request):
            problem = {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}
            return web.json_response(problem, status=401)
        if path == "/2/tweets/search/stream":
            return await self._stream(request)
        answer = self._answer(request, body)
        if answer is None:
            return web.json_response({"title": "Not Found", "status": 404}, status=404)
        return web.json_response(answer, status=201 if request.method == "POST" else 200)

    def _answer(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any] | None:
        answer: dict[str, Any] | None = None
        match request.method, request.path.strip("/").split("/")[1:]:
            case "GET", ["users", "me"]:
                answer = {"data": self.me}
            case "GET", ["users", "42", "mentions"]:
                since = int(request.query.get("since_id", 0))
                answer = self._paged([post for post in self._posts if int(post["id"]) > since], request)
            case "GET", ["dm_events"]:
                answer = self._paged(self._events, request)
            case "POST", ["tweets"]:
                self.posted.append(body)
                answer = {"data": {"id": str(self._new_id()), "text": body["text"]}}
            case "POST", ["dm_conversations", *where, "messages"]:
                self.directed.append(body | {"to": "/".join(where)})
                answer = {"data": {"dm_conversation_id": where[-1], "dm_event_id": str(self._new_id())}}
            case "GET" | "POST", ["tweets", "search", "stream", "rules"]:
                self.rules += [{"id": str(self._new_id())} | rule for rule in body.get("add", [])]
                answer = {"data": self.rules, "meta": {}}
        return answer

    def _paged(self, found: list[dict[str, Any]], request: web.Request) -> dict[str, Any]:
        """Newest first, a page at a time, with a token for the next."""
        newest = sorted(found, key=lambda item: int(item["id"]), reverse=True)
        start = int(request.query.get("pagination_token", "p0")[1:])
        size = min(int(request.query.get("max_results", 10)), self._page_size)
        page = newest[start : start + size]
        meta: dict[str, Any] = {"result_count": len(page)}
        if start + size < len(newest):
            meta["next_token"] = f"p{start + size}"
        return (self._page(page) if page else {}) | {"meta": meta}

    def _page(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        people = {str(item.get("author_id", item.get("sender_id"))) for item in items} & self._users.keys()
        return {"data": items, "includes": {"users": [self._users[person] for person in sorted(people)]}}

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        response["transport"] = request.transport
        self.listeners.add(response)
        try:
            while True:
                await response.write(b"\r\n")
                await asyncio.sleep(10)
        finally:
            self.listeners.discard(response)

    def _is_known(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "")
        if given == f"Bearer {KEYS['bearer_token']}":
            return request.path.startswith("/2/tweets/search/stream")
        return given.startswith("OAuth ") and _is_signed(request, given)

    def _new_id(self) -> int:
        self._next += 1
        return self._next


def _is_signed(request: web.Request, authorization: str) -> bool:
    """Check an OAuth 1.0a signature (RFC 5849 section 3.4)."""
    pairs = (part.strip().split("=", 1) for part in authorization.removeprefix("OAuth ").split(","))
    given = {name: unquote(value.strip('"')) for name, value in pairs}
    signature = given.pop("oauth_signature", "")
    signed = [*given.items(), *request.query.items()]
    parameters = "&".join(f"{name}={value}" for name, value in sorted((_escape(n), _escape(v)) for n, v in signed))
    where = SIGNED_HOST + request.rel_url.raw_path
    base = "&".join(_escape(part) for part in (request.method, where, parameters))
    key = f"{_escape(KEYS['consumer_secret'])}&{_escape(KEYS['access_token_secret'])}"
    wanted = base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha1")).decode()
    fresh = abs(time.time() - int(given.get("oauth_timestamp", 0))) < 300
    return fresh and given.get("oauth_token") == KEYS["access_token"] and hmac.compare_digest(signature, wanted)


def _escape(text: str) -> str:
    return quote(text, safe="~")


async def _prepared(request: web.Request, status: int, answer: Any, headers: dict[str, str]) -> web.StreamResponse:
    if status < 0:
        await asyncio.Event().wait()
    if status == 0:
        if request.transport is not None:
            request.transport.close()
        return web.Response()
    if isinstance(answer, bytes):
        return web.Response(status=status, body=answer, headers=headers, content_type="text/html")
    return web.json_response(answer, status=status, headers=headers)


def _hang_up(listener: web.StreamResponse) -> None:
    transport = listener["transport"]
    if transport is not None:
        transport.close()
