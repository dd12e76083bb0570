# SPDX-License-Identifier: Apache-2.0
"""``python -m router.learning.child FOLDER``: one round of learning in a process of its own, with low priority.

Writes one line of JSON: what became of it. A round that finds nothing new ends well.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from router.errors import ComplaintRouterError

_NICE = 15


async def _run(folder: Path) -> dict[str, object]:
    from router.clock import SystemClock
    from router.config.loader import load
    from router.core import open_installation_store
    from router.learning.run import NothingNew, Options, learn

    configuration = load(folder)
    settings = configuration.settings.learning
    store = await open_installation_store(configuration)
    try:
        options = Options(promote=settings.promote, least_new=settings.least_new, by="schedule")
        report = await learn(configuration, store, clock=SystemClock(), options=options)
    except NothingNew as error:
        return {"nothing": str(error)}
    finally:
        await store.close()
    return {
        "model": report.digest,
        "good": report.is_good,
        "in_force": report.in_force,
        "reason": str(report.verdict["reason"]),
    }


def main() -> int:
    with suppress(OSError):
        os.nice(_NICE)
    try:
        answer = asyncio.run(_run(Path(sys.argv[1])))
    except ComplaintRouterError as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0 if "error" not in answer else 1


if __name__ == "__main__":
    raise SystemExit(main())
