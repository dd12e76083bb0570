# SPDX-License-Identifier: Apache-2.0
"""From a reply to a post or a direct message, and the length that X counts; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from router.errors import PermanentError
from router.measure import weighted_length
from router.schema import Reply

__all__ = ["DIRECT_LIMIT", "POST_LIMIT", "DirectMessage", "Post", "render", "weighted_length"]

POST_LIMIT = 280  # weighted
DIRECT_LIMIT = 10_000  # code points

_CONVERSATION = re.compile(r"[0-9]{1,20}(?:-[0-9]{1,20})?")


@dataclass(frozen=True)
class Post:
    """A public answer in the thread."""

    text: str
    answered: str


@dataclass(frozen=True)
class DirectMessage:
    """A message into a conversation, or, without one, to a person."""

    text: str
    conversation: str = ""
    person: str = ""


def render(reply: Reply, *, post_limit: int = POST_LIMIT) -> Post | DirectMessage:
    """Turn one reply into what it asks for, and never into something more public.

    Raises:
        PermanentError: It names nothing that can be answered, is empty, or is longer than X takes.
    """
    if not reply.text.strip():
        raise PermanentError(f"reply {reply.id} is empty; X takes no empty message")
    if reply.visibility == "public":
        return _post(reply, post_limit)
    if len(reply.text) > DIRECT_LIMIT:
        raise PermanentError(
            f"reply {reply.id} has {len(reply.text)} characters; a direct message takes {DIRECT_LIMIT}"
        )
    if reply.in_reply_to_native.startswith("dm/") and _CONVERSATION.fullmatch(reply.conversation):
        return DirectMessage(text=reply.text, conversation=reply.conversation)
    if reply.visibility == "direct" and reply.to.id.isascii() and reply.to.id.isdigit():
        return DirectMessage(text=reply.text, person=reply.to.id)
    raise PermanentError(f"reply {reply.id} is private, but its case has no direct conversation on X")


def _post(reply: Reply, limit: int) -> Post:
    native = reply.in_reply_to_native
    if not (native.isascii() and native.isdigit()):
        raise PermanentError(f"reply {reply.id} is public, but what it answers is no post on X")
    if (length := weighted_length(reply.text)) > limit:
        raise PermanentError(f"reply {reply.id} has {length} characters as X counts; the limit is {limit}: shorten it")
    return Post(text=reply.text, answered=native)
