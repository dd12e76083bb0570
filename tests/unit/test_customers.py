# SPDX-License-Identifier: Apache-2.0
"""Customer records from a CSV file."""

import os
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from router.customers import CsvCustomers, NoCustomers, read_customers
from router.schema import InboundMessage

ROWS = """id,name,email,phone,handle,tier,language,tags,region
c1,Anna,Anna@Example.org,+358 40 123 4567,@anna,gold,fi,vip;late pays,north
c2,Ben,ben@example.org,,,,,,
"""


def message(**fields: Any) -> InboundMessage:
    return InboundMessage.model_validate({"channel": "email", "account": "a", "native_id": "1", **fields})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_text(ROWS, encoding="utf-8-sig")
    return path


def test_read_customers_keeps_every_column(file: Path) -> None:
    """Known columns become fields of the record, others are kept by their names; the byte-order mark is no letter."""
    anna = read_customers(file)["anna@example.org"]
    assert (anna.id, anna.name, anna.tier, anna.language, anna.tags) == (
        "c1",
        "Anna",
        "gold",
        "fi",
        ("vip", "late", "pays"),
    )
    assert anna.fields == {"region": "north"}


@pytest.mark.parametrize(
    "sender",
    [{"address": "ANNA@example.ORG"}, {"address": "+358-40-1234567"}, {"address": "@Anna"}, {"id": "c1"},
     {"id": "unknown", "address": "anna"}],
    ids=["mail", "phone", "handle", "id", "handle-without-at"],
)  # fmt: skip
async def test_find_by_any_key(file: Path, sender: dict[str, str]) -> None:
    """A sender is found by address, number, handle or id, however it is written."""
    [found] = await CsvCustomers(file).find([message(sender=sender)])
    assert found is not None
    assert found.id == "c1"


async def test_find_in_order_with_gaps(file: Path) -> None:
    """One answer a message, None for a stranger and for somebody without any key; a forwarded mail is its author's."""
    asked = [
        message(sender={"address": "ben@example.org"}),
        message(sender={"address": "nobody@example.org"}),
        message(),
        message(sender={"address": "ben@example.org"}, original_sender={"address": "anna@example.org"}),
    ]
    found = await CsvCustomers(file).find(asked)
    assert [one and one.id for one in found] == ["c2", None, None, "c1"]
    assert await NoCustomers().find(asked) == [None] * 4


async def test_find_reads_a_changed_file_again(file: Path) -> None:
    """A new record is known with the next batch."""
    customers = CsvCustomers(file)
    asked = [message(sender={"address": "new@example.org"})]
    assert await customers.find(asked) == [None]
    file.write_text(ROWS + "c3,New,new@example.org\n", encoding="utf-8")
    assert [one and one.id for one in await customers.find(asked)] == ["c3"]


@pytest.mark.parametrize(
    "content",
    [
        b"name,email\nAnna,anna@example.org\n",
        b"id,name\n,Anna\n",
        b"id,name\n\xff\xfe,x\n",
        b'id,name\nc1,"' + b"x" * 200_000 + b'"\n',
    ],
    ids=["no-id-column", "no-id", "not-utf-8", "field-too-large"],
)
async def test_find_broken_file_keeps_the_last_good_records(file: Path, content: bytes) -> None:
    """A file with a mistake is complained of once and changes nothing; no message suffers."""
    customers = CsvCustomers(file)
    asked = [message(sender={"address": "anna@example.org"})]
    await customers.find(asked)
    file.write_bytes(content)
    os.utime(file, ns=(1, 1))
    with capture_logs() as logged:
        found = [*await customers.find(asked), *await customers.find(asked)]
    assert [one and one.id for one in found] == ["c1", "c1"]
    assert [line["event"] for line in logged] == ["customers_unreadable"]


async def test_find_missing_file_finds_nobody(tmp_path: Path) -> None:
    """Without the file there are no customers, and the log says so."""
    with capture_logs() as logged:
        assert await CsvCustomers(tmp_path / "gone.csv").find([message(sender={"id": "c1"})]) == [None]
    assert logged[0]["log_level"] == "error"


@pytest.mark.parametrize(
    ("content", "sentence"), [("name\nx\n", "1: no column 'id'"), ("id,name\nc1,x\n,y\n", "3: no value in column 'id'")]
)
def test_read_customers_names_the_line(tmp_path: Path, content: str, sentence: str) -> None:
    """A mistake is named with its line."""
    path = tmp_path / "c.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=sentence):
        read_customers(path)
