# SPDX-License-Identifier: Apache-2.0
"""What a mail carries besides words: uuencoded files, calendar entries, attached messages, pieces and pointers."""

from __future__ import annotations

import binascii
from datetime import UTC, datetime

import pytest

from channels.email.parse import parse
from router.interfaces import ParseOptions, ReadLimits
from router.schema import InboundMessage, RawMessage

HEAD = "From: Ann <ann@example.org>\nSubject: Hello\nDate: Tue, 4 Jun 2024 09:00:00 +0200\nMIME-Version: 1.0\n"


def read(body: str, **options: object) -> InboundMessage:
    raw = RawMessage(
        channel="email", account="help", native_id="1", body=body.encode(), received_at=datetime(2024, 7, 1, tzinfo=UTC)
    )
    (message,) = parse(raw, ParseOptions.model_validate(options))
    return message


def mixed(*parts: str, kind: str = "mixed") -> str:
    return f"{HEAD}Content-Type: multipart/{kind}; boundary=b\n\n" + "".join(f"--b\n{p}\n" for p in parts) + "--b--\n"


def uuencoded(data: bytes, name: str) -> str:
    lines = [binascii.b2a_uu(data[n : n + 45]).decode() for n in range(0, len(data), 45)]
    return f"begin 644 {name}\n{''.join(lines)}`\nend\n"


def test_parse_lists_uuencoded_files_and_takes_them_out_of_the_text() -> None:
    """Two files in one text are listed with name, type and size; the words around them stay."""
    files = [uuencoded(b"x" * 1000, "räkning.pdf"), uuencoded(b"", "no") + uuencoded(b"yz", "b.png")]
    text = "Two pictures.\n\n{}\nand\n{}Bye".format(*files)
    message = read(f"{HEAD}\n{text}")
    assert [(a.filename, a.content_type, a.size, a.native_id) for a in message.attachments] == [
        ("räkning.pdf", "application/pdf", 1000, "1#1"),
        ("b.png", "image/png", 2, "1#2"),
    ]
    assert message.text.startswith("Two pictures.\n\n\nand\n")
    assert message.text.endswith("Bye")


def test_parse_takes_out_a_file_that_is_longer_than_the_text_may_be() -> None:
    """The limit of the text holds for words, not for a file that stands in it."""
    message = read(f"{HEAD}\nwords\n{uuencoded(bytes(range(256)) * 100, 'a.bin')}more", max_text_chars=100)
    assert message.text == "words\nmore"
    assert [a.size for a in message.attachments] == [25_600]


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 of the queue\nwas at the door",
        "begin 644 a.bin\nthis is no encoded line\nend",
        f"{uuencoded(b'x' * 90, 'a.bin')[:60]}",
        "begin 644 a.bin\n`\nend",
    ],
)
def test_parse_leaves_broken_uuencoding_as_text(text: str) -> None:
    """What does not decode, or never ends, stays in the text."""
    message = read(f"{HEAD}\n{text}")
    assert (message.text, message.attachments) == (text, ())


def test_parse_decodes_parts_that_are_uuencoded() -> None:
    """The transfer encoding x-uuencode gives the size of what is inside."""
    part = "Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: x-uuencode\n\n" + uuencoded(
        b"q" * 100, "a.png"
    )
    assert [a.size for a in read(mixed("\nwords", part)).attachments] == [100]


EVENT = (
    "BEGIN:VCALENDAR\nMETHOD:{}\nBEGIN:VTIMEZONE\nSUMMARY:not this\nEND:VTIMEZONE\nBEGIN:VEVENT\n"
    "ATTENDEE;CN=Ann;PARTSTAT={}:mailto:ann@example.org\n"
    "SUMMARY;LANGUAGE=de:Termin\\, Reparatur der\n  Maschine\nEND:VEVENT\n"
)


@pytest.mark.parametrize(
    ("method", "answer", "note"),
    [
        ("REQUEST", "NEEDS-ACTION", 'calendar entry: an invitation "Termin, Reparatur der Maschine"'),
        ("CANCEL", "ACCEPTED", 'calendar entry: a cancelled event "Termin, Reparatur der Maschine"'),
        ("REPLY", "DECLINED", 'calendar entry: an answer to an invitation (declined) "Termin, Reparatur der Maschine"'),
    ],
)
def test_parse_says_what_a_calendar_part_is(method: str, answer: str, note: str) -> None:
    """Invitation, cancellation or answer, and the title, stand in the note; the text is the other form."""
    part = f"Content-Type: text/calendar; method={method}; charset=utf-8\n\n{EVENT.format(method, answer)}"
    message = read(mixed("\nwords", part, kind="alternative"))
    assert (message.text, [a.note for a in message.attachments]) == ("words", [note])


def test_parse_names_an_attached_message_by_its_subject() -> None:
    """A message without a file name is called what it is about."""
    subject = "=?utf-8?q?Rechnung_5/24:_zu_hoch_f=C3=BCr?= mich"
    inner = f"Content-Type: message/rfc822\n\nFrom: b@example.org\nSubject: {subject}\n\nx"
    (entry,) = read(mixed("\nwords", inner)).attachments
    assert (entry.filename, entry.note) == ("Rechnung 5_24_ zu hoch für mich.eml", "an attached message")


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        ('message/partial; id="x"; number=1; total=3', "one piece of a message sent in pieces"),
        ("message/external-body; access-type=URL; URL=\"http://example.org/x\"",
         "a pointer to content elsewhere; never fetched"),
    ],
)  # fmt: skip
def test_parse_leaves_pieces_and_pointers_closed(kind: str, note: str) -> None:
    """What lies elsewhere is listed and not fetched."""
    message = read(mixed("\nwords", f"Content-Type: {kind}\n\nContent-Type: text/plain\n\nnot read"))
    assert (message.text, [a.note for a in message.attachments]) == ("words", [note])


PDF = "Content-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment\n\n" + "x" * 2_000


@pytest.mark.parametrize(
    ("body", "options", "note"),
    [
        (f"X-Long: {'y' * 5_000}\n{HEAD}\nwords", {"limits": {"header_bytes": 1_000}},
         "a header field was cut at 1000 bytes"),
        (HEAD + "X: y\n" * 50 + "\nwords", {"limits": {"headers": 20}},
         "more than 20 header fields; the rest was not read"),
        (mixed("\nwords", "\nb", "\nc", "\nd"), {"limits": {"parts": 3}}, "more than 3 parts; the rest was not read"),
        (mixed("\nwords", "Content-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--"), {"limits": {"depth": 1}},
         "parts nested deeper than 1 were not opened"),
        (f"{HEAD}\nwords\n{'x' * 500}\nend", {"limits": {"line_chars": 200}}, "a line was cut at 200 characters"),
        (f"{HEAD}\nwords{'x' * 500}", {"max_text_chars": 200}, "text was cut at 200 characters"),
        (f"{HEAD}Content-Type: text/html\n\n<p>words</p>{'<p>x</p>' * 500}", {"limits": {"html_chars": 1_000}},
         "HTML beyond 1000 characters was not read"),
        (mixed("\nwords", PDF, PDF), {"max_attachments": 1}, "only the first 1 attachments are listed"),
        (mixed("\nwords", PDF), {"limits": {"attachment_bytes": 1_000}},
         "an attachment is larger than 1000 bytes; not looked into"),
    ],
)  # fmt: skip
def test_parse_keeps_each_limit_and_says_so(body: str, options: dict[str, object], note: str) -> None:
    """Every limit that an installation may set cuts, leaves the rest readable, and leaves a note."""
    message = read(body, **options)
    assert message.text.startswith("words")
    assert note in message.notes
    assert note not in read(body).notes


def test_parse_cuts_what_each_limit_bounds() -> None:
    """Nothing beyond a limit is in the message."""
    limits = ReadLimits(line_chars=200, parts=3)
    assert max(map(len, read(f"{HEAD}\nwords\n{'x' * 500}\nend", limits=limits).text.split("\n"))) == 200
    assert read(mixed("\na", "\nb", "\nc", "\nd"), limits=limits).text == "a\nb"
    assert len(read(mixed(PDF, PDF, PDF), max_attachments=2).attachments) == 2
