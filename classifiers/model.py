# SPDX-License-Identifier: Apache-2.0
"""The linear classifier: a batch of texts in, labels with calibrated scores, doubt and reasons out.

Importing and predicting need NumPy and SciPy's sparse arrays only; scikit-learn is for training.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from classifiers.explain import BlockWords, Shown, evidence_of
from classifiers.features import Floats, cut_blocks, find_ngrams
from classifiers.gather import add_rows
from classifiers.language import LanguageFinder, LanguageGuess
from classifiers.normalize import MAX_CHARS, IntArray, read_block
from classifiers.opinions import BALANCES, Opinions
from classifiers.own_types import LabelMap
from classifiers.parameters import HEADS, Parameters
from classifiers.phrases import Match, sorted_unique
from classifiers.scoring import AllProbabilities, Scored, Scorer
from classifiers.signals import SignalMatcher
from classifiers.stacking import marks_of, restack
from router.classifier import ClassifierInput
from router.errors import ModelError
from router.schema import URGENCIES, Classification, Evidence

__all__ = ["LinearClassifier", "decide_urgency"]

_Extra: TypeAlias = tuple[IntArray, IntArray]
"""Texts, and the rows of the extra table that are on for them."""

_WITHOUT_TYPE = frozenset({"praise", "other"})
_MOST_ALSO = 2
_SHOWN = 6
_ENOUGH = 3.0  # shown as the weight of a signal that decides by itself, if the learned one is less
_WRITTEN = re.compile(r"[^\W_]|[\u2190-\U0010ffff]")  # a letter, a digit or a picture


@dataclass(frozen=True)
class _Reading:
    """What was seen in one text before any arithmetic."""

    text: str
    channel: str
    language: LanguageGuess
    floor: int  # the place in URGENCIES that signals raise the urgency to; their number for none


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

    def __init__(
        self,
        parameters: Parameters,
        *,
        digest: str = "",
        languages: Sequence[str] | None = None,
        types: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Make a classifier of parameters; ``types`` are an installation's own, see ``own_types.py``.

        Raises:
            ModelError: The model knows none of these types.
        """
        self.parameters = parameters
        self._name = f"{parameters.name}@{digest[:12]}" if digest else parameters.name
        self._scorer = Scorer(parameters)
        self._matcher, self._opinions = SignalMatcher(parameters.signals), Opinions(parameters.signals)
        self._group = {group: i for i, group in enumerate(self._matcher.groups)}
        self._channel = {name: len(self._group) + i for i, name in enumerate(parameters.channels)}
        self._first_trait = len(self._group) + len(self._channel)
        self._width = self._first_trait + len(parameters.traits)
        self._finder = LanguageFinder(languages or parameters.languages)
        floors = [parameters.signals.groups[group].at_least for group in self._matcher.groups]
        self._floors = np.array([URGENCIES.index(floor) if floor else len(URGENCIES) for floor in floors], np.int64)
        self._slices = parameters.slices()
        self._probabilities = AllProbabilities([parameters.heads[head] for head in HEADS])
        self._column = {
            name: {label: self._slices[name].start + i for i, label in enumerate(head.labels)}
            for name, head in parameters.heads.items()
        }
        self._presses = np.array([parameters.signals.groups[group].presses for group in self._matcher.groups], bool)
        self._map = LabelMap(parameters.heads["type"].labels, types) if types is not None else None
        if self._map is not None and len(self._map.untrained) == len(self._map.labels):
            raise ModelError(f"the model knows none of the types {', '.join(self._map.labels)}; train one that does")
        self._types = self._map.labels if self._map else parameters.heads["type"].labels
        own = {name: head.scale for name, head in parameters.heads.items()}
        if parameters.stack is not None:
            own["kind"] = parameters.stack.scale
        self._scales = np.array([own[head] for head in HEADS])
        self._factors = {
            name: np.exp(head.lean or np.zeros(len(head.labels))) for name, head in parameters.heads.items()
        }

    @property
    def name(self) -> str:
        return self._name

    @property
    def untrained(self) -> tuple[str, ...]:
        """Types of the installation that the model was never shown, and so never says."""
        return self._map.untrained if self._map is not None else ()

    def classify(self, batch: Sequence[ClassifierInput], *, explain: bool = True) -> list[Classification]:
        """Label each text.

        Args:
            batch: Shape (n,), n may be 0; the first 20,000 code points of a text are read.
            explain: Fill ``why``; costs about as much again.

        Returns:
            n results in input order; scores are calibrated probabilities, spans are offsets in code points.
        """
        texts = [given.text[:MAX_CHARS] for given in batch]
        results: list[Classification] = []
        for part in cut_blocks(texts) if texts else ():
            results += self._label(part, batch[len(results) : len(results) + len(part)], explain=explain)
        return results

    def _label(self, texts: Sequence[str], batch: Sequence[ClassifierInput], *, explain: bool) -> list[Classification]:
        block = read_block(texts)
        guesses = self._finder.find_block(block, texts, [given.language for given in batch])
        found = find_ngrams(block, self._scorer.settings)
        match = self._matcher.find_block(block, [guess.spoken for guess in guesses])
        match = self._opinions.turn(match, block, found.negated)
        extra = self._extra(match, texts, batch)
        scored = self._scorer.score(block, found, extra, shares=explain)
        floors = np.full(len(texts), len(URGENCIES))
        np.minimum.at(floors, match.row, self._floors[match.group])
        part = list(map(_Reading, texts, (given.channel for given in batch), guesses, floors.tolist()))
        marks = marks_of(extra[0], extra[1] - len(self._group), size=len(texts), width=self._width - len(self._group))
        every = self._probabilities.of(restack(self.parameters.stack, scored.scores, marks)).round(4)
        tables: dict[str, list[list[float]]] = {}
        chosen: dict[str, list[int]] = {}
        for head in HEADS:
            chances = every[:, self._slices[head]]
            weighed = chances * self._factors[head]
            if head == "type":
                further = self._further(scored.scores, marks, weighed.argmax(axis=1))
                if self._map is not None:
                    chances, weighed = self._map.chances(chances).round(4), self._map.merge(weighed)
            tables[head] = chances.tolist()
            chosen[head] = weighed.argmax(axis=1).tolist()
        labelled = []
        for i, reading in enumerate(part):
            rows = {head: tables[head][i] for head in HEADS}
            labelled.append(self._decide(reading, rows, chosen["kind"][i], chosen["type"][i], further.get(i, {})))
        whys: list[dict[str, tuple[Evidence, ...]]] = [{} for _ in part]
        if explain:
            places = [self._columns(head, chosen[head], every, labelled) for head in HEADS]
            whys = self._explain(scored, match=match, extra=extra, part=part, chosen=np.array(places))
        return [
            Classification.model_construct(**fields, why=why, model=self._name)
            for fields, why in zip(labelled, whys, strict=True)
        ]

    def _extra(self, match: Match, texts: Sequence[str], batch: Sequence[ClassifierInput]) -> _Extra:
        """The texts and the rows of the extra table that are on for them."""
        width = self._width
        others = [i * width + self._channel[g.channel] for i, g in enumerate(batch) if g.channel in self._channel]
        held = [np.array(others, np.int64)]
        if self.parameters.traits:
            rows, traits = self._opinions.traits(texts, match)
            held.append(rows * width + self._first_trait + traits)
        pairs = sorted_unique(np.concatenate((match.row * width + match.group, *held)))
        return pairs // max(width, 1), pairs % max(width, 1)

    def _further(self, scores: Floats, marks: Floats, chosen: IntArray) -> dict[int, dict[str, float]]:
        """The further types that are probable enough, of the texts that have any, and how probable they are."""
        if self.parameters.further is None:
            return {}
        chances = self.parameters.further.chances(scores, marks, chosen)
        if self._map is not None:
            chances = self._map.highest(chances)
        found: dict[int, dict[str, float]] = {}
        rows, types = (chances >= self.parameters.thresholds.also).nonzero()
        for text, type_ in zip(rows.tolist(), types.tolist(), strict=True):
            found.setdefault(text, {})[self._types[type_]] = float(chances[text, type_])
        return found

    def _decide(
        self, reading: _Reading, row: dict[str, list[float]], kind_at: int, type_at: int, further: dict[str, float]
    ) -> dict[str, Any]:
        """From probabilities to labels; the fields of a Classification but the reasons."""
        limits, heads = self.parameters.thresholds, self.parameters.heads
        names = {head: self._types if head == "type" else heads[head].labels for head in HEADS}
        scores = {head: dict(zip(names[head], row[head], strict=True)) for head in HEADS}
        kind = heads["kind"].labels[kind_at]
        empty = _WRITTEN.search(reading.text) is None
        least_kind, least_type = limits.doubt(reading.channel)
        unsure = empty or scores["kind"][kind] < least_kind
        chosen: str | None = None
        also: tuple[str, ...] = ()
        if kind not in _WITHOUT_TYPE:
            chosen = self._types[type_at]
            others = sorted(further.keys() - {chosen}, key=further.__getitem__, reverse=True)
            also = tuple(others[:_MOST_ALSO])
            unsure = unsure or scores["type"][chosen] < least_type
        if empty:
            kind, chosen, also = "other", None, ()
        scores["language"] = reading.language.scores
        urgency = decide_urgency(scores["urgency"], critical=limits.critical, high=limits.high)
        return {
            "kind": kind,
            "type": chosen,
            "also": also,
            "urgency": URGENCIES[min(URGENCIES.index(urgency), reading.floor)],  # some signals are enough by themselves
            "language": reading.language.language,
            "scores": scores,
            "unsure": unsure,
        }

    def _columns(
        self, head: str, chosen: Sequence[int], every: npt.NDArray[np.float64], labelled: Sequence[dict[str, Any]]
    ) -> list[int]:
        """The column of the weights that made each text's label; -1 where the text has none."""
        if head == "type" and self._map is not None:
            first = self._slices[head].start
            chances = every[:, self._slices[head]].tolist()
            parts = [self._map.strongest(row, own) for row, own in zip(chances, chosen, strict=True)]
            return [first + i if fields[head] and i >= 0 else -1 for i, fields in zip(parts, labelled, strict=True)]
        place = self._column[head]
        return [place.get(fields[head], -1) for fields in labelled]

    def _explain(
        self, scored: Scored, *, match: Match, extra: _Extra, part: Sequence[_Reading], chosen: IntArray
    ) -> list[dict[str, tuple[Evidence, ...]]]:
        """For each text the reasons of each of its labels.

        Args:
            chosen: The columns of the weights that made the labels, -1 for none; shape (heads, texts).
        """
        columns = np.maximum(chosen, 0)
        weights = self._weigh_phrases(match, extra, columns)
        apart = self._presses[match.group].nonzero()[0]
        urgency = HEADS.index("urgency")
        signals: dict[int, list[Shown]] = {}
        for i in apart.tolist():
            row, floor = int(match.row[i]), self._floors[match.group[i]]
            weight = max(float(weights[urgency, i]), _ENOUGH if floor < len(URGENCIES) else -math.inf)
            signals.setdefault(row, []).append((int(match.start[i]), int(match.end[i]), weight))
        weights[urgency, apart] = 0.0
        words = BlockWords(self._scorer, scored)
        words.place(match)
        words.weigh(columns, self._scales, weights)
        whys = []
        for i, (reading, places) in enumerate(zip(part, chosen.T.tolist(), strict=True)):
            shown: dict[str, list[Shown]] = {}
            for number, place in enumerate(places):
                if place >= 0:
                    some = signals.get(i, [])[:_SHOWN] if number == urgency else []
                    some += words.show(number, reading.text, i, _SHOWN - len(some))
                    shown[HEADS[number]] = some
            whys.append(evidence_of(reading.text, shown))
        return whys

    def _weigh_phrases(self, match: Match, extra: _Extra, columns: IntArray) -> npt.NDArray[np.float64]:
        """What each match gave to its text's labels, shape (heads, matches).

        Those of a group share its weight, and all words of opinion share that of their balance.
        """
        if not len(match.row):
            return np.zeros((len(columns), 0))
        pairs = match.row * len(self._group) + match.group
        counts = np.bincount(pairs)[pairs]
        given = self._scorer.extra[match.group, columns[:, match.row]].astype(np.float64)
        given /= counts
        opinion = self._opinions.find_opinions(match)
        if len(opinion) and self.parameters.traits:
            rows, on = (part[extra[1] >= self._width - len(BALANCES)] for part in extra)
            balance = add_rows(self._scorer.extra, on, rows.searchsorted(np.arange(columns.shape[1] + 1)))
            of = match.row[opinion]
            given[:, opinion] += balance[of, columns[:, of]] / np.bincount(of)[of]
        given *= self._scales[:, None]
        return given
