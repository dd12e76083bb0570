# SPDX-License-Identifier: Apache-2.0
"""The contract every classifier keeps, as a suite to subclass, and a classifier small enough to read for tests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest

from router.interfaces import Classifier, ClassifierInput
from router.schema import KINDS, URGENCIES, Classification, Evidence, Kind, Urgency

__all__ = ["ClassifierContract", "KeywordClassifier"]

_TYPES = {
    "delivery": ("parcel", "paketti", "colis", "paket", "paquete", "pacco", "delivery"),
    "billing": ("invoice", "lasku", "facture", "rechnung", "factura", "fattura", "charged"),
    "refund": ("refund", "hyvitys", "remboursement", "erstattung", "reembolso", "rimborso"),
    "technical": ("app", "website", "crashes"),
}
_KINDS: dict[str, Kind] = {
    "thanks": "praise",
    "thank": "praise",
    "kiitos": "praise",
    "merci": "praise",
    "how": "request",
}
_URGENT: dict[str, Urgency] = {"fire": "critical", "injured": "critical", "lawyer": "high", "tomorrow": "high"}


class KeywordClassifier:
    """Labels by single words. The twin for tests of what stands around a classifier: quick, obvious, no file."""

    def __init__(self, types: Mapping[str, Sequence[str]] | None = None, *, name: str = "keywords") -> None:
        self._type_of = {word: label for label, words in (types or _TYPES).items() for word in words}
        self._types = tuple(types or _TYPES)
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def classify(self, batch: Sequence[ClassifierInput], *, explain: bool = True) -> list[Classification]:
        return [self._one(given, explain=explain) for given in batch]

    def _one(self, given: ClassifierInput, *, explain: bool) -> Classification:
        words = [(match[0].casefold(), match.start(), match.end()) for match in re.finditer(r"\w+", given.text)]
        why: dict[str, tuple[Evidence, ...]] = {}

        def first(head: str, table: Mapping[str, str], otherwise: str) -> str:
            for word, start, end in words:
                if word in table:
                    why[head] = (Evidence(text=given.text[start:end], start=start, end=end, weight=1.0),)
                    return table[word]
            return otherwise

        kind: Kind = _kind(first("kind", _KINDS, "complaint" if words else "other"))
        typed = kind in {"complaint", "request"}
        label = first("type", self._type_of, "other") if typed else None
        urgency = _urgency(first("urgency", _URGENT, "normal" if typed else "low"))
        scores = {
            "kind": {k: float(k == kind) for k in KINDS},
            "urgency": {u: float(u == urgency) for u in URGENCIES},
        }
        if label is not None:
            scores["type"] = {t: float(t == label) for t in dict.fromkeys((*self._types, "other"))}
        return Classification(
            kind=kind,
            type=label,
            urgency=urgency,
            language=given.language or "und",
            scores=scores,
            unsure=not words,
            why=why if explain else {},
            model=self._name,
        )


def _kind(value: str) -> Kind:
    return next(kind for kind in ("complaint", "request", "praise", "other") if kind == value)


def _urgency(value: str) -> Urgency:
    return next(urgency for urgency in ("critical", "high", "normal", "low") if urgency == value)


_ODD = (
    "",
    "   \n\t",
    "?",
    "5",
    "\0",
    "a" * 50_000,
    "😡😡😡 \U0001f525",
    "Kommer aldrig åter! Ta\u0308nk om.",
    "\ud800 lone \udfff",
    "Пожалуйста, верните деньги",
    "包裹没有到",
    "RTL: \u05d0\u05d1 \u202e abc",
    "@shop https://example.org/x?y=1 a@example.org 12,50 €",
    "\u200b\ufeff",
    "word " * 5_000,
)


class ClassifierContract:
    """What every classifier keeps. Subclass it and give the fixture ``classifier``."""

    @pytest.fixture
    def classifier(self) -> Classifier:
        pytest.fail(f"{type(self).__name__} does not say what it tests: give it the fixture 'classifier'")

    def test_classify_of_nothing_is_nothing(self, classifier: Classifier) -> None:
        """An empty batch has an empty answer."""
        assert classifier.classify([]) == []

    def test_classify_keeps_the_order(self, classifier: Classifier) -> None:
        """Each text gets the answer it gets alone, at its place."""
        texts = ["Where is my parcel?", "Thanks, great!", "I was charged twice", "The app crashes", ""] * 3
        batch = [ClassifierInput(text=text) for text in texts]
        together = classifier.classify(batch)
        alone = [classifier.classify([given])[0] for given in batch]
        assert [(c.kind, c.type, c.urgency, c.language) for c in together] == [
            (c.kind, c.type, c.urgency, c.language) for c in alone
        ]

    def test_classify_is_repeatable(self, classifier: Classifier) -> None:
        """The same text has the same answer twice."""
        batch = [ClassifierInput(text="My parcel never arrived and nobody answers.", channel="email")]
        assert classifier.classify(batch) == classifier.classify(batch)

    @pytest.mark.parametrize("text", _ODD, ids=range(len(_ODD)))
    def test_classify_never_raises_on_text(self, classifier: Classifier, text: str) -> None:
        """Whatever the text, there is one valid answer that can be stored."""
        (found,) = classifier.classify([ClassifierInput(text=text, channel="no such channel", language="xx")])
        assert Classification.model_validate_json(found.model_dump_json()) == found

    def test_classify_labels_fit_together(self, classifier: Classifier) -> None:
        """Complaints and requests have a type, the others none; no type is named twice."""
        texts = ["Where is my parcel?", "Thanks a lot, you are great!", "zzz", "How do I return this?", "Lousy app."]
        for found in classifier.classify([ClassifierInput(text=text) for text in texts]):
            assert (found.type is None) == (found.kind in {"praise", "other"})
            assert found.type not in found.also
            assert len(set(found.also)) == len(found.also)

    def test_classify_scores_are_probabilities(self, classifier: Classifier) -> None:
        """Scores of kind and urgency cover all values, lie in 0 to 1 and sum to 1."""
        (found,) = classifier.classify([ClassifierInput(text="My parcel never arrived.")])
        assert set(found.scores["kind"]) == set(KINDS)
        assert set(found.scores["urgency"]) == set(URGENCIES)
        for name in ("kind", "urgency", "type"):
            values = found.scores[name].values()
            assert all(0 <= value <= 1 for value in values)
            assert sum(values) == pytest.approx(1, abs=0.01)

    def test_classify_evidence_is_a_span_of_the_text(self, classifier: Classifier) -> None:
        """What is shown as a reason stands in the text where it says."""
        text = "Hyvä 😡 asiakaspalvelu, the parcel caught FIRE tomorrow; my lawyer Ça va écrire!"
        (found,) = classifier.classify([ClassifierInput(text=text)])
        pieces = [piece for head in found.why.values() for piece in head]
        assert pieces
        for piece in pieces:
            assert piece.start == -1 or text[piece.start : piece.end] == piece.text

    def test_classify_without_reasons_says_the_same(self, classifier: Classifier) -> None:
        """Leaving out the reasons changes nothing else."""
        batch = [ClassifierInput(text="I was charged twice for one invoice, and nobody answers.")]
        (short,) = classifier.classify(batch, explain=False)
        (full,) = classifier.classify(batch, explain=True)
        assert short.why == {}
        assert full.model_copy(update={"why": {}}) == short

    def test_name_is_in_every_answer(self, classifier: Classifier) -> None:
        """Decisions can be traced to the model that made them."""
        (found,) = classifier.classify([ClassifierInput(text="hello")])
        assert found.model == classifier.name
        assert classifier.name
