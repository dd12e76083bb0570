# SPDX-License-Identifier: Apache-2.0
"""``python -m router.learning.child FOLDER [PARENT]``: one round of learning, in a process of its own.

It works with low priority and writes one line of JSON: what became of it. A round that finds nothing new ends well.
With the process id of its parent it ends when that process does, however that one ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

from router.errors import ComplaintRouterError

_NICE = 15
_LOOK_SECONDS = 1.0


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


def _end_with(parent: int) -> None:
    """A parent that was killed cannot end us; whoever has no parent trains for nobody."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def _place_of(error: BaseException) -> str:
    """What went wrong and where, without the values it met: they may quote a customer."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"unexpected {type(error).__name__}{where}"


def main() -> int:
    with suppress(OSError):
        os.nice(_NICE)
    if len(sys.argv) > 2:
        threading.Thread(target=_end_with, args=(int(sys.argv[2]),), daemon=True).start()
    try:
        answer = asyncio.run(_run(Path(sys.argv[1])))
    except ComplaintRouterError as error:
        answer = {"error": str(error)}
    except Exception as error:  # the process ends here, and its answer is the only thing it is asked
        answer = {"error": _place_of(error)}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0 if "error" not in answer else 1


if __name__ == "__main__":
    raise SystemExit(main())
