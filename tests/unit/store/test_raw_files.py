# SPDX-License-Identifier: Apache-2.0
"""Large raw messages as files: whole or not there, however often and wherever it stops."""

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from router.errors import StoreError
from router.store.raw_files import RawFiles

BODY = b"large" * 100_000
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def files(tmp_path: Path) -> RawFiles:
    return RawFiles(tmp_path / "raw")


def test_put_then_get(files: RawFiles) -> None:
    """What is put comes back byte for byte; putting it again changes nothing."""
    for _ in range(2):
        files.put(DIGEST, BODY)
        assert files.get(DIGEST) == BODY
    assert [path.name for path in files.path(DIGEST).parent.iterdir()] == [DIGEST]


def test_get_missing_is_a_store_error(files: RawFiles) -> None:
    """A file that is gone is named by the beginning of its digest."""
    with pytest.raises(StoreError, match=DIGEST[:12]):
        files.get(DIGEST)


def test_put_syncs_file_and_folders(files: RawFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes are synced before the name is given, then the folders whose entries changed, so that a power cut takes
    nothing back; a file that is there already has its name synced as well."""
    synced, sync = [], os.fsync

    def note(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    files.put(DIGEST, BODY)
    folder = files.path(DIGEST).parent
    assert Path(synced[0]).name.startswith(f".{DIGEST}")
    assert synced[1:] == [str(folder), str(folder.parent), str(folder.parent.parent)]
    synced.clear()
    files.put(DIGEST, BODY)
    assert synced == [str(folder), str(folder.parent), str(folder.parent.parent)]


@pytest.mark.parametrize("where", ["write", "sync", "rename"])
def test_put_on_a_full_disk_is_a_store_error(files: RawFiles, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """When the disk refuses, it is an error of ours, with no half file and no litter; later it works."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if where == "sync":
            patch.setattr(os, "fsync", refuse)
        else:
            patch.setattr(Path, "open" if where == "write" else "rename", refuse)
        with pytest.raises(StoreError, match="No space left"):
            files.put(DIGEST, BODY)
    assert not [path for path in files.path(DIGEST).parent.iterdir() if path.name.startswith(".")]
    files.put(DIGEST, BODY)
    assert files.get(DIGEST) == BODY


@pytest.mark.parametrize("failpoint", ["raw.after_write", "raw.before_fsync", "raw.before_rename", "raw.after_rename"])
def test_put_killed_leaves_whole_file_or_none(files: RawFiles, failpoint: str) -> None:
    """Killed at any step, the file is whole or absent, and the next put makes it good."""
    program = (
        "from router.store.raw_files import RawFiles; from pathlib import Path; import sys;"
        f"RawFiles(Path(sys.argv[1])).put({DIGEST!r}, b'large' * 100_000)"
    )
    command = [sys.executable, "-c", program, str(files._folder)]
    done = subprocess.run(command, env={**os.environ, "COMPLAINT_ROUTER_FAILPOINT": failpoint}, timeout=60, check=False)
    assert done.returncode == -9
    assert files.path(DIGEST).exists() == (failpoint == "raw.after_rename")
    files.put(DIGEST, BODY)
    assert files.get(DIGEST) == BODY
