# SPDX-License-Identifier: Apache-2.0
"""What lies under the schema: frozen models, clean text, and the raw message before anybody has read it."""

from __future__ import annotations

import hashlib
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

__all__ = ["Frozen", "RawMessage", "Text", "Transport", "clean_text"]


def clean_text(text: str) -> str:
    """Make text storable everywhere: NUL dropped, surrogate pairs joined, lone surrogates replaced by U+FFFD."""
    text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


Text: TypeAlias = Annotated[str, AfterValidator(clean_text)]


class Frozen(BaseModel):
    """Base of all models that travel: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Transport(Frozen):
    """What the transport said beside the bytes; all of it optional, none of it trusted."""

    mailbox: str | None = None
    uidvalidity: int | None = None
    uid: int | None = None
    envelope_sender: Text | None = None
    envelope_recipients: tuple[Text, ...] = ()
    peer: Text | None = None
    left_bytes: int | None = None  # size of a message that stayed at its source; only its header is here


class RawMessage(Frozen):
    """Bytes as they arrived, and how to tell them from others.

    ``native_id`` is the source's own identifier, kept exactly, unique within (channel, account).
    """

    channel: str
    account: str
    native_id: Text = Field(min_length=1, max_length=1000)
    body: bytes
    received_at: AwareDatetime
    transport: Transport = Transport()

    @property
    def source_key(self) -> str:
        return f"{self.channel}:{self.account}:{self.native_id}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()
