# SPDX-License-Identifier: Apache-2.0
"""Hot reload: all or nothing, and the last good rules stay."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from router.config.loader import load
from router.rules.live import LiveRules

GOOD = Path(__file__).parents[2] / "fixtures" / "config" / "good"
OTHER = "root:\n  queue: billing\n"


class Ticking:
    """A clock whose sleeps end when told, one by one."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)
        self.ticks: asyncio.Queue[None] = asyncio.Queue()
        self.asleep = asyncio.Event()

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.asleep.set()
        await self.ticks.get()

    async def tick(self) -> None:
        """Let one sleep end and wait until the next begins."""
        await self.asleep.wait()
        self.asleep.clear()
        self.ticks.put_nowait(None)
        await self.asleep.wait()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOOD, tmp_path / "config"))


def test_reload_takes_new_rules_and_says_so(folder: Path) -> None:
    """A good change is in force at once, with its own digest."""
    live = LiveRules(load(folder), clock=Ticking())
    before, loaded = live.digest, live.loaded_at
    (folder / "rules.yaml").write_text(OTHER)
    result = live.reload()
    assert (result.ok, result.changed, result.needs_restart) == (True, True, ())
    assert live.rules.root.queue == "billing"
    assert live.digest == result.digest != before
    assert live.loaded_at > loaded


def test_reload_keeps_the_last_good_rules(folder: Path) -> None:
    """A mistake in any file exchanges nothing, is kept for showing, and is gone after the next good load."""
    live = LiveRules(load(folder), clock=Ticking())
    rules = live.rules
    (folder / "rules.yaml").write_text(OTHER)
    (folder / "teams.yaml").write_text("teams: [{name: triage}]\nsinks: {}\n")
    result = live.reload()
    assert not result.ok
    assert live.rules is rules
    assert live.last_error == result.mistakes != ()
    (folder / "teams.yaml").write_text("teams: [{name: billing}]\n")
    assert live.reload().ok
    assert live.last_error == ()


def test_reload_names_files_that_wait_for_a_restart(folder: Path) -> None:
    """Channels, sinks and the router's own settings are checked now and used at the next start."""
    live = LiveRules(load(folder), clock=Ticking())
    (folder / "channels.yaml").write_text("channels: []\n")
    (folder / "router.yaml").write_text("company: Other\n")
    assert live.reload().needs_restart == ("router.yaml", "channels.yaml")


def test_reload_takes_incidents_with_the_rules(folder: Path) -> None:
    """What is said of incidents is in force at once, all or nothing, while other settings wait for a restart."""
    live = LiveRules(load(folder), clock=Ticking())
    path = folder / "router.yaml"
    before = path.read_text()
    more = 'incidents: {minimum: 7, mute: [{name: works, until: "2027-01-01T00:00Z"}]}\n'
    path.write_text(before + more)
    assert live.reload().needs_restart == ()
    incidents = live.configuration.settings.incidents
    assert (incidents.minimum, [rule.name for rule in incidents.mute]) == (7, ["works"])
    path.write_text(before + more.replace("7,", "7, notify: [nowhere],"))
    assert not live.reload().ok
    assert live.configuration.settings.incidents is incidents
    path.write_text(before.replace("company:", "company: Other #") + more)
    assert live.reload().needs_restart == ("router.yaml",)


def test_reload_without_change_changes_nothing(folder: Path) -> None:
    """The same files give the same digest."""
    result = LiveRules(load(folder), clock=Ticking()).reload()
    assert (result.ok, result.changed) == (True, False)


async def test_watch_reloads_when_a_file_changes(folder: Path) -> None:
    """A change is seen at the next look; a bad one leaves the rules and the watching alone."""
    clock = Ticking()
    live = LiveRules(load(folder), clock=clock)
    task = asyncio.create_task(live.watch())
    await clock.tick()
    assert live.rules.root.queue == "triage"
    (folder / "rules.yaml").write_text("root: [\n")
    await clock.tick()
    assert live.last_error
    (folder / "rules.yaml").write_text(OTHER)
    await clock.tick()
    assert (live.rules.root.queue, live.last_error) == ("billing", ())
    shutil.rmtree(folder)
    await clock.tick()
    assert live.rules.root.queue == "billing"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
