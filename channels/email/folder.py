# SPDX-License-Identifier: Apache-2.0
"""Mail from files: a maildir, an mbox, a folder of .eml files; once for a command, or again and again as a source."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import structlog

from channels.email.config import FolderSettings
from channels.email.source import KIND, Offer, State
from router.interfaces import ChannelContext, Delivery, Health
from router.records import RawReceipt
from router.schema import RawMessage

__all__ = ["FolderSource", "content_id", "read_messages"]

log = structlog.get_logger(__name__)

# The line before each message of an mbox (RFC 4155, appendix A): words of a body rarely hold a weekday and a year.
_SEPARATOR = re.compile(
    rb"From [^\r\n]{0,300}?\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b[^\r\n]{0,60}\b\d{4}\b[^\r\n]{0,40}\r?\n?"
)
_ESCAPED = re.compile(rb">+From ")
_REFUSED_RETRY_SECONDS = 30.0


def content_id(body: bytes) -> str:
    """The native id of mail from files: files have no lasting name, their bytes do."""
    return f"sha256-{hashlib.sha256(body).hexdigest()}"


def read_messages(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every message below ``path`` with a name for people: a file, an mbox, a maildir or a folder of them, in order.

    Hidden files are left out. A file is an mbox if it begins with a separator line and is not named ``.eml``.

    Raises:
        OSError: Something cannot be read; names the file.
    """
    if path.is_dir():
        for entry in sorted(path.iterdir()):
            if not entry.name.startswith(".") and not (entry.name == "tmp" and _is_maildir(path)):
                yield from read_messages(entry)
        return
    with path.open("rb") as file:
        if path.suffix.casefold() != ".eml" and _SEPARATOR.fullmatch(file.readline(1000)):
            file.seek(0)
            for number, body in enumerate(_split_mbox(file), start=1):
                yield f"{path}#{number}", body
        else:
            file.seek(0)
            yield str(path), file.read()


def _is_maildir(path: Path) -> bool:
    return (path / "new").is_dir() and (path / "cur").is_dir()


def _split_mbox(file: BinaryIO) -> Iterator[bytes]:
    """Messages of an mbox: separators need a blank line before them; one level of ``>From`` is taken away."""
    lines: list[bytes] = []
    after_blank, begun = True, False
    for line in file:
        if after_blank and _SEPARATOR.fullmatch(line):
            if begun:
                yield _joined(lines)
            lines, begun = [], True
        else:
            lines.append(line[1:] if _ESCAPED.match(line) else line)
        after_blank = line in (b"\n", b"\r\n")
    if begun:
        yield _joined(lines)


def _joined(lines: list[bytes]) -> bytes:
    if lines and lines[-1] in (b"\n", b"\r\n"):  # belongs to the next separator
        lines.pop()
    return b"".join(lines)


class FolderSource:
    """One path of one account, looked at every few seconds."""

    def __init__(self, account: str, settings: FolderSettings, context: ChannelContext) -> None:
        self._account, self._settings, self._context = account, settings, context
        self._state = State()
        self._offered: dict[str, tuple[int, int]] = {}  # place to (size, time of change) of what is out or done
        self._done: set[str] = set()  # native ids stored while we run
        self._too_large = 0

    @property
    def name(self) -> str:
        return f"folder {self._settings.path}"

    async def run(self, offer: Offer) -> None:
        """Look again and again until cancelled; see ``Source.run``."""
        self._offered.clear()
        self._state.running = True
        try:
            while True:
                try:
                    await self._look(offer)
                    self._tell(ok=True, detail="readable")
                except OSError as error:
                    self._tell(ok=False, detail=f"cannot be read: {error.strerror or error}: check path and rights")
                    log.warning("folder_failed", account=self._account)
                await self._context.clock.sleep(self._settings.poll_seconds)
        finally:
            self._state.running = False

    async def health(self) -> Health:
        known = self._state.health
        if known is not None:
            return known
        there = await asyncio.to_thread(self._settings.path.exists)
        return Health(ok=there, detail=f"{self.name}: {'readable' if there else 'does not exist'}")

    def _tell(self, *, ok: bool, detail: str) -> None:
        if self._too_large:
            detail += f"; {self._too_large} messages over {self._settings.max_message_bytes} bytes were left there"
        self._state.tell(ok=ok, detail=f"{self.name}: {detail}", now=self._context.clock.now())

    async def _look(self, offer: Offer) -> None:
        for place in await asyncio.to_thread(self._places):
            stamp = await asyncio.to_thread(_stamp, place)
            if stamp is None or self._offered.get(str(place)) == stamp:
                continue
            self._offered[str(place)] = stamp
            messages = iter(read_messages(place))
            while (found := await asyncio.to_thread(next, messages, None)) is not None:
                await self._offer_one(offer, place, found[1])

    async def _offer_one(self, offer: Offer, place: Path, body: bytes) -> None:
        native_id = content_id(body)
        if len(body) > self._settings.max_message_bytes:
            self._too_large += 1
            log.warning("folder_message_too_large", account=self._account, size=len(body))
        elif native_id in self._done and self._leaves(place):
            return
        else:
            await offer(self._delivery(place, body, native_id))

    def _delivery(self, place: Path, body: bytes, native_id: str) -> Delivery:
        async def ack(_: RawReceipt) -> None:
            self._done.add(native_id)
            if not self._leaves(place):
                await asyncio.to_thread(self._move, place)

        async def refuse(_: Exception) -> None:
            asyncio.get_running_loop().call_later(_REFUSED_RETRY_SECONDS, lambda: self._offered.pop(str(place), None))

        raw = RawMessage(
            channel=KIND,
            account=self._account,
            native_id=native_id,
            body=body,
            received_at=self._context.clock.now(),
        )
        return Delivery(raw, ack, refuse)

    # --- files, in a thread ---------------------------------------------------------------------------------------

    def _places(self) -> list[Path]:
        """Files to read now, in order."""
        path = self._settings.path
        if self._kind() == "mbox":
            return [path]
        folder = path / "new" if self._kind() == "maildir" else path
        return sorted(
            entry
            for entry in folder.iterdir()
            if entry.is_file()
            and not entry.name.startswith(".")
            and (self._kind() == "maildir" or entry.suffix.casefold() == ".eml")
        )

    def _kind(self) -> str:
        if self._settings.format != "auto":
            return self._settings.format
        if not self._settings.path.is_dir():
            return "mbox"
        return "maildir" if _is_maildir(self._settings.path) else "eml"

    def _leaves(self, place: Path) -> bool:
        return self._settings.after == "leave" or place == self._settings.path

    def _move(self, place: Path) -> None:
        """Out of the way, in the manner of the format; a file that is gone already is fine."""
        if self._kind() == "maildir":
            target = self._settings.path / "cur" / f"{place.name.partition(':')[0]}:2,"
        else:
            target = self._settings.path / "done" / place.name
            target.parent.mkdir(exist_ok=True)
        try:
            place.rename(target)
        except FileNotFoundError:
            log.debug("folder_file_gone", account=self._account)


def _stamp(place: Path) -> tuple[int, int] | None:
    try:
        status = place.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns
