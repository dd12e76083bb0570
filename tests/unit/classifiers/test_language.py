# SPDX-License-Identifier: Apache-2.0
"""Language identification: a floor on plain sentences, scripts, doubt, hints; and the file of the model."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from classifiers.language import LanguageFinder
from classifiers.language_head import LanguageHead, load_head, save_head
from classifiers.language_training import Sample, pieces, train_head
from classifiers.letters import LetterSettings, find_letters
from classifiers.normalize import read_block
from router.errors import ModelError
from router.schema import LANGUAGES

PLAIN = [
    ("My parcel has still not arrived.", "en"),
    ("Pakettini ei ole vieläkään tullut.", "fi"),
    ("Mon colis n'est toujours pas arrivé.", "fr"),
    ("Minu pakk ei ole ikka veel kohal.", "et"),
    ("Moj paket još uvijek nije stigao.", "hr"),
    ("Mein Paket ist immer noch nicht da.", "de"),
    ("Mi paquete todavía no ha llegado.", "es"),
    ("Il mio pacco non è ancora arrivato.", "it"),
    ("A minha encomenda ainda não chegou.", "pt"),
    ("Mijn pakket is nog steeds niet aangekomen.", "nl"),
    ("Mitt paket har fortfarande inte kommit.", "sv"),
    ("Moja paczka nadal nie dotarła.", "pl"),
]


@pytest.fixture(scope="module")
def finder() -> LanguageFinder:
    return LanguageFinder()


@pytest.mark.parametrize(("text", "language"), PLAIN, ids=[language for _, language in PLAIN])
def test_find_knows_the_twelve(finder: LanguageFinder, text: str, language: str) -> None:
    """A short plain sentence of each language is known, in capitals too."""
    assert [finder.find(given).language for given in (text, text.upper())] == [language] * 2


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Посылка ещё не пришла, жду три недели", "ru"),
        ("Посилка ще не прийшла, чекаю вже три тижні", "uk"),
        ("Το δέμα μου δεν έχει φτάσει ακόμα", "el"),
        ("لم تصل الطرد بعد وأنا أنتظر منذ ثلاثة أسابيع", "ar"),
        ("荷物がまだ届いていません", "ja"),
        ("我的包裹还没有到", "zh"),
    ],
    ids=["ru", "uk", "el", "ar", "ja", "zh"],
)
def test_find_tells_scripts_by_their_letters(finder: LanguageFinder, text: str, language: str) -> None:
    """Other scripts are never taken for one of the twelve, whatever the channel says."""
    assert finder.find(text, "en").language == language


@pytest.mark.parametrize(
    "text",
    [
        "Min pakke er stadig ikke kommet, og jeg har ventet i tre uger på at høre fra jer.",
        "Balík stále nedorazil a už tři týdny čekám na odpověď od zákaznické podpory.",
        "Coletul meu nu a ajuns încă și aștept de trei săptămâni un răspuns de la voi.",
        "A csomagom még mindig nem érkezett meg, pedig három hete várok a válaszra.",
        "Paketim hala gelmedi, üç haftadır müşteri hizmetlerinden cevap bekliyorum.",
    ],
    ids=["da", "cs", "ro", "hu", "tr"],
)
def test_find_does_not_take_neighbours_for_the_twelve(finder: LanguageFinder, text: str) -> None:
    """Other languages in Latin letters are said to be what they are, or left undecided."""
    assert finder.find(text).language not in LANGUAGES


@pytest.mark.parametrize("text", ["", "  ", "12345", "https://shop.example/x", "😡😡"])
def test_find_of_no_letters_leaves_it_to_the_channel(finder: LanguageFinder, text: str) -> None:
    """Without a letter nothing is known but what the channel says."""
    assert (finder.find(text).language, finder.find(text, "sv").language) == ("und", "sv")


def test_find_asks_the_channel_about_short_texts_only(finder: LanguageFinder) -> None:
    """A hint decides a word that is in many languages, and not a sentence."""
    assert finder.find("Problem!", "hr").language == "hr"
    assert finder.find("Mein Paket ist nach drei Wochen immer noch nicht angekommen.", "hr").language == "de"


@pytest.mark.parametrize(
    ("claimed", "language"),
    [("pt-BR", "pt"), ("EN", "en"), ("en_US", "en"), ("zh-Hant-TW", "zh"), ("german", "und"), ("x y", "und")],
)
def test_find_reads_the_tags_that_programs_send(finder: LanguageFinder, claimed: str, language: str) -> None:
    """A regional or shouted tag is the language it names; what is no tag says nothing."""
    assert finder.find("12345", claimed).language == language


def test_find_looks_for_phrases_of_more_than_the_channel_says(finder: LanguageFinder) -> None:
    """The language of a phone or a form is not always that of who writes: an alarm in another is heard as well."""
    guess = finder.find("I smell gas!", "es")
    assert set(guess.spoken) >= {guess.language, "en"}


@pytest.mark.parametrize("ending", [" https://example.org/a", " @shop", " 20 €", "  ", " ana@example.org", " 😡", "!"])
def test_find_many_answers_as_find_whatever_a_text_ends_in(finder: LanguageFinder, ending: str) -> None:
    """A text is read the same alone, last and amid others."""
    texts = [words + ending for words in ("Bom dia", "Problem", "Non va", "Kus on pakk", "Ei", "La caja")]
    alone = [finder.find(text) for text in texts]
    assert finder.find_many(texts) == alone
    assert finder.find_many([*texts, "end"])[:-1] == alone


def test_find_many_answers_as_find(finder: LanguageFinder) -> None:
    """Neighbours in a batch change nothing."""
    texts = [text for text, _ in PLAIN] + ["", "ok", "Посылка не пришла"]
    assert [guess.language for guess in finder.find_many(texts)] == [finder.find(text).language for text in texts]
    assert finder.find_many([]) == []


def test_find_offers_candidates_of_the_installation() -> None:
    """Where a text is in none of the languages of an installation, its phrases are looked for in the nearest ones."""
    guess = LanguageFinder(["sv", "fi"]).find("Min pakke er stadig ikke kommet, og jeg har ventet i tre uger.")
    assert set(guess.spoken) <= {"sv", "fi"}


def _letters(text: str, settings: LetterSettings) -> int:
    """How many n-grams and words a plain loop finds."""
    padded = f" {text} "
    grams = sum(max(0, min(len(text) + 1, len(padded) - n + 1)) for n in range(settings.shortest, settings.longest + 1))
    return grams + len(text.split())


@pytest.mark.parametrize("text", ["a", "ab cd", "one two three"])
def test_find_letters_finds_what_a_loop_finds(text: str) -> None:
    """All n-grams over word limits, and all words, each text for itself."""
    settings = LetterSettings()
    alone = find_letters(read_block([text]), settings)
    assert len(alone.buckets) == _letters(text, settings)
    beside = find_letters(read_block(["xyz", text, ""]), settings)
    rows = [beside.buckets[beside.indptr[i] : beside.indptr[i + 1]] for i in range(1, len(beside.indptr) - 1, 3)]
    assert np.array_equal(np.concatenate(rows), alone.buckets)
    assert beside.letters.tolist() == [3, sum(map(str.isalpha, text)), 0]


@pytest.fixture(scope="module")
def small() -> LanguageHead:
    """A model of two languages, trained from a few lines."""
    lines = {"en": "the parcel has not arrived and nobody answers", "fi": "paketti ei ole tullut eikä kukaan vastaa"}
    samples = [Sample(line, code, "words", line) for code, line in lines.items()]
    held = [Sample(f"{line} {i}", code, "corpus", f"{line} {i}") for i in range(12) for code, line in lines.items()]
    return train_head(samples + held, settings=LetterSettings(bits=10))


def test_train_head_tells_two_languages_apart(small: LanguageHead) -> None:
    """What was trained on is known, and the card says how it did."""
    finder = LanguageFinder(["en", "fi"], head=small)
    assert [finder.find(text).language for text in ("has not arrived and", "ei ole tullut eikä")] == ["en", "fi"]
    assert small.card["held_out"]


def test_save_head_can_be_read_again(small: LanguageHead, tmp_path: Path) -> None:
    """The same model comes back, weights rounded; the same model gives the same bytes."""
    path = tmp_path / "language.zip"
    digest = save_head(small, path)
    again = load_head(path)
    assert again.languages == small.languages
    assert np.abs(again.weights - small.weights).max() < np.abs(small.weights).max() / 100
    assert save_head(small, tmp_path / "other.zip") == digest


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": 2}, "format 2"),
        ({"sha256": "0" * 64}, "digest"),
        ({"bits": 11}, "2048 buckets"),
        ({"languages": ["en"]}, "languages"),
        ({"steps": [1.0]}, "buckets"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_load_head_refuses_what_is_off(
    small: LanguageHead, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    """A file that was changed is refused with its name and the reason."""
    path = tmp_path / "language.zip"
    save_head(small, path)
    with zipfile.ZipFile(path) as archive:
        content, blob = json.loads(archive.read("manifest.json")), archive.read("weights.npy")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps({**content, **change}))
        archive.writestr("weights.npy", blob)
    with pytest.raises(ModelError, match=rf"language\.zip: .*{reason}"):
        load_head(path)


def test_load_head_refuses_what_is_no_archive(tmp_path: Path) -> None:
    """Neither a missing file nor another one is taken."""
    (tmp_path / "x.zip").write_bytes(b"no archive")
    for name in ("x.zip", "missing.zip"):
        with pytest.raises(ModelError, match=name):
            load_head(tmp_path / name)


def test_pieces_cuts_between_words() -> None:
    """Pieces are whole words of about the length asked for."""
    text = "one two three four five six seven eight nine ten"
    assert all(17 <= len(piece) <= 24 and piece in text for piece in pieces(text, 20))
