# SPDX-License-Identifier: Apache-2.0
"""What came of cases: which routes none of them takes, and the whole as JUnit XML for CI."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.etree import ElementTree

from router.rules.cases_run import CaseResult
from router.rules.explain import explain, failed, near_misses
from router.rules.ruleset import RuleSet
from router.schema import RouteTrace

__all__ = ["Coverage", "coverage", "junit", "nearest"]

_MOST_CHARS = 120  # of what a condition wanted
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Coverage:
    """Routes that some case takes, of those there are; the root, which every case takes, is not counted."""

    taken: int
    routes: int
    never: tuple[str, ...]  # in the order of the file

    @property
    def percent(self) -> float:
        return 100 * self.taken / self.routes if self.routes else 100.0


def coverage(rules: RuleSet, results: Iterable[CaseResult]) -> Coverage:
    """Which routes were taken by cases that passed or failed alike."""
    taken = {path for result in results for path in result.taken}
    paths = [route.path for route in rules.routes[1:]]
    never = tuple(path for path in paths if path not in taken)
    return Coverage(taken=len(paths) - len(never), routes=len(paths), never=never)


def nearest(result: CaseResult, most: int = 2) -> list[str]:
    """Lines on why not: of the routes that would have led there, else of those that nearly held."""
    tried = {trace.route: trace for trace in result.decision.traces}
    lines = []
    for path in [path for path in result.wanted if path not in result.taken][:most]:
        if path in tried:
            lines += _failed(tried[path])
        else:
            lines.append(f"{path} was not tried: {_instead(path, result.taken)}")
    return lines or [line for trace in near_misses(result.decision, most) for line in _failed(trace)]


def _failed(trace: RouteTrace) -> list[str]:
    return [
        f"{trace.route} did not hold: {condition.path} {_cut(condition.wanted)} (saw: {condition.seen})"
        for condition in failed(trace)
    ]


def _instead(path: str, taken: Sequence[str]) -> str:
    """What came in the way of a route."""
    parent = path.rpartition("/")[0]
    if parent not in taken:
        return f"{parent} was not taken"
    depth = path.count("/")
    return next((f"{one} before it was taken" for one in reversed(taken) if one.count("/") == depth), "unknown")


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else text[: _MOST_CHARS - 1] + "…"


def junit(results: Sequence[CaseResult]) -> str:
    """One test suite a file, in the shape that CI systems read."""
    top = ElementTree.Element("testsuites", _counts(results, name="complaint-router test"))
    for file, group in groupby(results, key=lambda result: result.file):
        some = list(group)
        suite = ElementTree.SubElement(top, "testsuite", _counts(some, name=file))
        for result in some:
            where = {"name": _clean(result.name), "classname": file, "file": file, "line": str(result.line)}
            case = ElementTree.SubElement(suite, "testcase", where | {"time": f"{result.seconds:.6f}"})
            if not result.passed:
                lines = "\n".join(map(str, result.differences))
                attributes = {"message": _clean(str(result.differences[0])), "type": "expectation"}
                failure = ElementTree.SubElement(case, "failure", attributes)
                failure.text = _clean(f"{lines}\n\n{explain(result.decision)}")
    ElementTree.indent(top)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(top, encoding="unicode") + "\n"


def _counts(results: Sequence[CaseResult], *, name: str) -> dict[str, str]:
    failures = sum(not result.passed for result in results)
    seconds = sum(result.seconds for result in results)
    return {"name": name, "tests": str(len(results)), "failures": str(failures), "errors": "0", "skipped": "0",
            "time": f"{seconds:.6f}"}  # fmt: skip


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return _NOT_XML.sub("�", text)
