# SPDX-License-Identifier: Apache-2.0
"""Reading labelled messages, and the corpus that ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifiers.corpus import CORPUS, corpus_files, fold_of, gold_files, lint, near_duplicates, read_corpus
from classifiers.features import HashedNgrams
from router.errors import ConfigError
from router.schema import LANGUAGES

GOOD: dict[str, Any] = {
    "text": "My parcel is late.", "language": "en", "channel": "email", "kind": "complaint", "type": "delivery",
    "also": [], "urgency": "normal", "source": "test",
}  # fmt: skip


def _file(path: Path, *rows: dict[str, Any] | str) -> Path:
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows), encoding="utf-8")
    return path


def test_read_corpus_reads_rows(tmp_path: Path) -> None:
    """Rows come in order, empty lines aside; an empty type is none."""
    praise = {**GOOD, "kind": "praise", "type": "", "text": "Thanks!"}
    rows = read_corpus([_file(tmp_path / "en.jsonl", GOOD, "", praise)])
    assert [(row.kind, row.type) for row in rows] == [("complaint", "delivery"), ("praise", None)]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({**GOOD, "kind": "rant"}, "kind: Input should be 'complaint', 'request', 'praise' or 'other', not 'rant'"),
        ({**GOOD, "urgency": "asap"}, "urgency: Input should be 'critical', 'high', 'normal' or 'low', not 'asap'"),
        ({**GOOD, "type": "shipping"}, "type: unknown type 'shipping'; known: account, billing"),
        ({**GOOD, "also": ["shipping"]}, "also: unknown type 'shipping'"),
        ({**GOOD, "also": ["delivery"]}, "also: repeats the type 'delivery'"),
        ({**GOOD, "type": None}, "type: a complaint needs one"),
        ({**GOOD, "kind": "praise"}, "type: kind 'praise' has none"),
        ({**GOOD, "text": "  "}, "text: is empty"),
        ({k: v for k, v in GOOD.items() if k != "text"}, "text: Field required"),
        ({**GOOD, "label": "x"}, "label: Extra inputs are not permitted"),
        ('{"text": "x",', "is not JSON"),
        ("[1]", "Input should be"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_read_corpus_names_the_mistake(tmp_path: Path, row: dict[str, Any] | str, sentence: str) -> None:
    """File, line, column and a sentence."""
    path = _file(tmp_path / "en.jsonl", GOOD, row)
    with pytest.raises(ConfigError) as caught:
        read_corpus([path])
    (mistake,) = caught.value.mistakes
    assert (mistake.file, mistake.line) == (str(path), 2)
    assert mistake.column >= 1
    assert sentence in str(mistake)


def test_read_corpus_lists_all_mistakes_at_once(tmp_path: Path) -> None:
    """Nobody has to run it again for the next mistake; a missing file is one of them."""
    path = _file(tmp_path / "en.jsonl", {**GOOD, "kind": "x"}, {**GOOD, "urgency": "y"})
    with pytest.raises(ConfigError) as caught:
        read_corpus([path, tmp_path / "none.jsonl"])
    assert len(caught.value.mistakes) == 3


def test_read_corpus_refuses_an_empty_file(tmp_path: Path) -> None:
    """Nothing cannot be learned from."""
    with pytest.raises(ConfigError, match="holds no labelled message"):
        read_corpus([_file(tmp_path / "en.jsonl")])


def test_read_corpus_takes_own_types(tmp_path: Path) -> None:
    """An installation's own types are known when they are given."""
    path = _file(tmp_path / "en.jsonl", {**GOOD, "type": "pets"})
    assert read_corpus([path], types=("pets",))[0].type == "pets"


def test_fold_of_ignores_case_and_punctuation() -> None:
    """The same words never stand on both sides of a split."""
    assert fold_of("My parcel, is LATE!", 7) == fold_of("my parcel is late", 7)


def test_near_duplicates_finds_a_changed_word() -> None:
    """A text with one word changed is found, an unlike one is not."""
    text = "I ordered a lamp three weeks ago and it has still not arrived at my address in town."
    texts = [text, "The staff in your shop was rude to my mother.", text.replace("lamp", "desk")]
    assert [(a, b) for a, b, _ in near_duplicates(texts)] == [(0, 2)]


@pytest.mark.parametrize("cosine", [0.9, 0.6, 0.3])
def test_near_duplicates_are_those_of_all_pairs(cosine: float) -> None:
    """What is left out for speed changes nothing: pairs and cosines are those of the plain product."""
    rng = np.random.default_rng(4)
    words = np.array(["late", "parcel", "refund", "please", "never", "shop", "broken", "invoice", "the", "and", "my"])
    texts = [" ".join(rng.choice(words, size)) for size in rng.integers(1, 9, 300)] + ["", "!"]
    grams = HashedNgrams(char_min=5, char_max=5, word_weight=1e-6).transform(texts)
    cosines = (grams @ grams.T).toarray()
    wanted = {(a, b) for a, b in zip(*(cosines >= cosine).nonzero(), strict=True) if abs(cosines[a, b] - cosine) > 1e-5}
    for others in (None, texts):
        found = {(a, b): value for a, b, value in near_duplicates(texts, others, cosine=cosine)}
        assert all(abs(value - cosines[pair]) < 1e-5 for pair, value in found.items())
        asked = {pair for pair in wanted if others is not None or pair[0] < pair[1]}
        assert len(asked) > 20
        assert asked == {pair for pair in found if abs(cosines[pair] - cosine) > 1e-5}


def test_lint_finds_personal_data_and_repeats(tmp_path: Path) -> None:
    """Real addresses, numbers and repeats are named with their lines."""
    rows = [
        {**GOOD, "text": "Write to me at a.person@mail.invented.fi please, soon."},
        {**GOOD, "text": "Call +358 40 123 45 67 about the sofa."},
        {**GOOD, "text": "My account is FI21 1234 5600 0007 85, pay there."},
        {**GOOD, "text": "Call me about the sofa any time you like, a.b@example.org."},
        {**GOOD, "text": "Call me about the sofa any time you like, c.d@example.org!"},
    ]
    found = [str(finding) for finding in lint([_file(tmp_path / "en.jsonl", *rows)])]
    assert "en.jsonl:1: personal data: holds a mail address outside example.org" in found
    assert "en.jsonl:2: personal data: holds an international phone number" in found
    assert "en.jsonl:3: personal data: holds an IBAN" in found
    assert any(line.startswith("en.jsonl:5: near duplicate: nearly repeats line 4") for line in found)


def test_corpus_covers_the_languages() -> None:
    """There is a file for each language of the product."""
    assert {path.stem for path in corpus_files()} == set(LANGUAGES)


def test_gold_covers_the_languages() -> None:
    """There is a file to judge by for each language of the product."""
    assert {path.stem for path in gold_files()} == set(LANGUAGES)


@pytest.mark.parametrize("path", gold_files(), ids=lambda path: path.stem)
def test_gold_is_clean_and_kept_apart(path: Path) -> None:
    """Labels are valid and nothing is personal; no message stands nearly so in the corpus, where models learn."""
    assert [str(finding) for finding in lint([path])] == []
    judges, teaches = read_corpus([path]), read_corpus([CORPUS / path.name])
    repeats = near_duplicates([row.text for row in judges], [row.text for row in teaches], cosine=0.7)
    assert [(judges[left].text, teaches[right].text) for left, right, _ in repeats] == []


@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.stem)
def test_corpus_is_clean(path: Path) -> None:
    """Labels are valid, nothing repeats, no label is missing, nothing is personal."""
    assert [str(finding) for finding in lint([path])] == []
