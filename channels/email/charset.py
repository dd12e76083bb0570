# SPDX-License-Identifier: Apache-2.0
"""Bytes to text although the label is missing, unknown or wrong. Never raises; the result is valid Unicode."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from channels.email.guess import guess_codec, is_clearly_other
from router.schema import clean_text

__all__ = ["decode_text", "known_charset"]

# What people send under a name is often the larger set that their system calls by it (WHATWG Encoding does the same).
_MEANT = {
    "ascii": "us-ascii",
    "ansi": "cp1252",
    "ansix341968": "us-ascii",
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "iso88599": "cp1254",
    "iso8859811": "cp874",
    "iso8859i8": "iso8859_8",
    "iso88598i": "iso8859_8",
    "iso88598e": "iso8859_8",
    "iso88596i": "iso8859_6",
    "iso88596e": "iso8859_6",
    "tis620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "xgbk": "gb18030",
    "gb231280": "gb18030",
    "euccn": "gb18030",
    "cngb": "gb18030",
    "big5": "cp950",
    "xxbig5": "cp950",
    "euckr": "cp949",
    "ksc56011987": "cp949",
    "ksc5601": "cp949",
    "ksx1001": "cp949",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "xsjis": "cp932",
    "windows31j": "cp932",
    "iso2022jp": "iso2022_jp_ext",
    "xmacroman": "mac_roman",
    "macintosh": "mac_roman",
    "unicode11utf7": "utf-7",
    "unicode": "utf-16",
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "xunknown": "",
    "unknown8bit": "",
    "unknown": "",
    "8bit": "",
    "7bit": "",
    "binary": "",
    "default": "",
    "none": "",
}
# Codecs that are no character sets, or that are decoders of something else.
_REFUSED = {"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined", "mbcs", "oem", "utf-7-imap"}
_UNIVERSAL = {"us-ascii", "ascii", "cp1252", "iso8859-1", "iso8859-15", "utf-8"}
_FOREIGN = re.compile(rb"[^\x00-\x7f][^\x00-\x1f<>]*")
_MULTIBYTE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_JAPANESE = (b"\x1b$B", b"\x1b$@")
_GUESS_BYTES = 32 * 1024  # guessing costs time in proportion; this much is plenty to recognise a script


@lru_cache(maxsize=512)
def known_charset(label: str) -> str:
    """The codec that is meant by a label, or "" if none is."""
    label = label[:60].strip().strip("\"'").lower().partition("*")[0]
    short = re.sub(r"[^a-z0-9]", "", label)
    if short.startswith("cs") and short[2:] in _MEANT:
        short = short[2:]
    name = _MEANT.get(short, label)
    bare = short.removeprefix("x")
    for candidate in (
        name,
        f"cp{bare[7:]}" if bare.startswith("windows") else "",
        f"iso8859_{short[7:]}" if short.startswith("iso8859") and short[7:] else "",
        short,
    ):
        if not candidate or not candidate.isascii() or "\0" in candidate:
            continue
        try:
            info = codecs.lookup(candidate)
        except (LookupError, ValueError):
            continue
        # A codec such as "zip" is listed too; only text encodings turn bytes into str, and nothing public says which.
        is_text: bool = info._is_text_encoding  # noqa: SLF001
        if is_text and info.name not in _REFUSED:
            return info.name
    return ""


def decode_text(octets: bytes, label: str = "", *, fallback: str = "utf-8") -> tuple[str, str]:
    """Decode bytes under a charset label that may be wrong.

    Args:
        octets: The bytes after transfer decoding.
        label: What the message says; "" if it says nothing.
        fallback: What the mailbox is known to receive without a label.

    Returns:
        The text, and a short note if the label was not simply believed ("" otherwise).
    """
    if octets.isascii() and b"\x1b" not in octets and b"~{" not in octets:
        codec = known_charset(label) if label else ""
        if codec not in ("utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037", "cp500"):
            return octets.decode("ascii"), ""
    for mark, codec in _MARKS:
        if octets.startswith(mark) and len(octets) > len(mark):
            return octets.decode(codec, "replace"), ""
    codec = known_charset(label) if label else ""
    if codec in _UNIVERSAL or not codec:
        return _decode_western(octets, codec, label, fallback)
    try:
        return clean_text(octets.decode(codec)), ""  # UTF-7 can spell halves of surrogate pairs
    except (UnicodeError, ValueError, LookupError):
        pass
    try:
        return octets.decode("utf-8"), f"charset {label!r} was really utf-8"
    except UnicodeDecodeError:
        return clean_text(octets.decode(codec, "replace")), f"bytes that are not {label!r} were replaced"


def _decode_western(octets: bytes, codec: str, label: str, fallback: str) -> tuple[str, str]:
    """Decode what is unlabelled, ASCII, Western or UTF-8 by name: valid UTF-8 always wins, since other text hardly
    ever looks like it."""
    said = f"charset {label!r} was really" if label else "no charset was named; read as"
    if any(escape in octets for escape in _JAPANESE):
        return octets.decode("iso2022_jp_2", "replace"), f"{said} iso-2022-jp"
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_eight_bit(octets, codec, fallback, said)
    return text, "" if codec == "utf-8" or not label else f"{said} utf-8"


def _decode_eight_bit(octets: bytes, codec: str, fallback: str, said: str) -> tuple[str, str]:
    """Decode what is no UTF-8, whatever it was called."""
    if codec in ("cp1252", "iso8859-1", "iso8859-15"):
        if other := is_clearly_other(octets[:_GUESS_BYTES]):
            return octets.decode(other, "replace"), f"{said} {other}"
        return _decode_single(octets, "cp1252" if codec == "iso8859-1" else codec), ""
    if codec == "utf-8" and _is_mostly_utf8(octets):
        return octets.decode("utf-8", "replace"), "bytes that are not utf-8 were replaced"
    other = known_charset(fallback) if fallback else ""
    if other and other not in ("utf-8", "us-ascii", "ascii"):
        return clean_text(octets.decode(other, "replace")), f"{said} {fallback}"
    guess = _guess(octets)
    return _decode_single(octets, guess), f"{said} {guess}"


def _is_mostly_utf8(octets: bytes) -> bool:
    """Whether bytes that are no valid UTF-8 were meant to be: cut off, or damaged in a few places."""
    text = octets[:_GUESS_BYTES].decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return sum(char > "\x7f" for char in text) >= 2 * bad and _MULTIBYTE.search(octets) is not None


def _decode_single(octets: bytes, codec: str) -> str:
    """Decode windows-1252 and its like; the few bytes they leave open become the control characters of Latin-1."""
    try:
        return octets.decode(codec)
    except UnicodeDecodeError:
        return octets.decode("latin-1") if codec == "cp1252" else octets.decode(codec, "replace")


def _guess(octets: bytes) -> str:
    """The likeliest codec of unlabelled 8-bit bytes; windows-1252 where too little speaks for another."""
    if found := guess_codec(octets[:_GUESS_BYTES]):
        return found
    if sum(1 for byte in octets[:_GUESS_BYTES] if byte >= 0x80) < 8:
        return "cp1252"
    from charset_normalizer import from_bytes

    # Markup and other ASCII around the text would drown what speaks for a script.
    sample = b"\n".join(_FOREIGN.findall(octets[:_GUESS_BYTES]))
    best = from_bytes(sample).best()
    codec = known_charset(best.encoding) if best is not None else ""
    return "cp1252" if codec.startswith("utf-16") else codec or "cp1252"  # UTF-16 without a zero byte is no word
