# SPDX-License-Identifier: Apache-2.0
"""The words that say what a number is, in the product's twelve languages: beginnings of words, without case."""

from __future__ import annotations

__all__ = ["FILLERS", "LABELS", "LINKS", "NUMBER_ENDS", "NUMBER_WORDS"]

# Beginnings, so that compounds and endings are covered: Bestellnummer, tilauksen, zamówienia.
LABELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("order", (
        "order", "purchase", "bestel", "auftrag", "commande", "pedido", "encomenda", "ordine", "ordini", "ordre",
        "beställning", "bestilling", "zamówieni", "zamowieni", "tilau", "tellimu", "narudžb", "narudzb", "ostutellimu",
    )),
    ("invoice", (
        "invoice", "rechnung", "factur", "fattur", "fatur", "faktur", "lasku", "arve", "račun", "racun", "receipt",
        "paragon", "kvitto", "kuitti", "kuitin", "bill",
    )),
    ("tracking", (
        "tracking", "track", "parcel", "shipment", "shipping", "consignment", "package", "waybill", "awb", "sendung",
        "paket", "frachtbrief", "suivi", "colis", "seguimiento", "rastre", "envío", "envio", "guía", "guia",
        "spedizion", "tracciamento", "tracking-id", "collo", "pacco", "zending", "pakket", "spårning", "kolli",
        "försändelse",
        "przesyłk", "przesylk", "paczk", "śledzeni", "seuranta", "lähety", "paketi", "saadetis", "jälgimis", "paki",
        "pošiljk", "posiljk", "praćenj", "pracenj",
    )),
    ("contract", (
        "contract", "vertrag", "contrat", "overeenkomst", "avtal", "umow", "sopimu", "leping", "ugovor", "policy",
        "police", "póliza", "poliza", "apólice", "apolice", "polizza", "polis", "vakuutus", "försäkring", "poliis",
    )),
    ("customer", (
        "customer", "client", "kunde", "kund", "klant", "klient", "asiaka", "kliendi", "kupac", "kupca", "korisni",
        "member", "mitglied", "membre", "miembro", "socio", "sócio", "medlem", "jäsen",
    )),
    ("phone", (
        "tel", "phone", "mobile", "mob", "cell", "call", "puh", "gsm", "matkapuhelin", "kännykkä", "handy", "mobil",
        "rufnummer", "téléphone", "portable", "teléfono", "móvil", "movil", "mobitel", "komórk", "whatsapp", "sms",
        "ring", "soita", "ruf", "appel", "llám", "chiam", "zadzwo", "helista", "nazov",
    )),
)  # fmt: skip
# "number" and its like, alone ...
NUMBER_WORDS = frozenset((
    "no", "nr", "nro", "nbr", "num", "number", "numbers", "nummer", "numero", "numéro", "número", "numer", "numeru",
    "numerem", "numeron", "numeroni", "numerolla", "numri", "numbri", "numbriga", "n°", "nº", "n", "№", "#", "id",
    "br", "broj", "broja", "brojem", "code", "koodi", "kood", "kod", "kode", "código", "codigo", "codice", "tunnus",
    "ref", "reference", "référence", "referencia", "riferimento", "referentie", "referens", "viite", "viitenumero",
    "referencja", "referenca", "lp", "num.", "nummern", "numerze",
))  # fmt: skip
# ... and at the end of a compound: Bestellnr, order-id, tilausnumero.
NUMBER_ENDS = (
    "nummer", "number", "numero", "numeron", "numeroni", "numberi", "numbri", "nr", "nro", "-id", "_id", "-no",
    "_no", "id", "koodi", "kood", "code", "tunnus", "nummern", "#",
)  # fmt: skip
# Verbs that may stand between label and number.
LINKS = frozenset((
    "is", "was", "are", "ist", "war", "lautet", "est", "était", "es", "era", "è", "é", "on", "oli", "är", "var", "jest",
    "to", "był", "je", "bio", "glasi", "=", "-", "–",
))  # fmt: skip
# What may stand between "number" and what it is the number of.
FILLERS = frozenset((
    "the", "my", "our", "your", "with", "of", "for", "under", "confirmation", "and", "der", "die", "das", "des", "dem",
    "den", "mit", "meine", "meiner", "unter", "le", "la", "les", "ma", "mon", "votre", "de", "du", "d", "avec", "el",
    "mi", "del", "con", "il", "lo", "di", "mio", "mia", "da", "do", "o", "a", "com", "meu", "minha", "het", "mijn",
    "met", "van", "min", "mitt", "med", "av", "mój", "moje", "mojego", "mojej", "z", "od", "minun", "oma", "minu",
    "moj", "moja", "s", "sa", "pod", "za", "dell", "dal",
))  # fmt: skip
