# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - tables: an entry a line
"""Rows 1 to 22: mails whose headers, parts and encodings lie, repeat without end, or cost more than they weigh."""

from __future__ import annotations

import base64
from collections.abc import Callable

from router.content import ReadLimits
from router.schema import InboundMessage
from tests.attack.catalogue import HEAD, Attack, mail

__all__ = ["STRUCTURE"]

MIB = 1024 * 1024
FULL = 24 * MIB  # nearly the largest mail that is taken
LIMITS = ReadLimits()
MIXED = 'Content-Type: multipart/mixed; boundary="b"'


def told(word: str) -> Callable[[InboundMessage], bool]:
    """Some note says this."""
    return lambda message: any(word in note for note in message.notes)


def _fill(piece: bytes, size: int = FULL) -> bytes:
    return piece * (size // len(piece))


def _nested(depth: int) -> bytes:
    """Multiparts inside each other, each with a boundary of its own."""
    openings = [f'--b{n}\r\nContent-Type: multipart/mixed; boundary="b{n + 1}"\r\n\r\n' for n in range(depth)]
    return mail('Content-Type: multipart/mixed; boundary="b0"', body="".join(openings) + f"--b{depth}\r\n\r\nwords\r\n")


def _nested_same(depth: int) -> bytes:
    """Multiparts inside each other that all use one boundary."""
    return mail(MIXED, body="--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * depth + "words")


def _nested_prefixes(depth: int) -> bytes:
    """Boundaries that begin with each other: every search for one finds all the others."""
    parts = "".join(
        f'--{"x" * (n + 1)}\r\nContent-Type: multipart/mixed; boundary="{"x" * (n + 2)}"\r\n\r\n' for n in range(depth)
    )
    tail = "".join(f"--{'x' * 60}y\r\n" for _ in range(200_000))
    return mail('Content-Type: multipart/mixed; boundary="x"', body=parts + tail)


def _forwarded(depth: int) -> bytes:
    return mail(
        "Content-Type: message/rfc822", body="Content-Type: message/rfc822\r\n\r\n" * depth + "Subject: in\r\n\r\nwords"
    )


def _siblings(part: bytes, count: int) -> bytes:
    return mail(MIXED, body=(b"--b\r\n" + part + b"\r\n") * count + b"--b--\r\n")


def _encoded_parts(encoding: str, line: bytes) -> bytes:
    """As many attachments as are listed, together as large as a mail may be."""
    head = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n"
    return _siblings(head + _fill(line, FULL // 190), 190)


def _text_parts(kind: str, line: bytes, *more: str) -> bytes:
    """Text parts, each as long as is read of one."""
    head = "\r\n".join((f"Content-Type: text/{kind}; charset=utf-8", *more)).encode() + b"\r\n\r\n"
    return _siblings(head + _fill(line, FULL // 190), 190)


def _charset(name: str, octets: bytes) -> bytes:
    return mail(f"Content-Type: text/plain; charset={name}", "Content-Transfer-Encoding: 8bit", body=octets)


STRUCTURE: tuple[Attack, ...] = (
    # 1 identification fields
    Attack(1, "message-id empty", lambda: mail("Message-ID:"), "case"),
    Attack(1, "message-id repeated", lambda: mail(*["Message-ID: <a@example.org>", "Message-ID: <b@example.org>"] * 300), ("case", "case-")),
    Attack(1, "message-id without end", lambda: mail("Message-ID: <" + "a" * MIB)),
    Attack(1, "references of angle brackets", lambda: mail(b"References: " + _fill(b"<", 15_000)), "case"),
    Attack(1, "references by the thousand", lambda: mail(*["References: " + "<a@b> " * 2_000] * 900), ("case", "case-"),
           lambda m: len(m.references) <= 100),
    # 2 From
    Attack(2, "no from", lambda: mail()[38:], holds=lambda m: m.flags.sender_ambiguous),
    Attack(2, "two from", lambda: mail("From: Bob <bob@example.com>"), holds=lambda m: m.flags.sender_ambiguous),
    Attack(2, "empty from", lambda: mail().replace(b"Anna Example <anna@example.org>", b""),
           holds=lambda m: m.flags.sender_ambiguous),
    Attack(2, "ten thousand from", lambda: mail(*["From: Bob <bob@example.com>"] * 10_000),
           holds=lambda m: m.flags.sender_ambiguous),
    # 3 address lists
    Attack(3, "addresses by the thousand", lambda: mail(*["Cc: " + "a@example.org, " * 1_000] * 900),
           holds=lambda m: len(m.cc) <= 500),
    Attack(3, "unclosed comments", lambda: mail(*["To: " + "(" * 15_000] * 300), ("case", "case-")),
    Attack(3, "unclosed quotes", lambda: mail(*['To: "' + '\\"a' * 5_000] * 300), ("case", "case-")),
    Attack(3, "unclosed angles", lambda: mail(*["To: " + "a <" * 5_000] * 300), ("case", "case-")),
    Attack(3, "groups without end", lambda: mail(*["To: " + "g:" * 7_000] * 300), ("case", "case-")),
    Attack(3, "comments between", lambda: mail(*["To: " + "(a)b(c)@(d)e(f)," * 900] * 300), ("case", "case-")),
    Attack(3, "only separators", lambda: mail(*["To: " + ",;:<>@" * 2_500] * 300), ("case", "case-")),
    # 4 nesting
    Attack(4, "nested multiparts", lambda: _nested(5_000)),
    Attack(4, "nested with one boundary", lambda: _nested_same(20_000)),
    Attack(4, "boundaries that begin with each other", lambda: _nested_prefixes(48)),
    Attack(4, "nested and as large as a mail", lambda: _nested(49) + _fill(b"\r\n--b" + b"x" * 40), ("case", "case-")),
    Attack(4, "nested digests without boundaries", lambda: _siblings(b"Content-Type: multipart/mixed\r\n\r\n--q\r\nwords\r\n" * 4_000, 190), ("case", "case-")),
    Attack(4, "forwarded in each other", lambda: _forwarded(5_000), ("case", "case-")),
    Attack(4, "forwarded without end", lambda: _forwarded(FULL // 40), ("case", "case-")),
    # 5 many headers
    Attack(5, "a hundred thousand lines", lambda: mail(*[f"X-{n}: y" for n in range(100_000)])),
    Attack(5, "five thousand received", lambda: mail(*["Received: from a.example.org by b.example.org"] * 5_000)),
    Attack(5, "headers as large as a mail", lambda: HEAD + _fill(b"X-A: b\r\n")),
    Attack(5, "one header as large as a mail", lambda: HEAD + b"X-A: " + _fill(b"b")),
    Attack(5, "folded lines as large as a mail", lambda: HEAD + b"Subject: a\r\n" + _fill(b" b\r\n"), ("case", "case-")),
    Attack(5, "lines that are no header", lambda: HEAD + _fill(b"not a header\r\n"), ("case", "case-")),
    Attack(5, "stray lines", lambda: HEAD + _fill(b"From here\r\n"), ("case", "case-")),
    Attack(5, "names without end", lambda: HEAD + _fill(b"x") + b": y\r\n\r\nwords", ("case", "case-")),
    # 6 many parts
    Attack(6, "a hundred thousand empty parts", lambda: _siblings(b"", 100_000), holds=lambda m: len(m.attachments) <= 200),
    Attack(6, "parts of delimiter lines", lambda: mail(MIXED, body=_fill(b"--b\r\n"))),
    Attack(6, "delimiters that do not match", lambda: mail(MIXED, body=_fill(b"--bx\r\n")), ("case", "case-")),
    Attack(6, "delimiters with long tails", lambda: mail(MIXED, body=_fill(b"--b" + b" " * 998 + b"x\n")), ("case", "case-")),
    Attack(6, "delimiters within lines", lambda: mail(MIXED, body=_fill(b" --b")), ("case", "case-")),
    # 7 lines
    Attack(7, "one line of 1 MiB", lambda: mail(body=b"x" * MIB)),
    Attack(7, "one line as large as a mail", lambda: mail(body=b"x" * FULL)),
    Attack(7, "one line of words", lambda: mail(body=_fill(b"parcel 12 "))),
    Attack(7, "bare carriage returns", lambda: mail().replace(b"\r\n", b"\r"), "case-", lambda m: "never came" in m.text),
    Attack(7, "bare carriage returns alone", lambda: mail(body=b"\r" * FULL), ("case", "case-")),
    Attack(7, "blank lines alone", lambda: mail(body=b"\r\n" * (FULL // 2)), ("case", "case-")),
    Attack(7, "NUL bytes", lambda: mail(body=b"par\0cel " + b"\0" * MIB), ("case", "case-"), lambda m: "\0" not in m.text),
    Attack(7, "spaces", lambda: mail(body=b" " * FULL), ("case", "case-")),
    # 8, 9 charsets
    *(
        Attack(8, f"charset {name[:20]}", lambda name=name: _charset(name, b"parcel \xe9\xff\x80" * 100_000),
               ("case", "case-"))
        for name in ("no-such", "utf-7", "utf-16", "utf-32", "base64", "rot13", "idna", "punycode", "hz", "iso-2022-kr",
                     "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "zlib", "x" * 10_000, "utf-8\0", "..")
    ),
    Attack(8, "charset per part", lambda: _siblings(b"Content-Type: text/plain; charset=no-such\r\n\r\n" + b"\xe9\xa0\x81" * 30_000, 190)),
    Attack(9, "utf-7 markup", lambda: mail("Content-Type: text/html; charset=utf-7", body="+ADw-script+AD4-alert(1)+ADw-/script+AD4- words"),
           ("case", "case-"), lambda m: "<script" not in m.html.lower()),
    Attack(9, "iso-2022-jp escapes", lambda: mail("Content-Type: text/html; charset=iso-2022-jp", body=b"<b title=\"\x1b$B\">\x1b(B\" onclick=alert(1)>words</b>"),
           ("case", "case-"), lambda m: "onclick" not in m.html.lower()),
    # 10 transfer encodings
    Attack(10, "broken base64", lambda: mail("Content-Transfer-Encoding: base64", body=_fill(b"=A=*\r\n")), ("case", "case-")),
    Attack(10, "base64 of one character a line", lambda: mail("Content-Transfer-Encoding: base64", body=_fill(b"Q\r\n")), ("case", "case-")),
    Attack(10, "broken quoted-printable", lambda: mail("Content-Transfer-Encoding: quoted-printable", body=_fill(b"=G=\r\n=")), ("case", "case-")),
    Attack(10, "quoted-printable attachments", lambda: _encoded_parts("quoted-printable", b"=41=42=\r\n"), ("case", "case-")),
    Attack(10, "base64 attachments", lambda: _encoded_parts("base64", b"QUJD" * 18 + b"\r\n"), ("case", "case-")),
    Attack(10, "uuencoded attachments", lambda: _encoded_parts("x-uuencode", b"M" + b"_" * 60 + b"\r\n"), ("case", "case-")),
    Attack(10, "unknown encoding", lambda: mail("Content-Transfer-Encoding: " + "x" * 20_000), ("case", "case-")),
    Attack(10, "uuencode begun again and again", lambda: mail(body=_fill(b"begin 644 a\r\n")), ("case", "case-")),
    Attack(10, "uuencode begun often and ended once", lambda: mail(body=b"begin 644 a\r\n" * 60 + _fill(b"M" + b"_" * 60 + b"\r\n") + b"end\r\n"), ("case", "case-")),
    Attack(10, "uuencode begun and broken at its end", lambda: mail(body=(b"begin 644 a\r\n" + b"M" + b"_" * 60 + b"\r\n") * 60 + _fill(b"M" + b"_" * 60 + b"\r\n") + b"\xff\r\nend\r\n"), ("case", "case-")),
    Attack(10, "uuencode without end", lambda: mail(body=b"begin 644 a\r\n" + _fill(b"M" + b"_" * 60 + b"\r\n")), ("case", "case-")),
    # 11 boundaries
    Attack(11, "boundary missing", lambda: mail("Content-Type: multipart/mixed", body="--q\r\n\r\nwords\r\n--q--\r\n"), "case-", lambda m: "words" in m.text),
    Attack(11, "boundary empty", lambda: mail('Content-Type: multipart/mixed; boundary=""', body="words"), holds=lambda m: "words" in m.text),
    Attack(11, "boundary huge", lambda: mail(f'Content-Type: multipart/mixed; boundary="{"b" * 15_000}"', body=_fill(b"--" + b"b" * 14_990 + b"\r\n")), ("case", "case-")),
    Attack(11, "boundary unterminated", lambda: mail('Content-Type: multipart/mixed; boundary="b', body="--b\r\n\r\nwords"), ("case", "case-")),
    Attack(11, "boundary to be guessed", lambda: mail("Content-Type: multipart/mixed", body=b"".join(b"--%d\r\n" % n for n in range(500_000))), ("case", "case-")),
    # 12 RFC 2231
    Attack(12, "parameters with gaps", lambda: mail("Content-Disposition: attachment; " + "; ".join(f"filename*{n}*=%41" for n in range(0, 2_000, 3))), ("case", "case-")),
    Attack(12, "giant index", lambda: mail(f"Content-Disposition: attachment; filename*{'9' * 5_000}=a; filename*0=b"), ("case", "case-")),
    Attack(12, "parameters without end", lambda: mail("Content-Type: text/plain; " + "a=b; " * 3_000, *["Content-Type: text/plain; " + "a=\"" * 5_000] * 100), ("case", "case-")),
    Attack(12, "wrong charset", lambda: mail("Content-Disposition: attachment; filename*=no-such'x'%FF%FE.pdf", MIXED), ("case", "case-")),
    # 13 dates
    *(
        Attack(13, f"date {number}", lambda date=date: mail().replace(b"Mon, 2 Mar 2026 09:00:00 +0000", date),
               holds=lambda m: m.sent_at is None)
        for number, date in enumerate((b"Mon, 99 Mar 2026 99:99:99 +9999", b"Mon, 2 Mar 99999999999 0:0 +0000", b"1" * 15_000, b"\xff" * 500))
    ),
    # 14 addresses
    Attack(14, "non-ASCII address", lambda: mail().replace(b"anna@example.org", "änna@exämple.org".encode()), ("case", "case-"), lambda m: "nna@ex" in m.sender.address),
    Attack(14, "address of bytes", lambda: mail().replace(b"anna@example.org", b"\xff\xfe@\x80\x81"), ("case", "case-"), lambda m: bool(m.sender.address)),
    # 15 nothing
    *(Attack(15, name, lambda octets=octets: octets, "quarantine") for name, octets in (("no bytes", b""), ("blank lines", b"\r\n" * 1_000), ("NUL", b"\0" * FULL))),
    # 17 containers: see also tests/unit/channels/email/test_tnef.py and test_sealed.py
    Attack(17, "winmail of garbage", lambda: mail("Content-Type: application/ms-tnef; name=winmail.dat", "Content-Transfer-Encoding: base64", body=base64.encodebytes(b"\x78\x9f\x3e\x22" + b"\1\0" + b"\x02\x0f\x90\x06\0\1\0\0\0\xff\0\0" * 100_000)), ("case", "case-")),
    Attack(17, "S/MIME of nested lengths", lambda: mail("Content-Type: application/pkcs7-mime; smime-type=signed-data", "Content-Transfer-Encoding: base64", body=base64.encodebytes(b"\x30\x80" * 2 * MIB)), ("case", "case-")),
    Attack(17, "S/MIME of octet strings", lambda: mail("Content-Type: application/pkcs7-mime; smime-type=signed-data", "Content-Transfer-Encoding: base64", body=base64.encodebytes(b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80" + b"\x24\x80" * 500_000)), ("case", "case-")),
    Attack(17, "PGP begun again and again", lambda: mail(body=_fill(b"-----BEGIN PGP SIGNED MESSAGE-----\r\n")), ("case", "case-")),
    # 18 parts that differ
    Attack(18, "two forms that differ", lambda: mail('Content-Type: multipart/alternative; boundary="b"', body="--b\r\n\r\nPlease send me the parcel that was paid for three weeks ago already\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Transfer nine hundred euros into this new account before noon today\r\n--b--"), holds=lambda m: m.flags.parts_differ),
    Attack(18, "two large forms that differ", lambda: mail('Content-Type: multipart/alternative; boundary="b"', body=b"--b\r\n\r\n" + b"".join(b"a%d " % n for n in range(1_000_000)) + b"\r\n--b\r\nContent-Type: text/html\r\n\r\n" + b"".join(b"<p>b%d" % n for n in range(1_000_000)) + b"\r\n--b--")),
    # 19 invisible text
    Attack(19, "invisible characters", lambda: mail(body="pa\u200brcel" * 100_000), holds=lambda m: m.flags.lookalike),
    Attack(19, "direction marks", lambda: mail(body="\u202eparcel" * 100_000), holds=lambda m: m.flags.lookalike),
    Attack(19, "stacked accents", lambda: mail(body="Z" + "\u0300" * 2_000_000)),
    # 20 partial and external
    Attack(20, "partial", lambda: mail('Content-Type: message/partial; id="a"; number=1; total=100000'), ("case", "case-"), lambda m: bool(m.attachments[0].note)),
    Attack(20, "external body", lambda: mail('Content-Type: message/external-body; access-type=URL; URL="http://127.0.0.1/"'), ("case", "case-"), lambda m: "never fetched" in m.attachments[0].note),
    # 21 encoded words
    Attack(21, "encoded words", lambda: mail(*["Subject: " + "=?utf-8?q?a?= " * 1_000] * 900), ("case", "case-")),
    Attack(21, "encoded words begun", lambda: mail(*["To: " + "=?utf-8?b?" * 1_500] * 900, subject="=?" * 8_000), ("case", "case-")),
    Attack(21, "encoded words in names", lambda: mail(*["Cc: " + "=?utf-8?q?a?= <a@example.org>," * 500] * 900), ("case", "case-")),
    Attack(21, "encoded words of odd charsets", lambda: mail(subject="=?utf-7?b?KwA=?= =?idna?q?x=2e=2e?= =?no-such?q?=ff?= " * 200), ("case", "case-")),
    # 22 mbox form
    Attack(22, "mbox form", lambda: b"From anna@example.org Mon Mar  2 09:00:00 2026\n" + mail(body=b"one\n\nFrom bob@example.org Mon Mar  2 09:00:00 2026\nSubject: two\n\ntwo\n"), ("case", "case-"), lambda m: "two" in m.text),
)  # fmt: skip
