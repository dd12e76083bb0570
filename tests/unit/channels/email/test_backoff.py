# SPDX-License-Identifier: Apache-2.0
"""Waiting times grow, stay below the cap and start over."""

from __future__ import annotations

from channels.email.backoff import Backoff


def test_backoff_doubles_to_the_cap_and_starts_over() -> None:
    """With the jitter at its highest the times are the ceilings themselves."""
    backoff = Backoff(first=1, longest=10, jitter=lambda: 1.0)
    assert [backoff.next() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    backoff.reset()
    assert backoff.next() == 1


def test_backoff_jitter_takes_at_most_half() -> None:
    """With the jitter at its lowest half of the ceiling is left."""
    backoff = Backoff(first=4, longest=100, jitter=lambda: 0.0)
    assert backoff.next() == 2
