# SPDX-License-Identifier: Apache-2.0
"""What the customer sees of the form."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from channels.webform.config import Config
from channels.webform.render import choose_language, embed_script, render_form, render_sent, texts
from router.schema import LANGUAGES


def test_texts_are_complete_in_every_language() -> None:
    """Each of the twelve languages has every sentence, none empty, with the same placeholders."""
    assert set(texts()) == set(LANGUAGES)
    for sentences in texts().values():
        assert {key: "{limit}" in value for key, value in sentences.items()} == {
            key: "{limit}" in value for key, value in texts()["en"].items()
        }
        assert all(sentences.values())


@pytest.mark.parametrize(
    ("asked", "accept", "wanted"),
    [
        ("fi", "sv", "fi"), ("FI", "", "fi"), ("pt-BR", "", "pt"), ("xx", "sv, en;q=0.5", "sv"),
        ("", "ja, et;q=0.3", "et"),
        ("", "en;q=0.2, hr;q=0.9, fr;q=0.5", "hr"), ("", "fr;q=0, ja", "de"), ("", "*", "de"), ("", "", "de"),
        ("", "fi;q=nope, sv;q=0.1", "sv"), ("<script>", ",,;q=;;=", "de"), ("", "fi;q=nan, sv", "sv"),
    ],
)  # fmt: skip
def test_choose_language_takes_link_then_browser_then_default(asked: str, accept: str, wanted: str) -> None:
    """The link decides, else the browser's order of preference, else the configuration."""
    assert choose_language(asked, accept, "de") == wanted


@pytest.mark.parametrize("language", LANGUAGES)
async def test_form_is_shown_in_the_language(customer: Any, language: str) -> None:
    """The page says its language and speaks it."""
    _, page = await customer.open(f"?lang={language}")
    assert f'<html lang="{language}">' in page
    assert texts()[language]["send"] in page.replace("&#39;", "'")


async def test_form_labels_every_field(customer: Any) -> None:
    """Each visible input has a label of its own."""
    _, page = await customer.open()
    ids = set(re.findall(r'<(?:input|textarea) id="(\w+)"', page))
    assert ids == {"text", "order", "name", "email", "phone", "website"}
    assert set(re.findall(r'<label for="(\w+)"', page)) == ids


async def test_form_policy_allows_only_its_own_style_by_digest(customer: Any) -> None:
    """The policy names the digest of the style that is really in the page, and no script source."""
    answer, page = await customer.open()
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in page


async def test_form_in_a_frame_is_allowed_for_named_origins_only(served: Any) -> None:
    """Other sites may show the form inside their pages only when the operator named them."""
    async with served(allowed_origins=["https://shop.example.org"]) as customer:
        answer, page = await customer.open("?embed=1")
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors 'self' https://shop.example.org")
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]


def test_pages_escape_what_was_typed() -> None:
    """Nothing a customer or operator writes becomes markup."""
    evil = "\"'><script>alert(1)</script>{{ 7 * 7777 }}"
    config = Config(company=evil)
    page = render_form("en", config, stamp=evil, values={"text": evil, "name": evil}, trouble="error_again")
    page += render_sent("en", config, reference=evil, values={}, embedded=False)
    assert "<script" not in page
    assert "54439" not in page


@pytest.mark.parametrize(
    ("values", "way"),
    [({"email": "a@example.org", "phone": "1"}, "answer_email"), ({"phone": "1"}, "answer_phone"), ({}, "answer_none")],
)
def test_sent_page_says_how_the_answer_comes(values: dict[str, str], way: str) -> None:
    """The customer is told what happens next by what they gave."""
    page = render_sent("fi", Config(), reference="7K2M9-QXA4B", values=values, embedded=False)
    assert "7K2M9-QXA4B" in page
    assert texts()["fi"][way] in page


async def test_script_is_served_for_any_page(customer: Any) -> None:
    """The script tag works from other origins and knows the frame's title in every language."""
    async with customer.client.get("/forms/support.js") as answer:
        script = await answer.text()
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    titles = re.search(r"titles = (\{.*?\});", script)
    assert titles is not None
    assert set(json.loads(titles[1])) == set(LANGUAGES)
    assert '"TITLES"' not in embed_script()
