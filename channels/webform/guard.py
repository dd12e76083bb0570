# SPDX-License-Identifier: Apache-2.0
"""Keeps programs from filling the form, without a puzzle for people: a signed stamp, and a limit per address.

Whoever is turned away keeps what was typed and may try again; nobody is dropped in silence.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta

from router.schema import clean_text

__all__ = ["RateLimit", "Stamps", "network_of"]

_MAX_AGE_SECONDS = 24 * 3600
_MAX_NETWORKS = 10_000


class Stamps:
    """One-time form ids that say when the form was shown and that we showed it: ``id.seconds.signature``.

    Args:
        sign: A keyed function from text to text, the same in every process of the installation.
    """

    def __init__(self, *, sign: Callable[[str], str], account: str) -> None:
        self._sign = sign
        self._account = account

    def _seal(self, start: str) -> str:
        signed = self._sign(f"stamp of form {self._account}: {start}")
        return hashlib.sha256(signed.encode()).hexdigest()  # no dots, whatever the signature looks like

    def issue(self, now: datetime) -> str:
        start = f"{secrets.token_hex(12)}.{int(now.timestamp())}"
        return f"{start}.{self._seal(start)}"

    def read(self, stamp: str, now: datetime) -> tuple[str, float] | None:
        """The form's id and its age in seconds; None when we did not issue it or it is older than a day."""
        start, _, seal = stamp.rpartition(".")
        if not hmac.compare_digest(seal.encode("utf-8", "replace"), self._seal(clean_text(start)).encode()):
            return None
        form_id, _, shown = start.partition(".")
        age = now.timestamp() - int(shown)
        return (form_id, age) if age <= _MAX_AGE_SECONDS else None


class RateLimit:
    """At most ``count`` in ``per`` from one network; remembers a bounded number of networks."""

    def __init__(self, *, count: int, per: timedelta) -> None:
        self._count = count
        self._seconds = per.total_seconds()
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_seconds(self, network: str, now: datetime) -> float:
        """0 and counted when there is room, else how long until there is."""
        at = now.timestamp()
        times = self._seen.setdefault(network, deque())
        self._seen.move_to_end(network)
        while times and times[0] <= at - self._seconds:
            times.popleft()
        if len(times) >= self._count:
            return times[0] + self._seconds - at
        times.append(at)
        if len(self._seen) > _MAX_NETWORKS:
            self._seen.popitem(last=False)
        return 0


def network_of(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 that one household has of IPv6."""
    try:
        parsed = ipaddress.ip_address(address.strip())
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
