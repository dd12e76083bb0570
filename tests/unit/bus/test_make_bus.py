# SPDX-License-Identifier: Apache-2.0
"""Which bus the configuration asks for, and the one that does nothing."""

import asyncio
import sys
from pathlib import Path

import pytest

from router.bus import make_bus
from router.bus.embedded import EmbeddedBus
from router.config.models import BusSettings, Secret
from router.errors import MissingExtra
from router.testing.clock import ManualClock


def nats_settings(tmp_path: Path, url: str) -> BusSettings:
    (tmp_path / "nats_url").write_text(url, encoding="utf-8")
    return BusSettings(kind="nats", url=Secret(file=tmp_path / "nats_url"))


async def test_embedded_is_the_default_and_tells_nobody() -> None:
    """Without a bus configured nothing is connected, everything is well, and no task is left behind."""
    bus = make_bus(BusSettings(), clock=ManualClock())
    assert isinstance(bus, EmbeddedBus)
    before = asyncio.all_tasks()
    bus.subscribe(lambda what: pytest.fail(f"heard {what}"))
    bus.publish("raw")
    assert bus.health().ok
    assert asyncio.all_tasks() == before
    await bus.close()


async def test_nats_is_made_from_the_secret(tmp_path: Path) -> None:
    """The address comes from the secret; before it is subscribed to, it is not up and has connected to nothing."""
    bus = make_bus(nats_settings(tmp_path, "nats://aino:hush@127.0.0.1:1"), clock=ManualClock())
    assert not bus.health().ok
    bus.publish("raw")
    await bus.close()


@pytest.mark.parametrize(
    "url",
    [
        "hush.example.com:4222",
        "http://hush.example.com",
        "nats://",
        "nats://hush:99999",
        "nats://hush,tls://b",
        "nats://a,",
        "nats://u:hush/x@a",
    ],
    ids=["no-scheme", "other-scheme", "no-host", "port", "mixed", "empty-part", "slash-in-password"],
)
def test_nats_refuses_another_form_without_showing_it(tmp_path: Path, url: str) -> None:
    """An address that is none is refused when the bus is made, and the sentence does not hold it."""
    with pytest.raises(ValueError) as caught:
        make_bus(nats_settings(tmp_path, url), clock=ManualClock())
    assert "hush" not in str(caught.value)


def test_nats_without_its_library_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the client library is absent, the sentence says what to install."""
    for name in [name for name in sys.modules if name.startswith(("nats.", "router.bus.nats")) or name == "nats"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "nats", None)
    with pytest.raises(MissingExtra, match=r"complaint-router\[nats\]"):
        make_bus(nats_settings(tmp_path, "nats://127.0.0.1:4222"), clock=ManualClock())
