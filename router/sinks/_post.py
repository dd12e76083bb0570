# SPDX-License-Identifier: Apache-2.0
"""One HTTP POST to one configured address, and what its outcome means for the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import aiohttp

from router.errors import PermanentError, TransientError
from router.retry_after import retry_after_seconds
from router.schema import Receipt

__all__ = ["post"]

_RETRIED = (408, 425, 429)  # the request was fine, the moment was not


async def post(url: str, *, body: bytes, headers: Mapping[str, str], timeout_seconds: float, sink: str) -> Receipt:
    """Post once; redirects are not followed and the answer's text is not read.

    A lost answer counts as transient: forwarding is at least once, and the receiver can tell a repeat by its key.
    Errors are raised without their cause, because it may show ``url``, and that may be a credential.

    Raises:
        TransientError: No answer, or one that asks to come back (408, 425, 429, 5xx).
        PermanentError: Any other answer but 2xx; 410 means that the other side wants no more.
    """
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout_seconds)) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            status, wait = answer.status, answer.headers.get("Retry-After", "")
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        raise TransientError(f"sink {sink}: no answer ({type(error).__name__})") from None
    now = datetime.now(UTC)
    if 200 <= status < 300:
        return Receipt(sent_at=now, detail=f"HTTP {status}")
    if status in _RETRIED or status >= 500:
        raise TransientError(f"sink {sink}: HTTP {status}", retry_after=retry_after_seconds(wait, now))
    way_out = "; the other side closed this address, remove the sink" if status == 410 else ""
    raise PermanentError(f"sink {sink}: HTTP {status}{way_out}")
