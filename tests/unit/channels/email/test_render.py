# SPDX-License-Identifier: Apache-2.0
"""From a reply to the bytes of one mail."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.config import Config
from channels.email.render import Envelope, message_id_of, render
from router.errors import PermanentError
from router.schema import Party, Reply

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CONFIG = Config(address="support@example.org", from_name="Müller, Support", reply_address="support+{token}@example.org")


def reply(**changes: Any) -> Reply:
    fields: dict[str, Any] = {
        "id": "r-1", "case_id": "CR-1", "channel": "email", "account": "support", "text": "We are on it.",
        "to": Party(address="jane@example.com", name="Jane"), "subject": "Re: Parcel",
    }  # fmt: skip
    return Reply(**(fields | changes))


def rendered(made: Reply, config: Config = CONFIG) -> Envelope:
    return render(made, config, now=NOW)


def parsed(made: Reply) -> EmailMessage:
    message = message_from_bytes(rendered(made).message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_render_addresses_one_customer() -> None:
    """From, To, Reply-To, Subject and Date are what the reply and the account say."""
    message = parsed(reply(reply_address="support+t0ken@example.org"))
    assert message["From"] == '"Müller, Support" <support@example.org>'
    assert message["To"] == "Jane <jane@example.com>"
    assert message["Reply-To"] == "support+t0ken@example.org"
    assert message["Subject"] == "Re: Parcel"
    assert message["Date"].datetime == NOW


def test_render_threads_the_reply() -> None:
    """In-Reply-To names the answered message and References ends with it, each id once, never encoded or cut."""
    long_id = "x" * 300 + "@example.com"
    made = reply(message_id="fixed@example.org", in_reply_to=f"<{long_id}>", references=("a@x", "b@x", "a@x", long_id))
    message, raw = parsed(made), rendered(made).message
    assert message["Message-ID"] == "<fixed@example.org>"
    assert message["In-Reply-To"] == f"<{long_id}>"
    assert message["References"].split() == ["<a@x>", "<b@x>", f"<{long_id}>"]
    assert b"=?" not in raw.split(b"In-Reply-To:")[1].split(b"\r\nMIME")[0]


def test_render_keeps_first_and_last_references() -> None:
    """A very long thread is cut in the middle."""
    ids = tuple(f"{number}@x" for number in range(100))
    kept = parsed(reply(references=ids))["References"].split()
    assert len(kept) == 20
    assert (kept[0], kept[-1]) == ("<0@x>", "<99@x>")


def test_message_id_is_the_same_at_every_try() -> None:
    """Without one fixed before, the id follows from the reply's own id."""
    assert message_id_of(reply(), CONFIG) == message_id_of(reply(text="other"), CONFIG)
    assert message_id_of(reply(), CONFIG) != message_id_of(reply(id="r-2"), CONFIG)
    assert message_id_of(reply(), CONFIG).endswith("@example.org")


def test_render_marks_automatic_mail_and_hides_the_chosen_name() -> None:
    """An acknowledgement says what it is and repeats no words of the sender; a person's answer does neither."""
    automatic, personal = parsed(reply(automatic=True, language="fi")), parsed(reply())
    assert automatic["Auto-Submitted"] == "auto-replied"
    assert automatic["X-Auto-Response-Suppress"] == "All"
    assert automatic["Content-Language"] == "fi"
    assert automatic["To"] == "jane@example.com"
    assert personal["Auto-Submitted"] is None
    assert personal["Precedence"] is None


@pytest.mark.parametrize("breaker", ["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_render_cannot_be_given_a_second_header(breaker: str) -> None:
    """Line breaks of any kind in subject, name, ids and language leave exactly the fields we set."""
    evil = f"x{breaker}Bcc: victim@example.net{breaker}{breaker}Injected"
    made = reply(subject=evil, to=Party(address="jane@example.com", name=evil), message_id=evil, in_reply_to=evil,
                 references=(evil,), language=evil)  # fmt: skip
    message = parsed(made)
    assert sorted(message.keys()) == sorted(parsed(reply()).keys())
    assert next(str(address) for address in message["To"].addresses).endswith("<jane@example.com>")
    assert len(message["To"].addresses) == 1
    assert message.get_content().strip() == "We are on it."


@pytest.mark.parametrize(
    "address", ["", "jane", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com", "<a@example.com>"]
)
def test_render_refuses_anything_but_one_address(address: str) -> None:
    """Nothing is sent to a list, to nobody or to what hides another command; the address is not repeated."""
    for changes in ({"to": Party(address=address)}, {"reply_address": address or " "}):
        with pytest.raises(PermanentError) as caught:
            rendered(reply(**changes))
        assert "example.com" not in str(caught.value)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=400))
def test_render_body_arrives_word_for_word(text: str) -> None:
    """Any text comes out as it went in, line ends apart, in lines any relay takes."""
    made = rendered(reply(text=text)).message
    message = message_from_bytes(made, policy=policy.default)
    wanted = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    got = message.get_payload(decode=True).decode().replace("\r\n", "\n")  # type: ignore[union-attr]
    assert got.removesuffix("\n") == wanted
    assert made.isascii()
    assert max(len(line) for line in made.split(b"\r\n")) <= 998
    assert b"\n" not in made.replace(b"\r\n", b"")


def test_render_return_path_finds_the_case() -> None:
    """Bounces go to the pattern with the reply's token, else to the reply address, else to the account."""
    token = "cr-7k2m9qxa4babcdefghijklmnopqrstuvwx"
    with_pattern = CONFIG.model_copy(update={"return_path": "bounce+{token}@example.org"})
    named = reply(message_id=f"{token}.ob1@example.org")
    assert rendered(named, with_pattern).sender == f"bounce+{token}@example.org"
    addressed = reply(reply_address=f"support+{token}@example.org")
    assert rendered(addressed, with_pattern).sender == f"bounce+{token}@example.org"
    assert rendered(reply(), with_pattern).sender == "support@example.org"
    assert rendered(reply(reply_address="support+t@example.org")).sender == "support+t@example.org"
    assert rendered(reply()).sender == "support@example.org"


def test_render_envelope_id_is_the_left_side_of_the_message_id() -> None:
    """A delivery report names our mail even where it holds no copy of it."""
    assert rendered(reply(message_id="cr-abc.ob1@example.org")).envid == "cr-abc.ob1"


def test_render_writes_domains_beyond_ascii_for_the_wire() -> None:
    """A domain with umlauts is sent in its ASCII form; a local part with umlauts needs SMTPUTF8."""
    assert rendered(reply(to=Party(address="jane@bücher.example"))).recipient == "jane@xn--bcher-kva.example"
    assert rendered(reply(to=Party(address="jane@STRAßE.example"))).recipient == "jane@xn--strae-oqa.example"
    assert rendered(reply(to=Party(address="jane@σοφός.example"))).recipient == "jane@xn--0xagbn4a.example"
    assert not rendered(reply(to=Party(address="jane@bücher.example"))).smtputf8
    international = rendered(reply(to=Party(address="jürgen@example.com")))
    assert international.smtputf8
    assert "jürgen@example.com".encode() in international.message
