# SPDX-License-Identifier: Apache-2.0
"""What an operator may write for one place where calls and visits are logged."""

from __future__ import annotations

from pydantic import Field

from router.schema import Frozen

__all__ = ["Config"]


class Config(Frozen):
    """Nothing to connect to; answers are given by phone."""

    commit_seconds: float = Field(default=10, gt=0)  # how long the member of staff may wait for our commit
