# SPDX-License-Identifier: Apache-2.0
"""JSON Schema of each file that operators edit, for editors; ``python -m router.config.schema_files`` writes them."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from router import registry
from router.config.models import ChannelSettings, RouterSettings, SinkSettings, TeamsFile
from router.config.shipped import shipped_config
from router.rules.cases import CasesFile
from router.rules.model import RulesFile
from router.rules.reference import conditions_schema, markdown

__all__ = ["BEGIN", "END", "generate", "reference_page"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
BEGIN = "<!-- generated: python -m router.config.schema_files -->"
END = "<!-- end of the generated part -->"


def generate() -> dict[str, str]:
    """File name in ``config/schema/`` to its text. Covers what ships; kinds that others register are not in it."""
    schemas = {
        "router.json": _router(),
        "channels.json": _channels(),
        "teams.json": _teams(),
        "rules.json": _rules(),
        "tests.json": CasesFile.model_json_schema(by_alias=True),
    }
    return {
        name: json.dumps({"$schema": _DIALECT, **schema}, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas.items()
    }


def reference_page(page: str) -> str:
    """The page of the reference with its generated part made new."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{markdown()}\n{END}{after}"


def _router() -> dict[str, Any]:
    schema = RouterSettings.model_json_schema()
    for section in schema["properties"].values():
        if "$ref" in section:  # a section with all its keys commented out is its defaults
            section["anyOf"] = [{"$ref": section.pop("$ref")}, {"type": "null"}]
    return schema


def _rules() -> dict[str, Any]:
    schema = RulesFile.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    definitions |= conditions_schema()
    for route in ("RouteSettings", "AlarmRoute"):
        definitions[route]["properties"]["when"] = {"$ref": "#/$defs/Conditions"}
    return schema


def _channels() -> dict[str, Any]:
    kinds = {kind: registry.channel_config(kind) for kind in registry.channel_kinds() if _ships(kind)}
    return _list_file("channels", "Where complaints come in and answers go out.", ChannelSettings, kinds)


def _ships(kind: str) -> bool:
    try:
        return registry.channel_config(kind).__module__ == f"channels.{kind}.config"
    except ImportError:
        return False  # a folder beside the channels that is none, such as channels/text


def _teams() -> dict[str, Any]:
    kinds = {kind: registry.sink_config(kind) for kind in registry.sink_kinds()}
    ours = {kind: model for kind, model in kinds.items() if model.__module__ == f"router.sinks.{kind}"}
    schema = TeamsFile.model_json_schema()
    sinks = _list_file("sinks", "Places that queues are forwarded to.", SinkSettings, ours)
    schema["$defs"].pop("SinkSettings")
    schema["$defs"] |= sinks["$defs"]
    schema["properties"]["sinks"] = sinks["properties"]["sinks"]
    return schema


def _list_file(key: str, title: str, common: type[BaseModel], kinds: dict[str, type[BaseModel]]) -> dict[str, Any]:
    """A file with one list whose entries have the common keys and those of their kind."""
    definitions: dict[str, Any] = {}
    shared = common.model_json_schema()
    for kind, model in kinds.items():
        schema = model.model_json_schema(ref_template=f"#/$defs/{kind}.{{model}}")
        definitions |= {f"{kind}.{name}": value for name, value in schema.pop("$defs", {}).items()}
        own = {name: value for name, value in shared["properties"].items() if name != "settings"}
        schema["properties"] = {**own, "kind": {"const": kind}, **schema.get("properties", {})}
        schema["required"] = [*shared["required"], *schema.get("required", ())]
        schema["title"] = kind
        definitions[kind] = schema
    entries = {"oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in kinds]}
    return {
        "type": "object",
        "description": title,
        "properties": {key: {"type": ["array", "null"], "items": entries}},
        "additionalProperties": False,
        "$defs": definitions,
    }


def _write() -> None:
    folder = shipped_config()
    for name, text in generate().items():
        (folder / "schema" / name).write_text(text, encoding="utf-8")
    page = folder.parent / "docs" / "reference" / "rules.md"
    page.write_text(reference_page(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    _write()
