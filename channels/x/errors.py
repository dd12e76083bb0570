# SPDX-License-Identifier: Apache-2.0
"""What a status or a sentence of X means for whoever must decide what happens next; pure."""

from __future__ import annotations

from router.errors import PermanentError, SendError, TransientError, UnknownOutcome

__all__ = ["CREDENTIAL_SECONDS", "WINDOW_SECONDS", "by_status"]

CREDENTIAL_SECONDS = 300.0  # a person must act; the reply must survive until then
WINDOW_SECONDS = 900.0  # length of the windows X counts requests in
_CREDITS_SECONDS = 3600.0

# 403 says both "this post never" and "this app not yet". Only these sentences mean the second.
_APP_TROUBLE = ("app permissions", "attached to a project", "client-not-enrolled", "temporarily locked", "is suspended")


def by_status(status: int, *, said: str = "", wait: float | None = None) -> SendError:
    """Translate one HTTP status.

    Args:
        status: What X answered.
        said: Its explanation, if it gave one.
        wait: Seconds until the rate limit is lifted, if it said so.
    """
    reason = f"X answered {status}" + (f": {' '.join(said.split())[:300]}" if said.strip() else "")
    found: SendError
    match status:
        case 401:
            found = TransientError("X does not accept our keys: check the credentials", retry_after=CREDENTIAL_SECONDS)
        case 402:
            found = TransientError(f"{reason}: the account's credits are used up", retry_after=_CREDITS_SECONDS)
        case 403 if any(words in said.casefold() for words in _APP_TROUBLE):
            found = TransientError(f"{reason}: check the app's settings at X", retry_after=CREDENTIAL_SECONDS)
        case 420 | 429:
            found = TransientError(
                "X asks to slow down", retry_after=WINDOW_SECONDS if wait is None else max(1.0, wait)
            )
        case 408:
            found = UnknownOutcome(reason)
        case _ if 400 <= status < 500:
            found = PermanentError(reason)
        case _:  # the post may stand although the answer is an error
            found = UnknownOutcome(reason)
    return found
