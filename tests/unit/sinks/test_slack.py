# SPDX-License-Identifier: Apache-2.0
"""What a chat room is shown of a case."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from router.config.models import Secret
from router.errors import ConfigError
from router.sinks.slack import Config, create, render
from router.testing.sinks import HOSTILE, make_event


def _shown(text: str, **limits: int) -> str:
    return str(render(make_event(text), max_text_chars=limits.get("max_text_chars", 600))["text"])


def test_render_says_what_where_and_why() -> None:
    """One look tells urgency, kind, team, reference and reasons."""
    shown = _shown("Lost parcel")
    head = "🟠 *high* · delivery complaint · delivery/lost · <https://complaints.example.org/cases/7K2M9-QXA4B|7K2M9-QXA4B>"
    assert shown.splitlines()[0] == head
    assert "• `route root/delivery matched`" in shown
    assert "```\nLost parcel\n```" in shown


def test_render_lets_the_customer_call_nobody() -> None:
    """No mention, link, picture or end of the code block comes out of the customer's words."""
    message = render(make_event(HOSTILE), max_text_chars=600)
    shown = json.dumps(message, ensure_ascii=False)
    assert not re.search(r"@(channel|here|everyone|U123)", shown)
    assert re.findall(r"<[^>]*>", str(message["text"])) == [
        "<https://complaints.example.org/cases/7K2M9-QXA4B|7K2M9-QXA4B>"
    ]
    assert str(message["text"]).count("```") == 2
    assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)


@pytest.mark.parametrize("letter", ["x", "&", "<", "@", "🙂", "`"])
def test_render_keeps_blocks_within_the_limit(letter: str) -> None:
    """Escaping makes text longer; the block still fits and no escape is cut in two."""
    for block in render(make_event(letter * 9000), max_text_chars=2500)["blocks"]:  # type: ignore[attr-defined]
        assert len(block["text"]["text"]) <= 3000
        assert not re.search(r"&(?!amp;|lt;|gt;)", block["text"]["text"])


def test_render_limits_the_words() -> None:
    """The room gets the beginning; the rest is a click away."""
    assert "x" * 100 + "…" in _shown("x" * 5000, max_text_chars=100)
    assert "x" * 101 not in _shown("x" * 5000, max_text_chars=100).split("```")[1]


def test_address_that_is_none_is_refused_without_showing_it(tmp_path: Path) -> None:
    """A wrong secret file stops the start with a sentence, not with its content."""
    (tmp_path / "url").write_text("T0K3N but no address")
    with pytest.raises(ConfigError, match=r"sinks\.team\.url") as caught:
        create("team", Config(url=Secret(file=tmp_path / "url")))
    assert "T0K3N" not in str(caught.value)
