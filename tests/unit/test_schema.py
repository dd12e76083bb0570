# SPDX-License-Identifier: Apache-2.0
"""The one schema: frozen, storable everywhere, exported."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from router.schema import Attachment, Classification, Frozen, Party, RawMessage, Reply, clean_text
from router.schema_json import FILE, schema_json
from router.testing.store_contract import make_case, make_message, make_reply_row

ROOT = Path(__file__).parents[2]


@given(st.text(st.characters()))
def test_clean_text_can_be_stored(text: str) -> None:
    """Whatever comes in, what stays is UTF-8 without NUL, and cleaning again changes nothing."""
    cleaned = clean_text(text)
    assert "\0" not in cleaned
    assert clean_text(cleaned) == cleaned
    assert cleaned.encode().decode() == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [("a\0b", "ab"), ("\ud83d\udce6", "\U0001f4e6"), ("x\ud83d", "x\ufffd"), ("häät\r\n", "häät\r\n")],
    ids=["nul", "pair", "half", "unchanged"],
)
def test_clean_text_repairs(text: str, cleaned: str) -> None:
    """Pairs are joined, halves replaced, all else left alone."""
    assert clean_text(text) == cleaned


@pytest.mark.parametrize("model", [make_message(), make_case(), Party(address="a"), Attachment()], ids=type)
def test_models_are_frozen_and_strict(model: Frozen) -> None:
    """Nothing changes on the way, and no unknown field slips in."""
    with pytest.raises(ValidationError):
        setattr(model, next(iter(type(model).model_fields)), "other")
    with pytest.raises(ValidationError):
        type(model).model_validate({**model.model_dump(), "surprise": 1})


def test_source_key_is_the_same_raw_and_parsed() -> None:
    """A message is known by the key of its raw bytes; other bytes under the key have another digest."""
    raw = RawMessage(channel="email", account="support", native_id="m1", body=b"x", received_at=datetime.now(UTC))
    assert raw.source_key == make_message("m1").source_key == "email:support:m1"
    assert raw.digest != raw.model_copy(update={"body": b"y"}).digest


@pytest.mark.parametrize("when", [datetime.fromisoformat("2026-03-02"), "2026-03-02T09:00:00"], ids=["naive", "text"])
def test_times_must_be_aware(when: Any) -> None:
    """A time without a zone is refused instead of guessed."""
    with pytest.raises(ValidationError):
        RawMessage(channel="email", account="a", native_id="1", body=b"", received_at=when)


@pytest.mark.parametrize(
    ("party", "key"),
    [
        (Party(id="7", address="A@b"), "7"),
        (Party(address="Anna@Example.ORG"), "anna@example.org"),
        (Party(name="x"), ""),
    ],
)
def test_party_key(party: Party, key: str) -> None:
    """The stable id tells people apart, else the address without case; a name alone does not."""
    assert party.key == key


def test_words_are_the_new_ones_if_any() -> None:
    """Quoted history is not read again; where nothing new was found, all is read."""
    assert make_message(text="new\n> old", reply_text="new").words == "new"
    assert make_message(text="> old", reply_text="").words == "> old"


def test_confidence_is_the_score_of_the_chosen_label() -> None:
    """Labels without a score have none."""
    labels = Classification(kind="complaint", type="delivery", scores={"type": {"delivery": 0.9, "billing": 0.1}})
    assert (labels.confidence("type"), labels.confidence("urgency")) == (0.9, 0.0)


def test_json_schema_file_is_current() -> None:
    """docs/reference/schema.json is what the models are; `python -m router.schema_json` writes it."""
    assert json.loads((ROOT / FILE).read_text(encoding="utf-8")) == schema_json()


@pytest.mark.parametrize(
    "value", [make_message(), make_case(), make_reply_row().reply], ids=["message", "case", "reply"]
)
def test_json_schema_describes_what_is_written(value: Frozen) -> None:
    """What the models write passes the exported schema, and something else does not."""
    schema = {**schema_json(), "$ref": f"#/$defs/{type(value).__name__}"}
    jsonschema.Draft202012Validator.check_schema(schema)
    written = value.model_dump(mode="json")
    jsonschema.validate(written, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written | {"surprise": 1}, schema)


def test_reply_digest_does_not_depend_on_who_sends_it() -> None:
    """Approval binds text, place and audience; ids and authors are no part of it."""
    reply = make_reply_row().reply
    assert isinstance(reply, Reply)
    assert reply.digest == reply.model_copy(update={"id": "other", "author": "eero"}).digest
