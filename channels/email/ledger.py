# SPDX-License-Identifier: Apache-2.0
"""Which UIDs of a mailbox are done, so that the saved position never runs ahead of a commit. Pure bookkeeping."""

from __future__ import annotations

from collections.abc import Iterable

from router.schema import Frozen

__all__ = ["Ledger", "Position"]


class Position(Frozen):
    """What is saved: every UID up to ``uid`` is done. ``since`` bounds a new listing, as an IMAP date, or is empty."""

    uidvalidity: int
    uid: int
    since: str = ""


class Ledger:
    """Messages between "seen in the mailbox" and "stored, and the mailbox told"."""

    def __init__(self, position: Position) -> None:
        self._start = position
        self.listed = position.uid  # everything up to here was offered, is done, or is gone
        self._open: set[int] = set()
        self._acked: set[int] = set()

    @property
    def position(self) -> Position:
        uid = min(self._open, default=self.listed + 1) - 1
        return self._start.model_copy(update={"uid": min(uid, self.listed)})

    @property
    def acked(self) -> list[int]:
        """Stored, and the mailbox does not know it yet."""
        return sorted(self._acked)

    def offer(self, uid: int) -> None:
        """A message is handed out; it holds the position until it is finished."""
        self._open.add(uid)

    def pass_by(self, uids: Iterable[int]) -> None:
        """Everything up to the highest of these has been looked at."""
        self.listed = max(self.listed, max(uids, default=0))

    def ack(self, uid: int) -> None:
        """A message is stored. An unknown UID, or a second call, changes nothing."""
        if uid in self._open:
            self._acked.add(uid)

    def finish(self, uids: Iterable[int]) -> None:
        """The mailbox has been told."""
        done = set(uids)
        self._acked -= done
        self._open -= done
