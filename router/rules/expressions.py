# SPDX-License-Identifier: Apache-2.0
"""Expressions in CEL, for what the plain conditions cannot say. Checked when loaded; they run no code and no loops
that grow: at most one list macro inside another is refused, text patterns must be written out."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

from router.config.problems import unknown
from router.rules.conditions import Condition
from router.rules.facts import Facts
from router.rules.fields import View, find_field, nested, path_names
from router.rules.patterns import PatternBudget, PatternError
from router.schema import Classification, Customer, InboundMessage

__all__ = ["FUNCTIONS", "MAX_LENGTH", "ExpressionError", "compile_expression"]

MAX_LENGTH = 1_000
MAX_NESTING = 20
MAX_MACROS = 5
MAX_NAMES = 50

MACROS = ("all", "exists", "exists_one", "filter", "map")
FUNCTIONS = (
    *MACROS, "has", "size", "contains", "startsWith", "endsWith", "matches", "int", "uint", "double", "string", "bytes",
    "duration", "timestamp", "type", "getFullYear", "getMonth", "getDate", "getDayOfWeek", "getHours", "getMinutes",
)  # fmt: skip
_KEYWORDS = ("true", "false", "null", "in")
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
      | (?P<string>[bB]?[rR](?:"[^"\n]*"|'[^'\n]*') | [bB]?(?:"(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'))
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9][A-Za-z0-9_.]*)
      | (?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_RUN_ERRORS = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
_SAMPLE = Facts(
    message=InboundMessage(channel="email", account="sample", native_id="1", rating=4.0),
    classification=Classification(kind="complaint", type="other"),
    customer=Customer(id="1"),
    messages=1,
)


class ExpressionError(ValueError):
    """The expression cannot be used; the sentence says why."""


@cache
def _engine() -> Any:
    """The compiled part of the ``cel`` package alone; the package itself brings a terminal with it (70 ms)."""
    package = importlib.util.find_spec("cel")
    places = package.submodule_search_locations if package else None
    spec = importlib.machinery.PathFinder.find_spec("cel.cel", places)
    if "cel" in sys.modules or spec is None or spec.loader is None:
        return importlib.import_module("cel")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["cel.cel"] = module
    return module


def compile_expression(text: str, *, patterns: PatternBudget) -> Condition:
    """Compile one expression to a condition. At run time an error in it means that it does not hold.

    Raises:
        ExpressionError: Too long, too deep, unknown names or functions, not valid, or not true or false.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH:,} characters")
    tokens = [(m.lastgroup or "", m.group()) for m in _TOKEN.finditer(text) if m.lastgroup != "space"]
    paths = _check(tokens, patterns)
    try:
        program = _engine().compile(text)
    except _RUN_ERRORS as error:
        raise ExpressionError(_parse_sentence(str(error))) from error
    roots = tuple(dict.fromkeys(path.split(".")[0] for path in paths))
    _try_out(program, roots)

    def evaluate(view: View) -> Any:
        try:
            return program.execute({root: view[f"@{root}"] for root in roots})
        except _RUN_ERRORS as error:
            return error

    def seen(view: View) -> str:
        found = evaluate(view)
        return f"error: {_short(str(found))}" if isinstance(found, Exception) else str(found).lower()

    wanted = " ".join(text.split())
    return Condition("cel", f"{wanted} is true", lambda view: evaluate(view) is True, seen)


def _check(tokens: list[tuple[str, str]], patterns: PatternBudget) -> list[str]:
    """The dotted names that are read, after checking names, functions, nesting and patterns."""
    _check_nesting(tokens)
    bound = _bound_names(tokens)
    paths = []
    for index, parts, is_call in _names(tokens):
        if is_call:
            name = parts.pop()
            if name not in FUNCTIONS:
                raise ExpressionError(unknown("function", name, FUNCTIONS))
            if name == "matches":
                _check_pattern(tokens, index, patterns)
        if parts and parts[0] not in bound and parts[0] not in _KEYWORDS:
            paths.append(".".join(parts))
    if len(paths) > MAX_NAMES:
        raise ExpressionError(f"more than {MAX_NAMES} names")
    known = tuple(path_names())
    for path in paths:
        if find_field(path) is None and not any(name.startswith(f"{path}.") for name in known):
            raise ExpressionError(unknown("name", path, known))
    return paths


def _names(tokens: list[tuple[str, str]]) -> Iterator[tuple[int, list[str], bool]]:
    """Every dotted name: index of the token after it, its words, and whether the last one is called."""
    index = 0
    while index < len(tokens):
        kind, text = tokens[index]
        follows_value = index > 0 and tokens[index - 1][1] == "."
        index += 1
        if kind != "name" or (follows_value and not _is_call(tokens, index)):
            continue
        parts = [text]
        while index + 1 < len(tokens) and tokens[index][1] == "." and tokens[index + 1][0] == "name":
            parts.append(tokens[index + 1][1])
            index += 2
        called = _is_call(tokens, index)
        yield index, (parts[-1:] if follows_value else parts), called


def _is_call(tokens: list[tuple[str, str]], index: int) -> bool:
    return index < len(tokens) and tokens[index][1] == "("


def _bound_names(tokens: list[tuple[str, str]]) -> set[str]:
    """Names that a macro introduces: the ``x`` of ``list.exists(x, ...)``."""
    texts = [text for _, text in tokens]
    return {
        texts[i + 2]
        for i in range(len(texts) - 3)
        if texts[i] in MACROS and texts[i + 1] == "(" and texts[i + 3] == ","
    }


def _check_nesting(tokens: list[tuple[str, str]]) -> None:
    stack: list[bool] = []
    macros = 0
    for index, (kind, text) in enumerate(tokens):
        if kind != "mark":
            continue
        if text in "([{":
            is_macro = index > 1 and tokens[index - 1][1] in MACROS and tokens[index - 2][1] == "."
            macros += is_macro
            if is_macro and any(stack):
                raise ExpressionError("one list macro (all, exists, filter, map ...) inside another is not allowed")
            stack.append(is_macro)
        elif text in ")]}" and stack:
            stack.pop()
        if len(stack) > MAX_NESTING:
            raise ExpressionError(f"nested deeper than {MAX_NESTING} levels")
    if macros > MAX_MACROS:
        raise ExpressionError(f"more than {MAX_MACROS} list macros")


def _check_pattern(tokens: list[tuple[str, str]], index: int, patterns: PatternBudget) -> None:
    depth, end = 0, index
    while end < len(tokens):
        depth += {"(": 1, ")": -1}.get(tokens[end][1], 0) if tokens[end][0] == "mark" else 0
        if depth == 0:
            break
        end += 1
    kind, text = tokens[end - 1] if end > index else ("", "")
    if kind != "string" or tokens[end - 2][1] not in "(,":
        raise ExpressionError("the pattern of 'matches' must be written out as text in quotes")
    try:
        patterns.regex(str(ast.literal_eval(text)), ignore_case=False)
    except (PatternError, SyntaxError, ValueError) as error:
        raise ExpressionError(f"matches: {error}") from error


def _try_out(program: Any, roots: tuple[str, ...]) -> None:
    """Run it once on an ordinary message: what is of the wrong type there is of the wrong type always."""
    try:
        found = program.execute({root: nested(_SAMPLE, root) for root in roots})
    except TypeError as error:
        raise ExpressionError(f"values of different types: {_short(str(error))}") from error
    except _RUN_ERRORS as error:
        if "Undefined" in str(error):
            raise ExpressionError(_short(str(error))) from error
        return
    if not isinstance(found, bool):
        raise ExpressionError(f"must be true or false, but gives {type(found).__name__} ({_short(str(found))})")


def _parse_sentence(text: str) -> str:
    """The parser's complaint without its drawing: ``not an expression, at 1:3: ...``."""
    found = re.search(r"<input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)", text)
    if not found:
        return f"not an expression: {_short(text.splitlines()[0] if text else '')}"
    line, column, reason = found.groups()
    reason = reason.split(" expecting ")[0]
    return f"not an expression, at its line {line}, column {column}: {_short(reason)}"


def _short(text: str) -> str:
    line = text.split(". ", maxsplit=1)[0].replace("\n", " ")
    return line if len(line) <= 120 else line[:119] + "…"
