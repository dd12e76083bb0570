# SPDX-License-Identifier: Apache-2.0
"""Texts to customers: only listed placeholders, nothing from a stranger."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.errors import ConfigError
from router.replies.templates import Templates

TEXT = (
    "Subject: Case {reference}\n\nHello {name},\n{company} answers in {days} days. {other} {{reference}} %s ${x} {0}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "received").mkdir()
    (tmp_path / "received" / "en.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "received" / "fi.txt").write_text("Subject: Viite {reference}\n\nHei!\n", encoding="utf-8")
    return tmp_path


def test_render_fills_only_listed_placeholders(folder: Path) -> None:
    """Everything else stays as it is written."""
    found = Templates.load(folder).render("received", "en", {"reference": "CR-1", "company": "Shop", "name": "Anna"})
    assert found.subject == "Case CR-1"
    assert found.text == "Hello Anna,\nShop answers in 2 days. {other} {CR-1} %s ${x} {0}\n"


def test_render_leaves_placeholders_inside_values_alone(folder: Path) -> None:
    """A value is text and never a template."""
    found = Templates.load(folder).render("received", "en", {"reference": "{company}", "company": "{days}"})
    assert found.subject == "Case {company}"
    assert "{days} answers" in found.text


def test_render_keeps_values_on_one_line(folder: Path) -> None:
    """No value can start a header field or a paragraph."""
    values = {"reference": "1\r\nBcc: a@example.org", "name": "A\u2028B\u202e\x00C" + "x" * 500}
    found = Templates.load(folder).render("received", "en", values)
    assert found.subject == "Case 1 Bcc: a@example.org"
    assert found.text.startswith("Hello A B C")
    assert len(found.text) < 250


@pytest.mark.parametrize(
    "name", ["buy at https://x.example", "www.x.example", "a@example.org", "shop.example/now", "call 0401234567"]
)
def test_render_leaves_out_a_name_that_advertises(name: str, folder: Path) -> None:
    """We relay nobody's advertisement."""
    assert name not in Templates.load(folder).render("received", "en", {"name": name}).text


@pytest.mark.parametrize(
    ("language", "expected"), [("fi", "fi"), ("fi-FI", "fi"), ("FI", "fi"), ("sv", "en"), ("und", "en"), ("", "en")]
)
def test_render_falls_back_to_the_default_language(language: str, expected: str, folder: Path) -> None:
    """The customer's language, else the default one."""
    assert Templates.load(folder).render("received", language, {}).language == expected


def test_load_missing_folder_holds_no_template(tmp_path: Path) -> None:
    """Templates are optional."""
    assert Templates.load(tmp_path / "none").names == ()


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("en.txt", b"Hello\n", "templates/received/en.txt:1:1: the first line must be 'Subject: '"),
        ("en.txt", b"Subject: \n\nx\n", "templates/received/en.txt:1:1: the first line"),
        ("en.txt", b"Subject: a\nx\n", "templates/received/en.txt:2:1: the second line must be empty"),
        ("en.txt", b"Subject: a\n\n \n", "templates/received/en.txt:3:1: the text is empty"),
        ("en.txt", b"", "templates/received/en.txt:1:1"),
        ("en.txt", b"Subject: a\n\n\xe4\n", "templates/received/en.txt:3:1: not valid UTF-8"),
        ("en.txt", b"Subject: a\n\nHi {refrence}\n", "templates/received/en.txt:3:4: unknown placeholder '{refrence}'"),
        ("en.txt", b"Subject: a\n\n" + b"x" * 70_000, "templates/received/en.txt: larger than 64 KiB"),
        ("eng.txt", b"Subject: a\n\nx\n", "templates/received/eng.txt: unknown language 'eng'"),
    ],
)
def test_load_shows_mistakes_with_their_place(file: str, content: bytes, expected: str, tmp_path: Path) -> None:
    """Each mistake names file and line."""
    place = tmp_path / "templates" / "received"
    place.mkdir(parents=True)
    (place / "en.txt").write_bytes(b"Subject: a\n\nx\n")
    (place / file).write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        Templates.load(tmp_path / "templates")
    assert str(caught.value).startswith(expected)


def test_load_needs_the_default_language(folder: Path) -> None:
    """Without it some customers would get nothing."""
    with pytest.raises(ConfigError, match=r"received/de\.txt is missing"):
        Templates.load(folder, default_language="de")
