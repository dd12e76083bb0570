# SPDX-License-Identifier: Apache-2.0
"""Call notes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.call.channel import CallChannel
from channels.call.config import Config
from channels.call.parse import CallNote, parse
from router.errors import ParseError, StoreError, UserInputError
from router.interfaces import ParseOptions
from router.records import RawReceipt
from router.schema import RawMessage
from router.testing.channels import make_context

AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
NOTE = CallNote(
    id="form-0001", kind="visit", summary="Ostis toote, mis ei tööta.", caller="Mari", phone="+372 5550100",
    email="mari@example.org", language="et", at=AT, logged_by="agent.one",
)  # fmt: skip


def _raw(body: bytes) -> RawMessage:
    return RawMessage(channel="call", account="desk", native_id="form-0001", body=body, received_at=AT)


def test_parse_of_a_note_keeps_all_of_it() -> None:
    """The message says who complained, how, when, and who wrote it down."""
    (message,) = parse(_raw(NOTE.model_dump_json().encode()), ParseOptions())
    assert (message.sender.name, message.sender.address, message.language) == ("Mari", "+372 5550100", "et")
    assert (message.text, message.sent_at) == (NOTE.summary, AT)
    assert message.fields == {
        "kind": "visit",
        "phone": "+372 5550100",
        "email": "mari@example.org",
        "logged_by": "agent.one",
    }
    assert message.notes == ("visit, noted by agent.one",)


def test_parse_error_holds_no_value() -> None:
    """The reason shown in quarantine does not repeat what stood in the note."""
    with pytest.raises(ParseError) as caught:
        parse(_raw(b'{"id": "s3cr3t"}'), ParseOptions())
    assert "s3cr3t" not in str(caught.value)


async def test_submit_returns_the_store_receipt(tmp_path: Path) -> None:
    """The reference that staff read to the caller is the store's."""
    channel = CallChannel("desk", Config(), make_context(tmp_path))
    submitted = asyncio.create_task(channel.submit(NOTE))
    delivery = await anext(channel.receive())
    known = RawReceipt(raw_id=1, source_key=delivery.raw.source_key, reference="7K2M9-QXA4B", duplicate=False)
    await delivery.ack(known)
    assert await submitted == known


async def test_submit_says_when_nothing_was_kept(tmp_path: Path) -> None:
    """A refusal and a stall are told to the member of staff, who has the text still on the screen."""
    channel = CallChannel("desk", Config(commit_seconds=0.05), make_context(tmp_path))
    with pytest.raises(StoreError, match="again"):
        await channel.submit(NOTE)
    submitted = asyncio.create_task(channel.submit(NOTE))
    receive = channel.receive()
    await anext(receive)  # the first, whose sender is gone
    await (await anext(receive)).refuse(RuntimeError("disk full"))
    with pytest.raises(StoreError, match="not kept"):
        await submitted


async def test_submit_names_the_wrong_fields(tmp_path: Path) -> None:
    """The staff page hands over its fields as they are and learns which to mark."""
    channel = CallChannel("desk", Config(), make_context(tmp_path))
    with pytest.raises(UserInputError) as caught:
        await channel.submit({"id": "form-0001", "summary": "", "at": "yesterday", "logged_by": "agent.one"})
    assert set(caught.value.fields) == {"summary", "at"}
