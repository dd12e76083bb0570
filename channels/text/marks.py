# SPDX-License-Identifier: Apache-2.0
"""How mail programs mark quoted history and signatures in HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

__all__ = ["is_signature", "quote_kind"]

_Attributes = Mapping[str, str | None]

_QUOTE_CLASSES = frozenset((
    "gmail_quote", "gmail_quote_container", "gmail_extra", "gmail_attr",  # Gmail
    "yahoo_quoted", "ymail_quoted", "ydp-yahoo-quoted",  # Yahoo
    "moz-cite-prefix", "moz-email-headers-table",  # Thunderbird
    "ms-outlook-mobile-reference-message", "x_gmail_quote",  # Outlook
    "protonmail_quote", "tutanota_quote", "zmail_extra", "front-blockquote", "freebirdquote",
    "mailru-blockquote", "ya-quote", "hcsquote", "quote-header", "wisestamp_quote", "cs2784e0a2",
))  # fmt: skip
_QUOTE_IDS = frozenset((
    "olk_src_body_section", "isreplycontent", "mail-editor-reference-message-container", "yahoo_quoted",
    "isforwardcontent", "edo-original", "orimsghtmlseperator", "reply-intro", "edo-message", "compose-quote",
))  # fmt: skip
# Marks without an end: all that follows in the document is history.
_REST_IDS = frozenset((
    "appendonsend", "x_appendonsend", "divrplyfwdmsg", "x_divrplyfwdmsg", "3d_divrplyfwdmsg", "stopspelling",
    "ms-outlook-mobile-body-separator-line", "replysplit", "zwchr",
))  # fmt: skip
_REST_CLASSES = frozenset(("outlookmessageheader",))
_SIGNATURE_CLASSES = frozenset((
    "gmail_signature", "gmail_signature_prefix", "moz-signature", "protonmail_signature_block", "yahoo-signature",
    "ydpsignature", "x_gmail_signature", "tutanota_signature", "email-signature", "apple-mail-signature",
))  # fmt: skip
_SIGNATURE_IDS = frozenset(("signature", "x_signature", "ms-outlook-mobile-signature", "applemailsignature",
                            "applemailsignaturemobile", "lyricsignature", "yandexsignature"))  # fmt: skip
# Outlook for the desktop draws a line above the header of the quoted mail, and gives it no name.
_OUTLOOK_LINE = re.compile(r"(?i)border:\s*none;\s*border-top:\s*solid\s+#(?:e1e1e1|b5c4df)\s+1\.0pt")


def quote_kind(tag: str, attributes: _Attributes) -> Literal["", "block", "rest"]:
    """Whether an element holds history, or begins it for all that follows, by its program's marks."""
    name = (attributes.get("id") or "").lower()
    style = attributes.get("style")
    if name in _REST_IDS or (style and _OUTLOOK_LINE.search(style[:300])) or _has_class(attributes, _REST_CLASSES):
        return "rest"
    if tag == "blockquote" and (attributes.get("type") or "").lower() == "cite":
        return "block"
    if name in _QUOTE_IDS or (attributes.get("name") or "").lower() in ("messagereplysection", "quote"):
        return "block"
    return "block" if _has_class(attributes, _QUOTE_CLASSES) else ""


def is_signature(attributes: _Attributes) -> bool:
    """Whether an element is a signature, by the marks of the program that wrote it."""
    if (attributes.get("id") or "").lower() in _SIGNATURE_IDS or attributes.get("data-smartmail") == "gmail_signature":
        return True
    return _has_class(attributes, _SIGNATURE_CLASSES)


def _has_class(attributes: _Attributes, names: frozenset[str]) -> bool:
    classes = attributes.get("class")
    return bool(classes) and not names.isdisjoint((classes or "").lower()[:500].split())
