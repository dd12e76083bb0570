# SPDX-License-Identifier: Apache-2.0
"""Customer records from a CSV file, found by a sender's address, number, handle or id. Read again when it changes."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog

from router.schema import Customer, InboundMessage, Party

__all__ = ["CsvCustomers", "NoCustomers", "read_customers"]

log = structlog.get_logger(__name__)

_KEYS = ("email", "phone", "handle")
_KNOWN = {"id", "name", "tier", "language", "tags", *_KEYS}


class NoCustomers:
    """For installations without customer records; implements ``router.interfaces.Customers``."""

    async def find(self, messages: Sequence[InboundMessage]) -> list[Customer | None]:
        return [None] * len(messages)


def read_customers(path: Path) -> dict[str, Customer]:
    """The file as a mapping from every key of a customer (without case) to the record.

    Raises:
        ValueError: No column ``id``, or a row without one; the sentence names the line. csv.Error: No CSV at all.
    """
    found: dict[str, Customer] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if "id" not in (rows.fieldnames or ()):
            raise ValueError(f"{path}:1: no column 'id'; columns: {', '.join(rows.fieldnames or ())}")
        for row in rows:
            values = {name: (value or "").strip() for name, value in row.items() if name is not None}
            if not values["id"]:
                raise ValueError(f"{path}:{rows.line_num}: no value in column 'id'")
            customer = Customer(
                id=values["id"],
                name=values.get("name", ""),
                tier=values.get("tier", ""),
                language=values.get("language", ""),
                tags=tuple(values.get("tags", "").replace(";", " ").split()),
                fields={name: value for name, value in values.items() if name not in _KNOWN},
            )
            for key in (values["id"], *(values.get(name, "") for name in _KEYS)):
                if key:
                    found.setdefault(_folded(key), customer)
    return found


def _folded(key: str) -> str:
    key = key.casefold().removeprefix("@")
    digits = "".join(char for char in key if char.isdigit())
    return digits if key.startswith("+") and len(digits) >= 7 else key


def _keys(party: Party) -> Iterator[str]:
    yield from (_folded(key) for key in (party.id, party.address) if key)


class CsvCustomers:
    """Looks a sender up in the file; implements ``router.interfaces.Customers``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._records: dict[str, Customer] = {}

    async def find(self, messages: Sequence[InboundMessage]) -> list[Customer | None]:
        await asyncio.to_thread(self._refresh)
        return [self._find(message.original_sender or message.sender) for message in messages]

    def _find(self, party: Party) -> Customer | None:
        return next((self._records[key] for key in _keys(party) if key in self._records), None)

    def _refresh(self) -> None:
        """Read the file again if it changed; a broken one leaves the last good records in force."""
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            if stamp == self._stamp:
                return
            self._stamp = stamp  # also of a broken one: it is complained of once
            self._records = read_customers(self._path)
        except (OSError, ValueError, csv.Error) as error:
            log.error("customers_unreadable", reason=str(error))  # noqa: TRY400 - the reason is the whole story
