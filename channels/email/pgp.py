# SPDX-License-Identifier: Apache-2.0
"""PGP in the text itself (RFC 9580 sections 6 and 7): signed text made readable, encrypted blocks taken out and named.

Signatures are not checked here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Unwrapped", "unwrap"]

_SIGNED = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n(?:[A-Za-z]{1,40}: [^\n]*\n){0,10}[ \t]*\n", re.MULTILINE
)
_SIGNATURE = re.compile(r"^-----BEGIN PGP SIGNATURE-----[ \t]*$", re.MULTILINE)
_SIGNATURE_END = re.compile(r"^-----END PGP SIGNATURE-----[ \t]*(?:\n|\Z)", re.MULTILINE)
_MESSAGE = re.compile(r"^-----BEGIN PGP MESSAGE-----[ \t]*$", re.MULTILINE)
_MESSAGE_END = re.compile(r"^-----END PGP MESSAGE-----[ \t]*(?:\n|\Z)", re.MULTILINE)
_DASHED = re.compile(r"^- ", re.MULTILINE)
_MOST = 20  # blocks of one text


class Unwrapped(NamedTuple):
    """A text without its armour."""

    text: str
    signed: bool = False
    encrypted: bool = False


def unwrap(text: str) -> Unwrapped:
    """Take the armour off a text. A signature or block that never ends reaches to the end of the text."""
    if "-----BEGIN PGP " not in text:
        return Unwrapped(text)
    text, signed = _without_signatures(text)
    text, encrypted = _without_messages(text)
    return Unwrapped(text.strip("\n") if signed or encrypted else text, signed, encrypted)


def _without_signatures(text: str) -> tuple[str, bool]:
    out: list[str] = []
    at = 0
    for _ in range(_MOST):
        head = _SIGNED.search(text, at)
        mark = _SIGNATURE.search(text, head.end()) if head else None
        if head is None or mark is None:
            break
        out += (text[at : head.start()], _DASHED.sub("", text[head.end() : mark.start()]))
        end = _SIGNATURE_END.search(text, mark.end())
        at = end.end() if end else len(text)
    return "".join((*out, text[at:])), bool(out)


def _without_messages(text: str) -> tuple[str, bool]:
    out: list[str] = []
    at = 0
    for _ in range(_MOST):
        head = _MESSAGE.search(text, at)
        if head is None:
            break
        out.append(text[at : head.start()])
        end = _MESSAGE_END.search(text, head.end())
        at = end.end() if end else len(text)
    return "".join((*out, text[at:])), bool(out)
