# SPDX-License-Identifier: Apache-2.0
"""What a delivery report in plain words says: which recipient, why, and whose mail came back.

Mail servers write these in many forms and languages. What they share is used: the report comes before the copy of the
mail, the failed address stands at the start of a line or is the first one named, the server's words follow it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Literal

from channels.email.bounce_words import REASON_CHARS, find_status, is_permanent
from channels.email.encoded import one_line
from channels.text.phrases import ORIGINAL_MARKS
from router.schema import DeliveryReport

__all__ = ["read_prose", "returned_in_text"]

_MAX_RECIPIENTS = 20
_LOOKED_AT = 8_000  # characters; reports put their reason first
_ADDRESS = re.compile(
    r"(?<![^\s<>\"'(\[:;,=|*])"  # not in the middle of a word
    r"([^\s<>\"'()\[\]:;,@|*]{1,64}@(?:[^\W_](?:[\w-]{0,62}[^\W_])?\.){1,8}[^\W\d_][\w-]{1,30})(?![\w@-])"
)
# At the start of its line, bare or in marks: how lists of failed recipients are written.
_LISTED = re.compile(
    r"(?im)^[ \t>*.-]{0,12}(?:(?:to|recipient|for|address|user|an|a|para|aan|till|do)\s{0,3}:\s{0,3})?"
    r"(?:[\"'][^\"'\n<]{0,80}[\"']\s{0,3})?[<\"'(\[]?(?:(?:mailto|smtp|rfc822)[:;]\s?)?(?=[^\s@]{1,64}@)"
)
# Where the copy of the mail that came back begins.
_COPY = re.compile(
    rf"(?im)^\W{{0,40}}(?:below this line is a copy|(?:this is a|here is a|the following is a) copy"
    rf"|a copy of (?:the|your) |(?:your |the )?(?:original|returned|unsent|failed) (?:message|mail)\b"
    rf"(?! (?:was received|could|has|sent))|message (?:headers? follow|header)"
    rf"|diagnostic information for administrators|informations? de diagnostic|diagnose-?informationen für"
    rf"|{ORIGINAL_MARKS}|header of the original|included (?:below )?is|transcript of session)"
    r"|^(?:return-path|received|message-id|mime-version|x-[a-z-]{2,40}): ?\S"
)
_RETURNED_ID = re.compile(r"(?im)^[ \t>|]{0,12}(?:original[ -])?message-?id\s{0,3}:\s{0,3}<([^<>\s]{3,500})>")
_DELAYED = re.compile(
    r"(?i)\bdelayed\b|will (?:be retried|continue|keep|be attempted|try)|has been postponed|not yet been delivered"
    r"|could not send message for past|still being (?:tried|retried)|no action is required|you do not need to resend"
    r"|verzögert|verspätet|weitere zustellversuche|retardé|différé|retrasad|demorad|ritardat|in ritardo|atrasad"
    r"|vertraagd|försenad|fördröjd|opóźnion|viivästy|hiline|odgođen|kasni\b"
)
_GAVE_UP = re.compile(
    r"(?i)permanent|giving up|gave up|given up|no longer|final attempt|returned to sender|endgültig|définitif|definitiv"
)
_REASON = re.compile(
    r"(?im)^.{0,200}?"
    r"((?:\b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}|\b(?:421|45[0-4]|55[0-4])[ :-]|[#(][45]\.\d\.\d{1,2}\b).{0,300})$"
)
_SAID = re.compile(
    r"(?im)^[ \t>]{0,8}(?:reason|error|diagnostic(?:-code)?|grund|raison|motivo|razón|reden|orsak|powód|syy|põhjus"
    r"|razlog)\s{0,3}:\s{0,3}(\S.{0,300})$"
)


def read_prose(
    text: str, *, subject: str, not_failed: Collection[str], known: Collection[str] = ()
) -> list[DeliveryReport]:
    """One report for each recipient that the words name; at least one, its recipient empty if none is named.

    Args:
        text: The readable part of the report.
        subject: Its subject.
        not_failed: Addresses that are not recipients, in lower case: ours, and the mail server's.
        known: Recipients that the header names; then the words are asked only why.
    """
    text = text[:_LOOKED_AT]
    copy = _COPY.search(text, 1)
    told = text[: copy.start()] if copy and _ADDRESS.search(text, 0, copy.start()) else text
    recipients = list(known) or _recipients(told, not_failed)
    reason = _reason(told, recipients)
    status = find_status(reason) if reason else ""
    status = status or find_status(told, sure=False) or find_status(_around(told, recipients))
    delayed = bool(_DELAYED.search(subject) or (_DELAYED.search(told) and not _GAVE_UP.search(told)))
    action: Literal["failed", "delayed"] = "delayed" if delayed else "failed"
    return [
        DeliveryReport(
            action=action,
            permanent=is_permanent(action, status, reason or told[:1_000]),
            recipient=recipient[:300],
            status=status,
            reason=reason,
        )
        for recipient in recipients or [""]
    ]


def returned_in_text(text: str) -> str:
    """The Message-ID of the mail that came back, where its header stands in the words of the report; else ""."""
    match = _RETURNED_ID.search(text[: 4 * _LOOKED_AT])
    return match[1] if match else ""


def _recipients(told: str, not_failed: Collection[str]) -> list[str]:
    listed: list[str] = []
    for match in _LISTED.finditer(told):
        address = _ADDRESS.match(told, match.end())
        if address is not None:
            listed.append(address[1])
    found = [*_others(listed, not_failed)] or _others((m[1] for m in _ADDRESS.finditer(told)), not_failed)[:1]
    return found[:_MAX_RECIPIENTS]


def _others(addresses: Iterable[str], not_failed: Collection[str]) -> list[str]:
    found: dict[str, str] = {}
    for address in addresses:
        bare = address.rstrip(".-")
        if bare.lower() not in not_failed:
            found.setdefault(bare.lower(), bare)
    return list(found.values())


def _around(told: str, recipients: list[str]) -> str:
    """The words beside the first recipient, where the reason usually stands; else the beginning."""
    at = told.find(recipients[0]) if recipients else 0
    return told[max(0, at - 500) : at + 1_000]


def _reason(told: str, recipients: list[str]) -> str:
    """The server's own words, in one line."""
    if match := _REASON.search(told) or _SAID.search(told):
        return one_line(match[1]).strip()[:REASON_CHARS]
    if recipients and (at := told.find(recipients[0])) >= 0:
        after = told[at + len(recipients[0]) :].lstrip(" \t>\"')]:.,;")
        for line in after.split("\n")[:6]:
            words = line.strip(" \t*->:")
            if len(words) > 8 and not _ADDRESS.search(words):
                return one_line(words).strip()[:REASON_CHARS]
    return ""
