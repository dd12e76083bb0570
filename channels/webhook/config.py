# SPDX-License-Identifier: Apache-2.0
"""What an operator may write for one webhook account in ``channels.yaml``."""

from pydantic import Field

from router.config.models import Secret
from router.schema import Frozen


class Config(Frozen):
    secrets: tuple[Secret, ...] = Field(min_length=1)  # whsec_<base64>, newest first; any opens, the first one signs
    reply_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+\S*$")  # None: answers cannot be given
    max_bytes: int = Field(default=1024 * 1024, ge=1024)
    timeout_seconds: float = Field(default=10, gt=0)  # for our commit while the sender waits, and for a reply
