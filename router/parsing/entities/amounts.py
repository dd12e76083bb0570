# SPDX-License-Identifier: Apache-2.0
"""Amounts of money as twelve languages write them: ``1.234,50 €``, ``EUR 1 234,50``, ``£12.99``, ``50 euroa``."""

from __future__ import annotations

import re

from router.parsing.entities.spans import Found, Hints

__all__ = ["find_amount"]

_GROUP = r"[.,'’ \u00a0\u202f\u2009]"
_NUMBER = re.compile(rf"(?:\d{{1,3}}(?:{_GROUP}\d{{3}}(?!\d))+|\d{{1,12}}(?!\d))(?:[.,]\d{{1,2}}(?!\d))?")
# ",-" and ".-" and ":-" stand for no cents.
_AFTER = re.compile(
    r"(?P<none>:-|[.,]?[-–—]{1,2}|)[ \u00a0\u202f]?"
    r"(?P<unit>[^\W\d_]{1,12}|(?:US|CA?|AU?|NZ|HK|R)?[$€£¥₺₽₹₴])?"
)
_BEFORE = re.compile(r"(?:^|[^\w$€£¥])((?:[^\W\d_]{1,3}\$|[$€£¥₺₽₹₴])|[^\W\d_]{2,4}\.?)[ \u00a0\u202f]?\Z")

_UNITS = {
    "kr": "kr", "kr.": "kr", "€": "EUR", "£": "GBP", "$": "USD", "us$": "USD", "c$": "CAD", "ca$": "CAD", "a$": "AUD",
    "au$": "AUD",
    "nz$": "NZD", "hk$": "HKD", "r$": "BRL", "¥": "JPY", "₺": "TRY", "₽": "RUB", "₹": "INR", "₴": "UAH",
    "zł": "PLN", "zl": "PLN", "złotych": "PLN", "zlotych": "PLN", "złote": "PLN", "złoty": "PLN", "zloty": "PLN",
    "zlotys": "PLN", "zł.": "PLN", "kč": "CZK", "kc": "CZK", "korun": "CZK", "ft": "HUF", "forint": "HUF", "lei": "RON",
    "kn": "HRK", "kuna": "HRK", "kune": "HRK", "eura": "EUR", "eure": "EUR", "quid": "GBP", "pound": "GBP",
    "pounds": "GBP", "sterling": "GBP", "livres": "GBP", "libras": "GBP", "sterline": "GBP", "punta": "GBP",
    "puntaa": "GBP", "bucks": "USD", "taala": "USD", "taalaa": "USD", "fr": "CHF", "fr.": "CHF", "sfr": "CHF",
    "sfr.": "CHF", "franken": "CHF", "francs": "CHF", "francos": "CHF", "franchi": "CHF", "frangia": "CHF",
    "reais": "BRL", "rupees": "INR", "yen": "JPY",
}  # fmt: skip
_CODES = frozenset((
    "EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "ISK", "PLN", "CZK", "HUF", "RON", "BGN", "HRK", "RSD", "TRY",
    "UAH", "RUB", "CAD", "AUD", "NZD", "JPY", "CNY", "INR", "BRL", "MXN", "ZAR", "HKD", "SGD", "KRW", "ILS", "AED",
    "SAR", "THB",
))  # fmt: skip
# Stems, as languages bend these words: euroa, eurolla, eurot, euros; dollaria, dólares; kronor, kroner, kruunua.
_STEMS = (
    ("euro", "EUR"), ("dollar", "USD"), ("dólar", "USD"), ("dolar", "USD"), ("pund", "GBP"), ("funt", "GBP"),
    ("naela", "GBP"), ("krono", "kr"), ("krona", "kr"), ("krone", "kr"), ("kruunu", "kr"), ("krooni", "kr"),
)  # fmt: skip
_STEM_STARTS = {stem[:2] for stem, _ in _STEMS}
_CROWNS = {"NO": "NOK", "DK": "DKK", "IS": "ISK", "CZ": "CZK"}
_DOLLARS = {"CA": "CAD", "AU": "AUD", "NZ": "NZD", "HK": "HKD", "SG": "SGD"}
_SYMBOLS = frozenset("$€£¥₺₽₹₴")
_UNIT_STARTS = _SYMBOLS | frozenset(" \u00a0\u202f:.,-–—")
_NO_MORE = re.compile(r"[.,]?[-–—]{1,2}(?![\w])|:-")
_NO_CENTS = frozenset(("JPY", "KRW", "ISK"))


def find_amount(text: str, at: int, stop: int, hints: Hints) -> Found | None:
    """The amount whose first digit is at ``at``. Without a currency beside it a number is no amount."""
    if at and (text[at - 1].isalnum() or (text[at - 1] in ".,-/:" and at > 1 and text[at - 2].isalnum())):
        return None
    number = _NUMBER.match(text, at)
    if number is None:
        return None
    end = last = number.end()
    start = at
    unit = ""
    after = text[end : end + 1]
    if after and (after in _UNIT_STARTS or after.isalpha()):
        match = _AFTER.match(text, end)
        if match is not None and (unit := _currency(match["unit"] or "", hints)):
            last = match.end()
        elif match is not None and match["none"] == ":-":
            unit, last = _currency("kr", hints), match.end("none")
        if unit and last < len(text) and (text[last].isalnum() or text[last] == "_"):
            unit, last = "", end
    if not unit and at:
        unit, start = _unit_before(text, at, hints)
        if unit and (none := _NO_MORE.match(text, end)):
            last = none.end()
    if not unit or (last < len(text) and text[last].isalnum()):
        return None
    value = _value(number[0], unit)
    return Found("amount", start, last, value, unit) if value else None


def _unit_before(text: str, at: int, hints: Hints) -> tuple[str, int]:
    """The currency that ends just before ``at``, and where it begins."""
    end = at - 1 if text[at - 1] in " \u00a0\u202f" else at
    char = text[end - 1] if end else ""
    if char.isalpha():
        least = max(0, end - 5)
        start = end
        while start > least and text[start - 1].isalpha():
            start -= 1
        return _currency(text[start:end], hints) if start > least or not start else "", start
    if char == "." or char in _SYMBOLS:
        match = _BEFORE.search(text, max(0, at - 7), at)
        return (_currency(match[1], hints), match.start(1)) if match else ("", at)
    return "", at


def _currency(word: str, hints: Hints) -> str:
    """ISO 4217 code of a word, code or symbol; "" if it is none."""
    if word in _CODES or not word:
        return word
    folded = word.casefold()
    unit = _UNITS.get(folded, "")
    if not unit and folded.upper() in _CODES and folded != "try":
        unit = folded.upper()
    elif not unit and folded[:2] in _STEM_STARTS:
        unit = next((one for stem, one in _STEMS if folded.startswith(stem) and len(folded) <= len(stem) + 5), "")
    elif folded == "e" and "fi" in (hints.language, hints.country.lower()):
        unit = "EUR"
    if unit == "kr":
        return _CROWNS.get(hints.country, "SEK")
    return _DOLLARS.get(hints.country, unit) if unit == "USD" and "us" not in folded else unit


def _value(written: str, unit: str) -> str:
    """``1.234,5`` as ``1234.50``. The last mark parts the cents where one or two digits follow it."""
    cut = max(written.rfind("."), written.rfind(","))
    digits = "".join(char for char in written if char.isdigit())
    if not digits.isascii():
        digits = "".join(str(int(char)) for char in digits)
    behind = len(written) - cut - 1
    cents = ""
    if cut >= 0 and behind in (1, 2):
        digits, cents = digits[:-behind], digits[-behind:]
    whole = digits.lstrip("0") or "0"
    if len(whole) > 15:
        return ""
    return whole if unit in _NO_CENTS and not cents else f"{whole}.{cents.ljust(2, '0')}"
