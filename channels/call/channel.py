# SPDX-License-Identifier: Apache-2.0
"""Takes call notes from the staff pages: ``await channel.submit(note)`` returns once the note is committed."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping

from pydantic import ValidationError

from channels.call.config import Config
from channels.call.parse import CallNote
from channels.pushed import Pushed
from router.errors import PermanentError, UserInputError
from router.interfaces import Capabilities, ChannelContext, Delivery, Health
from router.records import RawReceipt
from router.schema import RawMessage, Receipt, Reply

__all__ = ["CallChannel", "create"]


class CallChannel:
    kind = "call"
    capabilities = Capabilities(reply=())  # staff call back and note it in the case

    def __init__(self, account: str, config: Config, context: ChannelContext) -> None:
        self.account = account
        self._clock = context.clock
        self._pushed = Pushed(seconds=config.commit_seconds)

    async def submit(self, note: CallNote | Mapping[str, object]) -> RawReceipt:
        """Put a note before the pipeline and wait for the store's word; the receipt holds the reference.

        Args:
            note: The note, or its fields as a form has them. The key holds a digest beside the id, so that a note
                that was changed and sent again is kept as well.

        Raises:
            UserInputError: A field is missing or wrong; says which.
            StoreError: Not kept, or not in time; the same note may be submitted again.
        """
        note = _checked(note)
        body = note.model_dump_json().encode()
        native_id = f"{note.id}-{hashlib.sha256(body).hexdigest()[:16]}"
        now = self._clock.now()
        raw = RawMessage(channel=self.kind, account=self.account, native_id=native_id, body=body, received_at=now)
        return await self._pushed.offer(raw)

    def receive(self) -> AsyncIterator[Delivery]:
        return self._pushed.receive()

    async def send(self, reply: Reply) -> Receipt:
        raise PermanentError(f"call {self.account}: answers are given by phone; reply {reply.id} cannot be sent")

    async def health(self) -> Health:
        return Health(ok=True, detail="waits for notes from the staff pages")

    async def close(self) -> None:
        """Nothing is held open."""


def _checked(note: CallNote | Mapping[str, object]) -> CallNote:
    try:
        return CallNote.model_validate(note)
    except ValidationError as error:
        wrong = {".".join(map(str, e["loc"])): e["msg"] for e in error.errors(include_input=False)}
        raise UserInputError("the note has mistakes", fields=wrong) from None


create = CallChannel
