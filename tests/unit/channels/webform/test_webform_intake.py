# SPDX-License-Identifier: Apache-2.0
"""What the form takes, from whom, and how it refuses the rest."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from channels.webform.guard import RateLimit, Stamps, network_of
from channels.webform.parse import find_mistakes, parse
from channels.webform.render import texts
from router.interfaces import ParseOptions
from router.testing.clock import ManualClock

ENGLISH = texts()["en"]
URL = "/forms/support"


async def test_form_shows_the_reference_once_committed(customer: Any) -> None:
    """A filled form is stored, and the customer reads the reference on the next page."""
    status, page = await customer.send("?lang=fi", text="Kahvinkeitin\r\nhajosi.", email="aino@example.org", order="55")
    (raw,) = customer.kept.values()
    (message,) = parse(raw, ParseOptions())
    assert status == 201
    assert re.search(r"<strong>[2-9A-Z]{5}-[2-9A-Z]{5}</strong>", page)
    assert (message.text, message.sender.address, message.language) == (
        "Kahvinkeitin\nhajosi.",
        "aino@example.org",
        "fi",
    )
    assert message.fields == {"order": "55"}


async def test_form_sent_twice_is_one_case(customer: Any) -> None:
    """A double click shows the same reference and stores one message."""
    stamp = await customer.stamp()
    first, second = await customer.send(form=stamp), await customer.send(form=stamp)
    assert first == second
    assert len(customer.kept) == 1


async def test_form_changed_and_sent_again_keeps_both(customer: Any) -> None:
    """Words added after going back are not swallowed as a repeat."""
    stamp = await customer.stamp()
    await customer.send(form=stamp, text="It broke.")
    await customer.send(form=stamp, text="It broke. And it smokes!")
    assert len(customer.kept) == 2


async def test_form_with_mistakes_comes_back_filled(customer: Any) -> None:
    """What was typed is still there, with a sentence beside the field that is wrong."""
    status, page = await customer.send(text="My words", email="not an address", name="O'Neil")
    assert (status, customer.kept) == (422, {})
    assert "My words</textarea>" in page
    assert 'value="O&#39;Neil"' in page
    assert ENGLISH["error_email"] in page
    assert 'aria-describedby="email-mistake"' in page


@pytest.mark.parametrize(
    ("values", "mistakes"),
    [
        ({"text": "x"}, {}), ({}, {"text": "error_text_missing"}), ({"text": " \n"}, {"text": "error_text_missing"}),
        ({"text": "x" * 101}, {"text": "error_too_long"}),
        ({"text": "x", "name": "n" * 201}, {"name": "error_too_long"}),
        ({"text": "x", "email": "a@example.org"}, {}), ({"text": "x", "email": "a@b"}, {"email": "error_email"}),
        ({"text": "x", "email": "a@example.org\nBcc: b@example.org"}, {"email": "error_email"}),
        ({"text": "x", "email": "a@example.org,b@example.org"}, {"email": "error_email"}),
        ({"text": "x", "email": "õie@näide.example"}, {}),
        ({"text": "x", "email": "@" * 190}, {"email": "error_email"}),
    ],
)  # fmt: skip
def test_find_mistakes_by_field(values: dict[str, str], mistakes: dict[str, str]) -> None:
    """Only the words are required; an address must be one that can be written to."""
    assert find_mistakes(values, max_text_chars=100) == mistakes


async def test_form_filled_by_a_program_comes_back(customer: Any) -> None:
    """A filled trap, a missing stamp and a form sent at once are shown again, never dropped in silence."""
    _, page = await customer.open()
    at_once = re.search(r'name="form" value="([^"]+)"', page)
    assert at_once is not None
    for values in ({"website": "http://spam.example"}, {"form": ""}, {"form": "a.b.c"}):
        status, page = await customer.send(**values)
        assert status == 422
        assert ENGLISH["error_again"] in page
        assert "It broke.</textarea>" in page
    async with customer.client.get(URL) as answer:
        fresh = re.search(r'name="form" value="([^"]+)"', await answer.text())
    assert fresh is not None
    async with customer.client.post(URL, data={"form": fresh[1], "text": "x"}) as answer:
        assert answer.status == 422
    assert not customer.kept


async def test_form_that_was_turned_away_works_at_the_second_press(customer: Any) -> None:
    """The page that comes back has all that a person needs to send it."""
    _, page = await customer.send(form="")
    customer.clock.advance(5)
    stamp = re.search(r'name="form" value="([^"]+)"', page)
    assert stamp is not None
    assert (await customer.send(form=stamp[1]))[0] == 201


async def test_form_limits_one_address(served: Any) -> None:
    """After the limit the form comes back with its words and a time to wait; later it is taken."""
    async with served(per_address=2, per_minutes=10) as customer:
        assert [(await customer.send(text=f"{n}"))[0] for n in range(3)] == [201, 201, 429]
        customer.clock.advance(600)
        assert (await customer.send())[0] == 201


async def test_form_believes_a_forwarded_address_only_when_told(served: Any) -> None:
    """Without a configured proxy header nobody can dress up as many; with one, many are many."""
    forged = [{"X-Forwarded-For": f"10.0.0.{n}, 192.0.2.{n}"} for n in range(2)]
    async with served(per_address=1) as customer:
        assert [(await customer.send(headers=each))[0] for each in forged] == [201, 429]
    async with served(per_address=1, client_address_header="X-Forwarded-For") as customer:
        assert [(await customer.send(headers=each))[0] for each in forged] == [201, 201]


async def test_form_keeps_the_words_when_the_store_refuses(customer: Any) -> None:
    """A full disk costs the customer another press of the button, not the text."""
    customer.refuse = True
    stamp = await customer.stamp()
    status, page = await customer.send(form=stamp)
    assert (status, "It broke.</textarea>" in page) == (503, True)
    customer.refuse = False
    assert (await customer.send(form=stamp))[0] == 201


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"a=1&" * 60, "application/x-www-form-urlencoded", 413),
        (b"x" * 300_000, "application/x-www-form-urlencoded", 413),
        (b"text=%ff%00%ed%a0%bd", "application/x-www-form-urlencoded", 422), (b"hello", "text/plain", 415),
        (b"{", "application/json", 400), (b"[" * 90_000, "application/json", 400), (b"[]", "application/json", 422),
        (b'{"text": 5}', "application/json", 422), (b'{"text": " "}', "application/json", 422), (b"", "", 415),
        (b'{"text": "x", "id": 5}', "application/json", 422), (b'{"text": "\\ud83d"}', "application/json", 201),
    ],
    ids=["many fields", "large", "odd bytes", "plain", "cut", "deep", "list", "type", "blank", "none", "id",
         "surrogate"],
)  # fmt: skip
async def test_form_answers_rubbish_with_a_4xx(served: Any, body: bytes, kind: str, status: int) -> None:
    """Whatever is posted, the answer is a clear refusal, never a 500."""
    async with (
        served(max_text_chars=10_000) as customer,
        customer.client.post(URL, data=body, headers={"Content-Type": kind}) as answer,
    ):
        assert answer.status == status
        assert "\\ud83d" not in await answer.text()


async def test_form_takes_json_from_programs(customer: Any) -> None:
    """A program gets its reference as JSON, and the same id and words make no second case."""
    references = []
    for _ in range(2):
        async with customer.client.post(URL, json={"id": "a-1", "text": "Broken", "phone": "+358 1"}) as answer:
            assert answer.status == 201
            references.append((await answer.json())["reference"])
    (raw,) = customer.kept.values()
    assert references[0] == references[1]
    assert json.loads(raw.body)["text"] == "Broken"


def test_stamp_proves_who_issued_it_and_when() -> None:
    """A stamp is read back with its age, refused a day later, and refused for another form or when changed."""
    clock = ManualClock()
    stamps = Stamps(sign=lambda text: text[::-1].replace(".", "-"), account="a")
    stamp = stamps.issue(clock.now())
    clock.advance(60)
    known = stamps.read(stamp, clock.now())
    assert known is not None
    assert known[1] == 60
    assert Stamps(sign=lambda text: text[::-1].replace(".", "-"), account="b").read(stamp, clock.now()) is None
    assert stamps.read("0" + stamp, clock.now()) is None
    assert stamps.read("ä\udcff..", clock.now()) is None
    clock.advance(24 * 3600)
    assert stamps.read(stamp, clock.now()) is None


def test_rate_limit_forgets_the_oldest_network_first() -> None:
    """A flood of addresses cannot fill the memory."""
    clock = ManualClock()
    limit = RateLimit(count=1, per=timedelta(minutes=1))
    assert [limit.wait_seconds("a", clock.now()) for _ in range(2)] == [0, 60]
    for n in range(10_001):
        limit.wait_seconds(f"n{n}", clock.now())
    assert limit.wait_seconds("a", clock.now()) == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("unix:", "unix:"), ("x" * 99, "x" * 64)],
)
def test_network_of_an_address(address: str, network: str) -> None:
    """An IPv6 household counts once."""
    assert network_of(address) == network
