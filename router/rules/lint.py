# SPDX-License-Identifier: Apache-2.0
"""What is legal in a configuration and most probably wrong, each with its place: ``check`` shows it as warnings.

Nothing is reported on a guess: a route is called dead only where that follows from what is written.
"""

from __future__ import annotations

from router.config.document import Document, read
from router.config.loader import FILES, Configuration
from router.config.problems import Problems
from router.config.validate import validate
from router.errors import ConfigError, Mistake
from router.rules.cases_read import case_files, read_cases
from router.rules.lint_actions import check_actions, check_alarm_actions
from router.rules.lint_alarms import check_alarms
from router.rules.lint_languages import check_members_speak, check_routed_languages
from router.rules.lint_routes import Lines, check_routes
from router.rules.lint_teams import check_teams, check_templates
from router.rules.lint_values import check_values
from router.rules.model import RulesFile

__all__ = ["lint"]

_PLACES = (*FILES, "tests", "templates")


def lint(configuration: Configuration) -> list[Mistake]:
    """Every warning, in the order of files and lines. The configuration was loaded, so it has no mistake."""
    try:
        rules, teams = (read(configuration.folder / name, name) for name in ("rules.yaml", "teams.yaml"))
    except ConfigError as error:  # the files were changed meanwhile
        return list(error.mistakes)
    found: list[Mistake] = []
    file = validate(RulesFile, Problems(rules))
    if file is not None:
        found += _routes(file, rules, configuration)
    found += check_teams(configuration, teams, file)
    members = Problems(teams)
    check_members_speak(None if file is None else Lines(file, rules), configuration, members)
    found += members.mistakes
    found += check_templates(configuration)
    found += read_cases(case_files(configuration.folder), configuration)[1]
    return sorted(found, key=_order)


def _routes(file: RulesFile, document: Document, configuration: Configuration) -> list[Mistake]:
    problems = Problems(document)
    lines, alarms = Lines(file, document), Lines(file, document, alarms=True)
    for some in (lines, alarms):
        check_routes(some, problems)
        check_values(some, problems)
        check_routed_languages(some, configuration, problems)
    check_actions(file, lines, problems)
    check_alarm_actions(alarms, problems)
    check_alarms(alarms, configuration, problems)
    return problems.mistakes


def _order(mistake: Mistake) -> tuple[int, str, int, int]:
    top = mistake.file.partition("/")[0]
    return _PLACES.index(top) if top in _PLACES else len(_PLACES), mistake.file, mistake.line, mistake.column
