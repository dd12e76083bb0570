# SPDX-License-Identifier: Apache-2.0
"""The document is valid and complete."""

from __future__ import annotations

import re
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from router.web.api.openapi import openapi_document
from router.web.api.table import OPERATIONS


def test_document_is_valid_openapi() -> None:
    """A validator that is not ours finds no mistake."""
    document = openapi_document(OPERATIONS, server="https://desk.example.org")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


async def test_document_has_every_route_of_the_api_and_no_other(world: Any) -> None:
    """Routes and document are compared as they are served."""
    document = await (await (await world.client()).get("/api/v1/openapi.json")).json()
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    served = {
        (route.method, re.sub(r"\{(\w+):[^}]*\}+", r"{\1}", route.resource.canonical))
        for route in world.server.app.router.routes()
        if route.resource.canonical.startswith("/api/") and route.method != "HEAD"
    }
    assert served - {("GET", "/api/v1/openapi.json")} == described


def test_operations_have_names_of_their_own() -> None:
    """Generated clients need them."""
    names = [operation.name for operation in OPERATIONS]
    assert len(names) == len(set(names))


async def test_answers_fit_the_document(world: Any) -> None:
    """What is answered is what the document promises, for the largest answer there is."""
    from jsonschema import Draft202012Validator

    document = await (await (await world.client()).get("/api/v1/openapi.json")).json()
    client = await world.client()
    answer = await (await client.get("/api/v1/cases/D1111-AAAAA", headers=await world.bearer("anna"))).json()
    schema = {"$ref": "#/components/schemas/CaseDetail", "components": document["components"]}
    assert [error.message for error in Draft202012Validator(schema).iter_errors(answer)] == []
