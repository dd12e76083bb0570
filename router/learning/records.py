# SPDX-License-Identifier: Apache-2.0
"""What people said of messages beside what the model said, as the store keeps it and learning reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic import AwareDatetime, model_validator

from router.schema import Classification, Frozen, InboundMessage, Kind, Type, Urgency

__all__ = [
    "CorrectedMessage", "Correction", "DriftReport", "LabelSummary", "PersonLabels", "RoundEnd", "Unlabelled", "Via",
    "Week",
]  # fmt: skip

Via: TypeAlias = Literal["case", "label"]  # changed on the page of a case, or said while labelling
RoundEnd: TypeAlias = Literal["promoted", "waiting", "refused", "nothing", "failed"]  # of a round on the schedule


class PersonLabels(Frozen):
    """What a person says a message is; None leaves a label unsaid. ``type`` is None for praise and other."""

    kind: Kind | None = None
    type: Type | None = None
    urgency: Urgency | None = None
    team: str | None = None
    queue: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> PersonLabels:
        if self.kind in {"praise", "other"} and self.type is not None:
            raise ValueError(f"kind '{self.kind}' has no type")
        return self

    @property
    def is_empty(self) -> bool:
        return not any((self.kind, self.type, self.urgency, self.team, self.queue))


class Correction(Frozen):
    """One thing a person said of one message. ``said`` is what the model said, with its scores and its name, without
    its reasons; ``said_team`` and ``said_queue`` are where rules had sent the case. ``id`` is the store's and grows."""

    id: int = 0
    at: AwareDatetime
    case_id: str
    source_key: str
    actor: str
    via: Via = "case"
    said: Classification
    said_team: str = ""
    said_queue: str = ""
    labels: PersonLabels


class CorrectedMessage(Frozen):
    """A correction with the message it is about."""

    correction: Correction
    message: InboundMessage
    sender_key: str
    language: str


class Unlabelled(Frozen):
    """A message that was classified and of which no person has said anything yet. ``id`` is the message's row."""

    id: int
    case_id: str
    team: str
    message: InboundMessage
    classification: Classification


class LabelSummary(NamedTuple):
    """What the model said of one message, without its words: enough to see labels drift."""

    at: datetime
    channel: str
    language: str
    kind: str
    type: str | None
    urgency: str
    unsure: bool
    confidence: float  # of the kind


class Week(Frozen):
    """One week, up to ``until``. ``cells`` are as ``classifiers.drift.CellDrift`` says; ``unsure`` is a share by cell,
    also of cells too small to compare."""

    until: AwareDatetime
    messages: int
    unsure: dict[str, float]
    cells: tuple[dict[str, Any], ...]

    @property
    def alarms(self) -> tuple[str, ...]:
        """ "channel:email: kind, unsure" for each cell with an alarm."""
        return tuple(f"{cell['cell']}: {', '.join(cell['alarms'])}" for cell in self.cells if cell["alarms"])


class DriftReport(Frozen):
    """The newest week first. ``origin`` is what the reference was made of: "corpus", "messages", or "" without one."""

    model: str
    origin: str
    weeks: tuple[Week, ...]

    @property
    def alarms(self) -> tuple[str, ...]:
        """Those of the newest week."""
        return self.weeks[0].alarms if self.weeks else ()
