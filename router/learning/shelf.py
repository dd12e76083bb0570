# SPDX-License-Identifier: Apache-2.0
"""The models of an installation as files: each in a folder of its own with its report, one of them in force.

models/current.zip          the one in force; without it the one that ships
models/<digest>/model.zip   a candidate, or one that was in force
models/<digest>/report.json and report.txt
models/history.jsonl        what was put in force when, by whom
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, ValidationError

from router.config.loader import Configuration
from router.errors import ModelError
from router.schema import Frozen

__all__ = ["MAKING", "SHIPPED_NAME", "ModelShelf", "Promotion", "ShelvedModel", "shelf_of"]

SHIPPED_NAME = "shipped"  # stands for the model that comes with the product
MAKING = "making-"  # begins the name of a folder where a model is being written
_SHORTEST = 6  # characters of a digest that name a model


class Promotion(Frozen):
    """One line of the history. ``digest`` is now in force, ``former`` was before."""

    at: AwareDatetime
    by: str
    action: Literal["promote", "rollback"]
    digest: str
    former: str


class ShelvedModel(Frozen):
    """A model at hand. ``verdict`` is the sentence of its report; None where it has none."""

    digest: str
    made_at: AwareDatetime | None
    in_force: bool
    good: bool | None
    verdict: str | None


class ModelShelf:
    """See the module. ``folder`` is ``models`` in the data folder. Blocks: call it in a thread from a loop."""

    def __init__(self, folder: Path, *, usable: Callable[[Path | None], None] = lambda path: None) -> None:
        """``usable`` raises ModelError for a model that the installation could not start with; None is the shipped."""
        self.folder = folder
        self.current = folder / "current.zip"
        self._usable = usable

    def in_force(self) -> str:
        """Digest of the model in force; "shipped" without one of our own. Raises ModelError."""
        try:
            return _digest(self.current) if self.current.exists() else SHIPPED_NAME
        except OSError as error:
            raise ModelError(f"{self.current}: cannot be read: {error.strerror}") from error

    def add(self, made: Path, *, digest: str, report: Mapping[str, Any], text: str) -> Path:
        """Put a model file and its report on the shelf; ``made`` is moved. Returns the folder."""
        place = self.folder / digest
        try:
            place.mkdir(parents=True, exist_ok=True)
            _write(place / "report.json", json.dumps(report, ensure_ascii=False, indent=1, default=str))
            _write(place / "report.txt", text)
            made.replace(place / "model.zip")
        except OSError as error:
            raise ModelError(f"{place}: cannot be written: {error.strerror}") from error
        return place

    def models(self) -> list[ShelvedModel]:
        """All at hand, newest first; the one that ships last."""
        now = self.in_force()
        found = []
        for path in self.folder.glob("*/model.zip") if self.folder.exists() else ():
            if path.parent.name.startswith(MAKING):  # not finished, or left by a training that was killed
                continue
            report = self.report(path.parent.name)
            verdict = report.get("verdict") or {}
            found.append(
                ShelvedModel(
                    digest=path.parent.name,
                    made_at=report.get("made_at"),
                    in_force=path.parent.name == now,
                    good=verdict.get("good"),
                    verdict=verdict.get("reason"),
                )
            )
        found.sort(key=lambda one: (one.made_at is not None, str(one.made_at)), reverse=True)
        if now != SHIPPED_NAME and now not in {one.digest for one in found}:
            found.insert(0, ShelvedModel(digest=now, made_at=None, in_force=True, good=None, verdict=None))
        shipped = ShelvedModel(digest=SHIPPED_NAME, made_at=None, in_force=now == SHIPPED_NAME, good=None, verdict=None)
        return [*found, shipped]

    def waiting(self) -> ShelvedModel | None:
        """The newest candidate that nobody has decided of: good, and made since a model was last put in force."""
        history = self.history()
        decided = history[-1].at if history else None
        for one in self.models():
            if one.good and not one.in_force and one.made_at is not None:
                return one if decided is None or one.made_at > decided else None
        return None

    def refusal(self, start: str) -> str:
        """Why the report of this model refuses it; empty if it does not. Raises ModelError for no such model."""
        verdict = self.report(self.find(start)).get("verdict") or {}
        return str(verdict.get("reason") or "no reason given") if verdict.get("good") is False else ""

    def tidy(self, *, older: timedelta, now: datetime) -> None:
        """Remove what trainings that were killed left half made."""
        for path in self.folder.glob(f"{MAKING}*"):
            with suppress(OSError):  # somebody else tidied it; or it is looked at again at the next round
                if now.timestamp() - path.stat().st_mtime > older.total_seconds():
                    shutil.rmtree(path)

    def report(self, digest: str) -> dict[str, Any]:
        """The report beside a model; empty where there is none or it cannot be read."""
        try:
            found = json.loads((self.folder / digest / "report.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def text(self, digest: str) -> str:
        """The report for people beside a model; empty where there is none or it cannot be read."""
        try:
            return (self.folder / digest / "report.txt").read_text(encoding="utf-8").rstrip("\n")
        except (OSError, ValueError):
            return ""

    def find(self, start: str) -> str:
        """The digest that begins so. Raises ModelError for none or several."""
        names = [one.digest for one in self.models()]
        if start in names:
            return start
        found = [name for name in names if name.startswith(start)] if len(start) >= _SHORTEST else []
        if len(found) != 1:
            what = "several models begin" if found else "no model begins"
            raise ModelError(f"{what} with '{start}'; complaint-router models list shows them")
        return found[0]

    def promote(self, start: str, *, by: str, at: datetime, action: Literal["promote", "rollback"] = "promote") -> str:
        """Put a model in force at once: whoever looks sees the former or this one, never half of either.

        Raises:
            ModelError: There is no such model, its file is not what its folder says, or it knows none of the
                installation's types.
        """
        digest, former = self.find(start), self.in_force()
        if digest == former:
            raise ModelError(f"model {digest[:12]} is in force already")
        try:
            self._keep_current(former)
            if digest == SHIPPED_NAME:
                self._usable(None)
                self.current.unlink()
            else:
                self._copy_into_force(digest)
            line = Promotion(at=at, by=by, action=action, digest=digest, former=former).model_dump_json()
            with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise ModelError(f"{error.filename}: {error.strerror}") from error
        return digest

    def _keep_current(self, former: str) -> None:
        """A model put in force by ``train -c`` has no folder yet; it gets one, so that there is a way back."""
        if former != SHIPPED_NAME and not (self.folder / former / "model.zip").exists():
            (self.folder / former).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.current, self.folder / former / "model.zip")

    def _copy_into_force(self, digest: str) -> None:
        source, beside = self.folder / digest / "model.zip", self.folder / "current.zip.new"
        shutil.copyfile(source, beside)
        if _digest(beside) != digest:
            beside.unlink()
            raise ModelError(f"{source} is damaged or was changed: it does not have the digest of its folder")
        try:
            self._usable(beside)
        except ModelError:
            beside.unlink()
            raise
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(self.current)

    def rollback(self, *, by: str, at: datetime) -> str:
        """Put back the model that was in force before this one. Raises ModelError where there was none."""
        stack = [SHIPPED_NAME]  # each was put in force over the one before it
        for line in self.history():
            if line.action == "promote":
                stack += [name for name in (line.former, line.digest) if name != stack[-1]]
            else:
                while len(stack) > 1 and stack[-1] != line.digest:
                    stack.pop()
        if stack[-1] != (now := self.in_force()):
            stack.append(now)
        if len(stack) < 2:
            raise ModelError("there is no former model to go back to")
        return self.promote(stack[-2], by=by, at=at, action="rollback")

    def history(self) -> list[Promotion]:
        """What was put in force, oldest first; a line that a crash cut off is left out."""
        try:
            lines = (self.folder / "history.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        found = []
        for line in lines:
            try:
                found.append(Promotion.model_validate_json(line))
            except ValidationError:  # only the last can be half written; what is in force is told by current.zip
                continue
        return found


def shelf_of(configuration: Configuration) -> ModelShelf:
    """The shelf of an installation."""

    def usable(path: Path | None) -> None:
        from classifiers.default import load_default

        settings = configuration.settings
        types = settings.types.sources if settings.types.changed else None
        load_default(path, languages=settings.languages, signals=settings.signals, types=types)

    return ModelShelf(configuration.data_dir / "models", usable=usable)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".new")
    beside.write_text(text + "\n", encoding="utf-8")
    beside.replace(path)
