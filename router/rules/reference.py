# SPDX-License-Identifier: Apache-2.0
"""What can be written under ``when``, from the table of fields: as Markdown for the reference and as JSON Schema."""

from __future__ import annotations

from typing import Any

from router.config.reference import meaning_of, type_words
from router.rules.expressions import FUNCTIONS, MACROS
from router.rules.fields import FIELDS, Field
from router.rules.matchers import OPERATORS, KnownNames, operators_of
from router.rules.model import AlarmRoute, AnswerSettings, AssignSettings, RouteActions, Thresholds, UrgencyChange

__all__ = ["conditions_schema", "markdown"]

_NEVER_LISTED = ("channels", "scores", "calendars", "days", "queues", "teams", "deadlines", "")


def markdown() -> str:
    """The generated part of ``docs/reference/rules.md``."""
    lines = ["### Actions", "", "What a route says, in the order in which it is recorded with the decision.", ""]
    lines += ["| key | value | meaning |", "|---|---|---|"]
    for name, info in RouteActions.model_fields.items():
        if name != "routes":
            values = type_words(info.annotation, tuple(info.metadata)).replace("`False`", "`false`")
            lines.append(f"| `{name}` | {values} | {meaning_of(RouteActions, name)} |")
    lines += [
        "",
        "Where a value is one of these sections, it has these keys:",
        "",
        "| section | key | value | meaning |",
    ]
    lines.append("|---|---|---|---|")
    for model in (UrgencyChange, AnswerSettings, AssignSettings, Thresholds):
        for name, info in model.model_fields.items():
            values = type_words(info.annotation, tuple(info.metadata))
            lines.append(f"| {model.__name__} | `{name}` | {values} | {meaning_of(model, name)} |")
    lines += [
        "",
        "### Actions of `on_deadline`",
        "",
        "What a route says when a deadline warns or is missed, in order.",
        "",
    ]
    lines += ["| key | value | meaning |", "|---|---|---|"]
    for name, info in AlarmRoute.model_fields.items():
        if name not in ("routes", "name", "when", "continue_"):
            values = type_words(info.annotation, tuple(info.metadata))
            lines.append(f"| `{name}` | {values} | {meaning_of(AlarmRoute, name)} |")
    lines += ["", "### Fields", "", "| field | type | values | what it is |", "|---|---|---|---|"]
    for field in FIELDS:
        known = "" if field.names in _NEVER_LISTED else ", ".join(KnownNames().of(field.names))
        name = field.name.replace(".*", ".NAME") if field.name != "scores.*" else "scores.LABEL.VALUE"
        lines.append(f"| `{name}` | {field.type} | {known} | {field.doc} |")
    lines += ["", "### Operators", "", "| operator | goes with | holds if |", "|---|---|---|"]
    for operator, doc in OPERATORS.items():
        types = dict.fromkeys(field.type for field in FIELDS if operator in operators_of(field))
        lines.append(f"| `{operator}` | {', '.join(types)} | {doc} |")
    functions = [name for name in FUNCTIONS if name not in MACROS]
    lines += ["", "### Expressions", ""]
    lines.append("Names: every field above, as written there; lists are lists, `fields` and `scores` are maps.")
    lines.append(f"Functions: {', '.join(f'`{name}`' for name in functions)}.")
    lines.append(f"List macros: {', '.join(f'`{name}`' for name in MACROS)}; not one inside another.")
    return "\n".join(lines) + "\n"


def conditions_schema() -> dict[str, Any]:
    """JSON Schema definitions of what stands under ``when``: "Conditions" and one per sort of field."""
    inside = {"$ref": "#/$defs/Conditions"}
    several = {"type": "array", "items": inside, "minItems": 1}
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    patterns: dict[str, Any] = {}
    for field in FIELDS:
        sort = f"Match {field.type if field.names in _NEVER_LISTED else field.names}".replace("/", " or ")
        definitions[sort] = _field_schema(field)
        schema = {"$ref": f"#/$defs/{sort}", "description": field.doc}
        if field.name.endswith("*"):
            patterns["^" + field.stem.replace(".", r"\.") + "."] = schema
        else:
            properties[field.name] = schema
    properties["any"] = {**several, "description": "At least one of these holds."}
    properties["all"] = {**several, "description": "All of these hold."}
    properties["not"] = {**inside, "description": "Holds unless all of these do."}
    text = {"type": "string", "maxLength": 1000}
    properties["cel"] = {
        "description": "An expression in CEL that is true.",
        "anyOf": [text, {"type": "array", "items": text, "minItems": 1}],
    }
    definitions["Conditions"] = {
        "type": "object",
        "minProperties": 1,
        "description": "All of these hold.",
        "properties": properties,
        "patternProperties": patterns,
        "additionalProperties": False,
    }
    return definitions


def _field_schema(field: Field) -> dict[str, Any]:
    value: dict[str, Any] = {"type": {"number": "number", "yes/no": "boolean"}.get(field.type, "string")}
    if field.names not in _NEVER_LISTED:
        value["enum"] = list(KnownNames().of(field.names))
    some = {"type": "array", "items": value, "minItems": 1}
    words: dict[str, Any] = {"type": "string", "minLength": 1}
    operands = {
        "is": {"anyOf": [value, some]},
        "matches": words,
        "contains": {"anyOf": [words, {"type": "array", "items": words, "minItems": 1}]},
        "exists": {"type": "boolean"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    }
    operators = {name: {**operands.get(name, value), "description": OPERATORS[name]} for name in operators_of(field)}
    mapping = {"type": "object", "properties": operators, "additionalProperties": False, "minProperties": 1}
    return {"anyOf": [value, some, mapping]}
