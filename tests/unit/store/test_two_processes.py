# SPDX-License-Identifier: Apache-2.0
"""One SQLite file, two processes that write at once: nothing is lost, nothing is there twice."""

import asyncio
import subprocess
import sys
from pathlib import Path

from router.config.models import StoreSettings
from router.store.sql import open_store
from router.testing.store import make_raw, memory_store

_WRITE = """
import asyncio, sys
from pathlib import Path
from router.config.models import StoreSettings
from router.store.sql import open_store
from router.testing.store import make_raw

async def main(folder, name):
    store = await open_store(StoreSettings(), data_dir=Path(folder), reference=str)
    print("ready", flush=True)
    sys.stdin.readline()
    new = 0
    for number in range(40):
        mine, shared = f"{name}-{number}", f"shared-{number}"
        receipts = await store.put_raw([make_raw(key.encode(), native_id=key) for key in (mine, shared)])
        new += sum(not receipt.duplicate for receipt in receipts)
    await store.close()
    print(new)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_two_processes_write_at_once(tmp_path: Path) -> None:
    """Each process's own messages are all there; those both put are kept once, and one of the two is told so."""
    store = await open_store(StoreSettings(), data_dir=tmp_path, reference=str)
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITE, str(tmp_path), name], text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for name in ("one", "two")
    ]  # fmt: skip
    for writer in writers:
        assert writer.stdout is not None
        assert await asyncio.to_thread(writer.stdout.readline) == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    counts = [int((await asyncio.to_thread(writer.communicate, timeout=60))[0]) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    records = await store.claim_raw("test", limit=1000)
    keys = sorted(record.raw.native_id for record in records)
    assert keys == sorted({f"{who}-{n}" for who in ("one", "two", "shared") for n in range(40)})
    assert sum(counts) == 120
    await store.close()


async def test_put_raw_keeps_the_order_of_arrival_with_repeats() -> None:
    """A message that stands twice in a batch keeps its first place, so that answers come after what they answer."""
    store = await memory_store()
    await store.put_raw([make_raw(name.encode(), native_id=name) for name in ("first", "answer", "first", "last")])
    records = await store.claim_raw("test", limit=10)
    assert [record.raw.native_id for record in records] == ["first", "answer", "last"]
    await store.close()
