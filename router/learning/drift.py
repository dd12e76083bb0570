# SPDX-License-Identifier: Apache-2.0
"""Drift of an installation: what the model said week by week, beside what it was made for."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationError

from router.config.models import DriftSettings
from router.interfaces import Classifier, Store
from router.learning.records import DriftReport, LabelSummary, Week

if TYPE_CHECKING:
    from classifiers.drift import CellDrift, Reference

__all__ = ["drift_report"]

_WEEK = timedelta(days=7)


async def drift_report(
    store: Store, model: Classifier, *, now: datetime, settings: DriftSettings, weeks: int = 1
) -> DriftReport:
    """Compare the last weeks with the model's card; a model without a reference compares nothing. Raises StoreError."""
    then = _reference(model)
    found = []
    for back in range(weeks):
        until = now - back * _WEEK
        seen = await store.label_summaries(since=until - _WEEK, until=until)
        found.append(await asyncio.to_thread(_week, seen, then, until, settings))
    return DriftReport(model=model.name, origin=then.origin if then is not None else "", weeks=tuple(found))


def _reference(model: Classifier) -> Reference | None:
    """What the model's card says of the messages at its training."""
    from classifiers.drift import Reference

    parameters = getattr(getattr(model, "current", model), "parameters", None)
    try:
        return Reference.model_validate(parameters.card["reference"]) if parameters is not None else None
    except (KeyError, ValidationError):  # trained by an older version
        return None


def _week(seen: list[LabelSummary], then: Reference | None, until: datetime, settings: DriftSettings) -> Week:
    from classifiers.drift import DriftLimits, drift_of, reference_of

    now = reference_of(seen, origin="messages")
    limits = DriftLimits(least=settings.least, psi=settings.psi, unsure=settings.unsure)
    cells: tuple[CellDrift, ...] = drift_of(now, then, limits) if then is not None else ()
    return Week(
        until=until,
        messages=len(seen),
        unsure={name: cell.unsure for name, cell in now.cells.items()},
        cells=tuple(cell.model_dump(mode="json") for cell in cells),
    )
