# SPDX-License-Identifier: Apache-2.0
"""The linear classifier: a batch of texts in, labels with calibrated scores, doubt and reasons out.

Importing and predicting need NumPy and SciPy's sparse arrays only; scikit-learn is for training.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from classifiers.explain import BlockWords, evidence_of
from classifiers.features import cut_blocks
from classifiers.language import LanguageFinder, LanguageGuess
from classifiers.normalize import MAX_CHARS, fold_texts
from classifiers.parameters import HEADS, Parameters
from classifiers.scoring import Scorer, probabilities
from classifiers.signals import Hit, SignalMatcher
from router.interfaces import ClassifierInput
from router.schema import URGENCIES, Classification, Evidence

__all__ = ["LinearClassifier", "decide_urgency"]

_WITHOUT_TYPE = frozenset({"praise", "other"})
_MOST_ALSO = 2
_SHOWN = 6
_ENOUGH = 3.0  # shown as the weight of a signal that decides by itself, if the learned one is less
_WRITTEN = re.compile(r"[^\W_]|[\u2190-\U0010ffff]")  # a letter, a digit or a picture


@dataclass(frozen=True)
class _Reading:
    """What was seen in one text before any arithmetic."""

    text: str
    language: LanguageGuess
    hits: tuple[Hit, ...]
    extra: tuple[int, ...]  # rows of the extra table


def decide_urgency(scores: dict[str, float], *, critical: float, high: float) -> str:
    """The urgency to act on: a rare and grave one is taken before it is the likeliest.

    Args:
        scores: Probability of each urgency.
        critical: From this probability on it is critical.
        high: From this probability of high and critical together on it is at least high.
    """
    if scores.get("critical", 0.0) >= critical:
        return "critical"
    if scores.get("critical", 0.0) + scores.get("high", 0.0) >= high:
        return "high"
    return max(("normal", "low"), key=lambda label: scores.get(label, 0.0))


class LinearClassifier:
    """One joint linear model over hashed n-grams, signals and the channel, for all languages."""

    def __init__(self, parameters: Parameters, *, digest: str = "", languages: Sequence[str] | None = None) -> None:
        self.parameters = parameters
        self._name = f"{parameters.name}@{digest[:12]}" if digest else parameters.name
        self._scorer = Scorer(parameters)
        self._matcher = SignalMatcher(parameters.signals)
        self._group = {group: i for i, group in enumerate(self._matcher.groups)}
        self._channel = {name: len(self._group) + i for i, name in enumerate(parameters.channels)}
        self._finder = LanguageFinder(languages or parameters.languages)
        self._slices = parameters.slices()
        self._factors = {
            name: [math.exp(lean) for lean in head.lean or [0.0] * len(head.labels)]
            for name, head in parameters.heads.items()
        }

    @property
    def name(self) -> str:
        return self._name

    def classify(self, batch: Sequence[ClassifierInput], *, explain: bool = True) -> list[Classification]:
        """Label each text.

        Args:
            batch: Shape (n,), n may be 0; the first 20,000 code points of a text are read.
            explain: Fill ``why``; costs about as much again.

        Returns:
            n results in input order; scores are calibrated probabilities, spans are offsets in code points.
        """
        folded = fold_texts([given.text[:MAX_CHARS] for given in batch])
        readings = [self._read(given, words) for given, words in zip(batch, folded, strict=True)]
        results: list[Classification] = []
        for texts in cut_blocks([reading.text for reading in readings]) if readings else ():
            part = readings[len(results) : len(results) + len(texts)]
            results += self._label(part, explain=explain)
        return results

    def _read(self, given: ClassifierInput, folded: str) -> _Reading:
        text = given.text[:MAX_CHARS]
        language = self._finder.find(text, given.language)
        decided = language.language != "und"
        hits = tuple(self._matcher.find_folded(folded, (language.language,) if decided else language.candidates))
        extra = sorted({self._group[hit.group] for hit in hits})
        if given.channel in self._channel:
            extra.append(self._channel[given.channel])
        return _Reading(text, language, hits, tuple(extra))

    def _label(self, part: Sequence[_Reading], *, explain: bool) -> list[Classification]:
        scored = self._scorer.score([r.text for r in part], [r.extra for r in part], shares=explain)
        tables: dict[str, list[list[float]]] = {}
        for head in HEADS:
            chances = probabilities(scored.scores[:, self._slices[head]], self.parameters.heads[head])
            tables[head] = chances.round(4).tolist()
        labelled = [self._decide(reading, {head: tables[head][i] for head in HEADS}) for i, reading in enumerate(part)]
        whys: list[dict[str, tuple[Evidence, ...]]] = [{} for _ in part]
        if explain:
            words = BlockWords(self._scorer, scored)
            for head in HEADS:
                self._explain(head, part=part, labelled=labelled, whys=whys, words=words)
        return [
            Classification.model_construct(**fields, why=why, model=self._name)
            for fields, why in zip(labelled, whys, strict=True)
        ]

    def _decide(self, reading: _Reading, row: dict[str, list[float]]) -> dict[str, Any]:
        """From probabilities to labels; the fields of a Classification but the reasons."""
        limits = self.parameters.thresholds
        scores = {head: dict(zip(self.parameters.heads[head].labels, row[head], strict=True)) for head in HEADS}
        kind = self._choose("kind", row["kind"])
        empty = _WRITTEN.search(reading.text) is None
        unsure = empty or scores["kind"][kind] < limits.kind
        chosen: str | None = None
        also: tuple[str, ...] = ()
        if kind not in _WITHOUT_TYPE:
            chosen = self._choose("type", row["type"])
            others = sorted((t for t in scores["type"] if t != chosen), key=scores["type"].__getitem__, reverse=True)
            also = tuple(t for t in others[:_MOST_ALSO] if scores["type"][t] >= limits.also)
            unsure = unsure or scores["type"][chosen] < limits.type
        if empty:
            kind, chosen, also = "other", None, ()
        scores["language"] = reading.language.scores
        return {
            "kind": kind,
            "type": chosen,
            "also": also,
            "urgency": self._raise(
                decide_urgency(scores["urgency"], critical=limits.critical, high=limits.high), reading
            ),
            "language": reading.language.language,
            "scores": scores,
            "unsure": unsure,
        }

    def _raise(self, urgency: str, reading: _Reading) -> str:
        """Some signals are enough by themselves."""
        floors = [self.parameters.signals.groups[hit.group].at_least for hit in reading.hits]
        return min((urgency, *(floor for floor in floors if floor)), key=URGENCIES.index)

    def _choose(self, head: str, row: Sequence[float]) -> str:
        """The value whose probability, leaned, is largest."""
        factors = self._factors[head]
        leaned = [value * factor for value, factor in zip(row, factors, strict=True)]
        return self.parameters.heads[head].labels[leaned.index(max(leaned))]

    def _explain(
        self,
        head: str,
        *,
        part: Sequence[_Reading],
        labelled: Sequence[dict[str, Any]],
        whys: Sequence[dict[str, tuple[Evidence, ...]]],
        words: BlockWords,
    ) -> None:
        settings = self.parameters.heads[head]
        first = self._slices[head].start
        place = {label: first + i for i, label in enumerate(settings.labels)}
        chosen = [place.get(fields[head], -1) for fields in labelled]
        given = words.weigh(chosen, settings.scale)
        for i, reading in enumerate(part):
            if chosen[i] < 0:
                continue
            signals = []
            weighed = self._weigh_hits(reading.hits, chosen[i], settings.scale)
            for hit, weight in weighed:
                group = self.parameters.signals.groups[hit.group]
                if head == "urgency" and group.presses:
                    least = _ENOUGH if group.at_least else weight
                    signals.append(evidence_of(reading.text, hit.start, hit.end, max(weight, least)))
                else:
                    words.add(i, hit.start, hit.end, weight, given)
            shown = signals[:_SHOWN] + words.show(reading.text, i, given)[: max(0, _SHOWN - len(signals))]
            whys[i][head] = tuple(sorted(shown, key=lambda evidence: -abs(evidence.weight)))

    def _weigh_hits(self, hits: Sequence[Hit], column: int, scale: float) -> list[tuple[Hit, float]]:
        """What each hit gave to a label; the hits of a group share the group's weight."""
        counts = Counter(hit.group for hit in hits)
        extra = self._scorer.extra
        return [(hit, float(extra[self._group[hit.group], column]) * scale / counts[hit.group]) for hit in hits]
