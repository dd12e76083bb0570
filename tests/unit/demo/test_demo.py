# SPDX-License-Identifier: Apache-2.0
"""The demo: a folder of its own, customers of many languages, and nothing of anybody's touched."""

import asyncio
import json
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from router.config.loader import check_secrets, load
from router.core import RunLock
from router.demo.peers import peers
from router.demo.setup import lay_out, people
from router.demo.trickle import Trickle
from router.schema import LANGUAGES


def test_lay_out_makes_a_good_configuration(tmp_path: Path) -> None:
    """The demo's configuration has no mistake, its secret is there, and its channels need no account anywhere."""
    where = lay_out(tmp_path / "demo")
    configuration = load(where.config)
    assert check_secrets(configuration) == []
    assert {channel.kind for channel in configuration.channels} == {"email", "webform", "webhook", "call"}
    assert where.inbox.is_dir()


def test_lay_out_starts_from_nothing(tmp_path: Path) -> None:
    """What an earlier demo left is gone; the secret is another one."""
    first = lay_out(tmp_path / "demo")
    (first.inbox / "old.eml").write_bytes(b"x")
    second = lay_out(tmp_path / "demo")
    assert list(second.inbox.iterdir()) == []
    assert second.secret != first.secret


def test_lay_out_touches_no_folder_of_somebody(tmp_path: Path) -> None:
    """A folder that holds anything but a demo is left alone."""
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match="--folder"):
        lay_out(tmp_path)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_lay_out_leaves_a_running_demo_alone(tmp_path: Path) -> None:
    """A second demo on the same folder is refused while the first one runs."""
    where = lay_out(tmp_path / "demo")
    lock = RunLock(load(where.config).data_dir)
    assert lock.acquire()
    (where.inbox / "mail.eml").write_bytes(b"x")
    with pytest.raises(FileExistsError, match="a demo runs in"):
        lay_out(tmp_path / "demo")
    assert (where.inbox / "mail.eml").exists()
    lock.release()
    lay_out(tmp_path / "demo")


def test_people_can_approve_for_each_other() -> None:
    """In every team there are two, since a public answer needs a second pair of eyes; the administrator reads none."""
    agents = [person for person in people(("a", "b"), "hash") if person.role == "agent"]
    assert [person.teams for person in agents] == [("a", "b"), ("a", "b")]
    assert all(person.password_hash == "hash" for person in people((), "hash"))


def test_messages_speak_every_language() -> None:
    """The customers write in all twelve languages and by every way the demo has; addresses are made up."""
    lines = (Path(people.__code__.co_filename).parent / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    messages = [json.loads(line) for line in lines]
    assert {message["language"] for message in messages} == {*LANGUAGES}
    assert {message["via"] for message in messages} == {"email", "form", "post", "call"}
    for message in messages:
        assert message["via"] != "email" or message["address"].endswith("@example.org")


async def test_trickle_sends_each_message_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mails are whole files, an answer names its mail, forms and signed posts reach the server, calls the desk."""
    got: dict[str, list[Any]] = {"form": [], "post": [], "call": []}
    secret = lay_out(tmp_path / "demo").secret

    async def form(request: web.Request) -> web.Response:
        got["form"].append(await request.json())
        return web.Response(status=201)

    async def post(request: web.Request) -> web.Response:
        got["post"].append(Webhook(secret).verify(await request.read(), dict(request.headers)))
        return web.Response()

    class Desk:
        async def submit(self, note: dict[str, str]) -> None:
            got["call"].append(note)

    site = web.Application()
    site.router.add_post("/forms/support", form)
    site.router.add_post("/channels/webhook/community", post)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setattr("router.demo.trickle._PAUSE_SECONDS", 0)
    inbox = tmp_path / "demo" / "inbox"
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    channels: Any = {"call:desk": Desk()}
    await asyncio.wait_for(Trickle(inbox=inbox, address=address, secret=secret, channels=channels).run(), 30)
    await runner.cleanup()
    mails = [message_from_bytes(path.read_bytes()) for path in sorted(inbox.iterdir())]
    assert all(path.suffix == ".eml" for path in inbox.iterdir())
    ids = {mail["Message-ID"] for mail in mails}
    assert [mail["In-Reply-To"] in ids for mail in mails if mail["In-Reply-To"]] == [True]
    assert sum(mail["Auto-Submitted"] is not None for mail in mails) == 1
    assert all(got.values())
    assert {said["visibility"] for said in got["post"]} == {"public"}


async def test_peers_take_answers() -> None:
    """The demo's outside world listens on this machine and says yes to what we send."""
    import aiohttp

    async with peers() as (port, url), aiohttp.ClientSession() as session:
        assert port > 0
        async with session.post(url, json={"text": "hello"}) as answer:
            assert (answer.status, await answer.json()) == (200, {"ok": True})
