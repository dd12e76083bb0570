# SPDX-License-Identifier: Apache-2.0
"""Places where the process can be told to die, so that "nothing is lost" can be tested. Off unless asked for.

``COMPLAINT_ROUTER_FAILPOINT=db.before_commit:3`` kills the process with SIGKILL at the third pass.
"""

from __future__ import annotations

import os
import signal

__all__ = ["failpoint"]

_name, _, _hit = os.environ.get("COMPLAINT_ROUTER_FAILPOINT", "").partition(":")
_left = int(_hit or "1")


def failpoint(name: str) -> None:
    """Die here if this is the named place and its turn has come; otherwise do nothing."""
    global _left  # noqa: PLW0603 - the count belongs to the process
    if name == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
