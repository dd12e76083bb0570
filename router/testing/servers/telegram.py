# SPDX-License-Identifier: Apache-2.0
"""A small Telegram Bot API server on loopback, for tests and for trying a configuration without Telegram."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web

__all__ = ["TelegramServer"]

TOKEN = "110201543:loopback-token-of-no-bot"


class TelegramServer:
    """Speaks getMe, getUpdates, sendMessage, setWebhook and deleteWebhook as the Bot API does.

    Use as an async context manager; ``base_url`` goes into the channel's configuration. ``sent`` holds the
    parameters of each message taken; ``calls`` the name of each method called; ``webhook`` what was set.
    """

    def __init__(self, token: str = TOKEN, *, port: int = 0) -> None:
        self.token = token
        self.base_url = ""
        self.sent: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.webhook: dict[str, Any] = {}
        self._port = port
        self._updates: list[Any] = []
        self._next_update = 1000
        self._next_message = 1
        self._answers: list[tuple[str, int, Any]] = []
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> TelegramServer:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> TelegramServer:
        """Listen on loopback."""
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        # Cancelling the handlers lets the server stop while a poll is held open.
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

    def message(self, text: str, *, chat_id: int = 501, name: str = "Aino", **more: Any) -> dict[str, Any]:
        """A new private text message as Telegram would describe it; ``more`` replaces or adds fields."""
        self._next_message += 1
        person = {"id": chat_id, "is_bot": False, "first_name": name, "language_code": "fi"}
        chat = {"id": chat_id, "type": "private", "first_name": name}
        base = {"message_id": self._next_message, "date": int(time.time()), "chat": chat, "from": person, "text": text}
        return base | more

    def update(self, **content: Any) -> dict[str, Any]:
        """The next update, with the given content, such as ``message=server.message("...")``."""
        self._next_update += 1
        return {"update_id": self._next_update} | content

    async def push(self, update: Any) -> Any:
        """Make an update wait for the bot's next poll."""
        async with self._changed:
            self._updates.append(update)
            self._changed.notify_all()
        return update

    async def post(self, update: Any, *, url: str = "", secret: str | None = None) -> int:
        """Post an update (or raw bytes) to the bot's webhook; the status of its answer."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
        body: dict[str, Any] = {"data": update} if isinstance(update, bytes) else {"json": update}
        async with (
            ClientSession(timeout=ClientTimeout(total=60)) as session,
            session.post(url or self.webhook["url"], headers=headers, **body) as answer,
        ):
            return answer.status

    @property
    def waiting(self) -> list[Any]:
        """Updates the bot has not confirmed."""
        return list(self._updates)

    # --- what goes wrong -------------------------------------------------------------------------------------

    def answer_next(self, method: str, status: int, answer: Any) -> None:
        """Answer the next call of ``method`` with this status and JSON (or bytes) instead of the truth."""
        self._answers.append((method.lower(), status, answer))

    def fail_next(self, method: str, status: int, description: str, **parameters: int) -> None:
        """Refuse the next call of ``method`` in the Bot API's form."""
        answer: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
        self.answer_next(method, status, answer | ({"parameters": parameters} if parameters else {}))

    def hang_up_next(self, method: str) -> None:
        """Take the next call of ``method`` and close the connection without an answer."""
        self.answer_next(method, 0, None)

    def stall_next(self, method: str) -> None:
        """Take the next call of ``method`` and never answer."""
        self.answer_next(method, -1, None)

    # --- the Bot API -----------------------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        given = dict(await request.post()) if request.method == "POST" else dict(request.query)
        self.calls.append(method)
        for index, (wanted, status, answer) in enumerate(self._answers):
            if wanted == method:
                del self._answers[index]
                return await self._prepared(request, status, answer)
        if request.match_info["token"] != self.token:
            return _json({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
        result = await self._result(method, given)
        if result is None:
            return _json({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        return _json({"ok": True, "result": result})

    async def _prepared(self, request: web.Request, status: int, answer: Any) -> web.StreamResponse:
        if status < 0:
            await asyncio.Event().wait()
        if status == 0:
            if request.transport is not None:
                request.transport.close()
            return web.Response()
        if isinstance(answer, bytes):
            return web.Response(status=status, body=answer)
        return _json(answer, status=status)

    async def _result(self, method: str, given: dict[str, Any]) -> Any:
        match method:
            case "getme":
                return {"id": 110201543, "is_bot": True, "first_name": "Complaints", "username": "complaints_bot"}
            case "getupdates":
                return await self._poll(given)
            case "sendmessage":
                self.sent.append(given)
                self._next_message += 1
                chat = {"id": int(given["chat_id"]), "type": "private", "first_name": "Aino"}
                return {
                    "message_id": self._next_message, "date": int(time.time()), "chat": chat, "text": given["text"],
                }  # fmt: skip
            case "setwebhook":
                self.webhook = given
                return True
            case "deletewebhook":
                self.webhook = {}
                return True
        return None

    async def _poll(self, given: dict[str, Any]) -> list[Any]:
        """Forget what the offset confirms, then wait for an update (Bot API, getUpdates)."""
        offset = int(given.get("offset", 0))
        async with self._changed:
            self._updates = [u for u in self._updates if not _before(u, offset)]
            try:
                async with asyncio.timeout(float(given.get("timeout", 0))):
                    await self._changed.wait_for(lambda: bool(self._updates))
            except TimeoutError:
                return []
            return self._updates[: int(given.get("limit", 100))]


def _before(update: Any, offset: int) -> bool:
    return isinstance(update, dict) and isinstance(update.get("update_id"), int) and update["update_id"] < offset


def _json(answer: Any, *, status: int = 200) -> web.Response:
    return web.json_response(answer, status=status)
