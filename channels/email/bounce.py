# SPDX-License-Identifier: Apache-2.0
"""Reports that mail could not be delivered, known by the signs that mail servers without RFC 3464 leave."""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.email import bounce_signs as signs
from channels.email.headers import Headers, message_ids, read_headers
from channels.email.mime import Part
from channels.text.phrases import FORWARD_PREFIX

__all__ = ["is_bounce", "returned_ids"]

LOOKED_AT = 8_000  # characters of the text; reports put their reason first


def is_bounce(headers: Headers, *, report_type: str, sender: str, name: str, subject: str, text: str) -> bool:
    """Whether a mail without a machine-readable part reports that mail could not be delivered.

    It takes two independent signs: a customer who writes "delivery failure" about a parcel shows one only.
    """
    answered = headers.ascii("auto-submitted").lower().startswith("auto-replied")
    local = sender.partition("@")[0]
    daemon = bool(signs.DAEMON.search(local)) or bool(signs.SYSTEM_NAME.match(name))
    null_path = headers.has("return-path") and headers.ascii("return-path").strip("<> ").lower() in _NOBODY
    office = bool(signs.POSTMASTER.match(local)) or bool(signs.DAEMON_NAME.search(name))
    about = bool(signs.SUBJECT.search(subject))
    sent_on = _ANSWERED.match(subject)
    if sent_on and not daemon and not null_path and signs.SUBJECT.match(subject, sent_on.end()):
        return False  # somebody who sends on a report that came to them, or answers about it
    if not (daemon or office or about or null_path or report_type or not sender):
        return False  # as nearly all mail: no need to look at the text
    text = text[:LOOKED_AT]
    told = bool(signs.BODY.search(text))
    evidence = bool(signs.SMTP_EVIDENCE.search(text))
    sure = evidence or bool(signs.SURE_SUBJECT.match(subject))
    nobody = null_path or not sender
    return (
        (daemon and (about or told or null_path or not answered))
        or (report_type == "delivery-status" and (about or told))
        or (office and about and (told or sure) and not answered)
        or (nobody and about and sure and not answered)
        or (evidence and (about or ((office or nobody) and not answered)))
    )


def returned_ids(parts: Sequence[Part]) -> list[str]:
    """The Message-ID of the mail that came back, from the copy of it, or of its header, in the report."""
    for part in parts:
        if part.content_type in _RETURNED:
            octets = part.decoded(LOOKED_AT)
            headers, _ = read_headers(octets, 0, len(octets))
            if ids := message_ids(headers.all("message-id")):
                return ids[:1]
    return []


_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "text/rfc822-header", "message/global-headers")
_NOBODY = ("", "mailer-daemon")
_ANSWERED = re.compile(
    rf"(?i)\W{{0,3}}(?:{FORWARD_PREFIX}|re|aw|sv|vs|odp|antw|r|rif|res|odg|vast)\s{{0,3}}(?:\[\d+\])?:\W{{0,3}}"
)
