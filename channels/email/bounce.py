# SPDX-License-Identifier: Apache-2.0
"""Reports that mail could not be delivered: by RFC 3464, and by the signs that mail servers without it leave."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from channels.email import bounce_signs as signs
from channels.email.headers import Headers, message_ids, read_headers
from channels.email.mime import Part

__all__ = ["Bounce", "find_bounce", "returned_ids"]

_STATUS = re.compile(
    r"(?im)^\s{0,4}(action|status|final-recipient|original-recipient|original-envelope-id)\s*:\s*(.{0,300})$"
)
LOOKED_AT = 8_000  # characters of the text; reports put their reason first


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says. ``action`` is failed, delayed, delivered, relayed or expanded; "" if not said."""

    action: str = ""
    recipient: str = ""
    status: str = ""

    @property
    def note(self) -> str:
        words = " ".join(w for w in (self.action or "not delivered", self.status) if w)
        return f"delivery report: {words}" + (f" ({self.recipient})" if self.recipient else "")


def find_bounce(
    headers: Headers, *, reports: Sequence[Part], report_type: str, sender: str, name: str, subject: str, text: str
) -> Bounce | None:
    """What the delivery report says, or None if the mail is no such report.

    Without a machine-readable part it takes two independent signs: a customer who writes "delivery failure" about a
    parcel shows one only.
    """
    for part in reports:
        if part.sub.endswith("delivery-status"):
            return _read_status(part)
    failed = headers.ascii("x-failed-recipients")
    if failed:
        return Bounce(action="failed", recipient=failed[:300])
    answered = headers.ascii("auto-submitted").lower().startswith("auto-replied")
    local = sender.partition("@")[0]
    daemon = bool(signs.DAEMON.search(local)) or bool(signs.SYSTEM_NAME.match(name))
    null_path = headers.has("return-path") and headers.ascii("return-path").strip("<> ").lower() in _NOBODY
    office = bool(signs.POSTMASTER.match(local)) or bool(signs.DAEMON_NAME.search(name))
    about = bool(signs.SUBJECT.search(subject))
    if not (daemon or office or about or null_path or report_type or not sender):
        return None  # as nearly all mail: no need to look at the text
    text = text[:LOOKED_AT]
    told = bool(signs.BODY.search(text))
    evidence = bool(signs.SMTP_EVIDENCE.search(text))
    sure = evidence or bool(signs.SURE_SUBJECT.match(subject))
    nobody = null_path or not sender
    reported = (
        (daemon and (about or told or null_path or not answered))
        or (report_type == "delivery-status" and (about or told))
        or (office and about and (told or sure) and not answered)
        or (nobody and about and sure and not answered)
        or (evidence and (about or ((office or nobody) and not answered)))
    )
    return Bounce() if reported else None


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


def _read_status(part: Part) -> Bounce:
    """The first recipient's fields of a message/delivery-status part (RFC 3464 section 2.3)."""
    fields: dict[str, str] = {}
    for name, value in _STATUS.findall(part.decoded(LOOKED_AT).decode("utf-8", "replace")):
        fields.setdefault(name.lower(), value.strip())
    recipient = fields.get("original-recipient") or fields.get("final-recipient") or ""
    action = fields.get("action", "").partition(" ")[0].lower()
    return Bounce(action[:20], recipient.rpartition(";")[2].strip()[:300], fields.get("status", "")[:20])
