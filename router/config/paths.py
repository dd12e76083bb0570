# SPDX-License-Identifier: Apache-2.0
"""Walks settings for what points elsewhere: relative paths, which are made absolute, and secrets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from router.config.models import Secret

__all__ = ["absolute", "secrets_in"]

Model = TypeVar("Model", bound=BaseModel)


def absolute(model: Model, folder: Path) -> Model:
    """The same settings with every relative path, those of secrets too, taken from ``folder``."""
    found: Model = _resolved(model, folder)
    return found


def _resolved(value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        return folder / value.expanduser()
    if isinstance(value, BaseModel):
        changes = {}
        for name in type(value).model_fields:
            before = getattr(value, name)
            after = _resolved(before, folder)
            if after is not before:
                changes[name] = after
        return value.model_copy(update=changes) if changes else value
    if isinstance(value, tuple) and any(isinstance(item, Path | BaseModel | tuple) for item in value):
        return tuple(_resolved(item, folder) for item in value)
    if isinstance(value, dict):
        return {key: _resolved(item, folder) for key, item in value.items()}
    return value


def secrets_in(value: Any, path: str = "") -> Iterator[tuple[str, Secret]]:
    """Every secret inside settings, with its key path."""
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_in(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from secrets_in(item, f"{path}[{index}]")
