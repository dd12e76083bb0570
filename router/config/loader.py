# SPDX-License-Identifier: Apache-2.0
"""From the folder that operators edit to one checked, frozen configuration, or to every mistake in it at once.

Nothing is half-loaded: a file with a mistake stops the whole load. Only files are read here; no secret is, no socket
is opened and no heavy library imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from router import registry
from router.assign.book import Assignments, make_assignments
from router.config.assign import check_members
from router.config.deadlines import FEEDS, read_deadlines
from router.config.document import Document, Mapping, Node, Sequence_, read
from router.config.incidents import check_incidents
from router.config.models import ChannelSettings, RouterSettings, SinkSettings, TeamSettings, TeamsFile
from router.config.paths import absolute, secrets_in
from router.config.problems import Problems, unknown
from router.config.types import TypeSettings, check_types
from router.config.validate import validate
from router.deadlines.book import BUILT_IN, Deadlines
from router.errors import ConfigError, MissingExtra, Mistake
from router.replies.templates import Templates
from router.rules.build import build, survey
from router.rules.matchers import KnownNames
from router.rules.model import RulesFile
from router.rules.patterns import PatternBudget, PatternError
from router.rules.ruleset import RuleSet
from router.schema import LANGUAGES

__all__ = ["FILES", "Configuration", "check_secrets", "files_of", "load"]

FILES = ("router.yaml", "channels.yaml", "teams.yaml", "rules.yaml")
_OPTIONAL = ("channels.yaml",)
MAX_ENTITY_PATTERNS = 100  # each is searched for in every message


@dataclass(frozen=True)
class Configuration:
    """Everything an installation is told, checked, with absolute paths. ``digest`` is that of all its files."""

    folder: Path
    settings: RouterSettings
    channels: tuple[ChannelSettings, ...]
    teams: TeamsFile
    rules: RuleSet
    templates: Templates
    digest: str
    data_dir: Path
    deadlines: Deadlines = field(default_factory=Deadlines)

    @property
    def queues(self) -> dict[str, str]:
        """Every queue and the team that works it."""
        return {queue: team.name for team in self.teams.teams for queue in team.all_queues}

    @cached_property
    def assignments(self) -> Assignments:
        """How cases of each team find somebody."""
        by_route = any(route.assign is not None and route.assign.strategy != "manual" for route in self.rules.routes)
        return make_assignments(self.teams.teams, self.deadlines.calendars, by_route=by_route)


def load(folder: Path) -> Configuration:
    """Read and check the whole folder.

    Raises:
        ConfigError: With every mistake found, each with file, line, column, key path and the way out.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        sentence = "there is no such folder; 'complaint-router init DIR' makes one"
        raise ConfigError([Mistake(str(folder), 0, 0, "", sentence)])
    return _Load(folder).run()


def files_of(folder: Path) -> list[Path]:
    """The files that make a configuration, those that exist, in a fixed order."""
    templates = sorted((folder / "templates").glob("*/*.txt"))
    feeds = sorted(folder.glob(FEEDS))
    return [path for path in (*(folder / name for name in FILES), *templates, *feeds) if path.is_file()]


def check_secrets(configuration: Configuration) -> list[Mistake]:
    """Whether every secret that is in use can be read now. Values are never shown; disabled channels are left out."""
    mistakes = []
    places: list[tuple[str, str, object]] = [("router.yaml", "", configuration.settings)]
    for index, channel in enumerate(configuration.channels):
        if channel.enabled:
            places.append(("channels.yaml", f"channels[{index}]", channel.settings))
    for index, sink in enumerate(configuration.teams.sinks):
        places.append(("teams.yaml", f"sinks[{index}]", sink.settings))
    for file, start, model in places:
        for path, secret in secrets_in(model, start):
            try:
                empty = not secret.read().get_secret_value()
                sentence = f"the secret in {secret.file or secret.env} is empty" if empty else ""
            except OSError as error:
                sentence = f"cannot read the secret file {secret.file}: {error.strerror}"
            except KeyError:
                sentence = f"the environment variable {secret.env} is not set"
            except UnicodeDecodeError:
                sentence = f"the secret file {secret.file} is not text"
            if sentence:
                mistakes.append(Mistake(file, 0, 0, path, sentence))
    return mistakes


def _order(mistake: Mistake) -> tuple[int, str, int, int]:
    place = FILES.index(mistake.file) if mistake.file in FILES else len(FILES)
    return place, mistake.file, mistake.line, mistake.column


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # Templates.load meets the same error and says so


class _Load:
    """One run over the folder, gathering mistakes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mistakes: list[Mistake] = []
        self.digest = hashlib.sha256()
        self.deadlines = Deadlines()

    def run(self) -> Configuration:
        documents = {name: self.read(name) for name in FILES}
        settings = self.settings(documents["router.yaml"])
        languages = settings.languages if settings else LANGUAGES
        channels = self.channels(documents["channels.yaml"])
        types = settings.types if settings else TypeSettings()
        teams = self.teams(documents["teams.yaml"], languages, types.names)
        self.check_incidents(documents["router.yaml"], settings, teams)
        templates = self.templates(settings.default_language if settings else "en")
        rules = self.rules(documents["rules.yaml"], teams, templates, languages, types.names)
        if self.mistakes or settings is None or teams is None or templates is None or rules is None:
            raise ConfigError(sorted(self.mistakes, key=_order))
        return Configuration(
            folder=self.folder,
            settings=settings,
            channels=channels,
            teams=teams,
            rules=rules,
            templates=templates,
            digest=self.digest.hexdigest()[:16],
            data_dir=settings.data,
            deadlines=self.deadlines,
        )

    def read(self, name: str) -> Document | None:
        path = self.folder / name
        if name in _OPTIONAL and not path.exists():
            return None
        try:
            document = read(path, name)
        except ConfigError as error:
            self.mistakes += error.mistakes
            return None
        self.digest.update(f"{name}\0{document.text}\0".encode())
        return document

    # --- the files -----------------------------------------------------------------------------------------------

    def settings(self, document: Document | None) -> RouterSettings | None:
        if document is None:
            return None
        problems = Problems(document)
        settings = validate(RouterSettings, problems)
        if settings is not None:
            settings = absolute(settings, self.folder)
            self.check_settings(settings, problems)
        self.mistakes += problems.mistakes
        return settings

    def check_settings(self, settings: RouterSettings, problems: Problems) -> None:
        for index, language in enumerate(settings.languages):
            if language not in LANGUAGES:
                problems.add(("languages", index), unknown("language", language, LANGUAGES))
        if settings.default_language not in settings.languages:
            sentence = unknown("language", settings.default_language, settings.languages)
            problems.add(("default_language",), sentence)
        files: list[tuple[Path | None, tuple[str | int, ...]]] = [
            (settings.customers.file, ("customers", "file")), (settings.model, ("model",)),
            *((path, ("learning", "corpus", at)) for at, path in enumerate(settings.learning.corpus)),
        ]  # fmt: skip
        for path, key in files:
            if path is not None and not path.is_file():
                problems.add(key, f"there is no file {path}")

        self.check_patterns(settings, problems)
        check_types(settings.types, problems)

    def check_incidents(
        self, document: Document | None, settings: RouterSettings | None, teams: TeamsFile | None
    ) -> None:
        """What is said of incidents names sinks, teams and calendars, which are in another file."""
        if document is None or settings is None:
            return
        problems = Problems(document)
        check_incidents(problems, settings, teams, calendars=tuple(self.deadlines.calendars))
        self.mistakes += problems.mistakes

    def check_patterns(self, settings: RouterSettings, problems: Problems) -> None:
        """Every pattern is compiled as it will be used: one that cannot be stops the load here, not at a message."""
        budget, count = PatternBudget(), 0
        for kind, expressions in settings.entities.patterns.items():
            for index, expression in enumerate(expressions):
                count += 1
                sentence = f"more than {MAX_ENTITY_PATTERNS} patterns" if count > MAX_ENTITY_PATTERNS else ""
                try:
                    if not sentence and budget.regex(expression).find(b"") is not None:
                        sentence = "this fits an empty text, so it would fit everywhere; ask for at least one character"
                except PatternError as error:
                    sentence = str(error)
                if sentence:
                    problems.add(("entities", "patterns", kind, index), sentence)

    def channels(self, document: Document | None) -> tuple[ChannelSettings, ...]:
        if document is None:
            return ()
        problems = Problems(document)
        problems.expect_keys((), document.root.keys, ("channels",), "key")
        found = {}
        for index in self.items(problems, "channels"):
            if (channel := self.channel(problems, index)) is not None:
                found[index] = channel
        names = [f"{channel.kind}:{channel.account}" for channel in found.values()]
        for place, (index, channel) in enumerate(found.items()):
            if names[place] in names[:place]:
                sentence = f"another {channel.kind} channel is named '{channel.account}' too"
                problems.add(("channels", index, "account"), sentence)
            via = getattr(channel.settings, "reply_via", None)
            if via is not None and via not in names and len(found) == len(self.entries(problems, "channels")):
                problems.add(("channels", index, "reply_via"), unknown("channel", via, names))
        self.mistakes += problems.mistakes
        return tuple(found.values())

    def channel(self, problems: Problems, index: int) -> ChannelSettings | None:
        at = ("channels", index)
        common = ("kind", "account", "enabled")
        channel = validate(ChannelSettings, problems, at=at, only=common)
        kind = self.kind(problems, at)
        kinds = registry.channel_kinds()
        if kind is None:
            return None
        if kind not in kinds:
            problems.add((*at, "kind"), unknown("kind of channel", kind, kinds))
            return None
        try:
            model = registry.channel_config(kind)
        except (ImportError, AttributeError, MissingExtra) as error:
            problems.add((*at, "kind"), f"the channel '{kind}' cannot be used: {error}")
            return None
        settings = validate(model, problems, at=at, without=common)
        if channel is None or settings is None:
            return None
        return channel.model_copy(update={"settings": absolute(settings, self.folder)})

    def teams(self, document: Document | None, languages: Sequence[str], types: Sequence[str]) -> TeamsFile | None:
        if document is None:
            return None
        problems = Problems(document)
        problems.expect_keys((), document.root.keys, ("teams", "sinks", "calendars", "deadlines"), "key")
        sinks = [sink for i in self.items(problems, "sinks") if (sink := self.sink(problems, i)) is not None]
        teams = {}
        for i in self.items(problems, "teams"):
            if (team := validate(TeamSettings, problems, at=("teams", i))) is not None:
                teams[i] = team
        if not document.at(("teams",))[0].plain() or "teams" not in document.root.keys:
            problems.add((), "no team: 'teams' must list at least one, to take the cases")
        names = [sink.name for sink in sinks]
        self.check_teams(problems, teams, names, tuple(languages))
        calendars, deadlines, made = read_deadlines(problems, tuple(teams.values()), sinks=names, folder=self.folder)
        known = {"languages": languages, "types": types, "channels": registry.channel_kinds()}
        check_members(problems, teams, calendars=(*BUILT_IN, *calendars), **known)
        self.mistakes += problems.mistakes
        if problems.mistakes:
            return None
        self.deadlines = made
        self.digest.update(made.digest.encode())  # iCalendar files are part of it
        return TeamsFile(teams=tuple(teams.values()), sinks=tuple(sinks), calendars=calendars, deadlines=deadlines)

    def sink(self, problems: Problems, index: int) -> SinkSettings | None:
        at = ("sinks", index)
        sink = validate(SinkSettings, problems, at=at, only=("name", "kind"))
        kind = self.kind(problems, at)
        kinds = registry.sink_kinds()
        if kind is None:
            return None
        if kind not in kinds:
            problems.add((*at, "kind"), unknown("kind of sink", kind, kinds))
            return None
        settings = validate(registry.sink_config(kind), problems, at=at, without=("name", "kind"))
        if sink is None or settings is None:
            return None
        return sink.model_copy(update={"settings": absolute(settings, self.folder)})

    def check_teams(
        self, problems: Problems, teams: dict[int, TeamSettings], sinks: list[str], languages: tuple[str, ...]
    ) -> None:
        names: set[str] = set()
        queues: dict[str, str] = {}
        for i, team in teams.items():
            if team.name in names:
                problems.add(("teams", i, "name"), f"another team is named '{team.name}' too")
            names.add(team.name)
            for n, queue in enumerate(team.all_queues):
                if (other := queues.setdefault(queue, team.name)) != team.name or queue in team.queues[:n]:
                    problems.add(
                        ("teams", i, "queues", n), f"the queue '{queue}' belongs to the team '{other}' already"
                    )
            for n, language in enumerate(team.languages):
                if language not in languages:
                    problems.add(("teams", i, "languages", n), unknown("language", language, languages))
            for n, sink in enumerate(team.sinks):
                if sink not in sinks:
                    problems.add(("teams", i, "sinks", n), unknown("sink", sink, sinks))
        for n, sink in enumerate(sinks):
            if sink in sinks[:n]:
                problems.add(("sinks", n, "name"), f"another sink is named '{sink}' too")

    def templates(self, default_language: str) -> Templates | None:
        folder = self.folder / "templates"
        for path in sorted(folder.glob("*/*.txt")):
            if path.is_file() and path.stat().st_size <= 64 * 1024:
                self.digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + _bytes_of(path) + b"\0")
        try:
            return Templates.load(folder, default_language=default_language)
        except ConfigError as error:
            self.mistakes += error.mistakes
            return None

    def rules(
        self,
        document: Document | None,
        teams: TeamsFile | None,
        templates: Templates | None,
        languages: Iterable[str],
        types: tuple[str, ...],
    ) -> RuleSet | None:
        if document is None:
            return None
        problems = Problems(document)
        rules = validate(RulesFile, problems)
        known = KnownNames(
            types=types,
            languages=tuple(languages),
            channels=tuple(registry.channel_kinds()),
            queues={queue: team.name for team in teams.teams for queue in team.all_queues} if teams else None,
            sinks=tuple(sink.name for sink in teams.sinks) if teams else None,
            templates=templates.names if templates else None,
            calendars=tuple(self.deadlines.calendars) if teams else None,
            deadlines=self.deadlines.names if teams else None,
        )
        if rules is None:
            survey(document.root.plain(), problems, known)
        built = build(rules, problems, known) if rules is not None else None
        self.mistakes += problems.mistakes
        return built

    # --- helpers -------------------------------------------------------------------------------------------------

    @staticmethod
    def entries(problems: Problems, key: str) -> list[Node]:
        """The entries of a list at the top of the file; empty where it is absent or something else, which is noted."""
        node = problems.document.root.values.get(key)
        if node is None or node.plain() is None:
            return []
        if not isinstance(node, Sequence_):
            problems.add((key,), "must be a list, each entry starting with '- '")
            return []
        return node.items

    def items(self, problems: Problems, key: str) -> Iterator[int]:
        """Indexes of the mappings of such a list; what is no mapping is noted."""
        for index, item in enumerate(self.entries(problems, key)):
            if isinstance(item, Mapping):
                yield index
            else:
                problems.add((key, index), "must be a mapping of keys to values")

    @staticmethod
    def kind(problems: Problems, at: tuple[str | int, ...]) -> str | None:
        node = problems.document.at((*at, "kind"))[0].plain()
        return node if isinstance(node, str) else None
