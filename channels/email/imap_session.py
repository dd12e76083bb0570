# SPDX-License-Identifier: Apache-2.0
"""One logged-in IMAP session for asyncio: every command awaited, every failure a TransientError with a sentence."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import imaplib2
from imapclient import imap_utf7
from imapclient.exceptions import ProtocolError
from imapclient.response_parser import parse_fetch_response, parse_message_list

from channels.email.config import ImapSettings
from channels.email.imap_transport import ImapTransport, open_transport
from channels.email.threads import in_thread, post
from channels.email.tls import client_context, explain_tls
from router.errors import TransientError

__all__ = ["CREDENTIAL_RETRY_SECONDS", "ImapSession", "Selected", "quote_mailbox", "uid_set"]

CREDENTIAL_RETRY_SECONDS = 300.0  # a person must act first; knocking more often only locks the account
_UNASKED = frozenset((b"SEQ", b"FLAGS", b"MODSEQ"))  # what a server tells of its own accord; its key may be a number
_FETCH_SECONDS = 900.0  # for one whole command; silence is noticed much earlier by the transport
_T = TypeVar("_T")


@dataclass(frozen=True)
class Selected:
    """What the server says of a mailbox when it is opened."""

    uidvalidity: int
    uidnext: int  # 0: not said


def quote_mailbox(name: str) -> str:
    """A folder name as a quoted string in modified UTF-7 (RFC 3501 section 5.1.3).

    Raises:
        ValueError: The name holds a control character, which could start another command.
    """
    if not name or any(ord(char) < 32 or ord(char) == 127 for char in name):
        raise ValueError("a mailbox name is empty or holds control characters")
    return _quote(imap_utf7.encode(name).decode("ascii"))


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def uid_set(uids: Iterable[int]) -> str:
    """UIDs as a sequence set, runs joined: 1:3,7."""
    runs: list[list[int]] = []
    for uid in sorted(set(uids)):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in runs)


class ImapSession:
    """Use one at a time and from one task; ``open`` makes it, ``close`` ends it."""

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings
        self._server = f"{settings.host}:{settings.usual_port}"
        self._wire: ImapTransport | None = None
        self.abilities: frozenset[str] = frozenset()

    @classmethod
    async def open(cls, settings: ImapSettings) -> ImapSession:
        """Connect, encrypt, log in.

        Raises:
            TransientError: It did not work; the sentence says why and what to do.
        """
        session = cls(settings)
        try:
            await session._connect()
            await session._log_in()
        except BaseException:
            await session.close()
            raise
        return session

    async def _connect(self) -> None:
        settings = self._settings
        try:
            context = None if settings.tls == "none" else client_context(settings.ca_file)
        except OSError as error:
            raise TransientError(f"{self._server}: 'ca_file' cannot be used: {error.strerror or error}") from error

        made: list[ImapTransport] = []
        unwanted = threading.Event()

        def connect() -> ImapTransport:
            transport = open_transport(
                settings.host,
                settings.usual_port,
                context=context,
                starttls=settings.tls == "starttls",
                timeout=settings.timeout_seconds,
            )
            made.append(transport)
            if unwanted.is_set():
                transport.discard()
            return transport

        try:
            self._wire = await self._run("connecting", connect)
        except BaseException:
            unwanted.set()  # the thread may be about to succeed although nobody waits any more
            for transport in made:
                threading.Thread(target=transport.discard, name="imap-discard", daemon=True).start()
            raise

    async def _log_in(self) -> None:
        try:
            user, password = self._settings.user, self._settings.password.read().get_secret_value()
        except (OSError, KeyError, UnicodeDecodeError) as error:
            sentence = f"{self._server}: the password cannot be read: {type(error).__name__}: {error}"
            raise TransientError(sentence, retry_after=CREDENTIAL_RETRY_SECONDS) from error
        await self._refresh_abilities()
        if "AUTH=PLAIN" in self.abilities:
            answer = f"\0{user}\0{password}".encode()
            await self._run("log-in", lambda: self._open.authenticate("PLAIN", lambda _: answer), secret=True)
        elif "LOGINDISABLED" in self.abilities or not (user + password).isascii() or not password.isprintable():
            sentence = f"{self._server}: the server offers no log-in we can use (wanted: AUTH=PLAIN or LOGIN)"
            raise TransientError(sentence, retry_after=CREDENTIAL_RETRY_SECONDS)
        else:
            await self._run("log-in", lambda: self._open.login(_quote(user), password), secret=True)
        await self._refresh_abilities()

    async def _refresh_abilities(self) -> None:
        _, answer = await self._run("CAPABILITY", self._open_capability)
        self.abilities = frozenset(word.decode("ascii", "replace").upper() for word in (answer[-1] or b"").split())

    def _open_capability(self) -> Any:
        return self._open.capability()

    @property
    def _open(self) -> ImapTransport:
        if self._wire is None:
            raise TransientError(f"{self._server}: not connected")
        return self._wire

    async def select(self, mailbox: str, *, readonly: bool) -> Selected:
        """Open a mailbox; every later command works on it."""
        quoted = quote_mailbox(mailbox)
        status, _ = await self._run("SELECT", lambda: self._open.select(quoted, readonly))
        if status != "OK":
            raise TransientError(f"{self._server}: mailbox {mailbox!r} cannot be opened: check its name and rights")
        uidvalidity = self._untagged_number("UIDVALIDITY")
        if not uidvalidity:
            raise TransientError(f"{self._server}: the server gives mailbox {mailbox!r} no UIDVALIDITY")
        return Selected(uidvalidity=uidvalidity, uidnext=self._untagged_number("UIDNEXT"))

    def _untagged_number(self, name: str) -> int:
        _, values = self._open.response(name)
        last = values[-1]
        return int(last) if isinstance(last, bytes) and last.isdigit() else 0

    async def search(self, criteria: str) -> list[int]:
        """UIDs that meet ``criteria``, ascending."""
        status, lines = await self._run("SEARCH", lambda: self._open.uid("SEARCH", criteria))
        if status != "OK":
            raise TransientError(f"{self._server}: SEARCH was refused")
        found: set[int] = set()
        for line in lines:
            if line:
                found.update(self._parsed(lambda line=line: parse_message_list([line])))  # type: ignore[misc]
        return sorted(found)

    async def fetch(self, uids: Iterable[int], items: str) -> dict[int, dict[bytes, Any]]:
        """Items of messages by UID. What was deleted meanwhile is missing; what others changed is left out."""
        wanted = set(uids)
        status, lines = await self._run(
            "FETCH", lambda: self._open.uid("FETCH", uid_set(wanted), items), seconds=_FETCH_SECONDS
        )
        if status != "OK":
            raise TransientError(f"{self._server}: FETCH was refused")
        if lines == [None]:
            return {}
        # By UID and never by number: an EXPUNGE between two answers renumbers those after it (RFC 3501 section 7.4.1).
        parsed = self._parsed(lambda: parse_fetch_response(lines, normalise_times=False, uid_is_key=True))
        return {uid: entry for uid, entry in parsed.items() if uid in wanted and not entry.keys() <= _UNASKED}

    def _parsed(self, parse: Callable[[], _T]) -> _T:
        try:
            return parse()
        except (ProtocolError, ValueError) as error:
            raise TransientError(f"{self._server}: the server's answer cannot be read") from error

    async def store(self, uids: Iterable[int], flag: str) -> bool:
        """Add a flag or keyword; False if the server does not want to."""
        chosen = uid_set(uids)
        status, _ = await self._run("STORE", lambda: self._open.uid("STORE", chosen, "+FLAGS.SILENT", f"({flag})"))
        return bool(status == "OK")

    async def move(self, uids: Iterable[int], mailbox: str, *, before_removal: Callable[[], None]) -> bool:
        """Move messages, by MOVE or by COPY and removal; the folder is made if it is missing. False: refused.

        ``before_removal`` is called when the copy is there and the original too.
        """
        chosen, quoted = uid_set(uids), quote_mailbox(mailbox)
        verb = "MOVE" if "MOVE" in self.abilities else "COPY"
        if verb == "MOVE":
            before_removal()
        status, answer = await self._run(verb, lambda: self._open.uid(verb, chosen, quoted))
        if status != "OK" and b"[TRYCREATE]" in (answer[-1] or b"").upper():
            await self._run("CREATE", lambda: self._open.create(quoted))
            status, _ = await self._run(verb, lambda: self._open.uid(verb, chosen, quoted))
        if status != "OK" or verb == "MOVE":
            return bool(status == "OK")
        marked = await self.store(uids, r"\Deleted")
        before_removal()
        if marked and "UIDPLUS" in self.abilities:  # a plain EXPUNGE would remove what other people have marked
            await self._run("EXPUNGE", lambda: self._open.uid("EXPUNGE", chosen))
        return marked

    async def start_idle(self, seconds: float) -> asyncio.Future[None]:
        """Wait for news. The future ends with news, after ``seconds``, or by the next command."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        ended.add_done_callback(lambda future: future.cancelled() or future.exception())  # nobody may be waiting

        def callback(outcome: tuple[Any, Any, tuple[type[Exception], object] | None]) -> None:
            problem = outcome[2]
            error = None if problem is None else TransientError(f"{self._server}: connection lost while waiting")
            post(loop, ended, None, error)

        await self._run("IDLE", lambda: self._open.idle(timeout=max(1, round(seconds)), callback=callback))
        return ended

    def heard_of_new_mail(self) -> bool:
        """Whether the server mentioned new mail beside its answers since this was last asked; forgets all it said."""
        return any(kind == "EXISTS" for kind, _ in list(self._open.pop_untagged_responses()))

    async def close(self) -> None:
        """Log out politely within two seconds, then cut the line. Safe to call twice."""
        wire, self._wire = self._wire, None
        if wire is None:
            return
        cut = asyncio.get_running_loop().call_later(2.0, wire.abandon)
        try:
            with contextlib.suppress(Exception):  # the end of a connection: whatever it says, it is over
                async with asyncio.timeout(5.0):
                    await in_thread(wire.logout)
        finally:
            cut.cancel()
            wire.abandon()

    async def _run(
        self, what: str, function: Callable[[], _T], *, seconds: float | None = None, secret: bool = False
    ) -> _T:
        """Run a blocking command beside the loop; ``secret`` keeps the library's words out of the error."""
        patience = seconds or self._settings.timeout_seconds * 2 + 5
        try:
            async with asyncio.timeout(patience):  # wait_for of Python 3.11 may swallow a cancellation
                return await in_thread(function)
        except ssl.SSLError as error:
            raise TransientError(explain_tls(error, self._server), retry_after=60.0) from error
        except TimeoutError as error:
            self._abandon()
            raise TransientError(f"{self._server}: no answer in time ({what})") from error
        except imaplib2.IMAP4.abort as error:
            words = "" if secret else f": {error}"
            raise TransientError(f"{self._server}: connection lost ({what}){words}") from None
        except imaplib2.IMAP4.error as error:
            if secret:  # imaplib2 puts the whole command into its errors
                raise TransientError(_refused(self._server, error), retry_after=_patience_after(error)) from None
            raise TransientError(f"{self._server}: {what} failed: {error}") from error
        except OSError as error:
            raise TransientError(f"{self._server}: {what} failed: {error.strerror or error}") from error
        except UnicodeError as error:
            raise TransientError(f"{self._server}: {what}: a name or flag cannot be written in ASCII") from error

    def _abandon(self) -> None:
        if self._wire is not None:
            self._wire.abandon()


def _refused(server: str, error: Exception) -> str:
    if b"UNAVAILABLE" in _answer(error):
        return f"{server}: log-in is not possible at the moment, the server says"
    return f"{server}: log-in refused: check 'user' and 'password', and whether the account may use IMAP"


def _patience_after(error: Exception) -> float | None:
    return None if b"UNAVAILABLE" in _answer(error) else CREDENTIAL_RETRY_SECONDS


def _answer(error: Exception) -> bytes:
    first = error.args[0] if error.args else b""
    return first if isinstance(first, bytes) else b""
