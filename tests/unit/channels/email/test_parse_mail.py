# SPDX-License-Identifier: Apache-2.0
"""Structure, flags, tokens and limits of whole mails."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.parse import parse
from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import InboundMessage, RawMessage, Transport
from router.testing.messages import is_storable

HEAD = "From: Ann <ann@example.org>\nTo: help@example.com\nSubject: Hello\nDate: Tue, 4 Jun 2024 09:00:00 +0200\n"
NOW = datetime(2024, 7, 1, tzinfo=UTC)
TOKEN = "cr-0123456789abcdef"


def read(body: str | bytes, *, transport: Transport | None = None, **options: object) -> InboundMessage:
    octets = body.encode() if isinstance(body, str) else body
    raw = RawMessage(
        channel="email",
        account="help",
        native_id="1",
        body=octets,
        received_at=NOW,
        transport=transport or Transport(),
    )
    (message,) = parse(raw, ParseOptions.model_validate(options))
    return message


@pytest.mark.parametrize("body", [b"", b"\r\n\r\n", b"  \n\t\n", b"\0\0"])
def test_parse_refuses_an_empty_mail(body: bytes) -> None:
    """Nothing but blank lines is no mail; the sentence says so."""
    with pytest.raises(ParseError, match="empty"):
        read(body)


@given(st.binary(min_size=1, max_size=600))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_parse_raises_only_parse_error(body: bytes) -> None:
    """Any bytes give a message that can be stored, or ParseError."""
    try:
        assert is_storable(read(body))
    except ParseError:
        assert not body.strip(b" \t\r\n\0")


PIECES = st.sampled_from([
    b"Content-Type: ", b"multipart/mixed", b"text/html", b"; boundary=b", b"\n--b\n", b"\n--b--\n", b"\n\n", b"\n",
    b"; charset=", b"utf-7", b"=?utf-8?q?", b"?=", b'"', b"<", b">", b"@", b"From: ", b"Subject: ", b"\xff", b"\0",
    b"message/rfc822", b"Content-Transfer-Encoding: base64", b"=", b"a", b" ", b"<p>", b"filename*0*=", b"\r",
])  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=40).map(b"".join))
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_parse_survives_shuffled_mail(body: bytes) -> None:
    """Pieces of mail in any order give a message that can be stored."""
    assert not body.strip(b" \t\r\n\0") or is_storable(read(body))


def test_parse_says_who_and_when() -> None:
    """Times are UTC; the server's time is kept beside the sender's."""
    message = read(f"{HEAD}\nhi")
    assert message.sent_at == datetime(2024, 6, 4, 7, tzinfo=UTC)
    assert message.received_at == NOW
    assert (message.sender.address, message.visibility, message.native_id) == ("ann@example.org", "private", "1")


@pytest.mark.parametrize("value", ["", "soon", "Tue, 99 Foo 2024 99:99:99 +0000", "1" * 500])
def test_parse_reads_no_time_from_an_impossible_date(value: str) -> None:
    """A date that cannot be is none, and a note says so."""
    message = read(f"From: a@example.org\nDate: {value}\n\nhi")
    assert message.sent_at is None
    assert any("Date" in note for note in message.notes)


@pytest.mark.parametrize(
    "fields",
    ["", "From:\n", "From: a@example.org\nFrom: b@example.org\n", "From: a@example.org, b@example.org\n",
     'From: "boss@example.com" <a@example.org>\n', "From: Ann\n"],
)  # fmt: skip
def test_parse_marks_an_ambiguous_sender(fields: str) -> None:
    """No From, several, or one that can be read in two ways: never certain."""
    assert read(f"{fields}Subject: x\n\nhi").flags.sender_ambiguous


def test_parse_knows_its_own_mail() -> None:
    """Mail from one of our addresses is marked, whatever the case of letters."""
    assert read(f"{HEAD}\nhi", own=("ANN@example.org",)).flags.own
    assert not read(f"{HEAD}\nhi", own=("help@example.com",)).flags.own


@pytest.mark.parametrize(
    "field",
    ["Auto-Submitted: auto-replied", "Auto-Submitted: Auto-Generated; owner=x", "X-Autoreply: yes", "X-Autorespond: x",
     "Precedence: auto_reply", "Subject: Out of Office: away", "Subject: Abwesenheitsnotiz",
     "Subject: Automaattinen vastaus: tilaus", "Content-Type: multipart/report; report-type=disposition-notification"],
)  # fmt: skip
def test_parse_marks_automatic_answers(field: str) -> None:
    """RFC 3834, the fields programs use instead, read receipts and plain subjects are known."""
    assert read(f"{field}\n{HEAD}\nhi").flags.auto_reply


@pytest.mark.parametrize(
    "field",
    ["Auto-Submitted: no", "Auto-Submitted: no (really)", "X-Auto-Response-Suppress: All", "Precedence: list",
     "Subject: Automatic door broken", "Subject: Absence of any answer", "Subject: Out of order"],
)  # fmt: skip
def test_parse_takes_people_for_people(field: str) -> None:
    """Fields and subjects that only look automatic leave the flag off."""
    assert not read(f"{field}\n{HEAD}\nhi").flags.auto_reply


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        ("ann@example.org", "Delivery failure", "My parcel was not delivered, the driver did not ring."),
        ("ann@example.org", "Undeliverable?", "Your driver says my address does not exist. It does."),
        ("admin@example.org", "Delivery problem", "Three parcels have not been delivered to our office."),
        ("ann@example.org", "Returned mail", "I returned the mail order shoes and still have no refund."),
    ],
)
def test_parse_does_not_take_a_complaint_for_a_bounce(sender: str, subject: str, text: str) -> None:
    """A customer's words about a delivery are no delivery report."""
    assert not read(f"From: {sender}\nSubject: {subject}\n\n{text}").flags.bounce


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        ("MAILER-DAEMON@example.org", "failure notice", "Hi. This is the qmail-send program."),
        ("postmaster@example.org", "Undeliverable: Your case", "could not be delivered to: x@example.org"),
        ('"Mail Delivery System" <x@example.org>', "Zustellung", "x"),
        ("postmaster@example.org", "Delivery Status Notification (Failure)", "This is an automatic message."),
    ],
)
def test_parse_finds_bounces_without_a_report_part(sender: str, subject: str, text: str) -> None:
    """Reports of old mail servers are known by two signs together."""
    assert read(f"From: {sender}\nSubject: {subject}\n\n{text}").flags.bounce


AR = "Authentication-Results: {}; dmarc=fail\n"
SPAM = "X-Spam-Flag: YES\n"
RECEIVED = "Received: from x by y; Tue, 4 Jun 2024 09:00:00 +0200\n"


@pytest.mark.parametrize(
    ("fields", "trusted", "spam"),
    [
        (AR.format("mx.example.com") + SPAM + RECEIVED, ("mx.example.com",), True),
        (AR.format("mx.example.com") + SPAM + RECEIVED, (), False),
        (AR.format("other.example.org") + SPAM + RECEIVED, ("mx.example.com",), False),
        (AR.format("mx.example.com") + RECEIVED + SPAM, ("mx.example.com",), False),
        (AR.format("other.example.org") + AR.format("mx.example.com") + SPAM, ("mx.example.com",), False),
        (RECEIVED + SPAM, ("mx.example.com",), False),
    ],
)
def test_parse_takes_spam_verdicts_only_from_the_boundary(fields: str, trusted: tuple[str, ...], spam: bool) -> None:
    """A verdict counts where our own boundary wrote it, and nowhere else."""
    assert read(f"{fields}{HEAD}\nhi", trusted_authserv=trusted).flags.spam is spam


@pytest.mark.parametrize(
    ("fields", "envelope", "tokens"),
    [
        (f"Cc: help+{TOKEN}@example.com\n", (), (TOKEN,)),
        (f"In-Reply-To: <{TOKEN}.7@example.com>\n", (), (TOKEN,)),
        (f"References: <x@example.org> <{TOKEN}.7@EXAMPLE.com>\n", (), (TOKEN,)),
        (f"Delivered-To: help+{TOKEN}@example.com\n", (), (TOKEN,)),
        ("", (f"help+{TOKEN}@example.com",), (TOKEN,)),
        (f"Cc: help+{TOKEN}@example.org\n", (), ()),
        (f"Cc: help+{TOKEN.upper()}@example.com\n", (), ()),
        ("Cc: help+cr-short@example.com\n", (), ()),
        (f"In-Reply-To: <x{TOKEN}.7@example.com>\n", (), ()),
    ],
)
def test_parse_finds_reply_tokens(fields: str, envelope: tuple[str, ...], tokens: tuple[str, ...]) -> None:
    """Tokens count at our own domain, letter by letter."""
    transport = Transport(envelope_recipients=envelope)
    assert read(f"{fields}{HEAD}\nhi", transport=transport, token_domain="example.com").reply_tokens == tokens


def mixed(*parts: str, kind: str = "mixed") -> str:
    return f"{HEAD}Content-Type: multipart/{kind}; boundary=b\n\n" + "".join(f"--b\n{p}\n" for p in parts) + "--b--\n"


def test_parse_joins_all_inline_text() -> None:
    """Text below an attachment is text too."""
    message = read(
        mixed(
            "\nfirst",
            "Content-Type: application/pdf; name=a.pdf\n\nx",
            "Content-Type: text/plain\n\nsecond",
            'Content-Type: text/plain; name="log.txt"\nContent-Disposition: attachment\n\nnot text',
        )
    )
    assert message.text == "first\nsecond"
    assert [(a.filename, a.native_id) for a in message.attachments] == [("a.pdf", "2"), ("log.txt", "4")]


def test_parse_takes_html_where_plain_text_is_empty() -> None:
    """An empty plain form does not hide the words of the HTML form."""
    message = read(
        mixed("Content-Type: text/plain\n\n ", "Content-Type: text/html\n\n<p>words</p>", kind="alternative")
    )
    assert message.text == "words"


def test_parse_takes_new_words_from_html_marks() -> None:
    """Where only the HTML form shows what is quoted, its marks decide."""
    html = '<div>new</div><blockquote type="cite">old words</blockquote>'
    message = read(mixed("\nnew\nold words", f"Content-Type: text/html\n\n{html}", kind="alternative"))
    assert (message.text, message.reply_text) == ("new\nold words", "new")


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("Content-Type: multipart/mixed", "--x\nContent-Type: text/plain\n\nwords\n--x--\n"),
        ("Content-Type: multipart/mixed; boundary=y", "--x\nContent-Type: text/plain\n\nwords\n--x--\n"),
        ("Content-Type: multipart/mixed; boundary=x", "--x\n\nwords\n"),
        ("Content-Type: multipart/mixed; boundary=x", "words"),
        ("Content-Type: multipart/mixed; boundary=\"x", "--x\n\nwords\n--x--"),
        ("Content-Type: text", "words"),
        ("Content-Type: nonsense", "words"),
        ("Content-Transfer-Encoding: nonsense", "words"),
    ],
)  # fmt: skip
def test_parse_reads_broken_structure(head: str, body: str) -> None:
    """A missing, wrong or unclosed boundary, or a type that is none, does not hide the words."""
    assert read(f"{HEAD}{head}\n\n{body}").text == "words"


def test_parse_reads_the_message_attached_to_an_empty_mail() -> None:
    """Forwarded as an attachment, without a word: the attached words are what there is to read."""
    inner = "Content-Type: message/rfc822\n\nFrom: Bea <bea@example.org>\nSubject: x\n\nThe kettle broke."
    message = read(mixed(inner).replace("Subject: Hello", "Subject: Fwd: x"))
    assert message.text == "The kettle broke."
    assert message.original_sender is not None
    assert message.original_sender.address == "bea@example.org"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename=../../etc/passwd", "passwd"),
        ("attachment; filename=\"C:\\\\x\\\\y.pdf\"", "y.pdf"),
        ("attachment; filename=\"..\"", ""),
        ("attachment; filename*=utf-8''a%0D%0Ab%00.pdf", "a b .pdf"),
        ("attachment; filename*=utf-8''x%E2%80%AEfdp.exe", "xfdp.exe"),
        ("attachment; filename*5*=b.pdf; filename*0*=utf-8''a", "ab.pdf"),
        ("attachment; filename*=nonsense''%E4.pdf", "ä.pdf"),
        ("attachment; filename=\"=?utf-8?q?=C3=A4.pdf?=\"", "ä.pdf"),
        ("attachment; filename=" + "x" * 400 + ".pdf", "x" * 196 + ".pdf"),
    ],
)  # fmt: skip
def test_parse_gives_attachments_safe_names(disposition: str, name: str) -> None:
    """Names carry no path, no line end, no invisible character, and keep their ending."""
    (attachment,) = read(mixed(f"Content-Type: application/pdf\nContent-Disposition: {disposition}\n\nx")).attachments
    assert attachment.filename == name


HOSTILE = {
    "deep": HEAD + "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(300)) + "\nx",
    "many-parts": HEAD + "Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * 5_000,
    "no-line-ends": HEAD + "Content-Type: multipart/mixed; boundary=b\n\n" + "x--b" * 100_000,
    "many-headers": HEAD + "X: y\n" * 20_000 + "\nx",
    "long-headers": f"From: {'(' * 100_000}\nSubject: {'=?a?q?' * 50_000}\nTo: {'a:' * 50_000}\n\nx",
    "long-references": f"{HEAD}References: {'< ' * 50_000}\n\nx",
    "long-line": f"{HEAD}\n{'x' * 1_000_000}",
    "bare-cr": f"{HEAD}\nwords".replace("\n", "\r"),
    "quotes": HEAD + "\n" + "> a\nb:\n" * 9_000,
    "labels": HEAD + "\n" + "From: a\nx\n" * 6_000,
    "html": f"{HEAD}Content-Type: text/html\n\n{'<div>' * 100_000}",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_parse_bounds_hostile_mail(body: str) -> None:
    """Structure made to cost time or memory gives one message within the limits."""
    message = read(body)
    assert len(message.text) <= 100_000
    assert len(message.attachments) <= 200
    assert len(message.references) <= 100


def test_parse_cuts_text_and_says_so() -> None:
    """Text is kept up to the limit, with a note."""
    message = read(f"{HEAD}\n{'x' * 50}", max_text_chars=20)
    assert message.text == "x" * 20
    assert "text was cut at 20 characters" in message.notes
