# SPDX-License-Identifier: Apache-2.0
"""Waiting for work: until somebody rings, but never longer than stated."""

from __future__ import annotations

import asyncio
from contextlib import suppress

__all__ = ["Bell"]


class Bell(asyncio.Event):
    """Rung with ``set``; a loop clears it before it looks for work, so that no ring is missed in between."""

    async def wait_at_most(self, seconds: float) -> None:
        """Return when it is rung, or after so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.wait()
