# SPDX-License-Identifier: Apache-2.0
"""Puts the table's operations into the application, and the document beside them."""

from __future__ import annotations

from functools import cache
from typing import Any

from aiohttp import web

from router.web.api.openapi import openapi_document
from router.web.api.table import OPERATIONS
from router.web.context import CONTEXT

__all__ = ["add_api"]


def add_api(app: web.Application) -> None:
    """Add every operation of the table and ``/api/v1/openapi.json``."""

    @cache
    def document() -> dict[str, Any]:  # when first asked for: it would be a tenth of the time that a start takes
        return openapi_document(OPERATIONS, server=app[CONTEXT].settings.public_url)

    async def show(_: web.Request) -> web.StreamResponse:
        return web.json_response(document())

    for operation in OPERATIONS:
        app.router.add_route(operation.method, operation.route, operation.handle)
    app.router.add_get("/api/v1/openapi.json", show)
