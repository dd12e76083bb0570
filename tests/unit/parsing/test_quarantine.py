# SPDX-License-Identifier: Apache-2.0
"""A message that kills its reader: three attempts, then quarantine with every byte, and a new try after a repair."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from router.config.models import Limits
from router.interfaces import ParseOptions
from router.parsing.pool import ParsePool

READER = """
import os
from router.schema import InboundMessage, Party
def parse(raw, options):
    if raw.body.startswith(b"kill"): {deed}
    same = raw.model_dump(include={{"channel", "account", "native_id"}})
    return [InboundMessage(**same, text=raw.body.decode("latin-1"), sender=Party(address="anna@example.org"))]
"""
DEEDS = {
    "dies": "os.kill(os.getpid(), 9)",
    "never ends": "[0 for _ in iter(int, 1)]",
    "takes too much": "b'x' * 10**10",
}
BODY = b"kill \0\xff the reader" * 10


class Mortal:
    """A channel kind ``mortal`` whose reader can be repaired, and a pool of two real children that read it."""

    def __init__(self, folder: Path) -> None:
        self.parse = folder / "mortal_kind" / "parse.py"
        self.parse.parent.mkdir()
        (self.parse.parent / "__init__.py").write_text("")
        info = folder / "mortal-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mortal\nVersion: 1\n")
        (info / "entry_points.txt").write_text("[complaint_router.channels]\nmortal = mortal_kind\n")
        self.pool = self.new_pool()

    def new_pool(self) -> ParsePool:
        """As after a restart of the product."""
        return ParsePool(processes=2, limits=Limits(parse_seconds=0.5), options=lambda _: ParseOptions())


@pytest.fixture
async def mortal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mortal]:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    made = Mortal(tmp_path)
    yield made
    await made.pool.close()


@pytest.mark.parametrize("deed", DEEDS)
async def test_message_that_kills_its_reader_is_quarantined_whole(works: Any, mortal: Mortal, deed: str) -> None:
    """Each death is one attempt of that message alone; after three it is listed with its reason and its bytes, and a
    repaired reader makes the case that it should have been."""
    mortal.parse.write_text(READER.format(deed=DEEDS[deed]))
    good = [
        await works.put_body(f"Where is my parcel {n}?".encode(), native_id=f"good{n}", channel="mortal") for n in "ab"
    ]
    bad = await works.put_body(BODY, native_id="bad", channel="mortal")
    good.append(await works.put_body(b"Where is my parcel c?", native_id="goodc", channel="mortal"))

    pipeline = works.pipeline(reader=mortal.pool)
    assert await pipeline.step() == 4
    assert [(await works.fate(raw_id))[0] for raw_id in good] == ["done"] * 3
    assert (await works.fate(bad))[0] == "new"
    assert [await pipeline.step() for _ in range(3)] == [1, 1, 0]

    [item] = await works.store.quarantined()
    assert (item.raw_id, item.attempts, item.size) == (bad, 3, len(BODY))
    assert item.reason
    assert (await works.store.raw(bad)).body == BODY

    mortal.parse.write_text(READER.format(deed="pass"))
    await mortal.pool.close()
    mortal.pool = mortal.new_pool()
    await works.store.requeue_raw(bad, actor="mia")
    await works.work(reader=mortal.pool)
    assert (await works.case_of(bad)).channel == "mortal"
    assert await works.store.quarantined() == []
