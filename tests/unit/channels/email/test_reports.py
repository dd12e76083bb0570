# SPDX-License-Identifier: Apache-2.0
"""Reports of mail servers: which recipient, why, for good or not, and which mail of ours."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.parse import parse
from router.interfaces import ParseOptions
from router.schema import InboundMessage, RawMessage

OPTIONS = ParseOptions(own=("support@example.org",), token_domain="example.org")
TOKEN = "cr-7k2m9qxa4babcdefghijklmnopqrstuvwxyz123"


def read(raw: str) -> InboundMessage:
    body = raw.encode()
    at = datetime(2024, 3, 4, tzinfo=UTC)
    (message,) = parse(RawMessage(channel="email", account="a", native_id="1", body=body, received_at=at), OPTIONS)
    return message


def plain(sender: str, subject: str, text: str, fields: str = "") -> InboundMessage:
    return read(f"From: {sender}\nTo: support@example.org\nSubject: {subject}\n{fields}\n{text}")


def report(status: str, *, returned: str = "", kind: str = "delivery-status", sub: str = "delivery-status") -> str:
    return (
        "From: MAILER-DAEMON@mx.example.net\nTo: support@example.org\nSubject: Report\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nSomething became of your mail.\n"
        f"--b\nContent-Type: message/{sub}\n\n{status}\n"
        + (f"--b\nContent-Type: text/rfc822-headers\n\n{returned}\n" if returned else "")
        + "--b--\n"
    )


@pytest.mark.parametrize(
    ("sender", "subject", "text", "wanted"),
    [
        pytest.param(
            "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>",
            "failure notice",
            "Hi. This is the qmail-send program at mx.example.net.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n"
            "\n"
            "<jane@example.com>:\n"
            "192.0.2.7 does not like recipient.\n"
            "Remote host said: 550 5.1.1 No such user here\n"
            "Giving up on 192.0.2.7.\n"
            "\n"
            "--- Below this line is a copy of the message.\n"
            "\n"
            "Return-Path: <support@example.org>\n"
            "Message-ID: <cr-abcdefghij0123456789.ob1@example.org>\n"
            "To: other@example.com\n",
            ("failed", True, "jane@example.com", "5.1.1"),
            id="qmail",
        ),
        pytest.param(
            "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>",
            "Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n"
            "\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n"
            "\n"
            "  jane@example.com\n"
            "    SMTP error from remote mail server after RCPT TO:<jane@example.com>:\n"
            "    host mx.example.com [192.0.2.1]: 552 mailbox full\n"
            "\n"
            "------ This is a copy of the message, including all the headers. ------\n",
            ("failed", False, "jane@example.com", "4.2.2"),
            id="exim",
        ),
        pytest.param(
            "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>",
            "Warning: message 1abc-0002 delayed 24 hours",
            "This message was created automatically by mail delivery software.\n"
            "A message that you sent has not yet been delivered to one or more of its\n"
            "recipients after more than 24 hours on the queue.\n"
            "\n"
            "The address to which the message has not yet been delivered is:\n"
            "\n"
            "  jane@example.com\n"
            "    Delay reason: Connection timed out\n"
            "\n"
            "No action is required on your part. Delivery attempts will continue for\n"
            "some time.",
            ("delayed", False, "jane@example.com", "4.4.1"),
            id="exim-delay",
        ),
        pytest.param(
            "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>",
            "Undelivered Mail Returned to Sender",
            "This is the mail system at host mx.example.net.\n"
            "\n"
            "I'm sorry to have to inform you that your message could not\n"
            "be delivered to one or more recipients. It's attached below.\n"
            "\n"
            "                   The mail system\n"
            "\n"
            "<jane@example.com>: host mx.example.com[192.0.2.1] said: 550 5.1.1\n"
            "    <jane@example.com>: Recipient address rejected: User unknown (in reply to RCPT TO command)\n"
            "\n"
            '<joe@example.com>: unknown user: "joe"\n',
            ("failed", True, "jane@example.com", "5.1.1"),
            id="postfix",
        ),
        pytest.param(
            "Microsoft Outlook <postmaster@example.com>",
            "Undeliverable: Your order",
            "Delivery has failed to these recipients or groups:\n"
            "\n"
            "jane@example.com (jane@example.com)\n"
            "Your message couldn't be delivered. The email address wasn't found.\n"
            "\n"
            "Diagnostic information for administrators:\n"
            "\n"
            "Generating server: A.example.com\n"
            "\n"
            "jane@example.com\n"
            "Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found "
            "by SMTP address lookup'\n"
            "\n"
            "Original message headers:\n"
            "\n"
            "Received: from x\n"
            "Message-ID: <orig1@example.org>\n",
            ("failed", True, "jane@example.com", "5.1.1"),
            id="outlook",
        ),
        pytest.param(
            "Microsoft Outlook <postmaster@example.com>",
            "Unzustellbar: Ihre Bestellung",
            "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n"
            "\n"
            "jane@example.com (jane@example.com)\n"
            "Das Postfach des Empfängers ist voll und kann zurzeit keine Nachrichten annehmen.\n"
            "\n"
            "Diagnoseinformationen für Administratoren:\n"
            "\n"
            "jane@example.com\n"
            "Remote Server returned '554 5.2.2 mailbox full'\n",
            ("failed", False, "jane@example.com", "4.2.2"),
            id="outlook-de",
        ),
        pytest.param(
            "Microsoft Outlook <postmaster@example.com>",
            "Ei voitu toimittaa: Tilauksesi",
            "Toimitus seuraaville vastaanottajille tai ryhmille epäonnistui:\n"
            "\n"
            "jane@example.com\n"
            "Sähköpostiosoitetta ei löytynyt.\n"
            "\n"
            "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##",
            ("failed", True, "jane@example.com", "5.1.1"),
            id="outlook-fi",
        ),
        pytest.param(
            "Microsoft Outlook <postmaster@example.com>",
            "Niedostarczone: Zamówienie",
            "Nie można dostarczyć wiadomości do następujących adresatów:\n"
            "\n"
            "jane@example.com\n"
            "Nie znaleziono podanego adresu e-mail.\n",
            ("failed", True, "jane@example.com", "5.1.1"),
            id="outlook-pl",
        ),
        pytest.param(
            "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
            "Delivery Status Notification (Failure)",
            "** Address not found **\n"
            "\n"
            "Your message wasn't delivered to jane@example.com because the address couldn't be "
            "found, or is unable to receive mail.\n"
            "\n"
            "The response from the remote server was:\n"
            "550 5.1.1 The email account that you tried to reach does not exist.",
            ("failed", True, "jane@example.com", "5.1.1"),
            id="gmail",
        ),
        pytest.param(
            "MAILER-DAEMON@yahoo.example",
            "Failure Notice",
            "Sorry, we were unable to deliver your message to the following address.\n"
            "\n"
            "<jane@example.com>:\n"
            "552: 1 Requested mail action aborted, mailbox not found\n"
            "\n"
            "--- Below this line is a copy of the message.\n",
            ("failed", True, "jane@example.com", "5.1.1"),
            id="yahoo",
        ),
        pytest.param(
            "GMX Mailer Daemon <mailer-daemon@gmx.example>",
            "Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n"
            "\n"
            "A message that you sent could not be delivered to one or more of\n"
            "its recipients. This is a permanent error. The following address\n"
            "failed:\n"
            "\n"
            "jane@example.com:\n"
            "SMTP error from remote server for RCPT TO command, host: mx.example.com (192.0.2.1) "
            "reason: 550 5.7.1 rejected due to spam\n",
            ("failed", True, "jane@example.com", "5.7.1"),
            id="gmx",
        ),
        pytest.param(
            "postmaster@mimecast.example",
            "[Postmaster] Email Delivery Failure",
            "This is a delivery failure notification message indicating that\n"
            "an email you addressed to email address :\n"
            "-- jane@example.com\n"
            "\n"
            "could not be delivered. The problem appears to be :\n"
            "-- Recipient email server rejected the message\n"
            "\n"
            "Additional information follows :\n"
            "-- 5.4.1 Recipient address rejected: Access denied",
            ("failed", True, "jane@example.com", "5.4.1"),
            id="mimecast",
        ),
        pytest.param(
            "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>",
            "Returned mail: see transcript for details",
            "The original message was received at Mon, 4 Mar 2024 10:00:00 GMT\n"
            "from localhost\n"
            "\n"
            "   ----- The following addresses had permanent fatal errors -----\n"
            "<jane@example.com>\n"
            "    (reason: 550 5.1.1 <jane@example.com>... User unknown)\n"
            "\n"
            "   ----- Transcript of session follows -----\n"
            "... while talking to mx.example.com.:\n"
            ">>> DATA\n"
            "<<< 550 5.1.1 User unknown\n",
            ("failed", True, "jane@example.com", "5.1.1"),
            id="sendmail",
        ),
        pytest.param(
            "postmaster@domino.example",
            "DELIVERY FAILURE: User jane (jane@example.com) not listed in Domino Directory",
            "Your message\n"
            "\n"
            "  Subject: Your order\n"
            "\n"
            "was not delivered to:\n"
            "\n"
            "  jane@example.com\n"
            "\n"
            "because:\n"
            "\n"
            "  User jane (jane@example.com) not listed in Domino Directory\n",
            ("failed", True, "jane@example.com", "5.1.1"),
            id="domino",
        ),
    ],
)
def test_report_in_words_is_understood(
    sender: str, subject: str, text: str, wanted: tuple[str, bool, str, str]
) -> None:
    """Servers without a machine-readable part: what became of it, whether for good, whose mailbox, which status."""
    message = plain(sender, subject, text)
    assert message.flags.bounce
    assert message.report is not None
    got = message.report
    assert (got.action, got.permanent, got.recipient, got.status) == wanted


NDR = [
    ("de", "Unzustellbar: Anfrage", "Ihre Nachricht an {} konnte nicht zugestellt werden."),
    ("fr", "Non remis : demande", "Votre message à {} n'a pas pu être remis."),
    ("es", "No se puede entregar: consulta", "No se pudo entregar el mensaje a {}."),
    ("it", "Non recapitabile: richiesta", "Non è stato possibile recapitare il messaggio a {}."),
    ("pt", "Não é possível entregar: pedido", "A sua mensagem para {} não foi entregue."),
    ("nl", "Onbestelbaar: vraag", "Uw bericht aan {} kan niet worden bezorgd."),
    ("sv", "Olevererbart: fråga", "Det gick inte att leverera meddelandet till {}."),
    ("pl", "Nie można dostarczyć: pytanie", "Nie można dostarczyć wiadomości do {}."),
    ("fi", "Ei voitu toimittaa: kysymys", "Viestiäsi vastaanottajalle {} ei voitu toimittaa."),
    ("et", "Kättetoimetamatu: küsimus", "Teie kirja aadressile {} ei saanud kohale toimetada."),
    ("hr", "Neisporučivo: upit", "Vaša poruka za {} nije isporučena."),
    ("en", "Undeliverable: question", "Your message to {} couldn't be delivered."),
]


@pytest.mark.parametrize(("subject", "text"), [row[1:] for row in NDR], ids=[row[0] for row in NDR])
def test_report_in_twelve_languages_names_its_recipient(subject: str, text: str) -> None:
    """Exchange writes its reports in the language of its users."""
    message = plain("Microsoft Outlook <postmaster@example.com>", subject, text.format("jane@example.com"))
    assert message.flags.bounce
    assert message.report is not None
    assert message.report.recipient == "jane@example.com"


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        ("Jane <jane@example.com>", "Delivery failed again", "My parcel could not be delivered, 550 days in a row!"),
        ("Jane <jane@example.com>", "Fwd: Undelivered Mail Returned to Sender", "I got this: host said: 550 5.1.1 x"),
        ("Jane <jane@example.com>", "Nicht zugestellt: mein Paket", "Die Zustellung an jane@example.com scheiterte."),
        ("Jane <jane@example.com>", "Mailbox full", "My mailbox is full of your adverts."),
        ("postmaster@example.com", "Your invoices", "Our order 550 was not delivered. Please call us."),
    ],
)
def test_report_is_not_seen_in_what_people_write(sender: str, subject: str, text: str) -> None:
    """Who complains of a delivery, or sends on a report that came to them, is a person."""
    message = plain(sender, subject, text)
    assert not message.flags.bounce
    assert message.report is None


def test_report_with_several_recipients_tells_of_all() -> None:
    """The first that failed stands in the report, the others in a note."""
    message = read(
        report(
            "Reporting-MTA: dns; mx.example.net\n\n"
            "Final-Recipient: rfc822; ok@example.com\nAction: delivered\nStatus: 2.0.0\n\n"
            "Final-Recipient: rfc822; jane@example.com\nAction: failed\nStatus: 5.2.2\n"
            "Diagnostic-Code: smtp; 552 5.2.2 mailbox\n full today\n\n"
            "Final-Recipient: rfc822; joe@example.com\nAction: delayed\nStatus: 4.4.1\n"
        )
    )
    assert message.report is not None
    assert (message.report.action, message.report.recipient) == ("failed", "jane@example.com")
    assert message.report.reason == "552 5.2.2 mailbox full today"
    assert message.report.permanent is False
    assert message.report.sentence("our answer") == (
        "our answer to jane@example.com could not be delivered: mailbox full (soft)"
    )
    [others] = [note for note in message.notes if "also names" in note]
    assert "joe@example.com delayed 4.4.1" in others
    assert "ok@example.com delivered 2.0.0" in others


def test_report_finds_our_mail_by_envelope_id() -> None:
    """Without a copy of the mail the envelope id that we gave leads to the case."""
    message = read(
        report(
            f"Original-Envelope-Id: {TOKEN}.ob1\n\nFinal-Recipient: rfc822; j@example.com\nAction: "
            f"failed\nStatus: 5.0.0"
        )
    )
    assert message.report is not None
    assert message.report.envelope_id == f"{TOKEN}.ob1"
    assert message.references == (f"{TOKEN}.ob1@example.org",)
    assert message.reply_tokens == (TOKEN,)


def test_report_finds_our_mail_by_return_path() -> None:
    """The address it came to holds the token of the answer."""
    message = read(report("Final-Recipient: rfc822; j@example.com\nAction: failed").replace(
        "To: support@", f"To: bounces+{TOKEN}@"
    ))  # fmt: skip
    assert message.reply_tokens == (TOKEN,)


def test_report_finds_our_mail_in_words_and_copies() -> None:
    """The Message-ID of the copy counts, whether it is a part or stands in the text."""
    part = read(report("Action: failed", returned="Message-ID: <a1@example.org>\nSubject: x"))
    assert part.report is not None
    assert (part.report.message_id, part.references) == ("a1@example.org", ("a1@example.org",))
    words = plain(
        "MAILER-DAEMON@mx.example.net", "failure notice",
        "<jane@example.com>: no such user\n\n--- Below this line is a copy of the "
        "message.\n\nMessage-ID: <a2@example.org>\n",
    )  # fmt: skip
    assert words.report is not None
    assert words.report.message_id == "a2@example.org"


def test_report_of_success_is_a_receipt() -> None:
    """A report that all went well is no bounce."""
    message = read(report("Final-Recipient: rfc822; jane@example.com\nAction: delivered\nStatus: 2.0.0"))
    assert (message.flags.bounce, message.flags.receipt) == (False, True)
    assert message.report is not None
    assert message.report.permanent is None


def test_read_receipt_is_told_apart() -> None:
    """A read receipt is nobody's words; a rejection that Sieve dresses as one is a bounce."""
    shown = read(report(
        "Final-Recipient: rfc822; jane@example.com\nOriginal-Message-ID: <a1@example.org>\n"
        "Disposition: manual-action/MDN-sent-manually; displayed",
        kind="disposition-notification", sub="disposition-notification",
    ))  # fmt: skip
    assert (shown.flags.receipt, shown.flags.bounce) == (True, False)
    assert shown.report is not None
    assert (shown.report.action, shown.report.message_id) == ("read", "a1@example.org")
    rejected = read(report(
        "Final-Recipient: rfc822; jane@example.com\nDisposition: automatic-action/MDN-sent-automatically; deleted",
        kind="disposition-notification", sub="disposition-notification",
    ).replace("Subject: Report", "Subject: Automatically rejected mail"))  # fmt: skip
    assert rejected.flags.bounce


def test_feedback_report_is_a_receipt() -> None:
    """A provider's report that somebody called our mail unwanted."""
    message = read(report(
        "Feedback-Type: abuse\nOriginal-Rcpt-To: <jane@example.com>\nVersion: 1",
        kind="feedback-report", sub="feedback-report", returned="Message-ID: <a1@example.org>",
    ))  # fmt: skip
    assert message.flags.receipt
    assert not message.flags.bounce
    assert message.report is not None
    assert (message.report.recipient, message.report.reason) == ("jane@example.com", "feedback: abuse")


@given(st.text(st.sampled_from("<>@.:;=?-+ \nabö5\t\\x{}1"), max_size=300))
def test_report_never_raises(status: str) -> None:
    """Whatever stands in the machine-readable part, a message comes out."""
    message = read(report(status))
    assert message.report is not None
    assert re.fullmatch(r"([245]\.\d{1,3}\.\d{1,3})?", message.report.status)
