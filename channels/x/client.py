# SPDX-License-Identifier: Apache-2.0
"""The only module that imports tweepy: one account's calls, with every error in the product's own words."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import tweepy
from tweepy.asynchronous import AsyncClient, AsyncStreamingClient
from yarl import URL

from channels.x.config import Config
from channels.x.errors import CREDENTIAL_SECONDS, by_status
from channels.x.render import DirectMessage as Direct
from channels.x.render import Post
from router.errors import PermanentError, SendError, TransientError, UnknownOutcome
from router.interfaces import Clock

__all__ = ["XClient", "translate"]

# What a document needs to be read on its own later.
POST_FIELDS = {
    "expansions": "author_id,attachments.media_keys,referenced_tweets.id,entities.mentions.username",
    "tweet_fields": "attachments,author_id,conversation_id,created_at,edit_history_tweet_ids,entities,"
    "in_reply_to_user_id,lang,note_tweet,referenced_tweets",
    "user_fields": "id,name,username",
    "media_fields": "alt_text,media_key,preview_image_url,type,url,variants",
}
DIRECT_FIELDS = {
    "expansions": "sender_id,attachments.media_keys,participant_ids",
    "dm_event_fields": "attachments,created_at,dm_conversation_id,entities,event_type,participant_ids,sender_id,text",
    "user_fields": "id,name,username",
    "media_fields": "alt_text,media_key,preview_image_url,type,url,variants",
}

_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_UNREADABLE = (AttributeError, KeyError, LookupError, TypeError, ValueError)


class _Session:
    """An aiohttp session as tweepy uses one, which may send what is meant for X to another address.

    tweepy has the address in its code. aiohttp's sessions must not be subclassed, so this one holds one.
    """

    def __init__(self, base_url: str | None, timeout: aiohttp.ClientTimeout) -> None:
        # One connection a request: a reused one may be closed under a post, whose outcome nobody would know.
        connector = aiohttp.TCPConnector(force_close=True)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, read_bufsize=2**20)
        self._base = URL(base_url) if base_url else None

    @property
    def headers(self) -> Any:
        return self._session.headers

    @property
    def closed(self) -> bool:
        return self._session.closed

    def request(self, method: str, url: str | URL, **more: Any) -> Any:
        where = URL(url, encoded=True) if isinstance(url, str) else url
        if self._base is not None:
            path = self._base.raw_path.rstrip("/") + where.raw_path
            query = f"?{where.raw_query_string}" if where.raw_query_string else ""
            where = URL(f"{self._base.origin()}{path}{query}", encoded=True)
        return self._session.request(method, where, **more)

    async def close(self) -> None:
        await self._session.close()


class XClient:
    """One account. Every method raises SendError kinds only; their sentences hold no key and no customer text."""

    def __init__(self, config: Config, clock: Clock) -> None:
        # These write keys, signatures or the texts of posts at debug.
        for name in ("tweepy", "oauthlib", "requests_oauthlib"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._config = config
        self._clock = clock
        self._session: _Session | None = None
        self._client: Any = None
        self._user: tuple[str, str] | None = None

    async def me(self, *, fresh: bool = False) -> tuple[str, str]:
        """Our own id and handle; asked once unless ``fresh``."""
        if self._user is None or fresh:
            answer = await self._call(lambda client: client.get_me(user_auth=True))
            user = answer.get("data")
            if not isinstance(user, dict) or not isinstance(user.get("id"), str):
                raise UnknownOutcome("X did not say who we are")
            self._user = (user["id"], str(user.get("username", "")))
        return self._user

    async def mentions(self, *, since: str | None, page: str | None) -> dict[str, Any]:
        """One page of posts that mention us, newest first."""
        person, _ = await self.me()
        found = {"since_id": since, "pagination_token": page, "max_results": 100, **POST_FIELDS}
        return await self._call(lambda client: client.get_users_mentions(person, user_auth=True, **_given(found)))

    async def direct_messages(self, *, page: str | None) -> dict[str, Any]:
        """One page of direct-message events, newest first; X has no way to ask for those after an id."""
        found = {"event_types": "MessageCreate", "pagination_token": page, "max_results": 100, **DIRECT_FIELDS}
        return await self._call(lambda client: client.get_direct_message_events(user_auth=True, **_given(found)))

    async def post(self, post: Post) -> str:
        """Answer a post in public; the id of the answer."""
        answer = await self._call(
            lambda client: client.create_tweet(text=post.text, in_reply_to_tweet_id=post.answered, user_auth=True)
        )
        return _made(answer, "id")

    async def direct(self, message: Direct) -> str:
        """Write a direct message; the id of its event."""
        where = (
            {"dm_conversation_id": message.conversation} if message.conversation else {"participant_id": message.person}
        )
        answer = await self._call(
            lambda client: client.create_direct_message(text=message.text, user_auth=True, **where)
        )
        return _made(answer, "dm_event_id")

    async def stream(self, rule: str, take: Callable[[bytes], Awaitable[None]], connected: Callable[[], None]) -> None:
        """Make sure that the rule stands, then hand over each line until the connection ends, which is an error."""
        async with self._translated():
            token = _secret(self._config.bearer_token)
            tag = "complaint-router"
            async with asyncio.timeout(self._config.request_seconds * 3):
                rules = _Stream(token, return_type=dict)
                rules.session = self._new_session()
                try:
                    standing = (await rules.get_rules()).get("data") or []
                    if not any(known.get("value") == rule for known in standing):
                        await rules.add_rules(tweepy.StreamRule(rule, tag))
                finally:
                    await rules.session.close()
            stream = _Stream(token, take=take, connected=connected)
            # X sends an empty line every 20 seconds; silence beyond that is a dead connection.
            stream.session = self._new_session(aiohttp.ClientTimeout(total=None, sock_connect=20, sock_read=45))
            task = stream.filter(**POST_FIELDS)
            try:
                # Not awaited itself: tweepy swallows the cancellation of its task.
                await asyncio.wait({task})
            finally:
                task.cancel()
                await asyncio.wait({task})
            if stream.ended is not None:
                raise stream.ended
        raise TransientError("the stream ended")

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        session, self._session, self._client = self._session, None, None
        if session is not None:
            await session.close()

    async def _call(self, call: Callable[[Any], Awaitable[Any]]) -> dict[str, Any]:
        async with self._translated(), asyncio.timeout(self._config.request_seconds * 1.5):
            answer = await call(self._open())
            if not isinstance(answer, dict):
                raise UnknownOutcome("X answered in a form that cannot be read")
            return answer

    def _open(self) -> Any:
        if self._client is None:
            keys = (self._config.consumer_key, self._config.consumer_secret, self._config.access_token)
            # wait_on_rate_limit stays off: with OAuth 1.0a tweepy 4.17 repeats the request with wrong arguments.
            self._client = AsyncClient(
                None, *map(_secret, keys), _secret(self._config.access_token_secret), return_type=dict
            )
            self._client.session = self._session = self._new_session()
        return self._client

    def _new_session(self, timeout: aiohttp.ClientTimeout | None = None) -> _Session:
        timeout = timeout or aiohttp.ClientTimeout(total=self._config.request_seconds, sock_connect=10)
        return _Session(self._config.base_url, timeout)

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        try:
            yield
        except SendError:
            raise
        except (tweepy.TweepyException, aiohttp.ClientError, TimeoutError, *_UNREADABLE) as exc:
            # Not chained: the library's sentences hold addresses with ids, and whatever X wrote back.
            raise translate(exc, now=self._clock.now().timestamp()) from None


class _Stream(AsyncStreamingClient):  # type: ignore[misc]  # tweepy has no types
    """tweepy's stream without its own reconnects and logs: whatever ends it is kept in ``ended``."""

    def __init__(self, token: str, *, take: Any = None, connected: Any = None, **more: Any) -> None:
        super().__init__(token, max_retries=0, **more)
        self.ended: Exception | None = None
        self._take, self._connected = take, connected

    async def on_data(self, raw_data: bytes) -> None:
        await self._take(raw_data)

    async def on_request_error(self, status_code: int) -> None:
        raise by_status(status_code)

    async def on_connection_error(self) -> None:
        raise TransientError("the stream's connection broke")

    async def on_closed(self, resp: Any) -> None:
        raise TransientError("X closed the stream")

    async def on_exception(self, exception: Exception) -> None:
        self.ended = exception

    async def on_connect(self) -> None:
        self._connected()

    async def on_disconnect(self) -> None:
        pass

    async def on_keep_alive(self) -> None:
        pass


def translate(exc: BaseException, *, now: float) -> SendError:
    """Say what an error below us means. ``now`` is Unix time, to turn the end of a rate limit into a wait."""
    name = type(exc).__name__
    if isinstance(exc, tweepy.TooManyRequests):
        wait = exc.reset_time - now + 1 if isinstance(exc.reset_time, int) else None
        return by_status(429, wait=wait)
    if isinstance(exc, tweepy.HTTPException):
        said = " ".join(message for message in exc.api_messages if isinstance(message, str))
        return by_status(getattr(exc.response, "status", 0), said=said)
    if isinstance(exc, aiohttp.ContentTypeError):  # an error page where JSON was due; the status tells nonetheless
        return UnknownOutcome("X answered in a form that cannot be read") if exc.status < 400 else by_status(exc.status)
    if isinstance(exc, _NOT_SENT):
        return TransientError(f"X cannot be reached: {name}")
    return UnknownOutcome(f"X did not answer in order: {name}")


def _secret(secret: Any) -> str:
    try:
        return str(secret.read().get_secret_value())
    except (OSError, KeyError, UnicodeDecodeError) as exc:
        raise TransientError(
            f"a key for X cannot be read: {type(exc).__name__}", retry_after=CREDENTIAL_SECONDS
        ) from exc


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _made(answer: dict[str, Any], key: str) -> str:
    made = answer.get("data")
    native = made.get(key) if isinstance(made, dict) else None
    if isinstance(native, str) and native:
        return native
    if answer.get("errors") and made is None:
        raise PermanentError("X took the request and refused the message")
    raise UnknownOutcome("X answered without the id of what was sent")
