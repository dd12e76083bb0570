# SPDX-License-Identifier: Apache-2.0
"""Mail that only says what became of other mail: delivery reports, read receipts, feedback reports."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from channels.email.body import Layout
from channels.email.bounce import is_bounce, returned_ids
from channels.email.bounce_prose import read_prose, returned_in_text
from channels.email.bounce_status import read_delivery_status, read_feedback, read_receipt
from channels.email.headers import Headers
from channels.email.mime import Part
from router.schema import DeliveryReport

__all__ = ["Reported", "read_report"]

_MOST_NAMED = 10  # further recipients in the note
_ENVELOPE_ID = re.compile(r"cr-[0-9a-z]{10,80}\.[^@\s<>]{1,100}")
_FAILED = re.compile(r"[^\s,;<>\"]{1,64}@[^\s,;<>\"]{1,255}")


@dataclass(frozen=True, slots=True)
class Reported:
    """What the report says. ``references`` are messages it is about, as threading needs them."""

    report: DeliveryReport
    bounce: bool = False
    receipt: bool = False
    references: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_report(
    headers: Headers,
    layout: Layout,
    *,
    report_type: str,
    sender: str,
    name: str,
    subject: str,
    text: str,
    not_failed: Collection[str] = (),
    token_domain: str = "",
) -> Reported | None:
    """What the mail reports on, or None if it is no report.

    Args:
        report_type: Parameter of multipart/report, in lower case.
        sender: Address of the author; ``name`` is the display name.
        text: The readable part.
        not_failed: Addresses that cannot be the failed recipient: ours, and whom the report is sent to.
        token_domain: Domain of our Message-IDs, by which an envelope id of ours names a message.
    """
    parts = (*layout.attached, *layout.reports)
    told = is_bounce(headers, report_type=report_type, sender=sender, name=name, subject=subject, text=text)
    receipt = _receipt(layout.reports)
    if receipt is not None and not (told and receipt.reason.startswith("disposition:")):  # Sieve rejects with receipts
        ids = [receipt.message_id] if receipt.message_id else returned_ids(parts)
        return Reported(
            receipt.model_copy(update={"message_id": next(iter(ids), "")}),
            receipt=True, references=tuple(ids), notes=(_note(receipt, "receipt"),),
        )  # fmt: skip
    status = next((part for part in layout.reports if part.sub.endswith("delivery-status")), None)
    failed = _FAILED.findall(headers.ascii("x-failed-recipients"))
    if status is None and not failed and not told:
        return Reported(DeliveryReport(), receipt=True) if report_type in _RECEIPT_TYPES else None
    nobody = {address.lower() for address in (*not_failed, sender)}
    found = _delivery_reports(status, text, subject, nobody, failed)
    ids = returned_ids(parts) or [i for i in (found[0].message_id or returned_in_text(text),) if i]
    first = found[0].model_copy(update={"message_id": next(iter(ids), "")})
    references = [*ids]
    if token_domain and _ENVELOPE_ID.fullmatch(first.envelope_id):
        references.append(f"{first.envelope_id}@{token_domain}")
    notes = [_note(first, "delivery report")]
    if len(found) > 1:
        notes.append(_others(found[1:]))
    # A report that all went well is no bounce.
    well = all(one.action in ("delivered", "relayed", "expanded") for one in found)
    return Reported(first, bounce=not well, receipt=well, references=tuple(references), notes=tuple(notes))


_RECEIPT_TYPES = frozenset(("disposition-notification", "feedback-report"))


def _receipt(parts: Sequence[Part]) -> DeliveryReport | None:
    for part in parts:
        if part.sub.endswith("disposition-notification"):
            return read_receipt(part)
        if part.sub == "feedback-report":
            return read_feedback(part)
    return None


def _delivery_reports(
    status: Part | None, text: str, subject: str, nobody: Collection[str], failed: Sequence[str]
) -> list[DeliveryReport]:
    """From the machine-readable part, worst news first; what it leaves out is taken from the words."""
    if status is None:
        return read_prose(text, subject=subject, not_failed=nobody, known=failed)
    found = sorted(read_delivery_status(status), key=lambda one: _WORST.index(one.action))
    if not (found[0].recipient and (found[0].status or found[0].reason)):
        known = [one.recipient for one in found if one.recipient] or list(failed)
        words = read_prose(text, subject=subject, not_failed=nobody, known=known)[0]
        first = found[0]
        changes: dict[str, object] = {
            name: getattr(words, name) for name in ("recipient", "status", "reason") if not getattr(first, name)
        }
        if not first.action:
            changes["action"] = words.action
        if first.permanent is None and first.action in ("", "failed"):
            changes["permanent"] = words.permanent
        found[0] = first.model_copy(update=changes)
    return found


_WORST = ("failed", "", "delayed", "expanded", "relayed", "delivered", "read")


def _note(report: DeliveryReport, what: str) -> str:
    told = " ".join(word for word in (report.action or "not delivered", report.status) if word)
    if what == "receipt":
        told = report.action or report.reason or "nothing said"
    why = report.failure
    who = f" ({report.recipient})" if report.recipient else ""
    return f"{what}: {told}{who}" + (f": {why}" if why else "")


def _others(more: Sequence[DeliveryReport]) -> str:
    named = [f"{one.recipient or 'unknown'} {one.action} {one.status}".rstrip() for one in more[:_MOST_NAMED]]
    left = len(more) - len(named)
    return "the report also names " + ", ".join(named) + (f" and {left} more" if left else "")
