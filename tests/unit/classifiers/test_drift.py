# SPDX-License-Identifier: Apache-2.0
"""Drift: the population stability index, its cells, and when it is an alarm."""

import math
from datetime import UTC, datetime

import pytest

from classifiers.drift import DriftLimits, drift_of, psi, reference_of
from router.learning.records import LabelSummary

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def seen(
    kind: str, count: int, *, channel: str = "email", unsure: int = 0, confidence: float = 0.9
) -> list[LabelSummary]:
    """Messages of one kind, the first of them in doubt."""
    return [LabelSummary(NOW, channel, "fi", kind, None, "normal", n < unsure, confidence) for n in range(count)]


def test_psi_is_the_formula() -> None:
    """The index is the sum of differences times the logarithm of ratios, and 0 without a difference."""
    assert psi({"a": 0.5, "b": 0.5}, {"a": 0.5, "b": 0.5}) == 0
    assert psi({"a": 0.6, "b": 0.4}, {"a": 0.5, "b": 0.5}) == pytest.approx(0.1 * math.log(1.2) - 0.1 * math.log(0.8))
    assert math.isfinite(psi({"new": 1.0}, {"a": 1.0}))


def test_reference_has_cells_of_channels_and_languages() -> None:
    """Shares are told for all, each channel and each language."""
    found = reference_of([*seen("complaint", 3), *seen("praise", 1, channel="x", unsure=1)], origin="messages")
    assert set(found.cells) == {"all", "channel:email", "channel:x", "language:fi"}
    assert found.cells["all"].kind == {"complaint": 0.75, "other": 0.0, "praise": 0.25, "request": 0.0}
    assert (found.cells["all"].unsure, found.cells["channel:x"].unsure) == (0.25, 1.0)
    assert found.cells["all"].confidence["0.9"] == 1.0
    assert reference_of([], origin="corpus").cells == {}


def test_same_messages_raise_no_alarm() -> None:
    """What is as it was is quiet, in every cell."""
    then = reference_of([*seen("complaint", 700, unsure=70), *seen("request", 300)], origin="messages")
    now = reference_of([*seen("complaint", 68, unsure=7), *seen("request", 32)], origin="messages")
    assert [one.alarms for one in drift_of(now, then)] == [(), (), ()]


def test_shifted_mix_is_an_alarm() -> None:
    """Complaints that became requests are told for the channel where it happened."""
    then = reference_of([*seen("complaint", 400), *seen("request", 100)], origin="messages")
    now = reference_of([*seen("complaint", 20), *seen("request", 180)], origin="messages")
    assert {one.cell: one.alarms for one in drift_of(now, then)}["channel:email"] == ("kind",)


def test_written_examples_give_no_alarm_of_mix_but_of_doubt_and_scores() -> None:
    """Against the corpus the mix is told without an alarm; doubt and scores still raise one."""
    then = reference_of([*seen("complaint", 400), *seen("request", 100)], origin="corpus")
    now = reference_of(seen("request", 200, unsure=100, confidence=0.5), origin="messages")
    [every, *_] = drift_of(now, then)
    assert every.alarms == ("confidence", "unsure")
    assert every.psi["kind"] > 1


def test_few_messages_are_not_compared_and_chance_is_allowed_for() -> None:
    """Below the least number nothing is said, and small numbers need a larger index."""
    then = reference_of([*seen("complaint", 50), *seen("request", 50)], origin="messages")
    assert drift_of(reference_of(seen("request", 49), origin="messages"), then) == ()
    few = reference_of([*seen("complaint", 18), *seen("request", 42)], origin="messages")
    assert all("kind" not in one.alarms for one in drift_of(few, then, DriftLimits(psi=0.12)))
