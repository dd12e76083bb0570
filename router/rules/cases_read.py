# SPDX-License-Identifier: Apache-2.0
"""Reads ``config/tests/*.yaml`` and checks every name in them against the configuration they are to prove."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from router.config.document import Document, read
from router.config.loader import Configuration
from router.config.problems import Problems, unknown
from router.config.validate import validate
from router.errors import ConfigError, Mistake
from router.rules.cases import CasesFile, Expected, GivenMessage, RuleCase, Unwanted
from router.rules.ruleset import ALARMS
from router.schema import Flags

__all__ = ["FOLDER", "ReadCases", "case_files", "read_cases", "route_path"]

FOLDER = "tests"
Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class ReadCases:
    """One file: its cases, and where each stands. ``name`` is how mistakes call the file."""

    path: Path
    name: str
    file: CasesFile
    document: Document

    def line_of(self, number: int) -> int:
        """The line on which a case begins."""
        return self.document.at(("cases", number))[1]


def case_files(folder: Path) -> list[Path]:
    """The files with cases of a configuration, in order."""
    return sorted(path for path in (folder / FOLDER).glob("*.yaml") if path.is_file())


def read_cases(paths: Iterable[Path], configuration: Configuration) -> tuple[list[ReadCases], list[Mistake]]:
    """Every file, and every mistake in them; a file with a mistake is left out."""
    found: list[ReadCases] = []
    mistakes: list[Mistake] = []
    known = _known(configuration)
    for path in paths:
        name = _shown(path, configuration.folder)
        try:
            document = read(path, name)
        except ConfigError as error:
            mistakes += error.mistakes
            continue
        problems = Problems(document)
        file = validate(CasesFile, problems)
        if file is not None:
            _check_file(file, problems, known, path.parent)
        if file is not None and not problems.mistakes:
            found.append(ReadCases(path, name, file, document))
        mistakes += problems.mistakes
    return found, mistakes


def route_path(written: str) -> str:
    """``delivery/lost`` and ``root/delivery/lost`` are the same route; those of alarms begin with ``on_deadline``."""
    return written if written.partition("/")[0] in ("root", ALARMS) else f"root/{written}"


def _shown(path: Path, folder: Path) -> str:
    try:
        return path.absolute().relative_to(folder).as_posix()
    except ValueError:
        return str(path)


def _known(configuration: Configuration) -> Mapping[str, Sequence[str]]:
    """What cases may name, by key."""
    rules = configuration.rules
    templates, routes = configuration.templates.names, [ALARMS, *(route.path for route in rules.routes)]
    return {
        "queue": list(configuration.queues), "team": [team.name for team in configuration.teams.teams],
        "route": routes, "takes": routes, "tags": _said(configuration, "tags"), "sinks": _said(configuration, "sinks"),
        "acknowledge": templates, "answer": templates, "ask": templates,
        "deadlines": configuration.deadlines.names, "language": [*configuration.settings.languages, "und"],
        "types": configuration.settings.types.names,
    }  # fmt: skip


def _said(configuration: Configuration, key: str) -> list[str]:
    own = [does for one in configuration.deadlines.entries for does in (one.at_warning, one.at_breach)]
    saying = (*configuration.rules.routes, *own)
    return list(dict.fromkeys(name for one in saying for name in getattr(one, key)))


_WHAT = {
    "tags": "tag of any route", "takes": "route", "sinks": "sink of any route", "deadlines": "set of deadlines",
    "acknowledge": "template", "answer": "template", "ask": "template",
}  # fmt: skip


def _check_file(file: CasesFile, problems: Problems, known: Mapping[str, Sequence[str]], folder: Path) -> None:
    seen: set[str] = set()
    for number, case in enumerate(file.cases):
        at = ("cases", number)
        if case.name in seen:
            problems.add((*at, "name"), "a case before it has this name too")
        seen.add(case.name)
        _check_given(case, (*at, "given"), problems, known, folder)
        _check_names(case.expect, (*at, "expect"), problems, known)
        _check_names(case.not_, (*at, "not"), problems, known)
        if problems.full:
            return


def _check_names(said: Expected | Unwanted, at: Path_, problems: Problems, known: Mapping[str, Sequence[str]]) -> None:
    """A name that nothing has can never come, so to forbid it proves nothing either."""
    for key, names in known.items():
        value = getattr(said, key, None)
        for place, name in _named(value, (*at, key)):
            wanted = route_path(name) if key in ("route", "takes") else name
            if wanted not in names:
                problems.add(place, unknown(_WHAT.get(key, key), name, names))


def _named(value: object, at: Path_) -> Iterable[tuple[Path_, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, tuple):
        yield from (((*at, index), name) for index, name in enumerate(value))


def _check_given(
    case: RuleCase, at: Path_, problems: Problems, known: Mapping[str, Sequence[str]], folder: Path
) -> None:
    given: GivenMessage = case.given
    flags = tuple(Flags.model_fields)
    for place, flag in _named(given.flags, (*at, "flags")):
        if flag not in flags:
            problems.add(place, unknown("flag", flag, flags))
    for name in given.deadlines:
        if name not in known["deadlines"]:
            problems.add((*at, "deadlines", name), unknown("deadline", name, known["deadlines"]), key=True)
    if given.alarm is not None and given.alarm.name not in known["deadlines"]:
        sentence = unknown("deadline", given.alarm.name, known["deadlines"])
        problems.add((*at, "alarm", "name"), sentence)
    if given.case is not None and given.case.queue is not None and given.case.queue not in known["queue"]:
        problems.add((*at, "case", "queue"), unknown("queue", given.case.queue, known["queue"]))
    if given.file is not None and not (folder / given.file).is_file():
        problems.add((*at, "file"), f"there is no file {given.file} beside this one")
    labels = given.labels
    if labels is not None:
        if labels.type is not None and labels.type not in known["types"]:
            problems.add((*at, "labels", "type"), unknown("type", labels.type, known["types"]))
        for place, name in _named(labels.also, (*at, "labels", "also")):
            if name not in known["types"]:
                problems.add(place, unknown("type", name, known["types"]))
        if labels.language not in known["language"]:
            problems.add((*at, "labels", "language"), unknown("language", labels.language, known["language"]))
