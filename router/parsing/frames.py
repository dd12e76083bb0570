# SPDX-License-Identifier: Apache-2.0
"""How parent and child talk: JSON with a length before it, raw bytes after it. Nothing is unpickled, ever."""

from __future__ import annotations

import struct

from pydantic import AwareDatetime

from router.interfaces import ParseOptions
from router.schema import Frozen, InboundMessage, RawMessage, Transport

__all__ = ["HEAD", "READY", "Answer", "Question", "pack_question", "unpack_raw"]

HEAD = struct.Struct(">II")  # length of the JSON, length of the bytes after it
READY = HEAD.pack(0, 0)  # the first thing a child says: everything is imported


class Question(Frozen):
    """One raw message without its bytes, and how to read it."""

    channel: str
    account: str
    native_id: str
    received_at: AwareDatetime
    transport: Transport
    options: ParseOptions
    cpu_seconds: float


class Answer(Frozen):
    """What the child found: messages, or why not."""

    messages: tuple[InboundMessage, ...] = ()
    error: str = ""
    final: bool = False  # the input is at fault and trying again will not help


def pack_question(raw: RawMessage, options: ParseOptions, *, cpu_seconds: float) -> bytes:
    question = Question(
        channel=raw.channel,
        account=raw.account,
        native_id=raw.native_id,
        received_at=raw.received_at,
        transport=raw.transport,
        options=options,
        cpu_seconds=cpu_seconds,
    )
    text = question.model_dump_json().encode()
    return HEAD.pack(len(text), len(raw.body)) + text + raw.body


def unpack_raw(question: Question, body: bytes) -> RawMessage:
    return RawMessage(
        channel=question.channel,
        account=question.account,
        native_id=question.native_id,
        body=body,
        received_at=question.received_at,
        transport=question.transport,
    )
