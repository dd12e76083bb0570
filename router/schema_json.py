# SPDX-License-Identifier: Apache-2.0
"""The schema as JSON Schema (draft 2020-12), for programs in other languages. Run as a module to write it out anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from router.schema import Case, Classification, Decision, Frozen, InboundMessage, Receipt, Reply

__all__ = ["FILE", "schema_json"]

FILE = Path("docs/reference/schema.json")
_MODELS: tuple[type[Frozen], ...] = (InboundMessage, Classification, Case, Decision, Reply, Receipt)


def schema_json() -> dict[str, Any]:
    """Every model that travels, under ``$defs``, as it looks when written as JSON."""
    _, schema = models_json_schema(
        [(model, "serialization") for model in _MODELS],
        title="complaint-router",
        description="What a message, a case, a decision and a reply are.",
    )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


if __name__ == "__main__":
    FILE.write_text(json.dumps(schema_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
