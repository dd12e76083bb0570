# SPDX-License-Identifier: Apache-2.0
"""Automatic answers and what our own boundary says: by header fields, and by subjects in twelve languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.email.parse import parse
from router.interfaces import ParseOptions
from router.schema import InboundMessage, RawMessage

OPTIONS = ParseOptions(trusted_authserv=("mx.example.org",))


def read(fields: str, subject: str = "Question") -> InboundMessage:
    raw = f"{fields}\nFrom: jane@example.com\nSubject: {subject}\n\nHello".lstrip().encode()
    at = datetime(2024, 3, 4, tzinfo=UTC)
    (message,) = parse(RawMessage(channel="email", account="a", native_id="1", body=raw, received_at=at), OPTIONS)
    return message


@pytest.mark.parametrize(
    "fields",
    [
        "Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated (vacation)", "Auto-Submitted:auto-notified",
        'Auto-Submitted: "auto-replied"; owner-email="a@example.com"', "AUTO-SUBMITTED: Auto-Replied",
        "Auto-Submitted: (rejected) auto-replied", "X-Autoreply: yes", "X-Autorespond: Question",
        "X-MDAutoresponder: 1",
        "X-FC-MachineGenerated: true", "X-Mail-Autoreply: yes", "X-Cron-Env: <SHELL=/bin/sh>", "X-OTRS-Loop: yes",
        "Precedence: auto_reply", "Return-Path: <autoreply@example.com>", "Delivered-To: Autoresponder",
        "Precedence: bulk\nX-RT-Loop-Prevention: example.com",
        "X-Zendesk-From-Account-Id: 1\nX-Auto-Response-Suppress: All",
        "Return-Path: <>\nIn-Reply-To: <a@example.org>", "Precedence: bulk\nX-JIRA-FingerPrint: abc",
    ],
)  # fmt: skip
def test_auto_reply_is_known_by_its_fields(fields: str) -> None:
    """Every legal spelling of RFC 3834, and the fields that programs use instead."""
    assert read(fields).flags.auto_reply


@pytest.mark.parametrize(
    "fields",
    [
        "", "Auto-Submitted: no", "Auto-Submitted: no (really)", "Auto-Submitted: NO; x=y", "X-Autoreply: no",
        "X-Auto-Response-Suppress: OOF", "Precedence: bulk", "X-Zendesk-From-Account-Id: 1",
        "X-MS-Exchange-Inbox-Rules-Loop: jane@example.com", "Return-Path: <>", "X-RT-Loop-Prevention: example.com",
        "X-Mailer: Outlook", "In-Reply-To: <a@example.org>\nReturn-Path: <jane@example.com>",
    ],
)  # fmt: skip
def test_auto_reply_is_not_seen_in_peoples_mail(fields: str) -> None:
    """What people's programs, help desks and inbox rules write is not automatic by that alone."""
    assert not read(fields).flags.auto_reply


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Your order", "Out of Office", "Out of office: Re: case", "OOO - back Monday",
        "On annual leave",
        "Automaattinen vastaus: Tilaus", "Poissaoloviesti", "Réponse automatique : commande", "Absente du bureau",
        "Automaatvastus: tellimus", "Puhkusel", "Automatski odgovor: upit", "Izvan ureda",
        "Automatische Antwort: Frage",
        "Abwesenheitsnotiz", "Nicht im Büro", "Respuesta automática: pedido", "Fuera de la oficina",
        "Ausencia temporal",
        "Risposta automatica: ordine", "Fuori ufficio", "Resposta automática: pedido", "Ausência temporária",
        "Automatisch antwoord: vraag", "Niet op kantoor", "Autosvar: fråga", "Frånvaromeddelande", "På semester",
        "Automatyczna odpowiedź: pytanie", "Nieobecność w biurze", "Poza biurem", "Autoodpowiedź: zapytanie",
    ],
)  # fmt: skip
def test_auto_reply_is_known_by_its_subject(subject: str) -> None:
    """Programs that mark their answers in no other way."""
    assert read("", subject).flags.auto_reply


@pytest.mark.parametrize(
    "subject",
    [
        "Out of office chairs since May", "Automatic reply never helped me", "Absent delivery driver",
        "Holiday booking",
        "Urlaubsreise storniert", "Ferienwohnung", "Lomamatka peruttu", "Puhkusereis", "Vacances gâchées",
        "Poza tym paczka jest uszkodzona", "Assenza di rimborso", "Your automatic replies are useless",
    ],
)  # fmt: skip
def test_auto_reply_is_not_seen_in_what_people_complain_of(subject: str) -> None:
    """A subject counts only where the phrase stands apart."""
    assert not read("", subject).flags.auto_reply


OURS = "Authentication-Results: mx.example.org;"


@pytest.mark.parametrize(
    ("fields", "unverified"),
    [
        (f"{OURS} dmarc=fail (p=none) header.from=example.com; spf=pass; dkim=pass", True),
        (f"{OURS} spf=fail smtp.mailfrom=x; dkim=fail (bad signature)", True),
        (f"{OURS} spf=softfail\n{OURS} dkim=fail", True),
        (f"{OURS} spf=fail; dkim=pass", False),
        (f"{OURS} dmarc=pass; spf=fail; dkim=fail", False),
        (f"{OURS} dmarc=none; spf=none; dkim=none", False),
        (f"{OURS} none", False),
        (f'{OURS} dmarc=pass reason="x; dmarc=fail" (dmarc=fail)', False),
        (f"Received: from x\n{OURS} dmarc=fail", True),
        (f"{OURS} dmarc=none\nReceived: from x\n{OURS} dmarc=fail", False),
        (f"{OURS} dmarc=fail\n{OURS} dmarc=pass", True),
        (f"{OURS} dmarc=fail\nReceived: from x\n{OURS} dmarc=pass", True),
        ("Authentication-Results: mx.evil.example; dmarc=fail", False),
        (f"Authentication-Results: mx.evil.example; dmarc=pass\n{OURS} dmarc=fail", False),
        ("ARC-Authentication-Results: i=1; mx.example.org; dmarc=fail", False),
        ("", False),
    ],
)
def test_unverified_by_our_own_boundary_only(fields: str, unverified: bool) -> None:
    """A failed check is believed only from our own server's topmost field; passes below it help no forger."""
    message = read(fields)
    assert message.flags.unverified == unverified
    assert any("authentication failed" in note for note in message.notes) == unverified
