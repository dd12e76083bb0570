# SPDX-License-Identifier: Apache-2.0
"""How a refusal looks: a JSON object for programs, a line on the page for htmx, a page for people."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp_jinja2
from aiohttp import web

__all__ = ["answer_problem", "problem_body"]


def problem_body(code: str, sentence: str, fields: Mapping[str, str] | None = None) -> dict[str, object]:
    """The one shape of every error of the API."""
    return {"error": {"code": code, "sentence": sentence, "fields": dict(fields or {})}}


async def answer_problem(
    request: web.Request,
    status: int,
    code: str,
    sentence: str,
    fields: Mapping[str, str] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """The answer for an error, in the form that the asker can use."""
    if request.path.startswith("/api/") or request.path in ("/events", "/healthz", "/readyz"):
        return web.json_response(problem_body(code, sentence, fields), status=status, headers=headers)
    values = {"status": status, "sentence": sentence, "fields": dict(fields or {})}
    if "HX-Request" in request.headers:
        response = aiohttp_jinja2.render_template("_problem.html", request, values, status=status)
        response.headers["HX-Retarget"] = "#flash"
        response.headers["HX-Reswap"] = "innerHTML"
        return response
    return aiohttp_jinja2.render_template("problem.html", request, values, status=status)
