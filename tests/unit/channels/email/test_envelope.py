# SPDX-License-Identifier: Apache-2.0
"""What counts as one plain address."""

from __future__ import annotations

import pytest

from channels.email.envelope import is_address, is_allowed, is_message_id


@pytest.mark.parametrize(
    "address",
    ["a@example.org", "first.last+tag@mail.example.org", "o'brien@example.org", "jürgen@example.org", "a@localhost",
     "a@bücher.example"],
)  # fmt: skip
def test_is_address_takes_plain_addresses(address: str) -> None:
    """Ordinary addresses, also beyond ASCII, are taken."""
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    ["", "@", "a", "a@", "@example.org", "a b@example.org", "a@example.org,b@example.org", "<a@example.org>",
     "a@example.org\n", "a@example.org\r\nRCPT TO:<b@example.org>", "a\0@example.org", "a@exam ple.org",
     '"a"@example.org',
     "a@[127.0.0.1]", "a..b@example.org", ".a@example.org", "a@-example.org", "a@example..org",
     "x" * 65 + "@example.org",
     "a@example.org>", "a(b)@example.org", "a;b@example.org", "a\u2028b@example.org"],
)  # fmt: skip
def test_is_address_refuses_everything_else(address: str) -> None:
    """Lists, names, quoting, comments, literals and control characters are not one plain address."""
    assert not is_address(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [("support@example.org", True), ("SUPPORT@Example.ORG", True), ("support+abc@example.org", True),
     ("anyone@whole.example", True), ("support@example.net", False), ("supporter@example.org", False), ("", False)],
)  # fmt: skip
def test_is_allowed_knows_plus_and_domain(address: str, expected: bool) -> None:
    """The allow-list matches without case, with anything after a plus, and by domain."""
    assert is_allowed(address, ("support@example.org", "@whole.example")) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a.b$c@example.org", True), ("", False), ("a b@c", False), ("a>b", False), ("ä@c", False), ("a\r\nb", False)],
)
def test_is_message_id_keeps_headers_whole(text: str, expected: bool) -> None:
    """Only what cannot change the meaning of an identification field is put there."""
    assert is_message_id(text) is expected
