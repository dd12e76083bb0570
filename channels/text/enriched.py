# SPDX-License-Identifier: Apache-2.0
"""Mail's own markup before HTML: text/enriched (RFC 1896) and text/richtext (RFC 1341 section 7.1.3), as plain text."""

from __future__ import annotations

import re

__all__ = ["enriched_to_text"]

_PARAMETER = re.compile(r"(?i)<(param|comment)>[^<]{0,2000}</\1>")
_BREAKS = re.compile(r"\n+")
_OLD_SIGN = re.compile(r"(?i)<(lt|nl|np|paragraph)>\s?")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]{0,60}>")


def enriched_to_text(text: str, *, old: bool = False) -> str:
    """The words without the markup. ``old``: richtext, whose line breaks are commands."""
    text = _PARAMETER.sub("", text)
    # A single line end is a space; of several, one fewer is meant.
    text = _BREAKS.sub(lambda match: "\n" * (len(match[0]) - 1) or " ", text)
    if old:
        text = _OLD_SIGN.sub(lambda match: "\x01" if match[1].lower() == "lt" else "\n", text)
    else:
        text = text.replace("<<", "\x01")
    return _TAG.sub("", text).replace("\x01", "<").strip()
