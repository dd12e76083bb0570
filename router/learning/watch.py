# SPDX-License-Identifier: Apache-2.0
"""Looks every hour whether messages drift from what the model in force was made for."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from router.config.models import DriftSettings
from router.interfaces import Classifier, Clock, Store
from router.learning.drift import drift_report
from router.learning.records import DriftReport

__all__ = ["DriftWatch"]

log = structlog.get_logger(__name__)

_FIRST_SECONDS = 15.0  # what is urgent at the start comes first
_SECONDS = 3600.0


class DriftWatch:
    """``report`` is as last looked for, None before; ``told`` is called with each."""

    def __init__(
        self,
        store: Store,
        classifier: Classifier,
        *,
        settings: DriftSettings,
        clock: Clock,
        told: Callable[[DriftReport], None],
    ) -> None:
        self._store = store
        self._classifier = classifier
        self._settings = settings
        self._clock = clock
        self._told = told
        self.report: DriftReport | None = None

    async def run(self) -> None:
        """Look for as long as the process runs; what goes wrong is logged and tried again an hour later."""
        await self._clock.sleep(_FIRST_SECONDS)
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("drift_failed")
            await self._clock.sleep(_SECONDS)

    async def look(self) -> None:
        """Compare the last week once. Raises StoreError."""
        now = self._clock.now()
        self.report = await drift_report(self._store, self._classifier, now=now, settings=self._settings)
        self._told(self.report)
        if self.report.alarms:
            log.warning("messages_drifted", cells=len(self.report.alarms), model=self.report.model)
