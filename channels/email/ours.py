# SPDX-License-Identifier: Apache-2.0
"""Who writes: we ourselves, a colleague who hands a mail on, or a form or group in our name for somebody else."""

from __future__ import annotations

from collections.abc import Sequence

from channels.email.addresses import Mailbox, read_addresses
from channels.email.envelope import domain_of, is_allowed
from channels.email.headers import Headers
from router.schema import Party

__all__ = ["is_colleague", "is_ours", "others", "written_for"]

# Domains that anybody may have an address in: that one of ours is in it says nothing of whom we share it with.
_PUBLIC = frozenset(
    f"{name}.{end}"
    for name, ends in {
        "gmail": "com", "googlemail": "com", "outlook": "com de fr es it pt", "hotmail": "com co.uk de fr es it fi se",
        "live": "com co.uk fr it nl se", "msn": "com", "yahoo": "com co.uk de fr es it", "ymail": "com", "me": "com",
        "icloud": "com", "mac": "com", "aol": "com", "mail": "com ee ru", "proton": "me", "protonmail": "com",
        "gmx": "de net at ch com", "web": "de", "t-online": "de", "freenet": "de", "orange": "fr", "wanadoo": "fr",
        "free": "fr", "laposte": "net", "sfr": "fr", "libero": "it", "virgilio": "it", "tiscali": "it", "alice": "it",
        "terra": "es com.br", "sapo": "pt", "bol": "com.br", "uol": "com.br", "ziggo": "nl", "kpnmail": "nl",
        "planet": "nl", "telia": "com", "bredband": "net", "wp": "pl", "o2": "pl", "onet": "pl", "interia": "pl",
        "luukku": "com", "kolumbus": "fi", "elisanet": "fi", "hot": "ee", "online": "ee", "net": "hr", "inet": "hr",
        "yandex": "ru com", "qq": "com",
    }.items()
    for end in ends.split()
)  # fmt: skip


def is_ours(address: str, own: Sequence[str]) -> bool:
    """Whether a mail to ``address`` comes to us: one of our addresses, also with something after a plus."""
    return bool(address) and is_allowed(address, tuple(mine.casefold() for mine in own))


def is_colleague(address: str, own: Sequence[str]) -> bool:
    """Whether ``address`` is in a domain of ours that is nobody else's."""
    domain = domain_of(address).casefold()
    return bool(domain) and domain not in _PUBLIC and any(domain == domain_of(mine).casefold() for mine in own)


def others(parties: Sequence[Party], own: Sequence[str]) -> tuple[Party, ...]:
    """The parties without ourselves: an answer to us is none."""
    return tuple(party for party in parties if not is_ours(party.address, own))


def written_for(headers: Headers, reply_to: Sequence[Party], own: Sequence[str]) -> Mailbox | None:
    """Who wrote a mail that came in our name, as forms of web sites and groups send it: whom it is to be answered to.

    None where that is not one person outside our own house: then we sent it ourselves.
    """
    named, _ = read_addresses(headers.all("x-original-from")[:1])
    found = [Mailbox(address=party.address, name=party.name) for party in reply_to] or named
    if len(found) != 1 or "@" not in found[0].address:
        return None
    return None if is_ours(found[0].address, own) or is_colleague(found[0].address, own) else found[0]
