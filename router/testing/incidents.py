# SPDX-License-Identifier: Apache-2.0
"""Made-up complaints for tests of incidents: ordinary traffic with a rhythm of its day, and storms, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from router.interfaces import Store
from router.records import Commit, NewMessage, RawOutcome
from router.schema import Case, Classification, Decision, InboundMessage, Party
from router.testing.store import make_raw

__all__ = ["OUTAGE", "Complaint", "ordinary", "put_complaints", "storm"]

_SUBJECTS = {
    "delivery": {
        "en": ("parcel", "courier", "doorstep", "tracking", "delivery", "late", "damaged", "neighbour", "missing"),
        "fi": ("paketti", "kuriiri", "ovelle", "seuranta", "toimitus", "myöhässä", "rikki", "naapuri", "puuttuu"),
        "de": ("paket", "bote", "haustür", "sendung", "lieferung", "verspätet", "beschädigt", "nachbar", "fehlt"),
    },
    "billing": {
        "en": ("invoice", "charged", "twice", "amount", "payment", "card", "reminder", "statement", "bank"),
        "fi": ("lasku", "veloitettu", "kahdesti", "summa", "maksu", "kortti", "muistutus", "tiliote", "pankki"),
        "de": ("rechnung", "abgebucht", "doppelt", "betrag", "zahlung", "karte", "mahnung", "auszug", "konto"),
    },
    "product": {
        "en": ("kettle", "broken", "handle", "lid", "smell", "colour", "manual", "button", "wrong size"),
        "fi": ("keitin", "hajonnut", "kahva", "kansi", "haju", "väri", "ohje", "nappi", "väärä koko"),
        "de": ("kessel", "kaputt", "griff", "deckel", "geruch", "farbe", "anleitung", "knopf", "falsche größe"),
    },
    "technical": {
        "en": ("login", "website", "page", "error", "browser", "password", "form", "button", "screen"),
        "fi": ("kirjautuminen", "sivusto", "sivu", "virhe", "selain", "salasana", "lomake", "painike", "näyttö"),
        "de": ("anmeldung", "webseite", "seite", "fehler", "browser", "passwort", "formular", "taste", "anzeige"),
    },
}  # fmt: skip
_FILL = {
    "en": ("hello", "please", "help", "my", "order", "since", "yesterday", "thanks", "still", "nothing", "company"),
    "fi": ("hei", "olkaa", "hyvä", "tilaus", "eilen", "kiitos", "vieläkään", "mitään", "yritys", "apua", "minun"),
    "de": ("hallo", "bitte", "hilfe", "bestellung", "gestern", "danke", "immer", "nichts", "firma", "meine", "seit"),
}  # fmt: skip
OUTAGE = {
    "en": ("internet connection is down in the whole street", "no broadband since noon, the internet is down",
           "the internet outage again, connection down for hours"),
    "fi": ("netti ei toimi koko kadulla, laajakaista poikki", "laajakaista poikki, netti ei toimi puolenpäivän jälkeen",
           "nettikatkos taas, netti poikki monta tuntia"),
    "de": ("internet ausgefallen in der ganzen strasse, kein dsl", "kein dsl seit mittag, störung, kein internet",
           "wieder eine störung, internet ausgefallen seit stunden"),
}  # fmt: skip


class Complaint(tuple[Case, InboundMessage, Classification]):
    """One case as a message opens it."""

    __slots__ = ()


def ordinary(seed: int, *, begin: datetime, hours: float, a_day: int = 400) -> Iterator[Complaint]:
    """Complaints about this and that: most by day, few at night."""
    rng = random.Random(seed)
    at, end, number = begin, begin + timedelta(hours=hours), 0
    while True:
        rhythm = 1.8 if 8 <= at.hour < 20 else 0.2
        at += timedelta(days=rng.expovariate(a_day * rhythm))
        if at >= end:
            return
        number += 1
        kind, language = rng.choice(list(_SUBJECTS)), rng.choice(["en", "en", "fi", "de"])
        words = [*rng.sample(_SUBJECTS[kind][language], 4), *rng.sample(_FILL[language], 5)]
        rng.shuffle(words)
        yield make(f"o{seed}-{number}", at, " ".join(words), kind=kind, language=language)


def storm(
    seed: int, *, begin: datetime, count: int, minutes: float, languages: Sequence[str] = ("en", "fi", "de")
) -> list[Complaint]:
    """Complaints about one outage, in turn in each language and on three channels."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        language = languages[number % len(languages)]
        text = f"{' '.join(rng.sample(_FILL[language], 3))} {rng.choice(OUTAGE[language])}"
        at = begin + timedelta(minutes=minutes * number / count)
        channel = ("email", "telegram", "x")[number // len(languages) % 3]
        made.append(make(f"s{seed}-{number}", at, text, kind="technical", language=language, channel=channel))
    return made


def make(
    name: str, at: datetime, text: str, *, kind: str, language: str, channel: str = "email", **said: object
) -> Complaint:
    """One complaint by somebody of its own; ``said`` changes the message."""
    sender = Party(address=f"{name}@example.org") if channel == "email" else Party(id=name, name=name)
    public = channel == "x"
    message = InboundMessage(
        channel=channel, account="support", native_id=name, sender=sender, subject="", text=text, received_at=at,
        message_id=f"{name}@example.org" if channel == "email" else name, conversation=name,
        visibility="public" if public else "private",
    ).model_copy(update=said)  # fmt: skip
    labels = Classification(kind="complaint", type=kind, language=language, model="test")
    case = Case(
        id=name.upper(), team="triage", queue="triage", kind="complaint", type=kind, urgency="normal",
        language=language, channel=channel, account="support", visibility=message.visibility, subject=text[:40],
        sender=message.sender, created_at=at, updated_at=at,
    )  # fmt: skip
    return Complaint((case, message, labels))


async def put_complaints(store: Store, complaints: Sequence[Complaint]) -> None:
    """Commit them as the pipeline does."""
    for start in range(0, len(complaints), 200):
        some = complaints[start : start + 200]
        raws = [
            make_raw(
                message.text.encode(), native_id=message.native_id, channel=message.channel, received_at=case.created_at
            )
            for case, message, _ in some
        ]
        receipts = await store.put_raw(raws)
        decision = Decision(team="triage", queue="triage", route="root", urgency="normal")
        await store.commit(
            Commit(
                outcomes=tuple(RawOutcome(raw_id=receipt.raw_id, state="done") for receipt in receipts),
                new_cases=tuple(case for case, _, _ in some),
                messages=tuple(
                    NewMessage(
                        raw_id=receipt.raw_id, case_id=case.id, message=message, classification=labels,
                        decision=decision,
                    )
                    for receipt, (case, message, labels) in zip(receipts, some, strict=True)
                ),
            )
        )  # fmt: skip
