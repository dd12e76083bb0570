# SPDX-License-Identifier: Apache-2.0
"""How good a classifier is on labelled messages: the numbers, per language too, as a table and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from classifiers.calibration import quadratic_kappa
from classifiers.corpus import CorpusRow
from classifiers.own_rows import OwnRow
from router.classifier import Classifier, ClassifierInput
from router.schema import URGENCIES, Classification, Frozen

__all__ = ["LabelScore", "Labelled", "Report", "Scores", "answer_all", "evaluate", "report_of"]

Labelled: TypeAlias = CorpusRow | OwnRow
"""A message with labels to judge by; what is None is not judged."""


class LabelScore(Frozen):
    """One value of a label: how often it stands there, and how well it is found. Shares from 0 to 1."""

    support: int
    precision: float
    recall: float
    f1: float


class Scores(Frozen):
    """The figures of one set of messages. F1 is the mean over the labels that occur; None where there is nothing."""

    messages: int
    kind_f1: float | None
    kind_accuracy: float | None
    complaint_f1: float | None  # yes or no
    false_alarms: float | None  # requests, praise and other called complaint
    type_f1: float | None  # of complaints and requests; a message without a predicted type counts as missed
    type_accuracy: float | None
    type_accuracy_surest_half: float | None
    also_f1: float | None
    urgency_kappa: float | None
    critical_recall: float | None
    critical_precision: float | None
    language_accuracy: float | None
    unsure: float
    accuracy_when_sure: float | None  # kind and type both right
    calibration_error: dict[str, float]  # expected, ten bins of equal size


class Report(Frozen):
    """Everything ``evaluate`` measures."""

    model: str
    total: Scores
    by_language: dict[str, Scores]
    by_channel: dict[str, Scores]
    labels: dict[str, dict[str, LabelScore]]  # kind, type, urgency -> value -> score
    confusion: dict[str, dict[str, dict[str, int]]]  # kind, type, urgency -> true -> predicted -> messages

    def to_json(self) -> str:
        return self.model_dump_json(indent=1)

    def to_text(self) -> str:
        """A table for people: all messages, then each language, then each label."""
        head = ("", "n", "kind F1", "type F1", "urgency k", "crit. R", "crit. P", "language", "unsure")
        lines = [_line(head), _line(("all", *_figures(self.total)))]
        lines += [_line((language, *_figures(scores))) for language, scores in self.by_language.items()]
        total = self.total
        surest, right = _show(total.type_accuracy_surest_half), _show(total.accuracy_when_sure)
        lines += ["", f"type accuracy on the surest half {surest} · right when sure {right}"]
        lines.append(f"false alarms {_show(total.false_alarms)} · further types F1 {_show(total.also_f1)}")
        lines += ["calibration error " + " · ".join(f"{k} {v:.3f}" for k, v in total.calibration_error.items()), ""]
        for name, values in self.labels.items():
            lines.append(_line((name, "n", "precision", "recall", "F1")))
            lines += [_line((k, str(v.support), *map(_show, (v.precision, v.recall, v.f1)))) for k, v in values.items()]
        return "\n".join(lines)


def _show(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _line(cells: Sequence[str]) -> str:
    return cells[0].ljust(10) + "".join(cell.rjust(10) for cell in cells[1:])


def _figures(s: Scores) -> tuple[str, ...]:
    values = (
        s.kind_f1,
        s.type_f1,
        s.urgency_kappa,
        s.critical_recall,
        s.critical_precision,
        s.language_accuracy,
        s.unsure,
    )
    return (str(s.messages), *map(_show, values))


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _label_scores(pairs: Sequence[tuple[str, str]]) -> dict[str, LabelScore]:
    """By the true label; a label that is only predicted is not listed."""
    found = {}
    trues, guesses = Counter(t for t, _ in pairs), Counter(g for _, g in pairs)
    right = Counter(t for t, g in pairs if t == g)
    for label, true in sorted(trues.items()):
        said, hits = guesses[label], right[label]
        precision, recall = hits / max(1, said), hits / max(1, true)
        f1 = 2 * hits / (true + said)
        found[label] = LabelScore(support=true, precision=round(precision, 4), recall=round(recall, 4), f1=round(f1, 4))
    return found


def _macro(pairs: Sequence[tuple[str, str]]) -> float | None:
    scores = _label_scores(pairs)
    return round(sum(s.f1 for s in scores.values()) / len(scores), 4) if scores else None


def _also_f1(rows: Sequence[Labelled], said: Sequence[Classification]) -> float | None:
    right = wanted = named = 0
    for row, guess in zip(rows, said, strict=True):
        wanted += len(row.also)
        named += len(guess.also)
        right += len(set(guess.also) & set(row.also))
    return round(2 * right / (wanted + named), 4) if wanted else None


def _calibration_error(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error over ten bins of equal size."""
    order = np.argsort(np.asarray(confidence))
    said, was = np.asarray(confidence)[order], np.asarray(right, float)[order]
    bins = [part for part in np.array_split(np.arange(len(order)), 10) if len(part)]
    return round(float(sum(abs(said[b].mean() - was[b].mean()) * len(b) for b in bins) / max(1, len(order))), 4)


def _calibration(rows: Sequence[Labelled], said: Sequence[Classification]) -> dict[str, float]:
    errors = {}
    for head in ("kind", "type", "urgency"):
        pairs = [
            (row, guess.scores[head])
            for row, guess in zip(rows, said, strict=True)
            if getattr(row, head) and guess.scores.get(head)
        ]
        if pairs:
            tops = [max(scores, key=scores.__getitem__) for _, scores in pairs]
            right = [top == getattr(row, head) for top, (row, _) in zip(tops, pairs, strict=True)]
            errors[head] = _calibration_error(
                [scores[top] for top, (_, scores) in zip(tops, pairs, strict=True)], right
            )
    return errors


def _scores(rows: Sequence[Labelled], said: Sequence[Classification]) -> Scores:
    both = list(zip(rows, said, strict=True))
    kinds: list[tuple[str, str]] = [(r.kind, c.kind) for r, c in both if r.kind]
    typed = [(r, c) for r, c in both if r.type is not None]
    types = [(str(r.type), str(c.type)) for r, c in typed]
    surest = sorted(typed, key=lambda pair: -pair[1].confidence("type"))[: max(1, len(typed) // 2)]
    pressed = [(r.urgency, c.urgency) for r, c in both if r.urgency]
    truth: npt.NDArray[np.int64] = np.array([URGENCIES.index(true) for true, _ in pressed], np.int64)
    guess: npt.NDArray[np.int64] = np.array([URGENCIES.index(said) for _, said in pressed], np.int64)
    urgency = _label_scores([(str(true), str(said)) for true, said in pressed]).get("critical")
    return Scores(
        messages=len(rows),
        kind_f1=_macro(kinds),
        kind_accuracy=_share([t == g for t, g in kinds]),
        complaint_f1=_macro([(str(t == "complaint"), str(g == "complaint")) for t, g in kinds]),
        false_alarms=_share([g == "complaint" for t, g in kinds if t != "complaint"]),
        type_f1=_macro(types),
        type_accuracy=_share([t == g for t, g in types]),
        type_accuracy_surest_half=_share([r.type == c.type for r, c in surest] if typed else []),
        also_f1=_also_f1(rows, said),
        urgency_kappa=round(quadratic_kappa(truth, guess, len(URGENCIES)), 4) if pressed else None,
        critical_recall=urgency.recall if urgency else None,
        critical_precision=urgency.precision if urgency else None,
        language_accuracy=_share([r.language == c.language for r, c in both if r.language]),
        unsure=round(sum(c.unsure for c in said) / max(1, len(said)), 4),
        accuracy_when_sure=_share([_is_right(r, c) for r, c in both if not c.unsure]),
        calibration_error=_calibration(rows, said),
    )


def _is_right(row: Labelled, said: Classification) -> bool:
    """Kind and type, as far as they are known; praise and other rightly have no type."""
    kind_right = row.kind in (None, said.kind)
    return kind_right and (row.type == said.type if isinstance(row, CorpusRow) else row.type in (None, said.type))


def _by(rows: Sequence[Labelled], said: Sequence[Classification], name: str) -> dict[str, Scores]:
    values = sorted({getattr(row, name) for row in rows})
    groups = {value: [i for i, row in enumerate(rows) if getattr(row, name) == value] for value in values}
    return {value: _scores([rows[i] for i in at], [said[i] for i in at]) for value, at in groups.items()}


def report_of(rows: Sequence[Labelled], said: Sequence[Classification], *, model: str = "") -> Report:
    """Compare predictions with the labels; both in the same order."""
    labels: dict[str, dict[str, LabelScore]] = {}
    confusion: dict[str, dict[str, dict[str, int]]] = {}
    for head in ("kind", "type", "urgency"):
        pairs = [
            (str(getattr(r, head)), str(getattr(c, head))) for r, c in zip(rows, said, strict=True) if getattr(r, head)
        ]
        labels[head] = _label_scores(pairs)
        confusion[head] = {t: {} for t in labels[head]}
        for true, guess in pairs:
            confusion[head][true][guess] = confusion[head][true].get(guess, 0) + 1
    return Report(
        model=model, total=_scores(rows, said), by_language=_by(rows, said, "language"),
        by_channel=_by(rows, said, "channel"), labels=labels, confusion=confusion,
    )  # fmt: skip


def evaluate(model: Classifier, rows: Sequence[Labelled], *, hints: bool = False) -> Report:
    """Classify labelled messages and score the answers.

    Args:
        model: Any classifier.
        rows: Labelled messages; shape (n,), n at least 1.
        hints: Tell the classifier each message's language, as a channel would that knows it.
    """
    return report_of(rows, answer_all(model, rows, hints=hints), model=model.name)


def answer_all(model: Classifier, rows: Sequence[Labelled], *, hints: bool = False) -> list[Classification]:
    """What the classifier says of each message; the arguments are those of ``evaluate``."""
    batch = [ClassifierInput(text=r.text, channel=r.channel, language=r.language if hints else "") for r in rows]
    return model.classify(batch, explain=False)
