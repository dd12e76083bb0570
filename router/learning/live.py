# SPDX-License-Identifier: Apache-2.0
"""The model in force, exchanged while running: a promoted one is taken up within seconds, a bad one never."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from router.errors import ModelError
from router.interfaces import Classifier, ClassifierInput, Clock
from router.schema import Classification

__all__ = ["LiveClassifier"]

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 5.0
_LOAD_SECONDS = 60.0


class LiveClassifier:
    """A classifier that stands for the newest good one. A batch is labelled by one model from begin to end."""

    def __init__(self, load: Callable[[], Classifier], watched: Path) -> None:
        """Load at once. ``watched`` is the file whose change makes ``load`` be called again.

        Raises:
            ModelError: The first model cannot be loaded.
        """
        self._load = load
        self._watched = watched
        self._seen = self._fingerprint()
        self._model = load()
        self.last_error = ""

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def current(self) -> Classifier:
        """The model that labels now."""
        return self._model

    def classify(self, batch: Sequence[ClassifierInput], *, explain: bool = True) -> list[Classification]:
        return self._model.classify(batch, explain=explain)

    async def watch(self, clock: Clock) -> None:
        """Take up every new model, until cancelled."""
        while True:
            await clock.sleep(_LOOK_SECONDS)
            await self.look()

    async def look(self) -> bool:
        """Whether another model was taken up. One that cannot be loaded changes nothing and is logged."""
        seen = await asyncio.to_thread(self._fingerprint)
        if seen == self._seen:
            return False
        self._seen = seen
        before = self.name
        try:
            async with asyncio.timeout(_LOAD_SECONDS):
                self._model = await asyncio.to_thread(self._load)
        except (ModelError, OSError, TimeoutError) as error:
            self.last_error = str(error) or type(error).__name__
            log.error("model_refused", reason=self.last_error, model=before)  # noqa: TRY400 - the reason is all there is
            return False
        self.last_error = ""
        log.info("model_changed", model=self.name, former=before)
        return True

    def _fingerprint(self) -> tuple[int, int, int]:
        try:
            stat = self._watched.stat()
        except OSError:
            return (0, 0, 0)
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
