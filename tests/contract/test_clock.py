# SPDX-License-Identifier: Apache-2.0
"""Both clocks keep the clock contract."""

import pytest

from router.clock import SystemClock
from router.interfaces import Clock
from router.testing.clock import ClockContract, ManualClock


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()


class TestManualClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return ManualClock()

    def test_advance_moves_only_when_told(self) -> None:
        """The hand stands still between two moves."""
        clock = ManualClock()
        before = clock.now()
        assert clock.now() == before
        clock.advance(5)
        assert (clock.now() - before).total_seconds() == 5
