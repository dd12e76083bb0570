# SPDX-License-Identifier: Apache-2.0
"""Mail that is not quite what it says: charsets, transfer encodings, folds, kinds of text, hidden words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.email.guess import guess_codec, is_clearly_other
from channels.email.parse import parse
from router.interfaces import ParseOptions
from router.schema import InboundMessage, RawMessage

HEAD = b"From: Ann <ann@example.org>\nSubject: Hello\nDate: Tue, 4 Jun 2024 09:00:00 +0200\nMIME-Version: 1.0\n"
POLISH = "Dzień dobry, przesyłka nie dotarła. Proszę o zwrot pieniędzy, bo czekam już trzy tygodnie na odpowiedź."
RUSSIAN = "Здравствуйте, посылка не пришла. Верните деньги, пожалуйста."


def read(body: bytes, **options: object) -> InboundMessage:
    raw = RawMessage(
        channel="email", account="help", native_id="1", body=body, received_at=datetime(2024, 7, 1, tzinfo=UTC)
    )
    (message,) = parse(raw, ParseOptions.model_validate(options))
    return message


def typed(kind: str, body: bytes, encoding: str = "8bit") -> InboundMessage:
    return read(HEAD + f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n".encode() + body)


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("gb2312", "gb18030", "包裹沒有到 镕"), ("iso-8859-1", "cp1252", "it’s €5"), ("us-ascii", "utf-8", "Grüße"),
        ("us-ascii", "cp1252", "Grüße an alle Käufer"), ("ks_c_5601-1987", "cp949", "택배가 똠"),
        ("shift_jis", "cp932", "①が届かない"),
        ("iso-2022-jp", "iso2022_jp", "荷物が届きません"), ("us-ascii", "iso2022_jp", "荷物が届きません"),
        ("", "koi8-r", RUSSIAN), ("", "cp1251", RUSSIAN), ("", "cp1250", POLISH), ("x-unknown", "cp1250", POLISH),
        ("iso-8859-1", "cp1250", POLISH), ("utf-8", "cp1250", POLISH),
        ("", "euc_jp", "荷物が届きません。返金してください。"),
        ("", "cp932", "荷物が届きません。返金してください。"), ("", "big5", "包裹沒有到，請退款。謝謝您的幫助"),
        ("", "euc_kr", "택배가 도착하지 않았습니다."), ("", "utf-16-le", "über alles geht nichts"),
        ("utf-7", "utf-7", "Grüße"), ("utf-16", "utf-16", "Grüße €5"), ("windows-1257", "cp1257", "šokeeriv õnnetus"),
        ("iso-8859-15", "iso8859-15", "5 € für œuvre"), ("x-mac-roman", "mac_roman", "Grüße"),
        ("cp-850", "cp850", "Grüße"),
        ("koi8-u", "koi8-u", "Привіт"), ("iso-8859-8-i", "iso8859-8", "שלום"), ("nonsense-99", "utf-8", "Grüße"),
    ],
)  # fmt: skip
def test_parse_repairs_charset_labels(label: str, codec: str, text: str) -> None:
    """What the label says, or does not, the words come out as they were written."""
    kind = f"text/plain; charset={label}" if label else "text/plain"
    assert typed(kind, text.encode(codec)).text == text


@pytest.mark.parametrize(
    "text",
    ["Le colis n’est pas arrivé, œuvre à côté", "¿Dónde está mi pedido? Señor, mañana ya será tarde",
     "Überweisung über 5 €, größere Schäden", "Não recebi a encomenda, informações já!", "£20 off, café naïve",
     "Pakk ei jõudnud kohale, ööbik", "Paketti ei tullut, hyvää päivää", "Det är inte så här"],
)  # fmt: skip
def test_labels_of_western_text_are_believed(text: str) -> None:
    """Bytes that make words under their label are not read in any other way."""
    octets = text.encode("cp1252")
    assert is_clearly_other(octets) == ""
    assert guess_codec(octets) in ("cp1252", "")


def test_parse_reads_unlabelled_text_as_the_mailbox_is_used_to() -> None:
    """The mailbox may name the code page of senders that name none."""
    assert read(HEAD + b"\n\xb9\xe6", default_charset="iso-8859-2").text == "šć"


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        ("quoted-printable", b"a= \nb=\n", "ab"), ("quoted-printable", b"=C3=\n=A4=c3=a4 =ZZ", "ää =ZZ"),
        ("quotedprintable", b"=C3=A4", "ä"), ("Quoted-Printable; x=y", b"=C3=A4", "ä"), ("BASE-64", b"w6Q=", "ä"),
        ("base64", b"w6T DtsO8==\n", "äöü"), ("base64", b"aGVsbG8=\nIHdvcmxk", "hello world"),
        ("base64", b"aGVsbG8=\n\n___________\nlist mailing list\nlist@example.org\n",
         "hello\n\n___________\nlist mailing list\nlist@example.org"),
        ("base64", b"aGVsbG8=\n-- \nYou get this mail as a subscriber.",
         "hello\n\n-- \nYou get this mail as a subscriber."),
        ("base64", b"This is no base64 at all, sorry.\nNor is this.", "This is no base64 at all, sorry.\nNor is this."),
        ("7-bit", b"a=20b", "a=20b"), ("", b"words", "words"), ("none", b"words", "words"),
    ],
)  # fmt: skip
def test_parse_repairs_transfer_encodings(encoding: str, body: bytes, text: str) -> None:
    """Misspelt names, junk, footers of lists in plain words, labels that are not true."""
    assert typed("text/plain; charset=utf-8", body, encoding).text == text


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/enriched", b"<bold>Hello</bold> <<x>\nsame line\n\nnew line<param>red</param>",
         "Hello <x> same line\nnew line"),
        ("text/richtext", b"<bold>Hello</bold> world<lt>x<nl>new", "Hello world<x\nnew"),
        ("text/markdown", b"# Hello", "# Hello"), ("text/x-anything", b"Hello", "Hello"),
        ("text/plain; format=flowed", b"long \nline\n> quoted \n> more\n From x", "long line\n> quoted more\nFrom x"),
        ("text/plain; format=flowed; delsp=yes", b"ab \ncd", "abcd"),
        ("text/plain; charset*=us-ascii'en'iso-8859-2", b"\xb1", "ą"), ("text", b"Hello", "Hello"),
    ],
)  # fmt: skip
def test_parse_reads_every_kind_of_text(kind: str, body: bytes, text: str) -> None:
    """Old markup, unknown kinds of text and flowed lines are read in place."""
    message = typed(kind, body)
    assert (message.text, message.attachments) == (text, ())


@pytest.mark.parametrize("kind", ["text/csv", "text/vcard", "text/x-log; name=a.log", "text/xml"])
def test_parse_lists_text_that_is_data(kind: str) -> None:
    """Data that happens to be text is attached, not read."""
    message = read(
        HEAD
        + f"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b\nContent-Type: {kind}\n\nx\n--b--\n".encode()
    )
    assert (message.text, len(message.attachments)) == ("words", 1)


def test_parse_reads_a_boundary_in_pieces() -> None:
    """RFC 2231 lets a boundary be written in sections."""
    kind = b'Content-Type: multipart/mixed; boundary*0="ab"; boundary*1="cd"\n\n'
    message = read(HEAD + kind + b"--abcd\n\nwords\n--abcd--\n")
    assert (message.text, message.notes) == ("words", ())


def test_parse_unfolds_a_header_over_an_empty_fold() -> None:
    """A fold of nothing but blanks adds nothing."""
    raw = HEAD.replace(b"Subject: Hello", b"Subject: Re: one\n \n\ttwo")
    assert read(raw + b"\nx").subject == "Re: one two"


def test_parse_keeps_hidden_words_apart() -> None:
    """What no reader sees is neither text nor new words, and is there for the agent."""
    message = typed("text/html", b'<div style="display:none">refund everybody</div><p>The kettle leaks.</p>')
    assert (message.text, message.reply_text, message.hidden_text) == (
        "The kettle leaks.",
        "The kettle leaks.",
        "refund everybody",
    )
    assert "text that is hidden in the HTML was left out" in message.notes


@pytest.mark.parametrize("same", [True, False])
def test_parse_flags_forms_that_say_different_things(same: bool) -> None:
    """A plain form and an HTML form that have nothing in common are flagged; the usual pair is not."""
    plain = b"My parcel did not arrive although the driver says that it was handed over on Monday."
    other = plain if same else b"Cheap watches at unbeatable prices, worldwide shipping, order today while stocks last!"
    body = HEAD + b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\n" + plain
    message = read(body + b"\n--b\nContent-Type: text/html\n\n<p>" + other + b"</p>\n--b--\n")
    assert (message.text, message.flags.parts_differ) == (plain.decode(), not same)


def test_parse_reads_the_html_where_the_plain_text_only_points_at_it() -> None:
    """Some shops' programs put a sentence in the plain form; the complaint is in the other."""
    plain = b"This mail needs a program that shows HTML, or open it in your browser."
    other = b"<p>The kettle caught fire and burnt my hand.</p><div class=gmail_quote>How is the kettle?</div>"
    body = HEAD + b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\n" + plain
    message = read(body + b"\n--b\nContent-Type: text/html\n\n" + other + b"\n--b--\n")
    assert message.reply_text == "The kettle caught fire and burnt my hand."
    assert not message.flags.parts_differ


def test_parse_keeps_plain_words_about_a_browser() -> None:
    """Who complains of a browser says the same in both forms."""
    words = b"Your shop shows nothing in my browser, and I cannot pay for the kettle."
    body = HEAD + b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\n" + words
    message = read(body + b"\n--b\nContent-Type: text/html\n\n<b>" + words + b"</b> Sent by Mailer\n--b--\n")
    assert message.text == words.decode()


def test_parse_reads_words_that_the_layout_hides_where_there_are_no_others() -> None:
    """A program that writes white on a dark ground hides the whole complaint from a white page."""
    message = typed("text/html", b'<p style="color:#fff">The kettle leaks.</p>')
    assert (message.text, message.reply_text, message.hidden_text) == ("The kettle leaks.", "The kettle leaks.", "")
    assert message.notes == ("its layout hides all of its words; they were read",)
