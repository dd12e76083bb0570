# SPDX-License-Identifier: Apache-2.0
"""One operation of the API as a value, and how a request becomes a call of its handler."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast, get_origin

from aiohttp import web
from pydantic import BaseModel, ValidationError

from router.errors import UserInputError
from router.records import User
from router.web.context import CONTEXT, WebContext
from router.web.security import PRINCIPAL
from router.web.sessions import Principal

__all__ = ["Call", "Operation", "PathValue"]

M = TypeVar("M", bound=BaseModel)
_MOST_PROBLEMS = 20


@dataclass(frozen=True)
class PathValue:
    """A variable part of the path: its pattern for the router and what the document says of it."""

    description: str
    pattern: str = r"[^{}/]+"
    kind: str = "string"


@dataclass(frozen=True)
class Call:
    """What a handler gets: the request, read and checked."""

    request: web.Request
    context: WebContext
    path: Mapping[str, str]
    query: BaseModel | None
    body: BaseModel | None

    @property
    def principal(self) -> Principal:
        return self.request[PRINCIPAL]

    @property
    def user(self) -> User:
        return self.principal.user

    def asked(self, model: type[M]) -> M:
        """The query, which the table says is of this model."""
        return cast("M", self.query)

    def told(self, model: type[M]) -> M:
        """The body, which the table says is of this model."""
        return cast("M", self.body)


@dataclass(frozen=True)
class Operation:
    """One line of the table. ``answer`` None: bytes. ``refusals`` are the statuses beside 401 and 422."""

    method: str
    path: str
    name: str
    summary: str
    handler: Callable[[Call], Awaitable[BaseModel | web.StreamResponse]]
    answer: type[BaseModel] | None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    path_values: Mapping[str, PathValue] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    public: bool = False
    refusals: tuple[int, ...] = ()
    tag: str = "cases"

    @property
    def route(self) -> str:
        """The path as aiohttp's router wants it, with the patterns of its variables."""
        path = self.path
        for name, value in self.path_values.items():
            path = path.replace(f"{{{name}}}", f"{{{name}:{value.pattern}}}")
        return path

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Read, check, call, and write the answer as JSON."""
        call = Call(
            request=request,
            context=request.app[CONTEXT],
            path=dict(request.match_info),
            query=_query(request, self.query) if self.query else None,
            body=await _body(request, self.body) if self.body else None,
        )
        answer = await self.handler(call)
        if isinstance(answer, web.StreamResponse):
            return answer
        response = web.Response(text=answer.model_dump_json(), content_type="application/json", status=self.status)
        version = getattr(getattr(answer, "case", answer), "version", None)
        if isinstance(version, int):
            response.headers["ETag"] = f'"{version}"'
        return response


def _query(request: web.Request, model: type[BaseModel]) -> BaseModel:
    values: dict[str, Any] = {}
    for name in request.query:
        field_ = model.model_fields.get(name)
        many = field_ is not None and get_origin(field_.annotation) is tuple
        given = request.query.getall(name)
        if not many and len(given) > 1:
            raise UserInputError("A parameter is given more than once.", fields={name: "given more than once"})
        values[name] = tuple(given) if many else given[0]
    return _validated(model, values, "A parameter of the address is wrong.")


async def _body(request: web.Request, model: type[BaseModel]) -> BaseModel:
    if request.content_type != "application/json":
        raise UserInputError("Send the body as application/json.", status=415)
    try:
        value = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise UserInputError("The body is not JSON.", status=400) from None
    return _validated(model, value, "The body is not what this address takes.", json_body=True)


def _validated(model: type[BaseModel], value: object, sentence: str, *, json_body: bool = False) -> BaseModel:
    try:
        # JSON mode: a list is a tuple's only form there
        return model.model_validate_json(json.dumps(value)) if json_body else model.model_validate(value)
    except ValidationError as error:
        fields = {
            ".".join(str(part) for part in problem["loc"])[:100]: problem["msg"]
            for problem in error.errors(include_input=False, include_context=False, include_url=False)[:_MOST_PROBLEMS]
        }
        raise UserInputError(sentence, fields=fields) from None
