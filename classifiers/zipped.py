# SPDX-License-Identifier: Apache-2.0
"""ZIP files of models: written the same for the same content, read only within caps and only as expected."""

from __future__ import annotations

import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from router.errors import ModelError

__all__ = ["read_zip", "write_zip"]

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP can say


def write_zip(path: Path, entries: Mapping[str, bytes]) -> str:
    """Write a file beside its place and move it there; returns its SHA-256. No time of day and no path goes in."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, blob in entries.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, blob, compresslevel=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(buffer.getvalue())
    beside.replace(path)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def read_zip(
    path: Path, caps: Mapping[str, int], *, most: int, first: Callable[[bytes], None] = lambda content: None
) -> tuple[dict[str, bytes], str]:
    """The entries of a file and its SHA-256.

    Args:
        caps: The names of exactly the entries expected, and how many bytes each may unpack to.
        most: Bytes of the whole file.
        first: Called with the first of the entries named before the others are looked for; may raise ModelError.

    Raises:
        ModelError: Without the path; an entry from elsewhere, a path among them, is refused unread.
    """
    try:
        size = path.stat().st_size
        if size > most:
            raise ModelError(f"the file has {size} bytes; at most {most}")
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror or error}") from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [entry.filename for entry in archive.infolist()]
            begin = next(iter(caps))
            read: dict[str, bytes] = {}
            if names.count(begin) == 1:
                _check_entry(archive.getinfo(begin), caps[begin])
                read[begin] = archive.read(begin)
                first(read[begin])
            _check_names(names, set(caps))
            for entry in archive.infolist():
                _check_entry(entry, caps[entry.filename])
            read |= {name: archive.read(name) for name in caps if name not in read}
            return read, hashlib.sha256(content).hexdigest()
    except (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, OSError, ValueError,
    ) as error:  # fmt: skip  # NotImplementedError: packed in a way that zipfile does not know
        raise ModelError(f"is not a readable ZIP archive: {error}") from error


def _check_names(names: list[str], expected: set[str]) -> None:
    for what, odd in (
        ("twice", {name for name in names if names.count(name) > 1}),
        ("unexpected", set(names) - expected),
        ("missing", expected - set(names)),
    ):
        if odd:
            raise ModelError(f"entry {what}: {min(odd)!r:.80}")


def _check_entry(entry: zipfile.ZipInfo, cap: int) -> None:
    if entry.file_size > cap:
        raise ModelError(f"entry {entry.filename} has {entry.file_size} bytes; at most {cap}")
    if entry.flag_bits & 1:
        raise ModelError(f"entry {entry.filename} is encrypted")
