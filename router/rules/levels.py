# SPDX-License-Identifier: Apache-2.0
"""How far a label is trusted: acted on, preset for a person to confirm, only suggested, or not even that.

Conditions see only labels that are acted on; what would follow from the others is worked out as suggestions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from router.content import Suggestion
from router.rules.facts import Facts
from router.rules.fields import LABELS
from router.schema import KINDS, Classification

__all__ = ["LABELS", "Level", "Levels", "Limits", "suggestions"]

Level: TypeAlias = Literal["preselect", "recommend", "none"]
_MOST = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """The probability from which on a label is suggested, preset and acted on."""

    recommend: float = 0.0
    preselect: float = 0.0
    apply: float = 0.0

    def level(self, probability: float) -> Level | None:
        """None: it is acted on."""
        if probability >= self.apply:
            return None
        return (
            "preselect" if probability >= self.preselect else "recommend" if probability >= self.recommend else "none"
        )


@dataclass(frozen=True, slots=True)
class Levels:
    """Limits by label, and by channel and label, which come first. A label without limits is always acted on."""

    general: Mapping[str, Limits] = field(default_factory=dict)
    channels: Mapping[str, Mapping[str, Limits]] = field(default_factory=dict)

    def of(self, facts: Facts) -> dict[str, Level]:
        """The labels of this message that are not acted on. One without a value, or without a probability as other
        classifiers may leave it, gives nothing to doubt."""
        labels = facts.classification
        own = self.channels.get(facts.message.channel)
        limits = {**self.general, **own} if own else self.general
        if not limits or labels is None:
            return {}
        found: dict[str, Level] = {}
        for label, limit in limits.items():
            if label in labels.scores and getattr(labels, label) not in (None, "", "und"):
                level = limit.level(labels.confidence(label))
                if level is not None:
                    found[label] = level
        return found


def suggestions(facts: Facts, levels: Mapping[str, Level], queue_of: Callable[[Facts], str]) -> tuple[Suggestion, ...]:
    """The most probable values of what is in doubt, the type before the kind, each with the queue it would lead to."""
    labels = facts.classification
    label = next((name for name in ("type", "kind", "urgency", "language") if name in levels), "")
    if labels is None or not label:
        return ()
    scores = labels.scores.get(label, {})
    best = sorted((value for value in scores if value != "None"), key=lambda value: (-scores[value], value))[:_MOST]
    return tuple(
        Suggestion(label=label, value=value, score=scores[value], queue=queue_of(_with(facts, labels, label, value)))
        for value in best
    )


def _with(facts: Facts, labels: Classification, label: str, value: str) -> Facts:
    """The facts as they would be if a person had chosen this value."""
    if label == "kind" and value not in KINDS:
        return facts
    changed = labels.model_copy(update={label: value})
    return replace(facts, classification=changed, hidden=facts.hidden - {label})
