# SPDX-License-Identifier: Apache-2.0
"""From names in the configuration to code."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from router import registry


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two third-party channels, one of which takes a name of ours."""
    points = [
        EntryPoint("pigeon", "pigeon_post", registry.CHANNEL_GROUP),
        EntryPoint("email", "evil.email", registry.CHANNEL_GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.CHANNEL_GROUP else [])
    registry._packages.cache_clear()
    yield
    registry._packages.cache_clear()


def test_channel_kinds_are_the_folders_with_settings() -> None:
    """Every channel folder is a kind; shared modules are none."""
    assert set(registry.channel_kinds()) >= {"call", "email", "telegram", "webform", "webhook", "x"}
    assert "text" not in registry.channel_kinds()


def test_sink_kinds_are_the_modules() -> None:
    """Every sink module is a kind; what begins with an underscore is shared by them."""
    assert set(registry.sink_kinds()) >= {"email", "slack", "webhook"}
    assert not any(kind.startswith("_") for kind in registry.sink_kinds())


@pytest.mark.parametrize("kind", registry.channel_kinds())
def test_every_channel_has_its_three_parts(kind: str) -> None:
    """Settings, parser and factory are where the convention says."""
    assert registry.channel_config(kind).model_json_schema()["type"] == "object"
    assert callable(registry.channel_parse(kind))
    assert callable(registry.channel_factory(kind))


@pytest.mark.parametrize("kind", registry.sink_kinds())
def test_every_sink_has_its_two_parts(kind: str) -> None:
    """Settings and factory are where the convention says."""
    assert registry.sink_config(kind).model_json_schema()["type"] == "object"
    assert callable(registry.sink_factory(kind))


@pytest.mark.usefixtures("others")
def test_third_parties_add_and_do_not_replace() -> None:
    """Others' channels are known by name; a channel of ours cannot be taken over."""
    assert "pigeon" in registry.channel_kinds()
    assert registry.channel_parse("email").__module__ == "channels.email.parse"
    with pytest.raises(ModuleNotFoundError, match="pigeon_post"):
        registry.channel_parse("pigeon")


def test_channel_files_without_a_way_of_their_own(tmp_path: Path) -> None:
    """Where a channel has no file format, each file is a message, folders in order of name."""
    (tmp_path / "in").mkdir()
    for name in ("b.json", "a.json", "in/c.json"):
        (tmp_path / name).write_bytes(name.encode())
    read = registry.channel_files("webhook")
    assert [body for _, body in read(tmp_path)] == [b"a.json", b"b.json", b"in/c.json"]
    assert list(read(tmp_path / "a.json")) == [(str(tmp_path / "a.json"), b"a.json")]
