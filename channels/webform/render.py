# SPDX-License-Identifier: Apache-2.0
"""The form and its answer as HTML in the customer's language; pure, apart from reading this folder once."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from channels.webform.config import Config
from channels.webform.parse import FIELDS, MAX_FIELD_CHARS

__all__ = ["choose_language", "content_security_policy", "embed_script", "render_form", "render_sent", "texts"]

_HERE = Path(__file__).parent
# Where a field stands in the form: its name, the kind of input, and what browsers may fill in by themselves.
_INPUTS = (
    ("order", "text", "off"),
    ("name", "text", "name"),
    ("email", "email", "email"),
    ("phone", "tel", "tel"),
)


@cache
def _file(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def texts() -> dict[str, dict[str, str]]:
    """Language to key to sentence; every language has the same keys."""
    loaded: dict[str, dict[str, str]] = json.loads(_file("texts.json"))
    return loaded


@cache
def _environment() -> Environment:
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def choose_language(asked: str, accept: str, default: str) -> str:
    """The language asked for by link, else the best of the browser's list that we have, else the default.

    Args:
        accept: An Accept-Language header, RFC 9110 section 12.5.4; unreadable parts are passed over.
    """
    wishes = [(2.0, asked)]
    for part in accept[:1000].split(","):
        tag, _, weight = part.partition(";q=")
        try:
            wishes.append((float(weight or 1), tag))
        except ValueError:
            continue
    for liking, wish in sorted(wishes, key=lambda pair: -pair[0]):
        language = wish.strip().lower().partition("-")[0]
        if liking > 0 and language in texts():
            return language
    return default


def _sha256(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def content_security_policy(allowed_origins: Sequence[str]) -> str:
    """Nothing but our own style sheet and the script that tells the frame's height, both by digest."""
    ancestors = " ".join(("'self'", *allowed_origins))
    return (
        f"default-src 'none'; style-src {_sha256(_file('page.css'))}; script-src {_sha256(_file('frame.js'))}; "
        f"form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    )


def _page(language: str, config: Config, *, embedded: bool, **values: object) -> str:
    template = _environment().from_string(_file("page.html"))
    return template.render(
        t=texts()[language],
        language=language,
        names={code: sentences["language"] for code, sentences in texts().items()},
        company=config.company,
        privacy_url=config.privacy_url,
        embedded=embedded,
        style=_file("page.css"),
        script=_file("frame.js"),
        **values,
    )


def render_form(
    language: str,
    config: Config,
    *,
    stamp: str,
    embedded: bool = False,
    values: Mapping[str, str] | None = None,
    mistakes: Mapping[str, str] | None = None,
    trouble: str = "",
) -> str:
    """The form, with what was typed and what is wrong with it.

    Args:
        mistakes: Field to the key of a sentence.
        trouble: Key of the sentence that says why the whole form was not taken; "" when nothing was sent yet.
    """
    sentences = texts()[language]
    limits = {"text": config.max_text_chars}
    told = dict.fromkeys(FIELDS, "")
    for field, key in (mistakes or {}).items():
        told[field] = sentences[key].format(limit=limits.get(field, MAX_FIELD_CHARS))
    return _page(
        language,
        config,
        embedded=embedded,
        reference="",
        stamp=stamp,
        inputs=_INPUTS,
        values=dict.fromkeys(FIELDS, "") | dict(values or {}),
        mistakes=told,
        refused=bool(mistakes or trouble),
        trouble=sentences[trouble] if trouble else "",
    )


def render_sent(language: str, config: Config, *, reference: str, values: Mapping[str, str], embedded: bool) -> str:
    """The page after the commit: the reference, and how the answer will come."""
    way = "answer_email" if values.get("email") else "answer_phone" if values.get("phone") else "answer_none"
    return _page(language, config, embedded=embedded, reference=reference, way=texts()[language][way])


@cache
def embed_script() -> str:
    """The script that a host page includes, with the frame's title in every language."""
    titles = {language: sentences["title"] for language, sentences in texts().items()}
    return _file("embed.js").replace('"TITLES"', json.dumps(titles), 1)
