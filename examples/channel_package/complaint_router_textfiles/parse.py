# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a file to a message; pure, because it runs in a child process."""

from router.errors import ParseError
from router.interfaces import ParseOptions
from router.schema import InboundMessage, RawMessage


def parse(raw: RawMessage, options: ParseOptions) -> list[InboundMessage]:
    try:
        text = raw.body.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise ParseError("the file is not UTF-8 text") from error
    if not text:
        raise ParseError("the file is empty")
    same = raw.model_dump(include={"channel", "account", "native_id", "received_at"})
    return [InboundMessage(text=text[: options.max_text_chars], message_id=raw.native_id, **same)]
