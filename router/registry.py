# SPDX-License-Identifier: Apache-2.0
"""From a name in the configuration to the code behind it, imported only when asked for.

A channel of kind ``x`` is the folder ``channels/x/`` with attributes found by convention:

    channels.x.parse:parse       router.interfaces.Parse; alone it makes a reader: for ``parse`` and ``ingest``
    channels.x.config:Config     pydantic model of its settings; with it the channel can be connected
    channels.x.channel:create    (account, Config, ChannelContext) -> Channel
    channels.x.folder:read_messages   optional: Path -> (name, bytes) for files that hold several messages

A sink of kind ``y`` is the module ``router/sinks/y.py`` with ``Config`` and ``create``. Third parties register the
package that holds the same three names under the entry-point groups below.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel

from router.interfaces import Channel, ChannelContext, Parse, Sink

__all__ = [
    "CHANNEL_GROUP", "SINK_GROUP", "channel_config", "channel_factory", "channel_files", "channel_kinds",
    "channel_parse", "reader_kinds", "sink_config", "sink_factory", "sink_kinds",
]  # fmt: skip

CHANNEL_GROUP = "complaint_router.channels"
SINK_GROUP = "complaint_router.sinks"


@cache
def _packages(group: str, home: str) -> dict[str, str]:
    """Kind to module path: our own folders first, then what others registered; ours cannot be replaced."""
    package = importlib.import_module(home)
    found = {ep.name: ep.value for ep in entry_points(group=group)}
    for module in pkgutil.iter_modules(package.__path__):
        if _is_plugin(package.__path__[0], module, folder=group == CHANNEL_GROUP):
            found[module.name] = f"{home}.{module.name}"
    return dict(sorted(found.items()))


def _is_plugin(home: str, module: pkgutil.ModuleInfo, *, folder: bool) -> bool:
    """A channel is a folder with a reader, a sink a module; what begins with an underscore is shared by them."""
    if folder:
        return module.ispkg and Path(home, module.name, "parse.py").is_file()
    return not module.ispkg and not module.name.startswith("_")


def reader_kinds() -> list[str]:
    """Every kind of channel whose messages can be read."""
    return list(_packages(CHANNEL_GROUP, "channels"))


def channel_kinds() -> list[str]:
    """Every kind of channel that can be named in ``channels.yaml``; of others' packages, all that registered."""
    here = importlib.import_module("channels").__path__[0]
    return [
        kind
        for kind, base in _packages(CHANNEL_GROUP, "channels").items()
        if not base.startswith("channels.") or Path(here, kind, "config.py").is_file()
    ]


def sink_kinds() -> list[str]:
    """Every kind of sink that can be named in ``teams.yaml``."""
    return list(_packages(SINK_GROUP, "router.sinks"))


def _attribute(group: str, home: str, kind: str, module: str, name: str) -> Any:
    base = _packages(group, home)[kind]
    return getattr(importlib.import_module(f"{base}.{module}" if module else base), name)


def channel_config(kind: str) -> type[BaseModel]:
    return cast("type[BaseModel]", _attribute(CHANNEL_GROUP, "channels", kind, "config", "Config"))


def channel_parse(kind: str) -> Parse:
    return cast("Parse", _attribute(CHANNEL_GROUP, "channels", kind, "parse", "parse"))


def channel_factory(kind: str) -> Callable[[str, Any, ChannelContext], Channel]:
    return cast(
        "Callable[[str, Any, ChannelContext], Channel]",
        _attribute(CHANNEL_GROUP, "channels", kind, "channel", "create"),
    )


def channel_files(kind: str) -> Callable[[Path], Iterator[tuple[str, bytes]]]:
    """How files on disk are read as raw messages of this kind: by the channel's own way, else one message a file."""
    try:
        return cast(
            "Callable[[Path], Iterator[tuple[str, bytes]]]",
            _attribute(CHANNEL_GROUP, "channels", kind, "folder", "read_messages"),
        )
    except ModuleNotFoundError:
        return _whole_files


def _whole_files(path: Path) -> Iterator[tuple[str, bytes]]:
    files = sorted(found for found in path.rglob("*") if found.is_file()) if path.is_dir() else [path]
    for file in files:
        yield str(file), file.read_bytes()


def sink_config(kind: str) -> type[BaseModel]:
    return cast("type[BaseModel]", _attribute(SINK_GROUP, "router.sinks", kind, "", "Config"))


def sink_factory(kind: str) -> Callable[[str, Any], Sink]:
    return cast("Callable[[str, Any], Sink]", _attribute(SINK_GROUP, "router.sinks", kind, "", "create"))
