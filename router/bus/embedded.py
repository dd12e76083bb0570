# SPDX-License-Identifier: Apache-2.0
"""The bus of a process that is alone, or whose fellows are content with polling: there is nobody to tell."""

from __future__ import annotations

from router.bus import BusEvent, Handler
from router.interfaces import Health

__all__ = ["EmbeddedBus"]


class EmbeddedBus:
    """Does nothing: within the process, whoever commits wakes the others directly."""

    def publish(self, what: BusEvent) -> None:
        pass

    def subscribe(self, handler: Handler) -> None:
        pass

    def health(self) -> Health:
        return Health(ok=True)

    async def close(self) -> None:
        pass
