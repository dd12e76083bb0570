# SPDX-License-Identifier: Apache-2.0
"""What is named in a message: numbers, amounts, dates and telephones of twelve languages, each with its place."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.parsing.entities import find_entities
from router.parsing.entities.find import MAX_CHARS, MAX_ENTITIES


def found(text: str, kind: str, *, country: str = "", language: str = "") -> list[str]:
    return [e.value for e in find_entities("", text, country=country, language=language) if e.kind == kind]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("My order no. AB-1234 is late", "order", "AB-1234"),
        ("Order #1001", "order", "1001"),
        ("order 123-1234567-1234567 never came", "order", "123-1234567-1234567"),
        ("The number of my order is 88123", "order", "88123"),
        ("Tilausnumero: 445566", "order", "445566"),
        ("tilaukseni numero on 445566", "order", "445566"),
        ("numéro de commande 77812", "order", "77812"),
        ("commande n°77812", "order", "77812"),
        ("Tellimuse number 55123", "order", "55123"),
        ("broj narudžbe: 88123", "order", "88123"),
        ("Narudžba br. 88123", "order", "88123"),
        ("Bestellnummer 4711-22", "order", "4711-22"),
        ("Bestellung mit der Nummer 4711", "order", "4711"),
        ("número de pedido: 884422", "order", "884422"),
        ("ordine n. 5512", "order", "5512"),
        ("encomenda nº 123456", "order", "123456"),
        ("bestelnummer 123456", "order", "123456"),
        ("beställningsnummer 12345", "order", "12345"),
        ("numer zamówienia: 2024/118", "order", "2024/118"),
        ("zamówienie nr 118", "order", "118"),
        ("invoice INV-2024-7", "invoice", "INV-2024-7"),
        ("Rechnungsnr. RE2024-0012", "invoice", "RE2024-0012"),
        ("laskun numero 99881", "invoice", "99881"),
        ("faktura nr 77/2024", "invoice", "77/2024"),
        ("contract number: 12345", "contract", "12345"),
        ("Vertragsnummer V-99812", "contract", "V-99812"),
        ("umowa nr 55/12", "contract", "55/12"),
        ("asiakasnumeroni on 7788", "customer", "7788"),
        ("Kundennummer 12345", "customer", "12345"),
        ("tracking number 0034 0434 1612", "tracking", "003404341612"),
        ("Paketnummer 00123456789", "tracking", "00123456789"),
        ("it is RR123456785FI, please", "tracking", "RR123456785FI"),
        ("UPS 1Z999AA10123456784.", "tracking", "1Z999AA10123456784"),
    ],
)
def test_numbers_are_known_by_the_words_before_them(text: str, kind: str, value: str) -> None:
    """A label in any of the twelve languages, or a check digit, says what a number is."""
    assert found(text, kind) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "order 2 pizzas", "I ordered 3 shirts in order to save 10 %", "Order 2024", "in 2024 150 people",
        "version 1.2.10",
        "IP 10.0.0.1", "at 12:30", "RR123456789FI", "1Z999AA10123456783", "3 out of 5", "the 2 may be broken",
        "size 42", "10,5 kg", "order of 1500 units", "call me 5 times", "I wrote 4 mails. 12345 is nothing",
        "10 mars bars", "room 1234", "100% off", "2x4",
    ],
)  # fmt: skip
def test_numbers_without_meaning_are_left_alone(text: str) -> None:
    """Counts, years, versions, times and wrong check digits are nothing to route on."""
    assert not [e for e in find_entities("", text) if e.kind != "date" or "mars" not in e.text]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1.234,50 €", "1234.50", "EUR"), ("EUR 1 234,50", "1234.50", "EUR"), ("1\u202f234,50 €", "1234.50", "EUR"),
        ("£12.99", "12.99", "GBP"), ("12,99 zł", "12.99", "PLN"), ("1'200 CHF", "1200.00", "CHF"),
        ("Fr. 50.-", "50.00", "CHF"), ("50 euroa", "50.00", "EUR"), ("50 eurolla", "50.00", "EUR"),
        ("20 euros", "20.00", "EUR"), ("45,90 eurot", "45.90", "EUR"), ("20,00 eura", "20.00", "EUR"),
        ("$1,234.50", "1234.50", "USD"), ("US$ 5", "5.00", "USD"), ("USD 1,000", "1000.00", "USD"),
        ("1 299 kr", "1299.00", "SEK"), ("50:-", "50.00", "SEK"), ("€ 50,-", "50.00", "EUR"), ("kn 100",
        "100.00", "HRK"),
        ("150 złotych", "150.00", "PLN"), ("12 pounds", "12.00", "GBP"), ("99.9 €", "99.90", "EUR"),
        ("1.000.000 €", "1000000.00", "EUR"), ("¥1000", "1000", "JPY"), ("R$ 1.234,56", "1234.56", "BRL"),
        ("0,5 €", "0.50", "EUR"), ("49€", "49.00", "EUR"), ("100 dólares", "100.00", "USD"),
    ],
)  # fmt: skip
def test_amounts_of_all_notations_have_one_form(text: str, value: str, unit: str) -> None:
    """The currency decides that it is an amount; marks of thousands and of cents are told apart."""
    [entity] = find_entities("", f"I paid {text} for it")
    assert (entity.kind, entity.text, entity.value, entity.unit) == ("amount", text, value, unit)


def test_amounts_ask_the_country_what_a_crown_is() -> None:
    """The same word is money of several countries."""
    assert [e.unit for e in find_entities("", "100 kr og $5", country="NO")] == ["NOK", "USD"]
    assert [e.unit for e in find_entities("", "$5", country="CA")] == ["CAD"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.3.2024", "2024-03-12"), ("12/03/2024", "2024-03-12"), ("2024-03-12", "2024-03-12"), ("12-03-24",
        "2024-03-12"),
        ("03/25/2024", "2024-03-25"), ("12. 3. 2024", "2024-03-12"), ("5 March 2024", "2024-03-05"),
        ("March 5th, 2024", "2024-03-05"), ("5th of March 2024", "2024-03-05"), ("5. März 2024", "2024-03-05"),
        ("1er mars 2024", "2024-03-01"), ("5 de marzo de 2024", "2024-03-05"), ("5 marzo 2024", "2024-03-05"),
        ("5 de março de 2024", "2024-03-05"), ("5 maart 2024", "2024-03-05"), ("5 mars 2024", "2024-03-05"),
        ("5 marca 2024", "2024-03-05"), ("5. maaliskuuta 2024", "2024-03-05"), ("5. märtsil 2024", "2024-03-05"),
        ("5. ožujka 2024", "2024-03-05"), ("5 Dec 2024", "2024-12-05"), ("3 de maio", "--05-03"),
        ("29.2.2024", "2024-02-29"), ("5 listopada 2024", "2024-11-05"), ("5. listopada 2024", "2024-10-05"),
    ],
)  # fmt: skip
def test_dates_become_iso(text: str, value: str) -> None:
    """Figures day first, and the names of the months in twelve languages."""
    [entity] = find_entities("", f"since {text}, nothing")
    assert (entity.kind, entity.text, entity.value) == ("date", text, value)


def test_dates_that_cannot_be_are_none() -> None:
    """The 30th of February is not a date; month first only where the installation is in the United States."""
    assert found("30.2.2024 and 99/99/2024", "date") == []
    assert found("03/04/2024", "date") == ["2024-04-03"]
    assert found("03/04/2024", "date", country="US") == ["2024-03-04"]
    assert found("5 listopada 2024", "date", language="hr") == ["2024-10-05"]


@pytest.mark.parametrize(
    ("text", "country", "value"),
    [
        ("+358 40 123 4567", "", "+358401234567"), ("+44 (0)20 7946 0018", "", "+442079460018"),
        ("0049 30 1234567", "", "+49301234567"), ("040 123 4567", "FI", "+358401234567"),
        ("030/1234567", "DE", "+49301234567"), ("tel. 040-1234567", "", "0401234567"),
        ("phone: (555) 123-4567", "US", "+15551234567"), ("móvil 612 345 678", "ES", "+34612345678"),
        ("puh. 040 123 4567", "FI", "+358401234567"), ("+1-555-123-4567", "", "+15551234567"),
    ],
)  # fmt: skip
def test_phones_are_read_in_international_form(text: str, country: str, value: str) -> None:
    """With a country in front anywhere; in the national form where the country or a label says so."""
    assert found(f"Reach me: {text} thanks", "phone", country=country) == [value]


@pytest.mark.parametrize(
    "text", ["0401234567", "123 456 789", "order 0401234567", "12.3.2024", "+5", "+1234567890123456"]
)
def test_phones_are_not_seen_in_other_numbers(text: str) -> None:
    """An order number or a date is no telephone."""
    assert found(text, "phone") == []


def test_entities_of_the_installation_go_first() -> None:
    """Own patterns may make new kinds, take the named group, and win the place over what ships."""
    patterns = (("device", r"serial:? ?(?P<value>[A-Z]{2}\d{4})"), ("order", r"\bX\d{5}\b"), ("order", r"ä(\d+)"))
    entities = find_entities("x12345", "ö Serial AB1234, invoice X12345 ä77", patterns=patterns)
    assert [(e.kind, e.value, e.place, e.start, e.end) for e in entities] == [
        ("order", "X12345", "subject", 0, 6),
        ("device", "AB1234", "text", 9, 15),
        ("order", "X12345", "text", 25, 31),
        ("order", "77", "text", 33, 35),
    ]


def test_entities_can_be_left_out() -> None:
    """Only the kinds asked for are looked for."""
    assert [e.kind for e in find_entities("", "order 12345, 5 €", kinds=("amount",))] == ["amount"]
    assert find_entities("", "order 12345, 5 €", kinds=()) == ()


def test_entities_are_bounded() -> None:
    """So many of one message, and only from its beginning."""
    assert len(find_entities("", "order 12345, " * 500)) == MAX_ENTITIES
    assert find_entities("", "x" * MAX_CHARS + " order 12345") == ()


_PIECES = st.sampled_from([
    "order", "nr", "#", " ", "\n", "12.3.2024", "5 March", "€", "1.234,50", "+358", "040", "1Z", "RR123456785FI", "-",
    "/", ".", ",", "ä", "😀", "٣", "²", "1", "007", "kr", "tel", "(", ")", "a1", "zł", "EUR", "\u00a0",
    "x" * 30, "9" * 25,
])  # fmt: skip


@given(st.one_of(st.text(max_size=200), st.lists(_PIECES, max_size=40).map("".join)), st.sampled_from(["", "FI", "US"]))
def test_entities_stand_where_they_say(text: str, country: str) -> None:
    """Any text: nothing raises, each span holds its text, none overlap."""
    entities = find_entities(text, text, country=country, patterns=(("own", r"[a-zä]\d"),))
    for field in ("subject", "text"):
        last = 0
        for entity in (e for e in entities if e.place == field):
            assert text[entity.start : entity.end] == entity.text
            assert entity.start >= last
            assert entity.value
            last = entity.end


@pytest.mark.parametrize("piece", ["1 ", "1", "a1", "order no 1 ", "+1 ", "1,", "1. ", "1Z", "€1", "a-1", "1'111", "٣"])
def test_entities_cost_little_of_hostile_text(piece: str) -> None:
    """Time grows with the text, whatever is in it; the bound is fifty times what it takes."""
    text = piece * (MAX_CHARS // len(piece))
    before = time.process_time()
    find_entities("", text)
    assert time.process_time() - before < 1
