# SPDX-License-Identifier: Apache-2.0
"""The files that ship: they load, show every key, and their schemas and reference are new."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import BaseModel

from router import registry
from router.config.document import read
from router.config.loader import FILES, check_secrets, load
from router.config.models import ChannelSettings, RouterSettings, SinkSettings, TeamSettings
from router.config.schema_files import generate, reference_page
from router.config.shipped import shipped_config
from router.config.validate import keys_of, models_in
from router.deadlines.settings import CalendarSettings, DeadlineSettings
from router.rules.model import RootSettings, RouteSettings
from router.schema import LANGUAGES

CONFIG = shipped_config()
REFERENCE = CONFIG.parent / "docs" / "reference" / "rules.md"


def all_keys(model: type[BaseModel]) -> set[str]:
    inner = {m for field in model.model_fields.values() for m in models_in(field.annotation)}
    inner -= {SinkSettings, TeamSettings, RouteSettings}
    return {*keys_of([model]), *(key for m in inner for key in all_keys(m))} - {"settings", "env"}


def test_shipped_config_loads_as_it_is(tmp_path: Path) -> None:
    """A folder made by ``init`` loads without a mistake and needs no secret."""
    configuration = load(Path(shutil.copytree(CONFIG, tmp_path / "shop")))
    assert check_secrets(configuration) == []
    assert {c.kind for c in configuration.channels if c.enabled} == {"webform", "call"}
    assert {c.kind for c in configuration.channels} == set(registry.channel_kinds())


@pytest.mark.parametrize(
    ("file", "models"),
    [
        ("router.yaml", [RouterSettings]),
        ("teams.yaml", [CalendarSettings, DeadlineSettings]),
        ("teams.yaml", [TeamSettings, SinkSettings, *(registry.sink_config(kind) for kind in registry.sink_kinds())]),
        ("rules.yaml", [RootSettings, RouteSettings]),
        (
            "channels.yaml",
            [ChannelSettings, *(registry.channel_config(kind) for kind in registry.channel_kinds())],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_shipped_config_shows_every_key(file: str, models: list[type[BaseModel]]) -> None:
    """Each key of each model stands in the file, at least in a comment."""
    text = (CONFIG / file).read_text(encoding="utf-8")
    missing = {k for m in models for k in all_keys(m) if not re.search(rf"\b{k}\b", text)}
    assert not missing


@pytest.mark.parametrize("file", FILES)
def test_shipped_config_fits_its_schema(file: str) -> None:
    """The first line of each file names its schema, and the file fits it."""
    text = (CONFIG / file).read_text(encoding="utf-8")
    first = text.splitlines()[0]
    assert first == f"# yaml-language-server: $schema=schema/{file.replace('.yaml', '.json')}"
    schema: dict[str, Any] = json.loads((CONFIG / first.partition("=")[2]).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(read(CONFIG / file, file).root.plain(), schema)


def test_schema_files_are_up_to_date() -> None:
    """``python -m router.config.schema_files`` changes nothing."""
    for name, text in generate().items():
        assert (CONFIG / "schema" / name).read_text(encoding="utf-8") == text, name


def test_schema_refuses_what_the_loader_refuses() -> None:
    """A misspelt field is marked in the editor already."""
    schema = json.loads(generate()["rules.json"])
    good = {"root": {"queue": "a", "routes": [{"name": "b", "when": {"type": "billing", "fields.order": "x"}}]}}
    jsonschema.validate(good, schema)
    good["root"]["routes"][0]["when"] = {"tpye": "billing"}  # type: ignore[index]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(good, schema)


def test_reference_of_rules_is_up_to_date() -> None:
    """The generated part of the page equals the table of fields, operators and functions."""
    page = REFERENCE.read_text(encoding="utf-8")
    assert reference_page(page) == page


def test_rules_file_can_be_read_in_one_sitting() -> None:
    """The annotated reference stays below a hundred lines."""
    assert len((CONFIG / "rules.yaml").read_text(encoding="utf-8").splitlines()) < 100


def test_shipped_acknowledgement_is_there_in_every_language() -> None:
    """Twelve languages; each names the reference and the time, and repeats no words of the sender."""
    templates = load(CONFIG).templates
    assert set(templates.texts["received"]) == set(LANGUAGES)
    for language, template in templates.texts["received"].items():
        assert "{reference}" in template.subject, language
        assert all(word in template.text for word in ("{reference}", "{days}", "{company}")), language
        assert "{name}" not in template.subject + template.text, language
        assert "?" not in template.text, language
