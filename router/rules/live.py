# SPDX-License-Identifier: Apache-2.0
"""The rules in force, exchanged while running: all or nothing, and the last good ones stay until better come."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from datetime import datetime

import structlog

from router.config.loader import Configuration, files_of, load
from router.errors import ConfigError, Mistake
from router.failpoints import failpoint
from router.interfaces import Clock
from router.replies.templates import Templates
from router.rules.kept import TAKEN, KeptRules, files_in_force
from router.rules.ruleset import RuleSet

__all__ = ["LiveRules", "ReloadResult"]

log = structlog.get_logger(__name__)

_RELOAD_SECONDS = 30.0
_KEPT_RULES = 8
Fingerprint = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True)
class ReloadResult:
    """What a reload did. ``needs_restart`` names files whose changes are good but take effect at the next start."""

    ok: bool
    changed: bool
    digest: str  # of the rules now in force
    mistakes: tuple[Mistake, ...] = ()
    needs_restart: tuple[str, ...] = ()


class LiveRules:
    """Rules, teams, templates and what is said of incidents, of the newest configuration without a mistake.

    Other settings of the router, channels and sinks are read at start only; a change of theirs is checked and reported.
    """

    def __init__(self, configuration: Configuration, *, clock: Clock, kept: KeptRules | None = None) -> None:
        """``kept``: where each set that comes into force is kept, with a log; None keeps nothing."""
        self._started = configuration
        self._configuration = configuration
        self._clock = clock
        self._kept = kept
        self._made = {configuration.rules.digest: configuration.rules}  # to explain what they decided
        self._seen = self._fingerprint()
        self._lock = threading.Lock()  # the watcher and the API may both ask
        self.loaded_at: datetime = clock.now()
        self.last_error: tuple[Mistake, ...] = ()

    @property
    def configuration(self) -> Configuration:
        """The configuration in force."""
        return self._configuration

    @property
    def rules(self) -> RuleSet:
        return self._configuration.rules

    @property
    def templates(self) -> Templates:
        return self._configuration.templates

    def of(self, digest: str) -> RuleSet | None:
        """The rules of that digest, if they are in force or were since the start; None if they are not at hand."""
        return self._made.get(digest)

    def rules_of(self, digest: str) -> RuleSet | None:
        """The same, also from what was kept before the start. Reads files: call it in a thread."""
        return self.of(digest) or (self._kept.rules_of(digest) if self._kept is not None else None)

    @property
    def digest(self) -> str:
        """Digest of the rules in force, as every decision carries it."""
        return self.rules.digest

    def reload(self, *, cause: str = "asked") -> ReloadResult:
        """Read the folder again and exchange everything, or nothing and say why. Never raises for a mistake in it.

        Blocks while it reads: call it in a thread. ``cause`` is for the log of what was in force.
        """
        with self._lock:
            result = self._reload()
            if result.ok:
                self._note(cause)
            else:
                self._note(cause, f"refused: {result.mistakes[0]}" if result.mistakes else "refused")
            return result

    def _note(self, cause: str, refused: str = "") -> None:
        """Keep the set now in force; that it cannot be kept stops nothing."""
        if self._kept is None:
            return
        try:
            files = None if refused else files_in_force(self._configuration.folder)
            self._kept.note(
                at=self._clock.now(), cause=cause, verdict=refused or TAKEN, files=files,
                rules="" if refused else self.digest,
            )  # fmt: skip
        except OSError as error:
            log.warning("rules_not_kept", reason=type(error).__name__, digest=self.digest)

    def _reload(self) -> ReloadResult:
        self._seen = self._fingerprint()
        try:
            fresh = load(self._configuration.folder)
        except ConfigError as error:
            self.last_error = error.mistakes
            log.error(  # noqa: TRY400 - the mistakes are what matters, not our stack
                "rules_reload_refused", mistakes=len(error.mistakes), digest=self.digest
            )
            return ReloadResult(ok=False, changed=False, digest=self.digest, mistakes=error.mistakes)
        failpoint("rules.mid_reload")
        changed = fresh.digest != self._configuration.digest
        self._configuration = fresh
        self._made.pop(fresh.rules.digest, None)  # the newest come last
        self._made[fresh.rules.digest] = fresh.rules
        if len(self._made) > _KEPT_RULES:
            del self._made[next(iter(self._made))]
        self.loaded_at = self._clock.now()
        self.last_error = ()
        waiting = self._needs_restart(fresh)
        log.info("rules_reloaded", digest=self.digest, changed=changed, needs_restart=list(waiting))
        return ReloadResult(ok=True, changed=changed, digest=self.digest, needs_restart=waiting)

    async def watch(self, *, seconds: float = 1.0) -> None:
        """Reload whenever a file of the configuration has changed, until cancelled."""
        await asyncio.to_thread(self._note, "start")
        while True:
            await self._clock.sleep(seconds)
            if await asyncio.to_thread(self._fingerprint) != self._seen:
                try:
                    async with asyncio.timeout(_RELOAD_SECONDS):
                        await asyncio.to_thread(self.reload, cause="file change")
                except (TimeoutError, OSError) as error:
                    log.exception("rules_reload_failed", reason=type(error).__name__, digest=self.digest)

    def _needs_restart(self, fresh: Configuration) -> tuple[str, ...]:
        started = self._started
        changed = {
            "router.yaml": fresh.settings.model_copy(update={"incidents": started.settings.incidents})
            != started.settings,
            "channels.yaml": fresh.channels != started.channels,
            "teams.yaml": fresh.teams.sinks != started.teams.sinks,
        }
        return tuple(file for file, differs in changed.items() if differs)

    def _fingerprint(self) -> Fingerprint:
        """Names, times, sizes and inodes; a file that vanishes meanwhile counts as changed."""
        found = []
        for path in files_of(self._configuration.folder):
            try:
                stat = path.stat()
            except OSError:
                found.append((str(path), 0, 0, 0))
            else:
                found.append((str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return tuple(found)
