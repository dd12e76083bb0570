# SPDX-License-Identifier: Apache-2.0
"""CEL: checked when loaded, harmless when run."""

from __future__ import annotations

import pytest

from router.rules.expressions import FUNCTIONS, MACROS, ExpressionError, compile_expression
from router.rules.facts import Facts
from router.rules.fields import View
from router.rules.patterns import PatternBudget
from router.schema import InboundMessage

REFUSED = [
    ("length >", "not an expression"),
    ("lenght > 5", "did you mean 'length'"),
    ("sender.adress == 'x'", "did you mean 'sender.address'"),
    ("sender.address.local == 'x'", "unknown name"),
    ("text.contain('x')", "did you mean 'contains'"),
    ("exec('ls')", "unknown function"),
    ("length", "must be true or false"),
    ("'true'", "must be true or false"),
    ("text > 5", "different types"),
    ("!length", "different types"),
    ("text.matches(subject)", "written out"),
    ("text.matches('a' + 'b')", "written out"),
    ("matches(text, subject)", "written out"),
    ("text.matches('(')", "not a pattern"),
    ("to.address.map(a, to.address.map(b, a)) == []", "inside another"),
    ("[1].all(a, [1].exists(b, a == b))", "inside another"),
    (" && ".join(["[1].all(a, true)"] * 6), "more than 5"),
    ("(" * 30 + "true" + ")" * 30, "nested deeper"),
    ("true || " * 200 + "true", "longer than"),
    (" || ".join(["unsure"] * 51), "more than 50 names"),
    ("has(text)", "not an expression"),
    ("true; false", "not an expression"),
]
TAKEN = [
    "type == 'billing' && confidence.type > 0.8",
    "fields.order == 'x' || fields['order'] == 'x'",
    "'order' in fields",
    "size(attachments.names) > 3",
    "to.address.exists(a, a.endsWith('@example.org'))",
    "customer.tags.filter(t, t.startsWith('v')).size() > 0",
    "r'\\d' != text && text.matches(r'\\d+')",
    "text.contains('sender.adress') // a comment about nothing.at.all",
    "length > 5 ? unsure : true",
    "scores.type.billing > 0.2",
    "history.messages >= 3",
]


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_expression_is_refused_when_loaded(text: str, reason: str) -> None:
    """Syntax, names, functions, types, length, nesting and patterns are checked before anything runs."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, patterns=PatternBudget())
    assert reason in str(caught.value)


@pytest.mark.parametrize("text", TAKEN)
def test_expression_is_taken_and_never_raises(text: str) -> None:
    """On the emptiest message it holds or not; what goes wrong inside is shown as seen."""
    condition = compile_expression(text, patterns=PatternBudget())
    view = View(Facts(message=InboundMessage(channel="x", account="a", native_id="1")))
    assert condition.test(view) in (True, False)
    assert condition.seen(view)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in (*MACROS, "has")])
def test_listed_functions_exist(name: str) -> None:
    """Every function the reference lists is known to the engine."""
    calls = {
        "contains": "text.contains('a')",
        "startsWith": "text.startsWith('a')",
        "endsWith": "text.endsWith('a')",
        "matches": "text.matches('a')",
        "size": "size(text) >= 0",
        "duration": "duration('1h') > duration('1m')",
        "timestamp": "timestamp('2026-01-01T00:00:00Z') > timestamp('2025-01-01T00:00:00Z')",
        "type": "type(1) == type(2)",
        "bytes": "bytes('a') == b'a'",
        "uint": "uint(1) == 1u",
    }
    time = f"timestamp('2026-01-01T00:00:00Z').{name}() >= 0"
    call = calls.get(name, time if name.startswith("get") else f"{name}('1') == {name}('1')")
    condition = compile_expression(call, patterns=PatternBudget())
    view = View(Facts(message=InboundMessage(channel="x", account="a", native_id="1", text="a")))
    assert not condition.seen(view).startswith("error"), condition.seen(view)
