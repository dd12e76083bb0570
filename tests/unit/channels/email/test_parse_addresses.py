# SPDX-License-Identifier: Apache-2.0
"""Address fields as a person reads them."""

from __future__ import annotations

import pytest

from channels.email.addresses import find_address, read_addresses

ONE = {
    "bare": ("a@example.org", "a@example.org", "", False),
    "angle": ("<a@example.org>", "a@example.org", "", False),
    "name": ("Ann Sample <a@example.org>", "a@example.org", "Ann Sample", False),
    "quoted": ('"Sample, Ann" <a@example.org>', "a@example.org", "Sample, Ann", False),
    "unquoted-comma": ("Sample, Ann <a@example.org>", "a@example.org", "Sample, Ann", False),
    "escaped": ('"Ann \\"Bee\\" Sample" <a@example.org>', "a@example.org", 'Ann "Bee" Sample', False),
    "single-quotes": ("'Ann Sample' <a@example.org>", "a@example.org", "Ann Sample", False),
    "comment": ("a@example.org (Ann Sample)", "a@example.org", "Ann Sample", False),
    "encoded": ("=?utf-8?Q?Ann_=C3=84?= <a@example.org>", "a@example.org", "Ann Ä", False),
    "encoded-comma": ("=?utf-8?Q?=C3=84nn, Sample?= <a@example.org>", "a@example.org", "Änn, Sample", False),
    "encoded-in-quotes": ('"=?utf-8?Q?=C3=84nn?=" <a@example.org>', "a@example.org", "Änn", False),
    "raw-utf-8": ("Änn <a@example.org>", "a@example.org", "Änn", False),
    "international": ("<änn@exämple.org>", "änn@exämple.org", "", False),
    "whole-encoded": ("=?utf-8?Q?Ann_=3Ca=40example.org=3E?=", "a@example.org", "Ann", True),
    "name-is-address": ('"a@example.org" <a@example.org>', "a@example.org", "a@example.org", False),
    "name-is-another-address": ('"boss@example.com" <a@example.org>', "a@example.org", "boss@example.com", True),
    "two-angles": ("Ann <boss@example.com> <a@example.org>", "a@example.org", "Ann", True),
    "route": ("<@relay.example:a@example.org>", "a@example.org", "", True),
    "comments-inside": ("Ann <a(x)@example.org(y)>", "a@example.org", "Ann", True),
    "spaces": ("a @ example . org", "a@example.org", "", False),
    "quoted-local": ('"a b"@example.org', '"a b"@example.org', "", False),
    "mailto": ("<mailto:a@example.org>", "a@example.org", "", False),
    "no-bracket-end": ("Ann <a@example.org", "a@example.org", "Ann", False),
    "name-and-bare": ("Ann Sample a@example.org", "a@example.org", "Ann Sample", True),
    "no-address": ("MAILER-DAEMON", "MAILER-DAEMON", "", False),
    "unclosed-quote": ('"Ann <a@example.org>', "a@example.org", '"Ann', False),
    "unclosed-comment": ("Ann (sales <a@example.org>", "a@example.org", "Ann sales", True),
    "two-at": ("<a@b@example.org>", "a@b@example.org", "", True),
}


@pytest.mark.parametrize(("value", "address", "name", "odd"), ONE.values(), ids=ONE)
def test_read_addresses_reads_one(value: str, address: str, name: str, odd: bool) -> None:
    """Address and name are what a person would say; forms that parsers disagree on are marked."""
    (mailbox,), cut = read_addresses([value.encode()])
    assert (mailbox.address, mailbox.name, cut) == (address, name, False)
    assert mailbox.odd is odd


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("a@example.org, b@example.org", ["a@example.org", "b@example.org"]),
        ("a@example.org; b@example.org", ["a@example.org", "b@example.org"]),
        (
            "Team: Ann <a@example.org>, b@example.org;, c@example.org",
            ["a@example.org", "b@example.org", "c@example.org"],
        ),
        ("undisclosed-recipients:;", []),
        ('"A, B" <a@example.org>,, ,C <c@example.org>', ["a@example.org", "c@example.org"]),
        ("", []),
    ],
)
def test_read_addresses_reads_lists(value: str, addresses: list[str]) -> None:
    """Lists and groups are opened, empty places skipped."""
    assert [m.address for m in read_addresses([value.encode()])[0]] == addresses


def test_read_addresses_joins_repeated_fields_and_says_what_was_cut() -> None:
    """Several To fields are one list; beyond the limit it is cut, and that is said."""
    assert len(read_addresses([b"a@example.org", b"b@example.org"])[0]) == 2
    found, cut = read_addresses([b"x@example.org," * 900])
    assert (len(found), cut) == (500, True)


@pytest.mark.parametrize(
    "value", [b"(" * 9000, b'"\\' * 9000, b"<" * 9000, b"a:" * 9000, b"=?a?q?" * 3000, b"\xff@\xfe"]
)
def test_read_addresses_never_raises(value: bytes) -> None:
    """Hostile fields give some list, quickly."""
    assert len(read_addresses([value] * 50)[0]) <= 500


def test_find_address_finds_the_first() -> None:
    """An address within words is found without its brackets."""
    assert find_address("by Ann <a@example.org>.") == "a@example.org"
    assert find_address("nobody") == ""


def test_read_addresses_takes_a_comment_in_a_group_for_no_mailbox() -> None:
    """An empty group has nobody in it, whatever is remarked beside it (RFC 5322 appendix A.5)."""
    assert read_addresses([b"(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;"])[0] == []
    group = b"A Group(Some people) :Chris <c@example.org>, joe@example.org; (the end of the group)"
    assert [m.address for m in read_addresses([group])[0]] == ["c@example.org", "joe@example.org"]
