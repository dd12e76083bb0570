# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI 3.1 document, made from the table of operations and the models it names."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

import router
from router.web.api.models import Error
from router.web.api.operation import Operation

__all__ = ["openapi_document"]

_REF = "#/components/schemas/{model}"


def openapi_document(operations: Sequence[Operation], *, server: str) -> dict[str, Any]:
    """The document as a JSON-ready value. ``server`` is the address the product is reached under."""
    schemas, definitions = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "complaint-router",
            "version": router.__version__,
            "description": "Cases, answers and what needs a hand. Foreign things answer 404, like missing ones.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "security": [{"bearer": []}, {"cookie": [], "csrf": []}],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


_Schemas = dict[tuple[type[BaseModel], JsonSchemaMode], dict[str, Any]]


def _schemas(operations: Sequence[Operation]) -> tuple[_Schemas, dict[str, Any]]:
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(Error, "serialization"): None}
    for operation in operations:
        if operation.body is not None:
            wanted[operation.body, "validation"] = None
        if operation.answer is not None:
            wanted[operation.answer, "serialization"] = None
    found, document = models_json_schema(list(wanted), ref_template=_REF)
    return {key: found[key] for key in wanted}, document["$defs"]


def _operation(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _parameters(operation),
        "responses": _responses(operation, schemas),
    }
    if operation.body is not None:
        content = {"application/json": {"schema": schemas[operation.body, "validation"]}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.public:
        described["security"] = []
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "description": value.description,
         "schema": {"type": value.kind} if value.kind == "integer" else
                   {"type": value.kind, "pattern": f"^{value.pattern}$"}}
        for name, value in operation.path_values.items()
    ]  # fmt: skip
    found += [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in operation.headers.items()
    ]
    if operation.query is not None:
        schema = operation.query.model_json_schema()
        found += [
            {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": part}
            for name, part in schema["properties"].items()
        ]
    return found


def _responses(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    error = {"application/json": {"schema": schemas[Error, "serialization"]}}
    if operation.answer is None:
        content: dict[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    else:
        content = {"application/json": {"schema": schemas[operation.answer, "serialization"]}}
    answers: dict[str, Any] = {str(operation.status): {"description": operation.summary, "content": content}}
    refusals = {401, *operation.refusals}
    if operation.body is not None:
        refusals |= {400, 403, 413, 415, 422}
    if operation.query is not None:
        refusals.add(422)
    for status in sorted(refusals):
        answers[str(status)] = {"description": HTTPStatus(status).phrase, "content": error}
    return answers
