# SPDX-License-Identifier: Apache-2.0
"""Payloads as the platforms send them, each beside what its channel's reader must make of it.

A case is a folder ``tests/fixtures/<kind>/<case>/`` with one ``payload.*`` and ``expected.json``: a list with one
object a message, each naming the values to compare; objects inside it are compared by the keys they name. The object
``{"error": true}`` in place of the list stands for a payload that must be refused.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from router.errors import ParseError
from router.interfaces import ParseOptions
from router.registry import channel_parse, reader_kinds
from router.schema import InboundMessage, RawMessage

REFUSED = {"error": True}
FIXTURES = Path(__file__).parents[2] / "fixtures"
CASES = [
    folder
    for kind in reader_kinds()
    for folder in sorted((FIXTURES / kind).glob("*/"))
    if (folder / "expected.json").is_file() and any(folder.glob("payload.*"))
]


def expected(folder: Path) -> Any:
    return json.loads((folder / "expected.json").read_text(encoding="utf-8"))


READABLE = [folder for folder in CASES if expected(folder) != REFUSED]


def ident(folder: Path) -> str:
    return f"{folder.parent.name}-{folder.name}"


def read(folder: Path) -> list[InboundMessage]:
    [payload] = folder.glob("payload.*")
    kind = folder.parent.name
    raw = RawMessage(
        channel=kind,
        account="test",
        native_id="fixture",
        body=payload.read_bytes(),
        received_at=datetime(2026, 3, 2, 12, 0, tzinfo=UTC),
    )
    return channel_parse(kind)(raw, ParseOptions())


def named_part(found: Any, wanted: Any) -> Any:
    """As much of ``found`` as ``wanted`` names, so that comparing the two shows exactly what differs."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return {key: named_part(found[key], wanted[key]) if key in found else "(absent)" for key in wanted}
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        return [named_part(*pair) for pair in zip(found, wanted, strict=True)]
    return found


@pytest.mark.parametrize("folder", CASES, ids=ident)
def test_parse_gives_what_the_fixture_expects(folder: Path) -> None:
    """Each payload gives the messages beside it with the values named there, or is refused where it must be."""
    wanted = expected(folder)
    if wanted == REFUSED:
        with pytest.raises(ParseError):
            read(folder)
        return
    found = [message.model_dump(mode="json") for message in read(folder)]
    assert named_part(found, wanted) == wanted


@pytest.mark.parametrize("folder", READABLE, ids=ident)
def test_parse_names_each_message_of_a_fixture_once(folder: Path) -> None:
    """No two messages of a payload share a native id, none is without one, and reading again gives the same ids."""
    idents = [message.native_id for message in read(folder)]
    assert all(idents)
    assert len(set(idents)) == len(idents)
    assert [message.native_id for message in read(folder)] == idents


def test_fixtures_cover_the_chat_channels() -> None:
    """The fixtures are found at all: a renamed folder would otherwise pass by being empty."""
    covered = {folder.parent.name for folder in CASES}
    assert {"facebook", "instagram", "line", "twilio", "viber", "whatsapp"} <= covered
