# SPDX-License-Identifier: Apache-2.0
"""Large raw messages as files named by their digest; small ones stay in the database with their row."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from router.errors import StoreError
from router.failpoints import failpoint

__all__ = ["INLINE_BYTES", "RawFiles"]

INLINE_BYTES = 256 * 1024


class RawFiles:
    """A folder of immutable files, ``ab/abcdef…``; a file is complete and durable before its row is committed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def put(self, digest: str, body: bytes) -> None:
        """Write once: temporary name, sync, rename, sync of the folder. Harmless to repeat.

        Raises:
            StoreError: The disk is full or refuses; nothing was kept.
        """
        target = self.path(digest)
        draft = target.with_name(f".{digest}.{secrets.token_hex(4)}")
        try:
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                self._write(draft, body)
                draft.rename(target)
                failpoint("raw.after_rename")
            self._sync_folders(target)  # also for a file that is there: who renamed it may not have come this far
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise StoreError(f"a large message cannot be kept: {error.strerror}") from error

    @staticmethod
    def _write(draft: Path, body: bytes) -> None:
        with draft.open("wb") as file:
            file.write(body)
            failpoint("raw.after_write")
            file.flush()
            failpoint("raw.before_fsync")
            os.fsync(file.fileno())
        failpoint("raw.before_rename")

    def _sync_folders(self, target: Path) -> None:
        """A new name lasts only when its folder is synced, and the folder's own name when its parent is."""
        for folder in (target.parent, self._folder, self._folder.parent):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def get(self, digest: str) -> bytes:
        """Raises StoreError when the file is gone."""
        try:
            return self.path(digest).read_bytes()
        except OSError as error:
            raise StoreError(f"raw file {digest[:12]}… cannot be read: {error.strerror}") from error
