# SPDX-License-Identifier: Apache-2.0
"""What holds of every message that a reader gives, whatever arrived."""

from __future__ import annotations

from router.schema import InboundMessage

__all__ = ["is_storable"]


def is_storable(message: InboundMessage) -> bool:
    """It has an id, and written out as UTF-8 JSON and read again it is the same."""
    written = message.model_dump_json().encode()
    return message.native_id != "" and InboundMessage.model_validate_json(written) == message
