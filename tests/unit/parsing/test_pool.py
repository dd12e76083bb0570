# SPDX-License-Identifier: Apache-2.0
"""Reading children may die, dawdle or be wrong; the parent goes on."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.config.models import Limits
from router.interfaces import ParseOptions
from router.parsing.pool import ParsePool
from router.schema import RawMessage
from router.testing.store import make_raw

PARSER = """
import os, time
from router.errors import ParseError
from router.schema import InboundMessage
def parse(raw, options):
    word = raw.body.decode()
    if word == "die": os._exit(9)
    if word == "spin":
        while True: pass
    if word == "hog": bytearray(2_000_000_000)
    if word == "raise": raise RuntimeError("secret of the customer")
    if word == "bad": raise ParseError("this is not mail")
    if word == "none": return []
    print("noise on standard output")
    same = raw.model_dump(include={"channel", "account", "native_id"})
    return [InboundMessage(**same, text=word + os.environ.get("SECRET", ""))]
"""


@pytest.fixture
async def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ParsePool]:
    """One child whose channel is a made-up one that misbehaves on request."""
    package = tmp_path / "channels_ext" / "odd"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "parse.py").write_text(PARSER)
    (tmp_path / "odd-1.dist-info").mkdir()
    (tmp_path / "odd-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1\n")
    (tmp_path / "odd-1.dist-info" / "entry_points.txt").write_text(
        "[complaint_router.channels]\nodd = channels_ext.odd\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setenv("SECRET", "hunter2")
    limits = Limits(parse_seconds=0.5)
    made = ParsePool(processes=1, limits=limits, options=lambda _: ParseOptions())
    yield made
    await made.close()


def raws(*words: str) -> list[RawMessage]:
    return [make_raw(word.encode(), native_id=f"{n}", channel="odd") for n, word in enumerate(words)]


async def test_pool_reads_in_order_without_our_environment(pool: ParsePool) -> None:
    """Answers come in order, a print does no harm, and the child knows none of our secrets."""
    answers = await pool.read(raws("one", "two", "none"))
    assert [[m.text for m in a.messages] for a in answers] == [["one"], ["two"], []]


@pytest.mark.parametrize("word", ["die", "spin", "hog", "raise"])
async def test_pool_survives(pool: ParsePool, word: str) -> None:
    """A message that kills, stalls, bloats or breaks its reader costs itself and nobody else."""
    before, culprit, after = await pool.read(raws("before", word, "after"))
    assert (before.messages[0].text, after.messages[0].text) == ("before", "after")
    assert culprit.error
    assert not culprit.final
    assert "secret" not in culprit.error


async def test_pool_unreadable_is_final(pool: ParsePool) -> None:
    """What the reader itself refuses is not tried again."""
    [answer] = await pool.read(raws("bad"))
    assert (answer.error, answer.final) == ("this is not mail", True)


async def test_pool_prepared_children_are_ready(pool: ParsePool) -> None:
    """What was prepared reads at once and is the child that answers; preparing again starts nothing."""
    await pool.prepare()
    [before] = pool._children
    await pool.prepare()
    [answer] = await pool.read(raws("one"))
    assert answer.messages[0].text == "one"
    assert pool._children == {before}


async def test_pool_child_that_cannot_start_is_told(pool: ParsePool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that ends at once is an error of the pool and no answer about a message; it recovers by itself."""
    real = sys.executable
    monkeypatch.setattr(sys, "executable", "/bin/true")
    for _ in range(2):
        with pytest.raises(OSError, match="ended before it was ready"):
            await pool.prepare()
    with pytest.raises(OSError, match="ended before it was ready"):
        await pool.read(raws("one"))
    monkeypatch.setattr(sys, "executable", real)
    assert (await pool.read(raws("one")))[0].messages[0].text == "one"


async def test_pool_close_twice(pool: ParsePool) -> None:
    """Closing is harmless to repeat and before the pool was used; a pool that is asked again starts its child anew."""
    await pool.close()
    for word in ("one", "two"):
        assert (await pool.read(raws(word)))[0].messages[0].text == word
        await pool.close()
        await pool.close()
