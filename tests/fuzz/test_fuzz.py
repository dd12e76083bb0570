# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - tables: an entry a line
"""The fuzzing targets hold for inputs made by structure and by chance, the same on every run; ``make fuzz`` goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.engine import mutate
from tests.fuzz.targets import HTML_WORDS, MAIL_WORDS, NAME_WORDS, TARGETS, TEXT_WORDS, YAML_WORDS, Target

FEW = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
NAMES = st.sampled_from(
    [b"From", b"To", b"Cc", b"Reply-To", b"Sender", b"Subject", b"Date", b"Message-ID", b"In-Reply-To", b"References", b"Received",
     b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition", b"Content-ID", b"Content-Language", b"Auto-Submitted",
     b"Return-Path", b"List-Id", b"Authentication-Results", b"Precedence", b"X-Spam-Flag", b"Delivered-To"]
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(MAIL_WORDS),
    st.sampled_from(
        [b"Anna <anna@example.org>", b"a@example.org, b@example.org", b"=?utf-8?q?=C3=A4?= <a@example.org>", b"group:a@b,c@d;", b"<a@b>",
         b"Mon, 2 Mar 2026 09:00:00 +0200", b"auto-replied", b"bulk", b"1.0", b"\xe4\xf6\xfc", b"attachment; filename*=utf-8''%E4.pdf"]
    ),
    st.binary(max_size=30),
)  # fmt: skip
FIELDS = st.lists(st.tuples(NAMES, VALUES).map(b": ".join), max_size=8)
ENDS = st.sampled_from([b"\r\n", b"\n", b"\r"])
TYPES = st.sampled_from(
    [b"text/plain", b"text/plain; charset=utf-7", b"text/plain; format=flowed; delsp=yes", b"text/html; charset=gb2312", b"text/calendar",
     b"message/rfc822", b"message/delivery-status", b"application/ms-tnef", b"application/pkcs7-mime", b"image/png", b"text/enriched", b"x", b""]
)  # fmt: skip
ENCODINGS = st.sampled_from([b"", b"base64", b"quoted-printable", b"x-uuencode", b"8bit", b"gzip"])
WORDS = st.lists(
    st.one_of(st.sampled_from(MAIL_WORDS + HTML_WORDS + TEXT_WORDS), st.binary(max_size=20)), max_size=12
).map(b"".join)
SUBTYPES = st.sampled_from(
    [b"mixed", b"alternative", b"related", b"report", b"signed", b"digest", b"encrypted", b"odd"]
)


@st.composite
def leaves(draw: st.DrawFn) -> tuple[list[bytes], bytes]:
    head = [b"Content-Type: " + draw(TYPES), b"Content-Transfer-Encoding: " + draw(ENCODINGS)]
    return head + draw(st.lists(FIELDS.map(b"\n".join), max_size=1)), draw(WORDS)


@st.composite
def multiparts(draw: st.DrawFn, inner: st.SearchStrategy[tuple[list[bytes], bytes]]) -> tuple[list[bytes], bytes]:
    """A multipart whose boundary is declared, or not, or another; and closed, or not."""
    end, boundary = draw(ENDS), draw(st.sampled_from([b"b", b"bb", b"=_x", b"a b"]))
    declared = draw(st.sampled_from([boundary, boundary, boundary, b"other", b""]))
    parts = draw(st.lists(inner, min_size=1, max_size=4))
    body = b"".join(b"--" + boundary + end + end.join((*head, b"", text)) + end for head, text in parts)
    head = [
        b"Content-Type: multipart/" + draw(SUBTYPES) + b'; report-type=delivery-status; boundary="' + declared + b'"'
    ]
    return head, body + draw(st.sampled_from([b"--" + boundary + b"--" + end, b"", b"--"]))


@st.composite
def mails(draw: st.DrawFn) -> bytes:
    """A mail as programs write it, and as broken ones do, with a few bytes changed at times."""
    head, body = draw(st.recursive(leaves(), multiparts, max_leaves=6))
    end = draw(ENDS)
    made = bytearray(end.join((*draw(FIELDS), *head, b"", body)))
    for place, byte in draw(st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=3)):
        if made:
            made[place % len(made)] = byte
    return bytes(made)


@FEW
@given(mails())
def test_email_of_any_structure_is_read(octets: bytes) -> None:
    """Headers, parts, encodings and boundaries in any combination give a message that can be stored, or ParseError."""
    assert _holds(TARGETS["email"], octets)


def _holds(target: Target, octets: bytes) -> bool:
    target.run(octets)
    return True


def pieces(words: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    return st.lists(st.one_of(st.sampled_from(words), st.text(max_size=12).map(str.encode)), max_size=25).map(b"".join)


@pytest.mark.parametrize(
    ("name", "words"),
    [("html", HTML_WORDS), ("text", TEXT_WORDS), ("names", NAME_WORDS), ("yaml", YAML_WORDS), ("template", YAML_WORDS)],
)
def test_text_of_any_pieces_is_read(name: str, words: tuple[bytes, ...]) -> None:
    """Markup, texts, names, YAML and templates put together from what matters in them break nothing."""
    seen: list[bytes] = []

    @FEW
    @given(pieces(words))
    def run(octets: bytes) -> None:
        TARGETS[name].run(octets)
        seen.append(octets)

    run()
    assert len(seen) > 50


@pytest.mark.parametrize("name", TARGETS)
def test_target_holds_for_changed_seeds(name: str) -> None:
    """Every target takes its own seeds as they are, and some hundred changed ones."""
    target = TARGETS[name]
    for octets in target.seeds():
        target.run(octets)
    outcome = mutate(target, seconds=30, runs=150)
    assert outcome.runs == 150
    assert not outcome.crashes


def test_mutation_finds_and_keeps_what_breaks(tmp_path: Path) -> None:
    """A target that breaks on a byte is broken soon, once, and the input is written down."""

    def run(octets: bytes) -> None:
        if b"\xff" in octets:
            raise ValueError("broken")

    outcome = mutate(Target(run, lambda: [b"seed"], (b"\xff",)), seconds=10, runs=500)
    [path] = outcome.save("odd", tmp_path / "crashes")
    assert b"\xff" in path.read_bytes()
    assert outcome.runs == 500
