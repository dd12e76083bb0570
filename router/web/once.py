# SPDX-License-Identifier: Apache-2.0
"""A form that was sent twice does its work once: double clicks, impatient reloads."""

from __future__ import annotations

from collections import OrderedDict

from aiohttp import web

__all__ = ["ONCE", "Once"]

_MOST = 10_000


class Once:
    """Remembers the numbers of forms that were acted on; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._used: OrderedDict[tuple[str, str], None] = OrderedDict()

    def first(self, session: str, form: str) -> bool:
        """Whether this form of this session is seen for the first time; forms without a number always are."""
        key = (session, form[:64])
        if not form:
            return True
        if key in self._used:
            return False
        self._used[key] = None
        while len(self._used) > _MOST:
            self._used.popitem(last=False)
        return True

    def again(self, session: str, form: str) -> None:
        """The work was refused: the same form may be sent again."""
        self._used.pop((session, form[:64]), None)


ONCE: web.AppKey[Once] = web.AppKey("once", Once)
