# SPDX-License-Identifier: Apache-2.0
"""Large raw messages as files named by their digest; small ones stay in the database with their row."""

from __future__ import annotations

import os
import secrets
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
        """Write once: temporary name, sync, rename, sync of the folder. Harmless to repeat."""
        target = self.path(digest)
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{digest}.{secrets.token_hex(4)}")
        with draft.open("wb") as file:
            file.write(body)
            failpoint("raw.after_write")
            file.flush()
            failpoint("raw.before_fsync")
            os.fsync(file.fileno())
        failpoint("raw.before_rename")
        draft.rename(target)
        failpoint("raw.after_rename")
        for folder in (target.parent, self._folder):
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
