# SPDX-License-Identifier: Apache-2.0
"""Mail from files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import channels.email.folder as folder_module
from channels.email.config import FolderSettings
from channels.email.folder import FolderSource, content_id, read_messages
from router.interfaces import Delivery
from router.testing.channels import eventually, make_context, receipt

ONE, TWO = b"Subject: one\n\nFirst\n", b"Subject: two\n\nSecond\n"
SEPARATOR = b"From jane@example.org Mon Mar  2 09:00:00 2026\n"


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


@asynccontextmanager
async def running(
    settings: dict[str, Any], tmp_path: Path
) -> AsyncIterator[tuple[FolderSource, asyncio.Queue[Delivery]]]:
    source = FolderSource("support", FolderSettings.model_validate(settings), make_context(tmp_path))
    ready: asyncio.Queue[Delivery] = asyncio.Queue()
    task = asyncio.create_task(source.run(ready.put))
    try:
        async with asyncio.timeout(10):
            yield source, ready
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_read_messages_reads_a_single_file(tmp_path: Path) -> None:
    """A file is one message, byte for byte."""
    (tmp_path / "a.eml").write_bytes(ONE)
    assert list(read_messages(tmp_path / "a.eml")) == [(str(tmp_path / "a.eml"), ONE)]


def test_read_messages_walks_folders_in_order(tmp_path: Path) -> None:
    """Files of a folder and its folders come sorted; hidden ones are left out."""
    (tmp_path / "b").mkdir()
    for name, body in (("b/2.txt", TWO), ("a.eml", ONE), (".hidden.eml", TWO), ("c", ONE)):
        (tmp_path / name).write_bytes(body)
    assert [body for _, body in read_messages(tmp_path)] == [ONE, TWO, ONE]


def test_read_messages_reads_a_maildir(maildir: Path) -> None:
    """New and old mail of a maildir is read; what is still being written is not."""
    (maildir / "new" / "1").write_bytes(ONE)
    (maildir / "cur" / "2:2,S").write_bytes(TWO)
    (maildir / "tmp" / "3").write_bytes(b"half")
    assert sorted(body for _, body in read_messages(maildir)) == sorted([ONE, TWO])


def test_read_messages_splits_an_mbox(tmp_path: Path) -> None:
    """Messages are split at separators after a blank line, and quoted From lines are restored by one level."""
    body = b"Subject: one\n\nHi\n>From me\n>>From you\nFrom here on all went wrong.\n"
    (tmp_path / "box").write_bytes(SEPARATOR + body + b"\n" + SEPARATOR + TWO + b"\n")
    read = list(read_messages(tmp_path / "box"))
    assert [name.rpartition("#")[2] for name, _ in read] == ["1", "2"]
    assert read[0][1] == b"Subject: one\n\nHi\nFrom me\n>From you\nFrom here on all went wrong.\n"
    assert read[1][1] == TWO


def test_read_messages_never_splits_an_eml(tmp_path: Path) -> None:
    """A message that carries another mailbox in its text stays one message."""
    text = ONE + b"\n" + SEPARATOR + TWO
    (tmp_path / "a.eml").write_bytes(SEPARATOR + text)
    (tmp_path / "plain").write_bytes(text)
    assert [body for _, body in read_messages(tmp_path)] == [SEPARATOR + text, text]


@pytest.mark.parametrize("content", [b"", b"\n", b"From ", b"From x", b"\xff" * 2000], ids=repr)
def test_read_messages_takes_any_bytes(tmp_path: Path, content: bytes) -> None:
    """Files that hold no mail are handed on as they are; judging them is the parser's part."""
    (tmp_path / "odd").write_bytes(content)
    assert [body for _, body in read_messages(tmp_path)] == [content]


def test_read_messages_of_a_missing_path_names_it(tmp_path: Path) -> None:
    """A mistyped path is an error, not an empty list."""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list(read_messages(tmp_path / "nowhere"))


async def test_folder_moves_maildir_mail_to_cur_after_the_ack(maildir: Path) -> None:
    """New mail is offered under the digest of its bytes and leaves new/ only when it is stored."""
    (maildir / "new" / "1.host").write_bytes(ONE)
    async with running({"path": maildir}, maildir) as (_, ready):
        delivery = await ready.get()
        assert delivery.raw.native_id == content_id(ONE)
        assert (maildir / "new" / "1.host").exists()
        await delivery.ack(receipt(delivery))
    assert (maildir / "cur" / "1.host:2,").read_bytes() == ONE


async def test_folder_left_alone_offers_once_while_running(tmp_path: Path) -> None:
    """With 'leave' files stay, are offered once, and again only when their bytes change."""
    (tmp_path / "a.eml").write_bytes(ONE)
    async with running({"path": tmp_path, "after": "leave"}, tmp_path) as (_, ready):
        first = await ready.get()
        await first.ack(receipt(first))
        (tmp_path / "b.eml").write_bytes(TWO)
        second = await ready.get()
    assert (first.raw.body, second.raw.body) == (ONE, TWO)
    assert (tmp_path / "a.eml").exists()


async def test_folder_follows_a_growing_mbox(tmp_path: Path) -> None:
    """Mail appended to an mbox is offered; what was stored before is not."""
    box = tmp_path / "box"
    box.write_bytes(SEPARATOR + ONE)
    async with running({"path": box}, tmp_path) as (_, ready):
        first = await ready.get()
        await first.ack(receipt(first))
        with box.open("ab") as file:
            file.write(b"\n" + SEPARATOR + TWO)
        second = await ready.get()
    assert second.raw.body == TWO


async def test_folder_offers_refused_mail_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be stored comes back by itself."""
    monkeypatch.setattr(folder_module, "_REFUSED_RETRY_SECONDS", 0.01)
    (tmp_path / "a.eml").write_bytes(ONE)
    async with running({"path": tmp_path}, tmp_path) as (_, ready):
        first = await ready.get()
        await first.refuse(RuntimeError("disk full"))
        assert (await ready.get()).raw.source_key == first.raw.source_key


async def test_folder_that_is_missing_is_told_and_found_later(tmp_path: Path) -> None:
    """A folder that is not there yet makes the source unhealthy until it is."""
    path = tmp_path / "later"
    async with running({"path": path, "format": "eml"}, tmp_path) as (source, ready):

        async def ill() -> bool:
            return not (await source.health()).ok

        await eventually(ill, "health shows it")
        path.mkdir()
        (path / "a.eml").write_bytes(ONE)
        assert (await ready.get()).raw.body == ONE


async def test_folder_leaves_oversized_mail_and_says_so(tmp_path: Path) -> None:
    """A file above the limit stays and is counted in health; the next is offered."""
    (tmp_path / "a.eml").write_bytes(b"x" * 5000)
    (tmp_path / "b.eml").write_bytes(ONE)
    async with running({"path": tmp_path, "max_message_bytes": 1024}, tmp_path) as (source, ready):
        assert (await ready.get()).raw.body == ONE

        async def told() -> bool:
            return "1 messages over 1024 bytes" in (await source.health()).detail

        await eventually(told, "health shows it")
