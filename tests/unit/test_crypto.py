# SPDX-License-Identifier: Apache-2.0
"""References and reply tokens."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.crypto import check_token, load_key, reference_for, reply_token, token_case

KEY = b"k" * 48


def test_reference_is_stable_and_readable() -> None:
    """The same message gives the same reference, and another another."""
    assert reference_for(KEY, "email:a:1") == reference_for(KEY, "email:a:1") != reference_for(KEY, "email:a:2")
    assert len(reference_for(KEY, "email:a:1")) == 11


def test_token_opens_only_for_its_correspondent() -> None:
    """A token in another person's hands, or changed in any letter, proves nothing."""
    case_id = reference_for(KEY, "x")
    token = reply_token(KEY, case_id, "anna@example.org")
    assert check_token(KEY, token, "Anna@Example.org") == case_id
    assert check_token(KEY, token, "mallory@example.org") is None
    assert check_token(KEY, token.upper(), "anna@example.org") is None
    for place in range(len(token)):
        flipped = token[:place] + ("a" if token[place] != "a" else "b") + token[place + 1 :]
        assert check_token(KEY, flipped, "anna@example.org") is None


def test_token_names_its_case_without_proving() -> None:
    """The case can be read from a token, so that it can be looked up before it is checked."""
    case_id = reference_for(KEY, "x")
    assert token_case(reply_token(KEY, case_id, "a@example.org")) == case_id
    assert token_case("cr-short") is None


@given(st.text(max_size=60))
def test_check_token_never_raises(token: str) -> None:
    """Whatever stands in a reply address is refused calmly."""
    assert check_token(KEY, token, "anna@example.org") is None


def test_load_key_is_made_once(tmp_path: Path) -> None:
    """The first call makes a key for the owner's eyes; later ones read it."""
    path = tmp_path / "data" / "secret.key"
    key = load_key(path)
    assert load_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600


def test_load_key_refuses_a_short_one(tmp_path: Path) -> None:
    """A damaged key is an error, not a weak key."""
    (tmp_path / "k").write_bytes(b"short")
    with pytest.raises(ValueError, match="shorter than 32"):
        load_key(tmp_path / "k")
