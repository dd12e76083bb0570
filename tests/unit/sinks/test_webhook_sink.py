# SPDX-License-Identifier: Apache-2.0
"""The JSON that a receiver gets about a case."""

from __future__ import annotations

import json

from router.registry import sink_config, sink_factory, sink_kinds
from router.sinks.webhook import render
from router.testing.sinks import make_event


def test_render_is_an_event_of_the_standard() -> None:
    """The payload has type, timestamp and data, and data is the event."""
    shown = json.loads(render(make_event("Lost"), max_text_chars=1000))
    assert (shown["type"], shown["timestamp"]) == ("case.routed", "2026-03-02T09:00:00+00:00")
    assert shown["data"] == make_event("Lost").model_dump(mode="json")


def test_render_limits_every_text() -> None:
    """No single text, wherever the customer's words turn up, is longer than the limit."""
    shown = json.loads(render(make_event("x" * 5000), max_text_chars=300))
    assert shown["data"]["text"] == "x" * 300 + "…"
    assert len(json.dumps(shown)) < 3000


def test_sinks_are_found_by_the_registry() -> None:
    """Every sink that ships can be named in the configuration; helpers cannot."""
    assert {"email", "slack", "webhook"} <= set(sink_kinds())
    assert "_post" not in sink_kinds()
    for kind in ("email", "slack", "webhook"):
        assert sink_config(kind).model_fields
        assert callable(sink_factory(kind))
