# SPDX-License-Identifier: Apache-2.0
"""S/MIME containers (RFC 8551, RFC 5652): what kind they are, and the content of those that are only signed.

Signatures are not checked here. A bounded walk over the outer BER structure; no certificate is looked at.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

__all__ = ["Kind", "Opened", "open_smime"]

Kind: TypeAlias = Literal["signed", "encrypted", "compressed", ""]

_OIDS: dict[bytes, Kind] = {
    bytes.fromhex("2a864886f70d010702"): "signed",
    bytes.fromhex("2a864886f70d010703"): "encrypted",
    bytes.fromhex("2a864886f70d010704"): "encrypted",  # signed and enveloped
    bytes.fromhex("2a864886f70d010706"): "encrypted",
    bytes.fromhex("2a864886f70d0109100117"): "encrypted",  # authenticated and enveloped
    bytes.fromhex("2a864886f70d0109100109"): "compressed",
}
_SEQUENCE, _OID, _OCTETS, _EXPLICIT, _CONSTRUCTED = 0x30, 0x06, 0x04, 0xA0, 0x20
_INDEFINITE = -1
_MOST_PIECES = 100_000
_MOST_DEPTH = 5
_MOST_SKIPPED = 64 * 1024  # bytes of an element that is passed over


class Opened(NamedTuple):
    """``content`` is what was signed, as it stands inside; b"" where there is none."""

    kind: Kind
    content: bytes = b""


class _Malformed(ValueError):
    pass


def open_smime(octets: bytes) -> Opened:
    """Say what a container is and take out what was signed. Never raises; kind "" where it is no container."""
    kind: Kind = ""
    try:
        view = memoryview(octets)
        _, at, _ = _enter(view, 0, _SEQUENCE)
        oid, at = _value(view, at, _OID)
        kind = _OIDS.get(bytes(oid), "")
        if kind != "signed":
            return Opened(kind)
        _, at, _ = _enter(view, at, _EXPLICIT)
        _, at, _ = _enter(view, at, _SEQUENCE)
        head = view[: at + _MOST_SKIPPED]
        at = _skip(head, _skip(head, at))  # version, digest algorithms
        _, at, _ = _enter(view, at, _SEQUENCE)
        _, at = _value(view, at, _OID)
        _, at, _ = _enter(view, at, _EXPLICIT)
        return Opened(kind, _octet_string(view, at))
    except _Malformed:
        return Opened(kind)


def _enter(view: memoryview, at: int, wanted: int | None = None) -> tuple[int, int, int]:
    """Tag, place of the content, and its length (-1: until an end mark) of the element at a place."""
    if at + 2 > len(view):
        raise _Malformed
    tag, length = view[at], view[at + 1]
    at += 2
    if (wanted is not None and tag != wanted) or tag & 0x1F == 0x1F:
        raise _Malformed
    if length == 0x80:
        return tag, at, _INDEFINITE
    if length > 0x80:
        count = length & 0x7F
        if count > 4 or at + count > len(view):
            raise _Malformed
        length = int.from_bytes(view[at : at + count], "big")
        at += count
    return tag, at, length


def _value(view: memoryview, at: int, wanted: int) -> tuple[memoryview, int]:
    """The content of a primitive element, and the place after it."""
    _, at, length = _enter(view, at, wanted)
    if length < 0:
        raise _Malformed
    return view[at : at + length], at + length


def _skip(view: memoryview, at: int, depth: int = 0) -> int:
    """The place after the element at a place."""
    _, at, length = _enter(view, at)
    if length >= 0:
        return at + length
    for _ in range(_MOST_PIECES):
        if bytes(view[at : at + 2]) == b"\0\0":
            return at + 2
        if depth >= _MOST_DEPTH:
            break
        at = _skip(view, at, depth + 1)
    raise _Malformed


def _octet_string(view: memoryview, at: int) -> bytes:
    """An octet string in one piece or, as programs that stream write it, in many; what is cut off ends it."""
    tag, at, length = _enter(view, at)
    if tag == _OCTETS:
        return bytes(view[at : at + length]) if length >= 0 else b""
    if tag != _OCTETS | _CONSTRUCTED:
        raise _Malformed
    end = len(view) if length < 0 else min(len(view), at + length)
    pieces: list[memoryview] = []
    while at < end and len(pieces) < _MOST_PIECES and view[at] == _OCTETS:
        try:
            piece, at = _value(view, at, _OCTETS)
        except _Malformed:
            break
        pieces.append(piece)
    return b"".join(pieces)
