# SPDX-License-Identifier: Apache-2.0
"""What all tests share: readable assertions in the shipped contracts, and an environment without surprises."""

import os

import pytest

pytest.register_assert_rewrite(
    "router.testing.channels",
    "router.testing.classifier",
    "router.testing.clock",
    "router.testing.sinks",
    "router.testing.store_contract",
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine's user reaches a test."""
    for name in os.environ:
        if name.startswith("COMPLAINT_ROUTER_"):
            monkeypatch.delenv(name)
