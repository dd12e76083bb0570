# SPDX-License-Identifier: Apache-2.0
"""Every set of rules, teams and templates that came into force, kept in the data folder with a log of when and why.

``rules/log.jsonl`` is only ever added to. ``rules/sets/DIGEST/`` holds the files of a set, named by what is in them, so
the same set is kept once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from router.config.document import parse
from router.config.problems import Problems
from router.config.validate import validate
from router.errors import ConfigError
from router.rules.build import build
from router.rules.matchers import KnownNames
from router.rules.model import RulesFile
from router.rules.ruleset import RuleSet

__all__ = ["Entry", "KeptRules", "Unknown", "files_in_force", "laid_over", "write_back"]

TAKEN = "taken"
_FILES = ("rules.yaml", "teams.yaml")
_KEPT_RULES = 8
Files = Mapping[str, bytes]


class Unknown(LookupError):
    """No set, or more than one, is named so."""


@dataclass(frozen=True)
class Entry:
    """One line of the log. ``rules`` is the digest that decisions carry; "" where the set never was in force."""

    at: datetime
    digest: str
    rules: str
    cause: str
    verdict: str


def files_in_force(folder: Path) -> dict[str, bytes]:
    """The files of a configuration that can be exchanged while it runs, by their path in the folder."""
    paths = [*(folder / name for name in _FILES), *sorted((folder / "templates").glob("*/*.txt"))]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def digest_of(files: Files) -> str:
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()[:16]


class KeptRules:
    """The sets kept in one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "rules"
        self._made: dict[str, RuleSet | None] = {}

    # --- the log ---

    def entries(self) -> list[Entry]:
        """All of them, oldest first; a line that a crash cut off is left out."""
        try:
            lines = (self.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                value = json.loads(line)
                found.append(Entry(**{**value, "at": datetime.fromisoformat(value["at"])}))
            except (ValueError, TypeError, KeyError):
                continue
        return found

    def in_force(self) -> Entry | None:
        """The set that came into force last."""
        return next((entry for entry in reversed(self.entries()) if entry.verdict == TAKEN), None)

    def note(self, *, at: datetime, cause: str, verdict: str, files: Files | None = None, rules: str = "") -> Entry:
        """Keep the files if there are any, and add a line to the log unless it says what the last one says.

        Raises:
            OSError: The data folder cannot be written.
        """
        digest = digest_of(files) if files else ""
        entry = Entry(at=at, digest=digest, rules=rules, cause=cause, verdict=verdict)
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # several processes may share the folder
            if files:
                self._keep(digest, files)
            last = next(iter(self.entries()[-1:]), None)
            if last is None or (last.digest, last.verdict, last.rules) != (digest, verdict, rules):
                self._append(entry)
        return entry

    def _append(self, entry: Entry) -> None:
        line = json.dumps({**vars(entry), "at": entry.at.isoformat()}, ensure_ascii=False)
        path = self.folder / "log.jsonl"
        with path.open("a+b") as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
            cut_off = end > 0 and file.read(1) != b"\n"
            file.write((b"\n" if cut_off else b"") + line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    # --- the sets ---

    def _keep(self, digest: str, files: Files) -> None:
        place = self.folder / "sets" / digest
        if place.is_dir():
            return
        place.parent.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=place.parent, prefix="."))
        for name, content in files.items():
            target = fresh / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        fresh.chmod(0o755)
        fresh.rename(place)  # all of it or nothing

    def find(self, name: str) -> str:
        """The digest of a set by its beginning, or by that of the digest that decisions carry; the newest such.

        Raises:
            Unknown: There is none, or several begin so.
        """
        entries = [entry for entry in reversed(self.entries()) if entry.digest]
        own = dict.fromkeys(entry.digest for entry in entries if entry.digest.startswith(name))
        if name in own:
            return name
        if len(own) > 1:
            raise Unknown(f"several sets begin with '{name}': {', '.join(own)}")
        decided = [entry.digest for entry in entries if entry.rules.startswith(name)]
        found = [*own, *decided]
        if len(name) < 4 or not found:
            raise Unknown(f"no set is called '{name}'; see: complaint-router rules log")
        return found[0]

    def files(self, digest: str) -> dict[str, bytes]:
        """The files of a set. Raises Unknown where they are gone."""
        place = self.folder / "sets" / digest
        if not digest or not place.is_dir():
            raise Unknown(f"the files of the set '{digest}' are gone")
        return files_in_force(place)

    def rules_of(self, digest: str) -> RuleSet | None:
        """The rules that decisions with this digest were made by; None where they were never kept."""
        if digest not in self._made:
            if len(self._made) >= _KEPT_RULES:
                del self._made[next(iter(self._made))]
            self._made[digest] = self._build(digest)
        return self._made[digest]

    def _build(self, digest: str) -> RuleSet | None:
        for entry in reversed(self.entries()):
            if entry.rules == digest and entry.digest:
                try:
                    built = _rules(self.files(entry.digest))
                except (ConfigError, Unknown):
                    continue
                if built is not None and built.digest == digest:
                    return built
        return None


def _rules(files: Files) -> RuleSet | None:
    """Rules from their files alone: names of templates and the like were checked when they came into force."""
    teams = parse(files.get("teams.yaml", b""), "teams.yaml").root.plain().get("teams") or []
    queues = {queue: team["name"] for team in teams for queue in team.get("queues") or [team["name"]]}
    problems = Problems(parse(files["rules.yaml"], "rules.yaml"))
    checked = validate(RulesFile, problems)
    built = build(checked, problems, KnownNames(queues=queues)) if checked is not None else None
    return None if problems.mistakes else built


@contextmanager
def laid_over(folder: Path, files: Files) -> Iterator[Path]:
    """A configuration as it would be with these files: a folder for the time of the block that links to the rest."""
    with tempfile.TemporaryDirectory(prefix="complaint-router-") as made:
        place = Path(made)
        for path in folder.absolute().iterdir():
            if path.name not in (*_FILES, "templates"):
                (place / path.name).symlink_to(path)
        for name, content in files.items():
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        yield place


def write_back(folder: Path, files: Files) -> None:
    """Put a set into the folder: each file at once, the rules last; templates that are not of the set are removed.

    Raises:
        OSError: The folder cannot be written.
    """
    present = files_in_force(folder)
    for name in sorted(files, key=_FILES[::-1].__contains__):
        if present.get(name) != files[name]:
            _exchange(folder / name, files[name])
    for name in present:
        if name not in files:
            (folder / name).unlink(missing_ok=True)
    for place in (folder / "templates").glob("*"):
        if place.is_dir() and not any(place.iterdir()):
            shutil.rmtree(place)


def _exchange(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(fresh).chmod(mode)
    Path(fresh).replace(path)
