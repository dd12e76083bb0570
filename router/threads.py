# SPDX-License-Identifier: Apache-2.0
"""Which case a message belongs to: copies, references, keyed reply tokens, conversations, then the subject. Pure.

Nobody gets into a case by naming it: a reference, conversation or case number counts only from somebody who wrote in
that case, and a valid token in another's hands joins marked "unverified".
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from router.config.models import ThreadSettings
from router.crypto import check_token, token_case
from router.records import Lookup, ThreadHit
from router.schema import Case, InboundMessage

__all__ = ["Placement", "case_ids_named", "keys_kept", "keys_wanted", "place", "words_digest"]

_REFERENCE = re.compile(r"\b([2-9A-HJKMNP-TV-Z]{5}-[2-9A-HJKMNP-TV-Z]{5})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Placement:
    """Where a message goes. ``case`` is None for a new one; ``how`` says what led there."""

    how: Literal["new", "copy", "reference", "token", "conversation", "subject", "edit"]
    case: Case | None = None
    verified: bool = True
    copy_of: str = ""


def words_digest(message: InboundMessage) -> str:
    """What makes two mails the same words: subject and text, white space folded."""
    folded = " ".join(f"{message.subject}\n{message.text}".split())
    return hashlib.sha256(folded.encode()).hexdigest()


def _is_mail(message: InboundMessage) -> bool:
    return "@" in message.message_id or "@" in message.in_reply_to or message.channel == "email"


def _key(message: InboundMessage, identifier: str) -> str:
    return f"mid:{identifier}" if _is_mail(message) else f"nat:{message.channel}:{message.account}:{identifier}"


def keys_kept(message: InboundMessage) -> tuple[str, ...]:
    """Keys by which later messages find this one's case."""
    keys = [_key(message, message.message_id)] if message.message_id else []
    if message.conversation:
        keys.append(f"conv:{message.channel}:{message.account}:{message.conversation}")
    return tuple(keys)


def keys_wanted(message: InboundMessage) -> tuple[str, ...]:
    """Keys under which this message's case may already be known."""
    named = [message.in_reply_to, *reversed(message.references[-30:])]
    return (*keys_kept(message), *dict.fromkeys(_key(message, name) for name in named if name))


def case_ids_named(message: InboundMessage) -> tuple[str, ...]:
    """Cases the message claims to belong to, by token or in its subject."""
    tokens = [case_id for token in message.reply_tokens if (case_id := token_case(token))]
    return tuple(dict.fromkeys([*tokens, *_in_subject(message)]))


def _in_subject(message: InboundMessage) -> list[str]:
    return [reference.upper() for reference in _REFERENCE.findall(message.subject[:500])[:5]]


def place(message: InboundMessage, known: Lookup, *, key: bytes, now: datetime, settings: ThreadSettings) -> Placement:
    """Decide for one message, given what the store (and the batch so far) knows under its keys."""
    own = known.threads.get(_key(message, message.message_id), ()) if message.message_id else ()
    if message.event != "message":
        for hit in own:
            if hit.sender_key == message.sender.key or (message.event == "delete" and not message.sender.key):
                return Placement("edit", hit.case)  # some platforms say that a post is gone, not whose it was
    digest = words_digest(message)
    for hit in own:
        if _is_mail(message) and hit.sender_key == message.sender.key and hit.digest == digest:
            return Placement("copy", hit.case, copy_of=hit.source_key)
    found = (
        _by_reference(message, known)
        or _by_token(message, known, key)
        or _by_conversation(message, known, now, settings)
    )
    found = found or _by_subject(message, known)
    if found is None or found.case is None or _is_over(found.case, now, settings):
        return Placement("new")
    # Our own mail server said that the sender is not who the mail claims: the mail joins, but proves nothing.
    return replace(found, verified=False) if message.flags.unverified else found


def _wrote_in(message: InboundMessage, hit: ThreadHit) -> bool:
    """Whether the sender is the case's own customer. An address that parsers disagree on is nobody's."""
    sender = message.sender.key
    return bool(sender) and not message.flags.sender_ambiguous and sender in {hit.case.sender.key, hit.sender_key}


def _by_reference(message: InboundMessage, known: Lookup) -> Placement | None:
    for name in (message.in_reply_to, *reversed(message.references[-30:])):
        for hit in known.threads.get(_key(message, name), ()) if name else ():
            if _wrote_in(message, hit):
                return Placement("reference", hit.case)
    return None


def _by_token(message: InboundMessage, known: Lookup, key: bytes) -> Placement | None:
    for token in message.reply_tokens:
        case = known.cases.get(token_case(token) or "")
        if case is None:
            continue
        if check_token(key, token, message.sender.key) == case.id and not message.flags.sender_ambiguous:
            return Placement("token", case)
        if check_token(key, token, case.sender.key) == case.id or _names_our_mail(message, known, token, case):
            return Placement("token", case, verified=False)
    return None


def _names_our_mail(message: InboundMessage, known: Lookup, token: str, case: Case) -> bool:
    """Whether a reference is a mail of ours in this case; its name holds the token, which nobody can guess. So a
    bounce finds the case also where the answer went to another address than the one that wrote."""
    for name in (message.in_reply_to, *message.references[-30:]):
        hits = known.threads.get(f"mid:{name}", ()) if name.startswith(f"{token}.") else ()
        if any(hit.case.id == case.id and hit.source_key.startswith("outbox:") for hit in hits):
            return True
    return False


def _by_conversation(
    message: InboundMessage, known: Lookup, now: datetime, settings: ThreadSettings
) -> Placement | None:
    if not message.conversation:
        return None
    for hit in known.threads.get(f"conv:{message.channel}:{message.account}:{message.conversation}", ()):
        silent_hours = (now - hit.case.updated_at).total_seconds() / 3600
        if _wrote_in(message, hit) and silent_hours <= settings.chat_gap_hours:
            return Placement("conversation", hit.case)
    return None


def _by_subject(message: InboundMessage, known: Lookup) -> Placement | None:
    for case_id in _in_subject(message):
        case = known.cases.get(case_id)
        if case is not None and message.sender.key == case.sender.key and not message.flags.sender_ambiguous:
            return Placement("subject", case)
    return None


def _is_over(case: Case, now: datetime, settings: ThreadSettings) -> bool:
    return case.state == "resolved" and (now - case.updated_at).days >= settings.reopen_days
