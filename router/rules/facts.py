# SPDX-License-Identifier: Apache-2.0
"""What a rule can look at: one message, its labels, the customer and the case so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from router.schema import Classification, Customer, InboundMessage

__all__ = ["Facts"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Everything one decision is made from; nothing else is read, so the same facts always decide the same.

    ``messages`` counts the messages in the case with this one, where the caller knows it. ``now`` is the time of the
    decision, handed in so that a replay decides as it was decided then.
    """

    message: InboundMessage
    classification: Classification | None = None
    customer: Customer | None = None
    is_new: bool = True
    messages: int | None = None
    now: datetime | None = None
