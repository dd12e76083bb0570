# SPDX-License-Identifier: Apache-2.0
"""Where the configuration that ships with the product is: package data when installed, the top folder in a checkout."""

from __future__ import annotations

from pathlib import Path

__all__ = ["shipped_config"]


def shipped_config() -> Path:
    """The folder that ``init`` copies."""
    home = Path(__file__).parents[1]
    packaged = home / "_shipped" / "config"
    return packaged if packaged.is_dir() else home.parent / "config"
