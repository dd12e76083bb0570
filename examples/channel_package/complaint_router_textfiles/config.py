# SPDX-License-Identifier: Apache-2.0
"""What an operator may write in ``channels.yaml`` beside kind, account and enabled."""

from pathlib import Path

from pydantic import Field

from router.schema import Frozen


class Config(Frozen):
    path: Path  # the folder; a relative one is looked for beside the configuration
    poll_seconds: float = Field(default=5, gt=0)
