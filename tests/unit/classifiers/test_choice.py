# SPDX-License-Identifier: Apache-2.0
"""Which messages are worth labelling."""

from typing import Any

from classifiers.choice import Doubtful, choose, margin
from router.schema import Classification


def said(top: float, second: float, **more: Any) -> Classification:
    return Classification(kind="request", scores={"kind": {"request": top, "complaint": second}}, **more)


def doubtful(
    text: str, top: float = 0.5, second: float = 0.4, *, language: str = "en", channel: str = "email"
) -> Doubtful:
    return Doubtful(text=text, language=language, channel=channel, said=said(top, second))


def test_margin_is_where_it_is_closest() -> None:
    """The type counts too, where there is one; a model without scores is not in doubt."""
    close = said(0.9, 0.1, type="billing").model_copy(
        update={"scores": {"kind": {"a": 0.9, "b": 0.1}, "type": {"x": 0.4, "y": 0.35}}}
    )
    assert round(margin(close), 3) == 0.05
    assert margin(Classification(kind="other")) == 1.0


def test_choose_smallest_margins_first() -> None:
    """Those the model wavers on come first."""
    found = [doubtful("wholly different words here", 0.9, 0.1), doubtful("the invoice was charged twice", 0.5, 0.49)]
    assert choose(found, 2) == [1, 0]
    assert choose(found, 1) == [1]
    assert choose([], 3) == []


def test_choose_spreads_over_languages_and_channels() -> None:
    """A language or channel with few messages has its turn beside one with many."""
    many = [doubtful(f"{'abcdefghij'[n] * 9} {n * 9173} parcel", 0.5, 0.49) for n in range(10)]
    rare = [doubtful("paketti on hukassa", 0.6, 0.2, language="fi"), doubtful("where is it", 0.6, 0.2, channel="chat")]
    assert {10, 11} <= set(choose([*many, *rare], 3))


def test_choose_leaves_out_repeats_and_empty() -> None:
    """Of nearly the same words one is enough, and a message without words teaches nothing."""
    words = "My parcel with the blue lamp has not arrived since last Tuesday"
    assert choose([doubtful(words), doubtful(words + "!"), doubtful("  ")], 5) == [0]
