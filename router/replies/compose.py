# SPDX-License-Identifier: Apache-2.0
"""From a case, the message answered and a text to the one Reply that may leave. Pure."""

from __future__ import annotations

import re

from router.crypto import reply_token
from router.schema import Case, InboundMessage, Party, Reply, Visibility

__all__ = ["compose", "is_reachable", "recipient"]

_RE_PREFIX = re.compile(r"^\s*(re|vs|sv|aw|antw|odp|odg|rv|res|r)\s*(\[\d+\])?\s*:", re.IGNORECASE)


def recipient(message: InboundMessage) -> Party:
    """Who gets the answer: one confirmed person, never a list.

    A Reply-To counts only where it names exactly one address; whoever forwarded a mail is not its author.
    """
    if message.original_sender is not None and message.original_sender.address:
        return message.original_sender
    if len(message.reply_to) == 1 and message.reply_to[0].address and not message.flags.sender_ambiguous:
        return message.reply_to[0]
    return message.sender


def is_reachable(to: Party, *, mail_domain: str) -> bool:
    """Whether anything can be sent to this party; ``mail_domain`` as in ``compose``. A mail needs a mail address: who
    left a telephone number on a form cannot be written to."""
    return "@" in to.address if mail_domain else bool(to.key)


def compose(
    *,
    outbox_id: str,
    case: Case,
    message: InboundMessage,
    text: str,
    author: str,
    key: bytes,
    visibility: Visibility,
    automatic: bool = False,
    subject: str | None = None,
    language: str = "",
    mail_domain: str = "",
    reply_pattern: str = "",
    via: tuple[str, str] | None = None,
) -> Reply:
    """Make the reply to ``message``; the same arguments give the same Reply, Message-ID included.

    Args:
        mail_domain: right side of our Message-IDs; "" where the channel has none.
        reply_pattern: like ``support+{token}@example.org``; "" for no keyed address.
        via: (channel, account) that sends it where the complaint's own channel cannot.
    """
    to = recipient(message)
    token = reply_token(key, case.id, to.key)
    channel, account = via or (message.channel, message.account)
    return Reply(
        id=outbox_id,
        case_id=case.id,
        channel=channel,
        account=account,
        to=to,
        text=text,
        subject=subject if subject is not None else _reply_subject(case.subject),
        visibility=visibility,
        automatic=automatic,
        author=author,
        language=language or case.language,
        conversation=message.conversation if via is None else "",
        in_reply_to_native=message.native_id,
        message_id=f"{token}.{outbox_id}@{mail_domain}" if mail_domain else "",
        in_reply_to=message.message_id,
        references=_references(message),
        reply_address=reply_pattern.replace("{token}", token) if reply_pattern else "",
    )


def _references(message: InboundMessage) -> tuple[str, ...]:
    """The thread so far, oldest first (RFC 5322 section 3.6.4); nothing where the message has no id to answer to."""
    if not message.message_id:
        return ()
    named = (*message.references[-20:], message.in_reply_to, message.message_id)
    return tuple(dict.fromkeys(name for name in named if name))


def _reply_subject(subject: str) -> str:
    subject = subject.strip()
    return subject if not subject or _RE_PREFIX.match(subject) else f"Re: {subject}"
