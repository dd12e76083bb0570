# SPDX-License-Identifier: Apache-2.0
"""Checks a part of a document against a pydantic model and says what is wrong in the operator's words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingABC
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from router.config.document import Mapping, Node, Path_, Scalar, Sequence_
from router.config.models import Name, Secret
from router.config.problems import Problems, suggestion, unknown

__all__ = ["keys_of", "models_in", "validate"]

Model = TypeVar("Model", bound=BaseModel)

_NAME_PATTERN = next(meta.metadata[0].pattern for meta in get_args(Name)[1:])
_SHAPES = ("model_type", "model_attributes_type", "dict_type", "tuple_type", "list_type")
_KIND_SENTENCES = {
    "string_type": "must be text",
    "string_or_false": "must be a name or false",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "path_type": "must be a path",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
}


def validate(
    model: type[Model],
    problems: Problems,
    *,
    at: Path_ = (),
    without: Sequence[str] = (),
    only: Sequence[str] | None = None,
) -> Model | None:
    """The mapping at ``at`` as an instance of ``model``, or None with every mistake noted.

    Types are taken strictly: ``yes`` is text and no truth value, ``"8080"`` is text and no number.

    Args:
        model: What it must fit.
        problems: Holds the document and gathers the mistakes.
        at: Where in the document.
        without: Keys of the mapping that are not this model's business.
        only: If given, the only keys that are.
    """
    node, *_ = problems.document.at(at)
    plain = node.plain()
    if isinstance(node, Mapping):
        plain = {k: v for k, v in plain.items() if k not in without and (only is None or k in only)}
    plain = _without_empty_sections(model, plain)
    try:
        return model.model_validate_json(json.dumps(plain), strict=True)
    except ValidationError as error:
        for path, sentence, key in _mistakes(model, error, node, tuple(without)):
            problems.add((*at, *path), sentence, key=key)
            if problems.full:
                break
        return None


def _without_empty_sections(model: type[BaseModel], plain: Any) -> Any:
    """``customers:`` with all its keys commented out means its defaults, not nothing."""
    if not isinstance(plain, dict):
        return plain
    kept = {}
    for key, value in plain.items():
        field = next((f for name, f in model.model_fields.items() if key == (f.alias or name)), None)
        models = list(models_in(field.annotation)) if field else []
        if value is None and models and field and not field.is_required():
            continue
        kept[key] = _without_empty_sections(models[0], value) if len(models) == 1 else value
    return kept


def _mistakes(
    model: type[BaseModel], error: ValidationError, node: Node, beside: tuple[str, ...]
) -> Iterator[tuple[Path_, str, bool]]:
    """Each mistake once: of the branches of a union only the one that fits the shape of what is written."""
    found: dict[Path_, tuple[str, Any]] = {}
    for item in error.errors(include_url=False):
        path = _real_path(node, item["loc"], item["type"])
        here = _at(node, path)
        is_shape = item["type"] in _SHAPES
        fits = is_shape != isinstance(here, Scalar)
        if path not in found or (fits and found[path][0] in _SHAPES):
            found[path] = (item["type"], item)
        elif found[path][0] == "string_type" and item.get("ctx", {}).get("expected") == "False":
            found[path] = ("string_or_false", item)
    above = {path[:n] for path in found for n in range(len(path))}
    for path, (kind, item) in found.items():
        is_branch = path in above and not isinstance(_at(node, path), Scalar)
        if is_branch and kind not in ("value_error", "extra_forbidden"):
            continue
        if kind == "extra_forbidden":
            known = (*(beside if len(path) == 1 else ()), *keys_of(_models_at(model, path[:-1])))
            yield path, unknown("key", str(path[-1]), known), True
        else:
            yield _sentence(model, path, kind, item, node)


def _real_path(node: Node, loc: tuple[str | int, ...], kind: str) -> Path_:
    """The location without the names pydantic gives to branches of unions and to validators."""
    path: list[str | int] = []
    for index, step in enumerate(loc):
        below = _at(node, (step,))
        if below is not None:
            path.append(step)
            node = below
        elif index == len(loc) - 1 and kind in ("missing", "extra_forbidden"):
            path.append(step)
    return tuple(path)


def _at(node: Node, path: Path_) -> Node | None:
    here: Node | None = node
    for step in path:
        if isinstance(here, Mapping) and isinstance(step, str):
            here = here.values.get(step)
        elif isinstance(here, Sequence_) and isinstance(step, int) and step < len(here.items):
            here = here.items[step]
        else:
            return None
    return here


def _sentence(model: type[BaseModel], path: Path_, kind: str, item: Any, node: Node) -> tuple[Path_, str, bool]:
    context = item.get("ctx", {})
    here = _at(node, path)
    if kind == "missing":
        return path[:-1], f"the key '{path[-1]}' is missing", False
    models = _models_at(model, path)
    in_secret = Secret in models or any(Secret in _models_at(model, path[:n]) for n in range(1, len(path)))
    if in_secret and not (isinstance(here, Mapping) and kind == "value_error"):
        return path, "a secret is given by place, never by value: {file: secrets/name} or {env: NAME}", False
    if kind == "value_error":
        return path, str(context.get("error", item["msg"])), False
    if kind in _KIND_SENTENCES:
        return path, f"{_KIND_SENTENCES[kind]}, not {_shown(here)}{_quotes(kind, here)}", False
    value = here.value if isinstance(here, Scalar) else None
    return path, _value_sentence(kind, context, value, item["msg"], here), False


def _value_sentence(kind: str, context: MappingABC[str, Any], value: Any, message: str, here: Node | None) -> str:
    sentence = message[:1].lower() + message[1:]
    if kind == "literal_error":
        known = [part.strip("'") for part in context["expected"].replace(" or ", ", ").split(", ")]
        listed = f"must be one of {', '.join(known)}, not {_shown(here)}"
        sentence = unknown("value", value, known) if isinstance(value, str) else listed
    elif kind == "string_pattern_mismatch":
        sentence = f"{_shown(here)} does not have the expected form ({context['pattern']})"
        if context["pattern"] == _NAME_PATTERN:
            sentence = f"{_shown(here)} is not a name: small letters, digits, '-' and '_', at most 63"
    elif kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        sentence = f"must be {words} {_number(context[key])}, not {_shown(here)}"
    elif kind in ("too_short", "string_too_short"):
        least = context.get("min_length", 1)
        sentence = "must not be empty" if least == 1 else f"must have at least {least}"
    elif kind in ("too_long", "string_too_long"):
        sentence = f"must have at most {context.get('max_length')}"
    return sentence


def _number(value: float) -> str:
    return f"{int(value):,}" if float(value).is_integer() else str(value)


def _shown(node: Node | None) -> str:
    if isinstance(node, Scalar):
        if node.value is None:
            return "nothing"
        if isinstance(node.value, bool):
            return "true" if node.value else "false"
        if isinstance(node.value, str):
            return f"'{node.value[:60]}'"
        return f"the number {str(node.value)[:60]}"
    return "a list" if isinstance(node, Sequence_) else "a mapping" if isinstance(node, Mapping) else "nothing"


def _quotes(kind: str, node: Node | None) -> str:
    """The way out where quotes decide."""
    if not isinstance(node, Scalar) or node.value is None:
        return ""
    if kind == "string_type" and not isinstance(node.value, str):
        value = str(node.value).lower() if isinstance(node.value, bool) else str(node.value)[:60]
        return f'; put it in quotes: "{value}"'
    if kind != "string_type" and node.quoted and str(node.value).strip("0123456789.-") == "":
        return "; leave the quotes out"
    if kind == "bool_type" and isinstance(node.value, str):
        word = node.value.casefold()
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(word, word)
        return suggestion(meant, ("true", "false"))
    return ""


# --- what a model knows -------------------------------------------------------------------------------------------


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model inside an annotation: through unions, lists, tuples, mappings and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is Annotated:
        yield from models_in(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType, tuple, list, dict):
        for part in get_args(annotation):
            yield from models_in(part)


def keys_of(models: Sequence[type[BaseModel]]) -> list[str]:
    """The keys an operator may write."""
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _models_at(model: type[BaseModel], path: Path_) -> list[type[BaseModel]]:
    models = [model]
    for step in path:
        if isinstance(step, str):
            fields = [
                field for one in models for name, field in one.model_fields.items() if step == (field.alias or name)
            ]
            models = [inner for field in fields for inner in models_in(field.annotation)]
    return models
