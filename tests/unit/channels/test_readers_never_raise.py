# SPDX-License-Identifier: Apache-2.0
"""Whatever arrives at a reader of JSON or of a form, it gives messages or ParseError, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.errors import ParseError
from router.interfaces import ParseOptions
from router.registry import channel_parse, reader_kinds
from router.schema import InboundMessage, RawMessage
from router.testing.messages import is_storable

FIXTURES = Path(__file__).parents[2] / "fixtures"
KINDS = [kind for kind in reader_kinds() if kind != "email"]  # mail has tests of its own
FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, -1, 2**63, 2**64, 10**30, 1e308, float("nan"), "", "0", "\0", "\ud800", "\ud83d\ude00"])
    | st.text(max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def read(kind: str, body: bytes, **options: Any) -> list[InboundMessage] | None:
    """The messages, or None where the reader refuses; anything else a reader raises fails the test."""
    now = datetime(2026, 3, 2, tzinfo=UTC)
    raw = RawMessage(channel=kind, account="test", native_id="fuzz", body=body, received_at=now)
    try:
        return channel_parse(kind)(raw, ParseOptions(**options))
    except ParseError:
        return None


def storable(found: list[InboundMessage] | None) -> bool:
    return all(map(is_storable, found or []))


@cache
def samples(kind: str) -> tuple[Any, ...]:
    """The project's own payloads of a kind as JSON values; for a form, as an object of its values."""
    found: list[Any] = []
    for path in sorted((FIXTURES / kind).rglob("*")):
        if path.suffix == ".json" and path.name != "expected.json" and _is_json(path):
            value: Any = json.loads(path.read_bytes())
            if isinstance(value, dict) and "expect" in value:
                found += [part for key, part in value.items() if key != "expect"]
            else:
                found.append(value)
        elif path.name == "payload.txt":
            found.append(dict(parse_qsl(path.read_text(encoding="utf-8"))))
    return tuple(value for value in found if isinstance(value, dict | list)) or ({"id": "1", "text": "x"},)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside a value, the value itself first."""
    found = [path]
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        found += places(member, (*path, key))
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of a value with another one at the end of the way."""
    if not path:
        return new
    copy = list(value) if isinstance(value, list) else dict(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def bodies(kind: str, value: Any) -> list[bytes]:
    """A value as JSON, and as a form where the kind reads those."""
    found = [json.dumps(value).encode()]
    if kind == "twilio" and isinstance(value, dict):
        found.append(urlencode({key: str(member) for key, member in value.items()}, errors="replace").encode())
    return found


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(value=JSON)
def test_reader_takes_any_json(kind: str, value: Any) -> None:
    """A JSON value of any shape gives messages or ParseError."""
    for body in bodies(kind, value):
        assert storable(read(kind, body))


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(body=st.binary(max_size=60))
def test_reader_takes_any_bytes(kind: str, body: bytes) -> None:
    """Bytes that are no document give messages or ParseError."""
    assert storable(read(kind, body))


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(data=st.data())
def test_reader_takes_a_payload_with_a_value_of_another_type(kind: str, data: st.DataObject) -> None:
    """A real payload in which any one or two values are replaced gives messages or ParseError."""
    value = data.draw(st.sampled_from(samples(kind)))
    for _ in range(data.draw(st.integers(1, 2))):
        value = replaced(value, data.draw(st.sampled_from(places(value))), data.draw(JSON))
    for body in bodies(kind, value):
        assert storable(read(kind, body, own=("1", "@acme"), max_text_chars=5, max_attachments=1))


@pytest.mark.parametrize("kind", KINDS)
def test_reader_takes_every_value_of_a_payload_in_every_type(kind: str) -> None:
    """Values all over the payloads, replaced by one of every type in turn, give messages or ParseError."""
    spots = [(value, path) for value in samples(kind) for path in places(value)]
    others: tuple[Any, ...] = (None, True, -1, 10**40, 1.5, "\ud800x", "x" * 50, [], [[]], [None], {}, {"": {}})
    for value, path in spots[:: len(spots) // 800 + 1]:  # evenly spread, so that the suite stays quick as it grows
        for new in others:
            for body in bodies(kind, replaced(value, path, new)):
                assert storable(read(kind, body))


@pytest.mark.parametrize("kind", KINDS)
def test_reader_refuses_nesting_without_end(kind: str) -> None:
    """A document nested a hundred thousand deep is refused."""
    assert not read(kind, b"[" * 100_000)
    assert not read(kind, b'{"entry":' * 100_000)
