# SPDX-License-Identifier: Apache-2.0
"""From a thread to the event loop and back, for a library that blocks."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["in_thread", "post"]

_T = TypeVar("_T")


def post(loop: asyncio.AbstractEventLoop, future: asyncio.Future[_T], value: _T, error: BaseException | None) -> None:
    """Hand an outcome to the loop from another thread; too late is no error."""

    def settle() -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(settle)


async def in_thread(function: Callable[[], _T]) -> _T:
    """Run ``function`` in a thread that never holds up the end of the process, unlike those of an executor."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def work() -> None:
        try:
            value = function()
        except BaseException as error:  # raised where the result is awaited
            post(loop, future, None, error)
        else:
            post(loop, future, value, None)

    threading.Thread(target=work, name="imap-command", daemon=True).start()
    return await future  # type: ignore[no-any-return]
