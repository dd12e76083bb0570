# SPDX-License-Identifier: Apache-2.0
"""Whole mails, each with the result a person would give."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.email.parse import parse
from router.interfaces import ParseOptions
from router.schema import InboundMessage, RawMessage

CASES = sorted(p.parent for p in (Path(__file__).parents[3] / "fixtures" / "email").glob("*/expected.json"))


def _read(case: Path) -> InboundMessage:
    raw = RawMessage(
        channel="email",
        account="help",
        native_id=case.name,
        body=(case / "raw.eml").read_bytes(),
        received_at=datetime(2024, 7, 1, tzinfo=UTC),
    )
    (message,) = parse(raw, ParseOptions(token_domain="example.com"))
    return message


def _subset(wanted: Any, got: Any) -> Any:
    """The part of ``got`` that ``wanted`` speaks of."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return {key: _subset(value, got.get(key)) for key, value in wanted.items()}
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return [_subset(w, g) for w, g in zip(wanted, got, strict=True)]
    return got


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_parse_reads_the_mail_as_a_person_does(case: Path) -> None:
    """Every value named in expected.json is what the parser found."""
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    notes = expected.pop("notes_include", [])
    flags = expected.pop("flags", None)

    message = _read(case)

    got = json.loads(message.model_dump_json())
    assert _subset(expected, got) == expected
    assert [note for note in notes if note not in message.notes] == []
    if flags is not None:
        assert {name: True for name, is_set in got["flags"].items() if is_set} == flags


def test_fixtures_exist() -> None:
    """The folder of fixtures was found."""
    assert len(CASES) >= 12
